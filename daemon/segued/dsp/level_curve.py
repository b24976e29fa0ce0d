"""Build and read the level curve: a recording's loudness over time.

It is built while a file is decoded, one byte per 10 ms, so that silences, lead
points and the waveform can be computed later without decoding again. Four hours
take 1.4 MB.

The level is that of the mean power of the channels, not of their mean: two channels
in opposite phase cancel in a mix, but not in a room. A constant offset is not counted,
because it cannot be heard.
"""

from functools import cache
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.dsp.mixdown import Samples
from segued.model import LevelCurve
from segued.units import Dbfs, Frames, Hertz

__all__ = [
    "ROUNDING_FACTOR",
    "STEP_HOPS",
    "WINDOW_HOPS",
    "Energies",
    "LevelCurveBuilder",
    "energy_of",
    "hop_length",
    "loud_hops",
    "window_energies",
]

Energies: TypeAlias = npt.NDArray[np.float64]
"""Mean squares of samples, 1.0 being constant full scale; shape (windows,)."""

HOPS_PER_SECOND: Final = 100
WINDOW_HOPS: Final = 10
"""The segmentation rules use the RMS of 100 ms..."""

STEP_HOPS: Final = 5
"""...computed every 50 ms."""

QUEUED_HOPS_MAX: Final = 4_096
"""Sums are converted in batches: a NumPy call costs more than a few logarithms."""

OFFSET_HOPS: Final = 5
"""An offset lasts for so many hops before and after a hop: more than half a period of
the lowest tone that can be heard."""

SILENT_LEVEL: Final = 255
"""The level byte for -127.5 dBFS and below."""

DB_PER_DECADE: Final = 10
_ENERGY_OF_LEVEL: Final = 10.0 ** (
    np.arange(SILENT_LEVEL + 1) * -LevelCurve.STEP_DB / DB_PER_DECADE
)
_ENERGY_OF_LEVEL[SILENT_LEVEL] = 0
"""Mean square for each level byte; that of digital silence is 0."""

ROUNDING_FACTOR: Final = 1 - 1e-6
"""Tolerance for comparing sums of energies with a threshold: they carry rounding
errors, while a level is an exact multiple of 0.5 dB."""

BATCH_STEPS: Final = 10_000
"""Steps processed at a time: four hours at once would take 12 MB."""


def hop_length(rate: Hertz) -> Frames:
    """Return the frames per hop: a hundredth of a second, rounded, at least 1."""
    return Frames(max(1, round(rate / HOPS_PER_SECOND)))


def energy_of(level: Dbfs) -> float:
    """Return the mean square that `level` stands for; 0 dBFS is 1.0."""
    return float(10.0 ** (level / DB_PER_DECADE))


