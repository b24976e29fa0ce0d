"""Find the true peak of blocks: the highest value between the samples as well.

BS.1770 asks for samples interpolated to four times 48 kHz. Interpolating everything
takes longer than the rest of a file's analysis, and most of it cannot matter: between
two samples, the curve is higher than both by at most a constant times the largest
second difference of the samples nearby. So only the few places are interpolated that
could exceed the block's highest sample, and the result is the same.
"""

from functools import cache
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.dsp.mixdown import Samples
from segued.units import Frames, Hertz

__all__ = ["HALF_TAPS", "MARGIN", "BlockPeaks", "TruePeakMeter"]

BlockPeaks: TypeAlias = npt.NDArray[np.float32]
"""The highest absolute value of any channel, full scale being 1; shape (blocks,)."""

OVERSAMPLED_HZ: Final = 192_000
"""Rate of the interpolated curve, four times 48 kHz; for other rates, the multiple of
them that is nearest."""

HALF_TAPS: Final = 16
"""Samples on each side of an interpolated value; FFmpeg's meter uses as many."""

KAISER_BETA: Final = 9.0

MARGIN: Final = Frames(2 * HALF_TAPS)
"""Frames that `TruePeakMeter` needs in front of its blocks."""

ROUNDING: Final = 0.999
"""Lowers the threshold for the bound's own errors: the weights of an interpolated value
are balanced to a few parts in ten thousand, and sums are rounded."""

PART_FRAMES: Final = 140
"""The bound is computed for parts of a block, of at least so many frames."""

PLACES_MAX: Final = 8_192
"""Places that are interpolated at once, 1 MiB of samples."""


class _Interpolation(NamedTuple):
    """The values on both sides of a sample, until the next one.

    Attributes:
        weights: Of the sample and `HALF_TAPS` others on each side; float32, shape
            (values, 2 * HALF_TAPS + 1).
        excess: A value exceeds both samples beside it by at most this number times
            the largest second difference among the samples around.
    """

    weights: npt.NDArray[np.float32]
    excess: np.float32

    def highest(
        self, buffer: Samples, starts: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float32]:
        """Return the highest absolute value beside each of some samples.

        Args:
            buffer: float32, C-contiguous.
            starts: Where the samples around each of them begin, in the flat buffer.
        """
        width = self.weights.shape[1]
        # A row for each start: NumPy's own function takes longer than the rest.
        around: Samples = np.ndarray(
            (buffer.size - width + 1, width), np.float32, buffer, strides=(4, 4)
        )
        values = self.weights @ around[starts].T
        highest: npt.NDArray[np.float32] = np.abs(values, out=values).max(axis=0)
        return highest


