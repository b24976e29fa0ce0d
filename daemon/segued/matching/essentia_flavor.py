"""A flavor from Essentia's descriptors: three characteristics, with tempo and key.

Essentia's plain package has no trained classifiers; only three of the eighteen
characteristics follow from descriptors alone.
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
"""From 500 Hz, a spectral centroid as dark as music gets, to 4 kHz, as bright."""

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
"""The name of each measure, and of the Essentia descriptor that it is."""


def measures(descriptors: Mapping[str, Any]) -> dict[str, float | str]:
    """Return the valid measures, by name; units are in the names.

    Args:
        descriptors: As `segued.media.analyzers.essentia.extract_low_level` returns
            them.
    """
    found: dict[str, float | str] = {}
    for name, descriptor in MEASURES.items():
        value = descriptors.get(descriptor)
        if isinstance(value, str) or (
            isinstance(value, int | float) and math.isfinite(value)
        ):
            found[name] = value
    return found


def characteristics(descriptors: Mapping[str, Any]) -> FlavorShares:
    """Return the shares of the characteristics that the descriptors determine."""
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
"""Characteristic, measure, first and second class, and the function from the
measure's value to the share of the first class."""