class LevelCurveBuilder:
    """Builds a level curve from consecutive blocks of a recording."""

    def __init__(self, rate: Hertz) -> None:
        self._rate: Final = rate
        self._hop: Final = hop_length(rate)
        self._partial_hop: Samples = np.empty((0, self._hop), dtype=np.float32)
        self._partial_frames = 0
        self._levels: Final = bytearray()
        # Squares and means of hops; the first ones only serve as neighbors.
        self._queued: Final[list[_HopSums]] = []
        self._queued_hops = self._converted_hops = 0
        self._frames = 0

    def add(self, samples: Samples) -> None:
        """Add the next frames of the recording, any number of them."""
        channels, count = samples.shape
        if channels != len(self._partial_hop):
            self._change_channels(channels)
        self._frames += count
        if self._partial_frames:
            missing = min(self._hop - self._partial_frames, count)
            self._buffer_partial_hop(samples[:, :missing])
            samples = samples[:, missing:]
            if self._partial_frames == self._hop:
                self._queue(_hop_sums(self._partial_hop, self._hop))
                self._partial_frames = 0
        whole = samples.shape[1] - samples.shape[1] % self._hop
        if whole:
            self._queue(_hop_sums(samples[:, :whole], self._hop))
        self._buffer_partial_hop(samples[:, whole:])

    def finish(self) -> LevelCurve:
        """Return the curve of all frames added; nothing can be added afterwards."""
        if self._partial_frames:
            part = self._partial_hop[:, : self._partial_frames]
            self._queue(_hop_sums(part, self._partial_frames))
        self._convert(last=True)
        levels = bytes(self._levels)
        return LevelCurve(levels, self._hop, self._rate, Frames(self._frames))

    def _change_channels(self, channels: int) -> None:
        """Continue with another number of channels, in the middle of a hop or not."""
        self._convert(last=True)
        mean = np.zeros(self._hop, dtype=np.float32)
        if self._partial_frames:
            mean = self._partial_hop.mean(axis=0)
        self._partial_hop = np.repeat(mean[np.newaxis], channels, axis=0)

    def _buffer_partial_hop(self, samples: Samples) -> None:
        """Store frames that do not fill a hop yet for the next call."""
        after = self._partial_frames + samples.shape[1]
        self._partial_hop[:, self._partial_frames : after] = samples
        self._partial_frames = after

    def _queue(self, sums: "_HopSums") -> None:
        """Queue the sums of hops, and convert them to levels once there are enough."""
        self._queued.append(sums)
        self._queued_hops += len(sums.squares)
        if self._queued_hops >= QUEUED_HOPS_MAX:
            self._convert()

    def _convert(self, *, last: bool = False) -> None:
        """Convert the queued hops, except, unless `last`, those without neighbors."""
        if not self._queued:
            return
        squares = np.concatenate([each.squares for each in self._queued])
        means = np.concatenate([each.means for each in self._queued])
        end = len(squares) - (0 if last else OFFSET_HOPS)
        energies = _without_offset(squares, means)[self._converted_hops : end]
        self._levels.extend(_to_level_bytes(energies))
        self._queued.clear()
        self._queued_hops = self._converted_hops = 0
        if not last:
            kept = slice(max(0, end - OFFSET_HOPS), None)
            self._queued.append(_HopSums(squares[kept], means[kept]))
            self._queued_hops = len(squares[kept])
            self._converted_hops = self._queued_hops - OFFSET_HOPS


class _HopSums(NamedTuple):
    """What is kept of consecutive hops until they are converted.

    Attributes:
        squares: Mean square of all samples of a hop; float32, shape (hops,).
        means: Mean of each channel; float32, shape (hops, channels).
    """

    squares: npt.NDArray[np.float32]
    means: npt.NDArray[np.float32]


def loud_hops(curve: LevelCurve, level: Dbfs) -> npt.NDArray[np.bool_]:
    """Return a mask of the hops at `level` or above; bool, shape (hops,)."""
    is_loud = energy_of(level) * ROUNDING_FACTOR <= _ENERGY_OF_LEVEL
    loud: npt.NDArray[np.bool_] = is_loud[np.frombuffer(curve.levels, np.uint8)]
    return loud


def window_energies(
    curve: LevelCurve, first: int, last: int, *, step: int = STEP_HOPS
) -> Energies:
    """Return the mean square of windows of 100 ms, one every `step` hops.

    Args:
        curve: The level curve.
        first: Hop at which the first window begins.
        last: Hop before which the last window ends. Where less than a window
            is left, the window is as long as what is left.
        step: Hops from one window to the next; divides `WINDOW_HOPS`.

    Returns:
        Mean squares, shape (windows,); at least one window unless the range is
        empty.
    """
    hops = last - first
    if hops <= 0:
        return np.empty(0, dtype=np.float64)
    steps_per_window = WINDOW_HOPS // step
    sums = _step_sums(curve, first, last, step)
    count = max(1, len(sums) - steps_per_window + 1)
    totals = np.zeros(count, dtype=np.float64)
    for offset in range(steps_per_window):
        part = sums[offset : offset + count]
        totals[: len(part)] += part
    length = np.float64(hops)
    if last == len(curve.levels):
        length -= 1 - _last_share(curve)
    # The last windows may reach beyond the end.
    means: Energies = totals
    means /= np.minimum(WINDOW_HOPS, length - np.arange(count) * step)
    return means