class TruePeakMeter:
    """Finds the true peaks of consecutive blocks."""

    def __init__(self, rate: Hertz, block: Frames) -> None:
        """Create a meter for blocks of `block` frames."""
        self._interpolation: Final = _interpolation(rate)
        self._block: Final = block
        # Equal parts of a block, long enough that NumPy is fast.
        lengths = (each for each in range(PART_FRAMES, block) if block % each == 0)
        self._part: Final = next(lengths, block)
        # Kept, because fresh memory costs more than the differences written to it.
        self._memory: Samples = np.empty((0, 0), dtype=np.float32)

    def peaks(self, buffer: Samples, blocks: int) -> BlockPeaks:
        """Return the true peak of each block.

        The blocks are those from frame `MARGIN` of the buffer on, shifted by
        `HALF_TAPS` frames to the front (0.4 ms), so that the interpolation needs no
        later frames.

        Args:
            buffer: float32, C-contiguous; shape (channels, at least MARGIN + blocks *
                block).
            blocks: Number of blocks.
        """
        if self._memory.size < 3 * buffer.size:
            self._memory = np.empty((3, buffer.size), dtype=np.float32)
        frames = blocks * self._block
        levels = self._array(0, buffer, frames)
        np.abs(buffer[:, HALF_TAPS : HALF_TAPS + frames], out=levels)
        parts = levels.reshape(-1, self._part)
        highest = self._part_maxima(levels).reshape(-1)
        peaks: BlockPeaks
        peaks = highest.reshape(len(buffer), blocks, -1).max(axis=2).max(axis=0)
        if self._interpolation is None:
            return peaks
        limits = np.repeat(peaks * np.float32(ROUNDING), self._block // self._part)
        curvature = self._curvature(buffer[:, : MARGIN + frames])
        thresholds = (limits - self._interpolation.excess * curvature).reshape(-1)
        # Most parts have no such place.
        high = np.flatnonzero(highest > thresholds)
        places = np.flatnonzero(parts[high] > thresholds[high, np.newaxis])
        nth, inside = np.divmod(places, self._part)
        channel, place = np.divmod(high[nth] * self._part + inside, frames)
        starts = channel * buffer.shape[1] + place
        for first in range(0, len(starts), PLACES_MAX):
            now = slice(first, first + PLACES_MAX)
            values = self._interpolation.highest(buffer, starts[now])
            np.maximum.at(peaks, place[now] // self._block, values)
        return peaks

    def _curvature(self, buffer: Samples) -> Samples:
        """Return the largest second difference that the values in each part depend on.

        A value depends on `HALF_TAPS` samples on each side: on its part and both
        beside it.

        Args:
            buffer: float32, shape (channels, MARGIN + parts * part).

        Returns:
            float32, shape (channels, parts).
        """
        steps = self._array(1, buffer, buffer.shape[1] - 1)
        np.subtract(buffer[:, 1:], buffer[:, :-1], out=steps)
        bends = self._array(2, buffer, buffer.shape[1] - 2)
        np.subtract(steps[:, 1:], steps[:, :-1], out=bends)
        np.abs(bends, out=bends)
        start, stop = HALF_TAPS, bends.shape[1] - (HALF_TAPS - 2)
        parts = self._part_maxima(bends[:, start:stop])
        before = bends[:, :start].max(axis=1, keepdims=True)
        after = bends[:, stop:].max(axis=1, keepdims=True)
        every = np.concatenate([before, parts, after], axis=1)
        near: Samples = np.maximum(np.maximum(every[:, :-2], every[:, 2:]), parts)
        return near

    def _part_maxima(self, values: Samples) -> Samples:
        """Return the largest value of each part; none is negative.

        Their bits, as integers, have the same order: NumPy finds the largest of those
        in half of the time, because none of them can be a NaN.

        Args:
            values: float32, shape (channels, parts * part).

        Returns:
            float32, shape (channels, parts).
        """
        starts = np.arange(0, values.shape[1], self._part)
        # Takes half of the time of a maximum over an axis.
        maxima = np.maximum.reduceat(values.view(np.int32), starts, axis=1)
        return maxima.view(np.float32)

    def _array(self, number: int, buffer: Samples, frames: int) -> Samples:
        """Return one of three arrays in memory, shape (channels, frames)."""
        return self._memory[number, : len(buffer) * frames].reshape(-1, frames)


@cache
def _interpolation(rate: Hertz) -> _Interpolation | None:
    """Return the interpolation at a sample rate; None if that is high enough."""
    factor = round(OVERSAMPLED_HZ / rate)
    if factor <= 1:
        return None
    taps = np.arange(1 - HALF_TAPS, HALF_TAPS + 1)
    after, excess = [], 0.0
    for shift in np.arange(1, factor) / factor:
        distance = taps - shift
        window = np.i0(
            KAISER_BETA * np.sqrt(np.maximum(0, 1 - (distance / HALF_TAPS) ** 2))
        )
        weight = np.sinc(distance) * window
        weight /= weight.sum()
        after.append(weight)
        # The rest beyond the straight line between both samples, as weights of second
        # differences: these are the sums of the sums of the weights.
        rest = weight.copy()
        rest[HALF_TAPS - 1] -= 1 - shift
        rest[HALF_TAPS] -= shift
        excess = max(excess, float(np.abs(np.cumsum(np.cumsum(rest))[:-2]).sum()))
    sides = (np.pad(after, ((0, 0), (1, 0))), np.pad(after, ((0, 0), (0, 1))))
    return _Interpolation(np.concatenate(sides).astype(np.float32), np.float32(excess))
