"""Build and read the level curve: a recording's loudness over time.

It is built while a file is decoded, one byte per 10 ms, so that silences, lead
points and the waveform can be computed later without decoding again. Four hours
take 1.4 MB.
"""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.dsp.mixdown import Mono
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
        self._partial_hop: Final = np.zeros(self._hop, dtype=np.float32)
        self._partial_frames = 0
        self._levels: Final = bytearray()
        self._queued_sums: Final[list[npt.NDArray[np.float32]]] = []
        self._queued_hops = 0
        self._frames = 0

    def add(self, mono: Mono) -> None:
        """Add the next samples of the recording, any number of them."""
        self._frames += len(mono)
        if self._partial_frames:
            missing = min(self._hop - self._partial_frames, len(mono))
            self._buffer_partial_hop(mono[:missing])
            mono = mono[missing:]
            if self._partial_frames == self._hop:
                self._queue_sums(_sums_of_squares(self._partial_hop, self._hop))
                self._partial_frames = 0
        whole = len(mono) - len(mono) % self._hop
        if whole:
            self._queue_sums(_sums_of_squares(mono[:whole], self._hop))
        self._buffer_partial_hop(mono[whole:])

    def curve(self) -> LevelCurve:
        """Return the curve of all samples added so far."""
        self._flush_levels()
        levels = bytes(self._levels)
        if self._partial_frames:
            part = self._partial_hop[: self._partial_frames]
            sums = _sums_of_squares(part, self._partial_frames)
            levels += _to_level_bytes(sums, self._partial_frames)
        return LevelCurve(levels, self._hop, self._rate, Frames(self._frames))

    def _buffer_partial_hop(self, mono: Mono) -> None:
        """Store samples that do not fill a hop yet for the next call."""
        after = self._partial_frames + len(mono)
        self._partial_hop[self._partial_frames : after] = mono
        self._partial_frames = after

    def _queue_sums(self, sums: npt.NDArray[np.float32]) -> None:
        """Queue sums of squares, and convert them to levels once there are enough."""
        self._queued_sums.append(sums)
        self._queued_hops += len(sums)
        if self._queued_hops >= QUEUED_HOPS_MAX:
            self._flush_levels()

    def _flush_levels(self) -> None:
        if self._queued_sums:
            sums = np.concatenate(self._queued_sums)
            self._levels.extend(_to_level_bytes(sums, self._hop))
            self._queued_sums.clear()
            self._queued_hops = 0


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


def _sums_of_squares(mono: Mono, hop: int) -> npt.NDArray[np.float32]:
    """Return the sum of squares of each hop; `mono` holds whole hops only."""
    hops = mono.reshape(-1, hop)
    sums: npt.NDArray[np.float32] = np.vecdot(hops, hops)
    return sums


def _to_level_bytes(sums: npt.NDArray[np.float32], hop: int) -> bytes:
    """Return the level byte for each sum of `hop` squares."""
    # The floor is below the quietest level, and avoids log10 of zero.
    decibels = DB_PER_DECADE * np.log10(np.maximum(sums / hop, 1e-14))
    steps = np.rint(decibels / -LevelCurve.STEP_DB)
    return np.clip(steps, 0, SILENT_LEVEL).astype(np.uint8).tobytes()
