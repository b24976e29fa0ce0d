"""Build the spectrum curve: how the energy of a recording is distributed over time.

Where one track runs into the next without a gap, its level may not change, but its
notes and instruments do. The curve has two short spectra a second, as energies of the
twelve notes of all octaves and of eight bands, one byte each. It is built while a file
is decoded.
"""

from functools import cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.dsp.mixdown import Mono, Samples
from segued.model import SpectrumCurve
from segued.units import Frames, Hertz

__all__ = ["SpectrumCurveBuilder"]

Spectra: TypeAlias = npt.NDArray[np.float32]
"""Energies, full scale being 1; shape (spectra, values)."""

SPECTRA_PER_SECOND: Final = 2
DECIMATED_HZ: Final = 11_025
"""Samples are averaged to about this rate; what is above half of it is not used."""

WINDOW: Final = 2_048
"""Samples of a spectrum at the averaged rate: 0.19 s, so 5.4 Hz a bin."""

BATCH: Final = 32
"""Spectra are computed in batches: a NumPy call costs more than a few of them."""

NOTES: Final = 12
LOWEST_NOTE_HZ: Final = 110.0
HIGHEST_NOTE_HZ: Final = 1_760.0
BAND_EDGES_HZ: Final = (50, 120, 240, 480, 800, 1_300, 2_100, 3_400, 5_400)


class SpectrumCurveBuilder:
    """Builds a spectrum curve from consecutive blocks of a recording's mix."""

    def __init__(self, rate: Hertz) -> None:
        self._factor: Final = max(1, round(rate / DECIMATED_HZ))
        self._interval: Final = Frames(max(1, round(rate / SPECTRA_PER_SECOND)))
        self._length: Final = min(WINDOW * self._factor, self._interval)
        self._weights: Final = _weights(rate / self._factor)
        self._averaging: Final[Mono] = np.full(
            self._factor, 1 / self._factor, dtype=np.float32
        )
        self._window: Final[Mono] = np.zeros(WINDOW * self._factor, dtype=np.float32)
        self._averaged: Final[Samples] = np.empty((BATCH, WINDOW), dtype=np.float32)
        self._ready = 0  # Windows that are averaged.
        self._filled = 0  # Frames of the next one.
        self._skip = 0  # Frames in front of it.
        self._values: Final = bytearray()

    def add(self, downmix: Mono) -> None:
        """Add the next frames of the recording, any number of them; shape (frames,)."""
        position = 0
        while position < len(downmix):
            skipped = min(self._skip, len(downmix) - position)
            self._skip -= skipped
            position += skipped
            part = downmix[position : position + self._length - self._filled]
            self._window[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            position += len(part)
            if self._filled == self._length:
                self._next_window()

    def finish(self) -> SpectrumCurve:
        """Return the curve of all frames added; nothing can be added afterwards."""
        self._convert()
        return SpectrumCurve(bytes(self._values), self._interval)

    def _next_window(self) -> None:
        samples = self._window.reshape(WINDOW, self._factor)
        np.matmul(samples, self._averaging, out=self._averaged[self._ready])
        self._ready += 1
        self._filled, self._skip = 0, self._interval - self._length
        if self._ready == BATCH:
            self._convert()

    def _convert(self) -> None:
        """Compute the spectra of the windows that are filled."""
        spectra = np.fft.rfft(self._averaged[: self._ready] * _hann())
        energies = (spectra.real**2 + spectra.imag**2) @ self._weights
        decibels = 10 * np.log10(np.maximum(energies, 1e-13))
        steps = np.rint(decibels / -SpectrumCurve.STEP_DB)
        self._values.extend(np.clip(steps, 0, 255).astype(np.uint8).tobytes())
        self._ready = 0


@cache
def _hann() -> Mono:
    window: Mono = np.hanning(WINDOW).astype(np.float32)
    return window


@cache
def _weights(rate: float) -> Spectra:
    """Return the weights of each bin's energy in each value; shape (bins, values).

    They are scaled so that a sine of full scale has an energy of about 1.
    """
    hertz = np.arange(WINDOW // 2 + 1) * rate / WINDOW
    note = np.rint(NOTES * np.log2(np.maximum(hertz, 1.0) / LOWEST_NOTE_HZ)) % NOTES
    note[(hertz < LOWEST_NOTE_HZ) | (hertz > HIGHEST_NOTE_HZ)] = -1
    band = np.searchsorted(BAND_EDGES_HZ, hertz, side="right") - 1
    columns = [note == each for each in range(NOTES)]
    columns += [band == each for each in range(len(BAND_EDGES_HZ) - 1)]
    scale = np.float32((4 / WINDOW) ** 2)
    weights: Spectra = np.stack(columns, axis=1).astype(np.float32) * scale
    return weights
