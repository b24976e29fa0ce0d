"""Flavors: how a passage sounds.

A flavor is a share for each class of a characteristic; the shares of one
characteristic sum to 1. Characteristics and classes are those of the ancestor project
wkmp (its document SPEC003). `segued.matching.flavor_distance` compares flavors.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

__all__ = [
    "CHARACTERISTICS",
    "FlavorShares",
    "blend_flavors",
    "validate_flavor",
]

FlavorShares: TypeAlias = Mapping[str, Mapping[str, float]]
"""Characteristic -> class -> share."""

MOODS: Final = ("acoustic", "aggressive", "electronic", "happy", "party", "relaxed")

CHARACTERISTICS: Final[Mapping[str, tuple[str, ...]]] = {
    "danceability": ("danceable", "not_danceable"),
    "gender": ("female", "male"),
    **{f"mood_{mood}": (mood, f"not_{mood}") for mood in (*MOODS, "sad")},
    "timbre": ("bright", "dark"),
    "tonal_atonal": ("atonal", "tonal"),
    "voice_instrumental": ("instrumental", "voice"),
    "genre_dortmund": (
        "alternative",
        "blues",
        "electronic",
        "folkcountry",
        "funksoulrnb",
        "jazz",
        "pop",
        "raphiphop",
        "rock",
    ),
    "genre_electronic": ("ambient", "dnb", "house", "techno", "trance"),
    "genre_rosamerica": ("cla", "dan", "hip", "jaz", "pop", "rhy", "roc", "spe"),
    "genre_tzanetakis": (
        "blu",
        "cla",
        "cou",
        "dis",
        "hip",
        "jaz",
        "met",
        "pop",
        "reg",
        "roc",
    ),
    "ismir04_rhythm": (
        "ChaChaCha",
        "Jive",
        "Quickstep",
        "Rumba-American",
        "Rumba-International",
        "Rumba-Misc",
        "Samba",
        "Tango",
        "VienneseWaltz",
        "Waltz",
    ),
    "moods_mirex": tuple(f"Cluster{number}" for number in range(1, 6)),
}
"""The 18 characteristics with their 71 classes, in order; 12 have two classes."""

SUM_ERROR_MAX: Final = 0.05
"""The sum of valid shares of a characteristic differs from 1 by at most this."""


def validate_flavor(flavor: FlavorShares) -> dict[str, dict[str, float]]:
    """Return the valid characteristics of a flavor: 0 to 1 each, summing to 1.

    Example:
        >>> timbre = {"bright": 0.3, "dark": 0.69}
        >>> validate_flavor({"timbre": timbre, "gender": {"male": 7.0}})
        {'timbre': {'bright': 0.30303, 'dark': 0.69697}}
    """
    found = {}
    for name, classes in CHARACTERISTICS.items():
        shares = {each: flavor.get(name, {}).get(each, 0.0) for each in classes}
        total = sum(shares.values())
        if all(0 <= share <= 1 for share in shares.values()) and (
            abs(total - 1) <= SUM_ERROR_MAX
        ):
            found[name] = {each: round(v / total, 6) for each, v in shares.items()}
    return found


def blend_flavors(
    parts: Sequence[tuple[FlavorShares, float]],
) -> dict[str, dict[str, float]]:
    """Return the mean of several songs' flavors, weighted by their lengths.

    A song without a characteristic is left out of that characteristic's mean; the
    shares sum to 1 again.

    Args:
        parts: Flavors from the same source, each with its song's length.

    Example:
        >>> blend_flavors([({"timbre": {"bright": 1.0, "dark": 0.0}}, 3.0),
        ...          ({"timbre": {"bright": 0.0, "dark": 1.0}}, 1.0)])
        {'timbre': {'bright': 0.75, 'dark': 0.25}}
    """
    found = {}
    for name, classes in CHARACTERISTICS.items():
        timed_shares = [
            (flavor[name], time) for flavor, time in parts if name in flavor
        ]
        sums = {
            each: sum(shares.get(each, 0.0) * time for shares, time in timed_shares)
            for each in classes
        }
        total = sum(sums.values())
        if total > 0:
            found[name] = {each: round(v / total, 6) for each, v in sums.items()}
    return found
