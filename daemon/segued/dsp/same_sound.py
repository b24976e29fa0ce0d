"""Whether two files hold the same recording, in other encodings.

Fingerprints find the place at which two sounds agree; they also agree for a remaster,
and in part for another take. The level curves decide: another encoding keeps the level
of each moment, but for one factor, and everything that only one of the two has is
quiet.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.dsp.print_items import ITEM_SECONDS, PrintItems

__all__ = ["Levels", "Sound", "SoundMatch", "compare_sounds", "resampled"]

Levels: TypeAlias = npt.NDArray[np.float32]
"""Levels every 10 ms in dB, at most 0; shape (hops,)."""

HOPS_PER_SECOND: Final = 100

ITEM_BITS: Final = 32

ERROR_MAX: Final = 0.15
"""Share of the bits of aligned fingerprints that may differ."""

OVERLAP_MIN: Final = 0.8
"""Share of the shorter fingerprint that both must cover."""

OFFSET_ITEMS_MAX: Final = 80
"""Ten seconds: more silence before a song is another edition."""

SMOOTHED_HOPS: Final = 20
"""Levels are compared over 200 ms: encoders smear attacks."""

SAMPLED_HOPS: Final = 4_000
"""Of so many moments at least, the shift is found; all of them then decide."""

SHIFT_HOPS_MAX: Final = 15
"""A fingerprint places the sound within half an item; the levels say exactly."""

QUIET_DB: Final = -50.0
"""Below this, encoders change the level, and what only one file has is no music."""

SPREAD_DB_MAX: Final = 1.0
"""The levels of nine of ten moments differ by at most this from the usual factor."""

OUTLIER_DB: Final = 3.0
OUTLIERS_SECONDS_MAX: Final = 1.0
"""So long in all may moments differ by more, as at a scratch of one rip."""

REST_SECONDS_MAX: Final = 1.0
"""So much sound may one file have before or after the other."""


def resampled(levels: Levels, hop_seconds: float) -> Levels:
    """Return levels every 10 ms; some sample rates have no hop of exactly 10 ms."""
    count = int(len(levels) * hop_seconds * HOPS_PER_SECOND)
    places = (np.arange(count) / HOPS_PER_SECOND / hop_seconds).astype(np.int64)
    return levels[np.minimum(places, len(levels) - 1)] if count else levels[:0]


@dataclass(frozen=True, slots=True)
class Sound:
    """What is stored of the sound of a file."""

    items: PrintItems
    levels: Levels


@dataclass(frozen=True, slots=True)
class SoundMatch:
    """Two files with the same recording.

    Attributes:
        offset_seconds: Add it to a position in the first file to get that in the other.
        error: The share of the bits of the fingerprints that differ.
        spread_db: The difference of levels that nine of ten moments do not exceed.
    """

    offset_seconds: float
    error: float
    spread_db: float


def compare_sounds(one: Sound, other: Sound) -> SoundMatch | None:
    """Return how two files match; None if they are not the same recording."""
    error, offset = _align(one.items, other.items)
    if error > ERROR_MAX:
        return None
    guess = round(offset * ITEM_SECONDS * HOPS_PER_SECOND)
    first, second = _smoothed(one.levels), _smoothed(other.levels)
    best: tuple[float, int] | None = None
    step = max(1, min(SMOOTHED_HOPS // 2, min(len(first), len(second)) // SAMPLED_HOPS))
    for shift in range(guess - SHIFT_HOPS_MAX, guess + SHIFT_HOPS_MAX + 1):
        differences = _differences(first, second, shift, step)
        if len(differences):
            spread = float(np.percentile(np.abs(differences), 90))
            best = min(best or (spread, shift), (spread, shift))
    if best is None:
        return None
    shift = best[1]
    apart = np.abs(_differences(first, second, shift))
    spread = float(np.percentile(apart, 90))
    if spread > SPREAD_DB_MAX:
        return None
    if (apart > OUTLIER_DB).sum() > OUTLIERS_SECONDS_MAX * HOPS_PER_SECOND:
        return None
    if _rest_hops(first, second, shift) > REST_SECONDS_MAX * HOPS_PER_SECOND:
        return None
    return SoundMatch(shift / HOPS_PER_SECOND, error, spread)


def _align(one: PrintItems, other: PrintItems) -> tuple[float, int]:
    """Return the least share of bits that differ, and at which offset; 1 if too short.

    The offset is the place in the other fingerprint at which the first one begins.
    """
    needed = max(1.0, OVERLAP_MIN * min(len(one), len(other)))
    best = (1.0, 0)
    for offset in sorted(range(-OFFSET_ITEMS_MAX, OFFSET_ITEMS_MAX + 1), key=abs):
        start, end = max(0, -offset), min(len(one), len(other) - offset)
        if end - start >= needed:
            different = one[start:end] ^ other[start + offset : end + offset]
            error = float(np.bitwise_count(different).mean()) / ITEM_BITS
            best = min(best, (error, offset))
    return best


def _smoothed(levels: Levels) -> Levels:
    """Return the level of the mean power around each hop."""
    power = np.power(10.0, levels / 10.0, dtype=np.float64)
    sums = np.concatenate(([0.0], np.cumsum(power)))
    count = len(levels)
    starts = np.clip(np.arange(count) - SMOOTHED_HOPS // 2, 0, count)
    ends = np.clip(np.arange(count) + SMOOTHED_HOPS // 2, 0, count)
    mean = (sums[ends] - sums[starts]) / np.maximum(1, ends - starts)
    smoothed: Levels = (10 * np.log10(np.maximum(mean, 1e-13))).astype(np.float32)
    return smoothed


def _differences(one: Levels, other: Levels, shift: int, step: int = 1) -> Levels:
    """Return the differences where both are aligned and one is loud, less the usual.

    Every `step`-th of them.
    """
    start, end = max(0, -shift), min(len(one), len(other) - shift)
    if end <= start:
        return np.zeros(0, np.float32)
    first, second = one[start:end:step], other[start + shift : end + shift : step]
    loud = np.maximum(first, second) > QUIET_DB
    differences: Levels = (first - second)[loud]
    return differences - np.median(differences) if len(differences) else differences


def _rest_hops(one: Levels, other: Levels, shift: int) -> int:
    """Return how many loud hops only one of the two files has."""
    start, end = max(0, -shift), min(len(one), len(other) - shift)
    rest = (one[:start], one[end:], other[: start + shift], other[end + shift :])
    return int(sum((part > QUIET_DB).sum() for part in rest))
