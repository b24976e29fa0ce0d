"""Loudness by EBU R128, from energies and peaks of blocks of 100 ms.

The blocks are measured while a file is decoded, and stored. Integrated loudness (ITU-R
BS.1770-5), loudness range (EBU Tech 3342) and true peak of any passage follow from
them without decoding. Four hours take 0.6 MB, before compression.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.dsp.k_weighting import KWeighting, block_length
from segued.dsp.mixdown import Samples
from segued.dsp.true_peak import HALF_TAPS, MARGIN, TruePeakMeter
from segued.model import Span
from segued.units import Frames, Hertz, ticks_to_frames

__all__ = [
    "VERSION",
    "LoudnessCurve",
    "LoudnessCurveBuilder",
    "loudness_of",
    "pack",
    "unpack",
]

VERSION: Final = 1
"""Increased whenever the curves of earlier code must not be used any more."""

Decibels: TypeAlias = npt.NDArray[np.float64]
Powers: TypeAlias = npt.NDArray[np.float64]
"""Ten to the power of a tenth of the decibels; shape (blocks,)."""

STEP: Final = np.dtype("<u2")

LOWEST_DB: Final = -100.0
STEPS_PER_DB: Final = 100
DB_PER_DECADE: Final = 10

LOUDNESS_OFFSET: Final = -0.691
"""BS.1770: a sine of 997 Hz at full scale, in one channel, has -3.01 LUFS."""

MOMENTARY_BLOCKS: Final = 4
SHORT_TERM_BLOCKS: Final = 30
"""The windows of 400 ms and 3 s, one every 100 ms."""

ABSOLUTE_GATE_LUFS: Final = -70.0
RELATIVE_GATE_LU: Final = -10.0
RANGE_GATE_LU: Final = -20.0
RANGE_SHARES: Final = (0.10, 0.95)

CHUNK_SAMPLES: Final = 1 << 18
"""Samples of all channels that are measured at a time: fewer cost more calls, more do
not fit the caches."""


@dataclass(frozen=True, slots=True)
class LoudnessCurve:
    """The loudness of a whole file, block by block.

    Levels and peaks are hundredths of a decibel above -100, two bytes each, the lower
    one first; 0 stands for less than that, and for digital silence.

    Attributes:
        levels: LUFS of each block, by its K-weighted energy alone.
        peaks: dBTP of each block.
        block: Frames per block: 100 ms. The last block may be shorter.
        rate: Sample rate in Hz.
        frames: Length of the whole file.
    """

    levels: bytes = field(repr=False)
    peaks: bytes = field(repr=False)
    block: Frames
    rate: Hertz
    frames: Frames


class LoudnessCurveBuilder:
    """Builds a loudness curve from consecutive blocks of a recording."""

    def __init__(self, rate: Hertz, weights: Sequence[float]) -> None:
        """Begin a curve.

        Args:
            rate: Sample rate.
            weights: Weight of each channel's energy, by BS.1770. If the channels
                change, the new ones count alike.
        """
        self._rate: Final = rate
        self._block: Final = block_length(rate)
        self._energies: Final[list[npt.NDArray[np.float32]]] = []
        self._peaks: Final[list[npt.NDArray[np.float32]]] = []
        self._meter: Final = TruePeakMeter(rate, self._block)
        self._frames = 0
        self._pending = MARGIN
        self._set_channels(weights)

    def add(self, samples: Samples) -> None:
        """Add the next frames of the recording, any number of them."""
        if len(samples) != len(self._buffer):
            self._change_channels(len(samples))
        self._frames += samples.shape[1]
        self._append(samples)

    def finish(self) -> LoudnessCurve:
        """Return the curve of all frames added; nothing can be added afterwards."""
        rest = self._pending - MARGIN
        # The peaks are behind by half of the margin.
        silence = -(rest + HALF_TAPS) % self._block + HALF_TAPS
        self._append(np.zeros((len(self._buffer), silence), dtype=np.float32))
        self._measure()
        energies, peaks = np.concatenate(self._energies), np.concatenate(self._peaks)
        count = -(-self._frames // self._block)
        if count:
            energies[count - 1] *= self._block / (rest % self._block or self._block)
            peaks[count - 1] = peaks[count - 1 :].max()
        return LoudnessCurve(
            _to_bytes(LOUDNESS_OFFSET + _to_decibels(energies[:count])),
            _to_bytes(2 * _to_decibels(peaks[:count])),
            self._block,
            self._rate,
            Frames(self._frames),
        )

    def _set_channels(self, weights: Sequence[float]) -> None:
        """Allocate memory for the margin and a chunk of whole blocks."""
        channels = len(weights)
        blocks = max(1, CHUNK_SAMPLES // channels // self._block)
        size = MARGIN + blocks * self._block
        self._weights = np.array(weights, dtype=np.float32)
        self._filter = KWeighting(self._rate, channels)
        self._buffer: Samples = np.zeros((channels, size), dtype=np.float32)

    def _change_channels(self, channels: int) -> None:
        """Continue with another number of channels, in the middle of a block or not."""
        self._measure()
        kept = self._buffer[:, : self._pending].mean(axis=0)
        self._set_channels((1.0,) * channels)
        self._buffer[:, : self._pending] = kept

    def _append(self, samples: Samples) -> None:
        """Collect frames, and measure each chunk that they complete."""
        size = self._buffer.shape[1]
        while count := min(samples.shape[1], size - self._pending):
            end = self._pending + count
            self._buffer[:, self._pending : end] = samples[:, :count]
            self._pending, samples = Frames(end), samples[:, count:]
            if end == size:
                self._measure()

    def _measure(self) -> None:
        """Measure the whole blocks in the buffer, and keep the rest."""
        blocks = (self._pending - MARGIN) // self._block
        measured = blocks * self._block
        if not blocks:
            return
        parts = self._filter.energies(self._buffer[:, MARGIN : MARGIN + measured])
        self._energies.append(self._weights @ parts)
        self._peaks.append(self._meter.peaks(self._buffer, blocks))
        rest = self._buffer[:, measured : self._pending].copy()
        self._pending = Frames(self._pending - measured)
        self._buffer[:, : self._pending] = rest


def pack(curve: LoudnessCurve) -> bytes:
    """Return a curve's levels and peaks as differences, which deflate well.

    All high bytes come before all low bytes: most of them are equal.
    """
    parts = (np.frombuffer(each, STEP) for each in (curve.levels, curve.peaks))
    steps = np.concatenate(
        [np.diff(each, prepend=each.dtype.type(0)) for each in parts]
    )
    return steps.astype(">u2").view(np.uint8).reshape(-1, 2).T.tobytes()


def unpack(packed: bytes, block: Frames, rate: Hertz, frames: Frames) -> LoudnessCurve:
    """Return the curve that `pack` packed."""
    pairs = np.frombuffer(packed, np.uint8).reshape(2, -1).T
    steps = np.ascontiguousarray(pairs).view(">u2").reshape(2, -1)
    levels, peaks = np.cumsum(steps, axis=1, dtype=STEP)
    return LoudnessCurve(levels.tobytes(), peaks.tobytes(), block, rate, frames)


def loudness_of(curve: LoudnessCurve, span: Span) -> dict[str, float]:
    """Return the loudness of a passage, by the names of a passage's columns.

    Its ends are rounded to blocks.

    Returns:
        `loudness_lufs`, `loudness_range_lu` and `true_peak_dbtp`, those that are
        defined: loudness takes 400 ms of sound, and the range 3 s.
    """
    first = round(ticks_to_frames(span.start, curve.rate) / curve.block)
    end = ticks_to_frames(span.end, curve.rate)
    last = round(end / curve.block)
    if end >= curve.frames:
        last = -(-curve.frames // curve.block)
    complete = min(last, curve.frames // curve.block)
    levels = np.frombuffer(curve.levels, STEP)[first:complete]
    powers = _to_powers(levels)
    found = {
        "loudness_lufs": _integrated(_window_means(powers, MOMENTARY_BLOCKS)),
        "loudness_range_lu": _range(_window_means(powers, SHORT_TERM_BLOCKS)),
        "true_peak_dbtp": _highest(np.frombuffer(curve.peaks, STEP)[first:last]),
    }
    return {name: round(value, 2) for name, value in found.items() if value is not None}


def _integrated(windows: Powers) -> float | None:
    """Return the LUFS of windows of 400 ms: their mean, without quiet ones."""
    loud = windows[windows > _to_power(ABSOLUTE_GATE_LUFS)]
    if not len(loud):
        return None
    loud = loud[loud > loud.mean() * _to_power(RELATIVE_GATE_LU)]
    return float(DB_PER_DECADE * np.log10(loud.mean()))


def _range(windows: Powers) -> float | None:
    """Return the loudness range, in LU, of windows of 3 s, without quiet ones."""
    loud = windows[windows > _to_power(ABSOLUTE_GATE_LUFS)]
    if not len(loud):
        return None
    loud = np.sort(loud[loud > loud.mean() * _to_power(RANGE_GATE_LU)])
    low, high = (loud[round((len(loud) - 1) * share)] for share in RANGE_SHARES)
    return float(DB_PER_DECADE * np.log10(high / low))


def _highest(peaks: npt.NDArray[np.uint16]) -> float | None:
    highest = int(peaks.max(initial=0))
    return LOWEST_DB + highest / STEPS_PER_DB if highest else None


def _window_means(powers: Powers, blocks: int) -> Powers:
    """Return the mean of all complete windows of so many blocks."""
    sums = np.concatenate([[0.0], np.cumsum(powers)])
    means: Powers = np.maximum(0.0, sums[blocks:] - sums[:-blocks]) / blocks
    return means


def _to_power(decibels: float) -> float:
    return float(10 ** (decibels / DB_PER_DECADE))


def _to_powers(steps: npt.NDArray[np.uint16]) -> Powers:
    powers: Powers = 10.0 ** ((LOWEST_DB + steps / STEPS_PER_DB) / DB_PER_DECADE)
    powers[steps == 0] = 0
    return powers


def _to_decibels(powers: npt.NDArray[np.float32]) -> Decibels:
    # The floor is below the quietest level, and avoids log10 of zero.
    decibels: Decibels = DB_PER_DECADE * np.log10(
        np.maximum(powers, 1e-20), dtype=float
    )
    return decibels


def _to_bytes(decibels: Decibels) -> bytes:
    steps = np.rint((decibels - LOWEST_DB) * STEPS_PER_DB)
    return np.clip(steps, 0, np.iinfo(STEP).max).astype(STEP).tobytes()
