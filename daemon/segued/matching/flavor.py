"""Distances between flavors: how similar two passages sound.

A flavor is a share for each class of a characteristic; the shares of one
characteristic sum to 1. Only flavors from the same source can be compared: each
source has a scale of its own. Characteristics, classes and the default distance
are those of the ancestor project wkmp (its document SPEC003).
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "CHARACTERISTICS",
    "METRICS",
    "FlavorShares",
    "blend_flavors",
    "distances",
    "validate_flavor",
]

FlavorShares: TypeAlias = Mapping[str, Mapping[str, float]]
"""Characteristic -> class -> share."""

ShareArray: TypeAlias = npt.NDArray[np.float64]

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

COLUMN_OF_CLASS: Final = {
    (name, each): column
    for column, (name, each) in enumerate(
        (name, each) for name, classes in CHARACTERISTICS.items() for each in classes
    )
}
COLUMNS_OF: Final = {
    name: [COLUMN_OF_CLASS[name, each] for each in classes]
    for name, classes in CHARACTERISTICS.items()
}
BINARY_CHARACTERISTICS: Final = [
    name
    for name, classes in CHARACTERISTICS.items()
    if len(classes) == 2  # noqa: PLR2004
]
COMPLEX_CHARACTERISTICS: Final = [
    name for name in CHARACTERISTICS if name not in BINARY_CHARACTERISTICS
]

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


def distances(
    one: FlavorShares, others: Sequence[FlavorShares], metric: str
) -> ShareArray:
    """Return the distance of each of `others` from `one`, 0 to 1, as a float64 array.

    Args:
        one: A flavor.
        others: Flavors from the same source.
        metric: One of `METRICS`.
    """
    return METRICS[metric](
        _to_vector(one), np.array([_to_vector(other) for other in others])
    )


def _to_vector(flavor: FlavorShares) -> ShareArray:
    """Return a flavor as a float64 array of 71 shares; unknown ones are NaN."""
    row = np.full(len(COLUMN_OF_CLASS), np.nan)
    for name, shares in flavor.items():
        for each, share in shares.items():
            column = COLUMN_OF_CLASS.get((name, each))
            if column is not None:
                row[column] = share
    return row


def _squared_distances(one: ShareArray, others: ShareArray) -> ShareArray:
    """Return mean squared differences: binary characteristics half, others half.

    A half without a characteristic known on both sides counts as 1. This is the
    distance of wkmp's SPEC003.
    """
    if not len(others):
        return np.empty(0)
    differences = (others - one) ** 2
    # Of two classes, the second is redundant.
    binary = differences[:, [COLUMNS_OF[name][0] for name in BINARY_CHARACTERISTICS]]
    complex_ = np.stack(
        [
            _mean_of_known(differences[:, COLUMNS_OF[name]])
            for name in COMPLEX_CHARACTERISTICS
        ],
        axis=1,
    )
    halves = (
        np.nan_to_num(_mean_of_known(each), nan=1.0) for each in (binary, complex_)
    )
    return sum(halves, np.zeros(len(others))) / 2


def _variation_distances(one: ShareArray, others: ShareArray) -> ShareArray:
    """Return the mean total variation: the share that would have to change its class.

    Each characteristic has the same weight, whatever the number of its classes;
    with squared differences, one of ten classes has hardly any.
    """
    if not len(others):
        return np.empty(0)
    differences = np.abs(others - one)
    each = np.stack(
        [differences[:, COLUMNS_OF[name]].sum(axis=1) / 2 for name in CHARACTERISTICS],
        axis=1,
    )
    return np.asarray(np.nan_to_num(_mean_of_known(each), nan=1.0))


METRICS: Final = {"squares": _squared_distances, "variation": _variation_distances}
"""The distance functions, by name; the first is the default."""


def _mean_of_known(values: ShareArray) -> ShareArray:
    """Return the mean of each row's known values; NaN if it has none."""
    known = ~np.isnan(values)
    total, count = np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1)
    unknown = np.full(len(values), np.nan)
    mean: ShareArray = np.divide(total, count, out=unknown, where=count > 0)
    return mean