def _step_sums(curve: LevelCurve, first: int, last: int, step: int) -> Energies:
    """Return the energy of every `step` hops; the last sum may cover fewer."""
    levels = np.frombuffer(curve.levels, np.uint8)[first:last]
    sums = np.empty(-(-len(levels) // step), dtype=np.float64)
    whole = len(levels) // step
    for start in range(0, whole, BATCH_STEPS):
        stop = min(start + BATCH_STEPS, whole)
        part = _ENERGY_OF_LEVEL[levels[start * step : stop * step]]
        np.sum(part.reshape(-1, step), axis=1, out=sums[start:stop])
    if whole < len(sums):
        sums[whole] = _ENERGY_OF_LEVEL[levels[whole * step :]].sum()
    if len(levels) and last == len(curve.levels):
        sums[-1] -= _ENERGY_OF_LEVEL[levels[-1]] * (1 - _last_share(curve))
    return sums


def _last_share(curve: LevelCurve) -> float:
    """Return the last hop's length as a share of a whole hop."""
    return (curve.frames - (len(curve.levels) - 1) * curve.hop) / curve.hop


def _hop_sums(samples: Samples, hop: int) -> _HopSums:
    """Return the sums of consecutive hops; `samples` holds whole hops only."""
    channels, frames = samples.shape
    hops = frames // hop
    per_sample = np.float32(1 / hop)
    if samples.strides[0] < samples.strides[1]:
        # Packed: one row holds a hop of all channels.
        rows = samples.T.reshape(hops, hop * channels)
        squares = np.vecdot(rows, rows) * (per_sample / channels)
        return _HopSums(squares, rows @ _packed_means(hop, channels))
    planes = samples.reshape(channels, hops, hop)
    squares = np.vecdot(planes, planes).sum(axis=0) * (per_sample / channels)
    means = planes @ np.full(hop, per_sample, dtype=np.float32)
    return _HopSums(squares, means.T)


@cache
def _packed_means(hop: int, channels: int) -> npt.NDArray[np.float32]:
    """Return the matrix that turns packed hops into the means of their channels."""
    return np.tile(np.eye(channels, dtype=np.float32) / np.float32(hop), (hop, 1))


def _without_offset(
    squares: npt.NDArray[np.float32], means: npt.NDArray[np.float32]
) -> Energies:
    """Return the mean square of each hop around the offset of its channels.

    The offset is the least mean of the hop and its neighbors, if all have the same
    sign. Sound has means of both signs; so it changes nothing beside loud sound.
    """
    near = np.concatenate(
        [means[:1]] * OFFSET_HOPS + [means] + [means[-1:]] * OFFSET_HOPS
    )
    low = _in_windows(np.minimum, near)
    high = _in_windows(np.maximum, near)
    offsets = (np.maximum(low, 0) + np.minimum(high, 0)).astype(np.float64)
    energies: Energies = squares + (offsets * (offsets - 2 * means)).mean(axis=1)
    return energies


def _in_windows(extreme: np.ufunc, values: Samples) -> Samples:
    """Return the least or greatest of each window of `2 * OFFSET_HOPS + 1` rows.

    Each step doubles the rows that a value stands for; two of the last, which overlap,
    make up a window. This takes a fraction of the time of a reduction by windows.
    """
    size, width = 2 * OFFSET_HOPS + 1, 1
    while 2 * width <= size:
        values = extreme(values[:-width], values[width:])
        width *= 2
    rest = size - width
    found: Samples = extreme(values[: len(values) - rest], values[rest:])
    return found


def _to_level_bytes(energies: Energies) -> bytes:
    """Return the level byte for each mean square."""
    # The floor is below the quietest level, and avoids log10 of zero.
    decibels = DB_PER_DECADE * np.log10(np.maximum(energies, 1e-14))
    steps = np.rint(decibels / -LevelCurve.STEP_DB)
    return np.clip(steps, 0, SILENT_LEVEL).astype(np.uint8).tobytes()
