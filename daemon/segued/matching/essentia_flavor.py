"""What Essentia's descriptors say: tempo, key, and three characteristics.

Its plain package has no trained classifiers, so three of the eighteen are all
that can honestly be said from descriptors alone, and all that is.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from segued.matching.flavor import FlavorShares

__all__ = ["VERSION", "characteristics", "measures"]

VERSION: Final = 1

DANCEABILITY_MAX: Final = 3.0
DARK_HERTZ: Final = 500.0
BRIGHTNESS_OCTAVES: Final = 3.0
"""From a centroid that is as dark as music gets to one as bright, 4 kHz."""

MEASURES: Final = {
    "bpm": "rhythm.bpm",
    "onset_rate": "rhythm.onset_rate",
    "danceability": "rhythm.danceability",
    "key": "tonal.key_edma.key",
    "scale": "tonal.key_edma.scale",
    "key_strength": "tonal.key_edma.strength",
    "chords_changes_rate": "tonal.chords_changes_rate",
    "tuning_hertz": "tonal.tuning_frequency",
    "average_loudness": "lowlevel.average_loudness",
    "dynamic_complexity_db": "lowlevel.dynamic_complexity",
    "dissonance": "lowlevel.dissonance.mean",
    "spectral_centroid_hertz": "lowlevel.spectral_centroid.mean",
}
"""Our name of each measure, and Essentia's."""


def measures(descriptors: Mapping[str, Any]) -> dict[str, float | str]:
    """Return the measures that came out, by name; units are in the names.

    Args:
        descriptors: As `segued.media.analyzers.essentia.extract_low_level` gives them.
    """
    found: dict[str, float | str] = {}
    for name, theirs in MEASURES.items():
        value = descriptors.get(theirs)
        if isinstance(value, str) or (
            isinstance(value, int | float) and math.isfinite(value)
        ):
            found[name] = value
    return found


def characteristics(descriptors: Mapping[str, Any]) -> FlavorShares:
    """Return what the descriptors say of SPEC003's characteristics."""
    measured = measures(descriptors)
    found = {}
    for name, measure, yes, no, share in CHARACTERISTIC_RULES:
        value = measured.get(measure)
        if isinstance(value, int | float):
            yes_share = round(min(1.0, max(0.0, share(value))), 6)
            found[name] = {yes: yes_share, no: round(1.0 - yes_share, 6)}
    return found


def _danceability_share(danceability: float) -> float:
    return danceability / DANCEABILITY_MAX


def _brightness_share(centroid: float) -> float:
    return math.log2(max(centroid, 1.0) / DARK_HERTZ) / BRIGHTNESS_OCTAVES


CHARACTERISTIC_RULES: Final[
    tuple[tuple[str, str, str, str, Callable[[float], float]], ...]
] = (
    ("danceability", "danceability", "danceable", "not_danceable", _danceability_share),
    ("timbre", "spectral_centroid_hertz", "bright", "dark", _brightness_share),
    ("tonal_atonal", "key_strength", "tonal", "atonal", float),
)
"""Characteristic, the measure it follows from, its two classes, and how much
of the first class a value is."""
