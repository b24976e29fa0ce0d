"""Find the silences of a recording with any level of noise, each exactly once.

No single threshold finds the silences of every rip: at a low one, noise breaks
them up or hides them, and a high one includes fade-outs before them and soft
beginnings after them. So all thresholds are tried, and of overlapping silences,
the one of the lowest threshold above the local noise is used.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.model import LevelCurve
from segued.units import Dbfs

__all__ = ["Hops", "LevelBytes", "Silences", "find_silences"]

Hops: TypeAlias = npt.NDArray[np.int64]
"""Positions in a level curve, or counts, in hops."""

LevelBytes: TypeAlias = npt.NDArray[np.uint8]
"""A level curve's bytes: half decibels below full scale; shape (hops,)."""

THRESHOLDS_DBFS: Final = range(-62, -19)
"""Anything below the lowest threshold is inaudible."""

ABOVE_NOISE_DB: Final = 3.0
"""Least distance of a threshold from the quietest part of a silence: noise varies."""

HOPS_MIN: Final = 4
"""A silence of 50 ms has at least four whole hops."""

CRACKLE_HOPS: Final = 3
"""A sound in a silence is a crackle of the record if it is no longer than this..."""

CRACKLE_SHARE: Final = 8
CRACKLE_HOPS_MAX: Final = 15
"""...or no longer than an eighth of the silences around it, up to 15 hops."""

LONG_HOPS: Final = 100
MUSIC_DB: Final = 12
NOISE_SHARE: Final = 0.01
"""A quiet second 12 dB above the quietest hundredth of a file is music."""


@dataclass(frozen=True, slots=True, eq=False)
class Silences:
    """Silences of one threshold, as parallel arrays of shape (silences,).

    Attributes:
        firsts: First hop of each.
        lasts: Hop after the last of each.
        noise: Level of its quietest 40 ms in dBFS, at least 3 dB below the
            threshold.
        threshold: Level in dBFS that it stays below, except for crackles.
    """

    firsts: Hops
    lasts: Hops
    noise: npt.NDArray[np.float64]
    threshold: float


def find_silences(levels: LevelBytes) -> Iterator[Silences]:
    """Yield all silences of at least 50 ms, one threshold at a time, ascending.

    They are disjoint, across thresholds as well, and all have their edges where
    the level crosses their threshold.
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
        new = np.flatnonzero(_contain_none(firsts, lasts, known))
        noise = _quietest(means, firsts[new], lasts[new] - HOPS_MIN + 1)
        noise = np.maximum(noise, THRESHOLDS_DBFS[0] - ABOVE_NOISE_DB)
        clear = noise + ABOVE_NOISE_DB <= threshold
        new, noise = new[clear], noise[clear]
        known = np.sort(np.concatenate((known, firsts[new])))
        kept = (lasts[new] - firsts[new] <= LONG_HOPS) | (noise <= music)
        new = new[kept]
        yield Silences(firsts[new], lasts[new], noise[kept], float(threshold))


def _contain_none(firsts: Hops, lasts: Hops, known: Hops) -> npt.NDArray[np.bool_]:
    """Return for each of disjoint, ascending ranges whether no known hop is in it."""
    none = np.ones(len(firsts), dtype=np.bool_)
    nth = np.searchsorted(firsts, known, side="right") - 1
    none[nth[(nth >= 0) & (known < lasts[nth])]] = False
    return none


def _quietest(
    means: npt.NDArray[np.float64], firsts: Hops, lasts: Hops
) -> npt.NDArray[np.float64]:
    """Return the least mean of each range, looking at nothing between the ranges."""
    lengths = lasts - firsts
    begins = np.cumsum(lengths) - lengths
    within = np.repeat(firsts - begins, lengths) + np.arange(lengths.sum())
    if not len(within):
        return np.empty(0)
    least: npt.NDArray[np.float64] = np.minimum.reduceat(means[within], begins)
    return least


def _noise_level(levels: LevelBytes) -> float:
    """Return the level of the quietest hundredth of a file, in dBFS."""
    if not len(levels):
        return float(THRESHOLDS_DBFS[0])
    nth = len(levels) - math.ceil(NOISE_SHARE * len(levels))
    byte = int(np.partition(levels, nth)[nth])
    return max(-LevelCurve.STEP_DB * byte, float(THRESHOLDS_DBFS[0]))


def _silences_below(levels: LevelBytes, threshold: int) -> tuple[Hops, Hops]:
    """Return the first hops and ends of silences below a threshold level byte."""
    quiet = np.zeros(len(levels) + 2, dtype=np.bool_)
    np.greater(levels, threshold, out=quiet[1:-1])
    edges = np.flatnonzero(quiet[1:] != quiet[:-1])
    firsts, lasts = edges[0::2], edges[1::2]
    long_enough = lasts - firsts >= HOPS_MIN
    # Twice, for crackles next to crackles.
    return _bridge_crackles(*_bridge_crackles(firsts[long_enough], lasts[long_enough]))


def _bridge_crackles(firsts: Hops, lasts: Hops) -> tuple[Hops, Hops]:
    """Return the silences joined across the crackles between them."""
    lengths = lasts - firsts
    share = np.minimum(lengths[1:], lengths[:-1]) // CRACKLE_SHARE
    apart = firsts[1:] - lasts[:-1] > np.clip(share, CRACKLE_HOPS, CRACKLE_HOPS_MAX)
    return (
        np.concatenate((firsts[:1], firsts[1:][apart])),
        np.concatenate((lasts[:-1][apart], lasts[-1:])),
    )
