"""The silences of a recording, whatever its own noise, and each only once.

No single threshold finds the silences of every rip: at a low one, noise breaks
them up or hides them, and at a high one, what fades out before them or begins
softly after them is a part of them. So all thresholds are tried, and of what
they show in one place, the lowest that is above the noise there is right.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.model import LevelCurve
from segued.units import Dbfs

__all__ = ["Hops", "LevelBytes", "Silences", "find_silences"]

Hops: TypeAlias = npt.NDArray[np.int64]
"""Positions in a level curve, or counts."""

LevelBytes: TypeAlias = npt.NDArray[np.uint8]
"""A level curve's bytes: half decibels below full scale."""

THRESHOLDS_DBFS: Final = range(-62, -19)
"""What is below the lowest is silent to any ear."""

ABOVE_NOISE_DB: Final = 3.0
"""From the quietest of a silence to its threshold: even noise varies."""

HOPS_MIN: Final = 4
"""A silence of 50 ms has at least four whole hops."""

CRACKLE_HOPS: Final = 3
"""A sound in a silence is a crackle of the record if it is no longer..."""

CRACKLE_SHARE: Final = 8
CRACKLE_HOPS_MAX: Final = 15
"""...or no longer than that part of the silences around it, up to this."""

LONG_HOPS: Final = 100
MUSIC_DB: Final = 12
NOISE_SHARE: Final = 0.01
"""A quiet second that far above the quietest hundredth of a file is music."""


@dataclass(frozen=True, slots=True, eq=False)
class Silences:
    """Silences, each an entry in every array.

    Attributes:
        firsts: Hop at which each begins.
        lasts: Hop at which it has ended.
        noise: The quietest of it, in dBFS, at least 3 dB below the threshold.
        threshold: Level that it is below, crackles apart, in dBFS.
    """

    firsts: Hops
    lasts: Hops
    noise: npt.NDArray[np.float64]
    threshold: float


def find_silences(levels: LevelBytes) -> Iterator[Silences]:
    """Yield all silences of at least 50 ms, a threshold at a time, from below.

    They are disjoint, those at different thresholds as well, and all have
    their edges where the level crosses their threshold.
    """
    means = np.zeros(max(0, len(levels) - HOPS_MIN + 1) + 1)
    for offset in range(HOPS_MIN):
        means[:-1] += levels[offset : offset + len(means) - 1]
    means *= -LevelCurve.STEP_DB / HOPS_MIN
    music = _noise_level(levels) + MUSIC_DB
    known = np.empty(0, dtype=np.int64)
    for threshold in THRESHOLDS_DBFS:
        firsts, lasts = _silences_below(levels, LevelCurve.quantized(Dbfs(threshold)))
        if not len(firsts):
            continue
        ranges = np.stack((firsts, lasts - HOPS_MIN + 1), axis=1)
        noise = np.minimum.reduceat(means, ranges.reshape(-1))[::2]
        noise = np.maximum(noise, THRESHOLDS_DBFS[0] - ABOVE_NOISE_DB)
        new = np.searchsorted(known, firsts) == np.searchsorted(known, lasts)
        new &= noise + ABOVE_NOISE_DB <= threshold
        known = np.sort(np.concatenate((known, firsts[new])))
        new &= (lasts - firsts <= LONG_HOPS) | (noise <= music)
        yield Silences(firsts[new], lasts[new], noise[new], float(threshold))


def _noise_level(levels: LevelBytes) -> float:
    """Return how loud the quietest of a file is, in dBFS."""
    quieter = np.cumsum(np.bincount(levels, minlength=256)[::-1])
    byte = 255 - int(np.searchsorted(quieter, NOISE_SHARE * len(levels)))
    return max(-LevelCurve.STEP_DB * byte, float(THRESHOLDS_DBFS[0]))


def _silences_below(levels: LevelBytes, threshold: int) -> tuple[Hops, Hops]:
    """Return where silences begin and end, at a threshold that is a level byte."""
    quiet = np.zeros(len(levels) + 2, dtype=np.bool_)
    np.greater(levels, threshold, out=quiet[1:-1])
    edges = np.flatnonzero(quiet[1:] != quiet[:-1])
    firsts, lasts = edges[0::2], edges[1::2]
    long_enough = lasts - firsts >= HOPS_MIN
    # Twice, for crackles beside crackles.
    return _bridge_crackles(*_bridge_crackles(firsts[long_enough], lasts[long_enough]))


def _bridge_crackles(firsts: Hops, lasts: Hops) -> tuple[Hops, Hops]:
    """Return silences with the crackles between them in them."""
    lengths = lasts - firsts
    share = np.minimum(lengths[1:], lengths[:-1]) // CRACKLE_SHARE
    apart = firsts[1:] - lasts[:-1] > np.clip(share, CRACKLE_HOPS, CRACKLE_HOPS_MAX)
    return (
        np.concatenate((firsts[:1], firsts[1:][apart])),
        np.concatenate((lasts[:-1][apart], lasts[-1:])),
    )
