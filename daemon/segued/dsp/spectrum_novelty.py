"""Find how much the music changes at each position, by its spectrum.

A track repeats itself: what sounds at a position sounds again some seconds before or
after it. Across the boundary of two tracks there is less of that. So the likeness of
the spectra before a position with those after it is compared with the likeness within
each side.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.model import SpectrumCurve
from segued.units import Hertz

__all__ = ["Novelty", "NoveltyCurve", "spectrum_novelty"]

Novelty: TypeAlias = npt.NDArray[np.float64]
"""The change of the music in front of each spectrum, at least 0; shape (spectra,)."""

Spectra: TypeAlias = npt.NDArray[np.float32]
"""Levels in dB; shape (spectra, values)."""

SIDE: Final = 60
"""Spectra on each side of a position that are compared: 30 s."""

NEAR: Final = 4
"""Spectra nearer than this are alike anyway, because notes last."""

EDGE: Final = 8
"""Nearer to an end of the file, too few spectra can be compared."""

NOTES: Final = 12
BAND_WEIGHT: Final = 0.5
"""A difference between bands counts less than one between notes."""

NOISE_SHARE: Final = 0.03
NOISE_MARGIN: Final = 1.5
"""The noise of each value is its level in this share of the spectra; so many times its
energy is subtracted."""

CLEAR_DB: Final = 10.0
WEIGHT_MIN: Final = 0.02
"""A spectrum this far above the noise counts fully, one in the noise hardly."""

NEIGHBORS: Final = 5
"""The distance between spectra that are alike is that to the fifth most similar of
those nearby, in the median."""

LIKENESS_MIN: Final = 1e-4

PEAK: Final = 30
"""Only one change of the music is counted in so many spectra."""

NOVELTY_MIN: Final = 1e-3
"""Less is no change."""


@dataclass(frozen=True, slots=True, eq=False)
class NoveltyCurve:
    """How much the music of a file changes, by position.

    Attributes:
        values: The novelty in front of each spectrum.
        interval_s: Seconds from one spectrum to the next.
    """

    values: Novelty
    interval_s: float

    @classmethod
    def of(cls, spectrum: SpectrumCurve, rate: Hertz) -> "NoveltyCurve":
        """Return the novelty of a file with this spectrum and sample rate."""
        return cls(spectrum_novelty(spectrum), spectrum.interval / rate)

    def at(self, seconds: Novelty, tracks: int) -> Novelty:
        """Return the novelty at positions, relative to that of the boundaries.

        The boundaries of so many tracks are supposed to be where the music changes
        most, so 1 is the novelty of the least of them.

        Args:
            seconds: Positions, in seconds; any shape.
            tracks: Number of tracks.
        """
        whole = len(self.values) - len(self.values) % PEAK
        peaks = np.sort(self.values[:whole].reshape(-1, PEAK).max(axis=1))
        usual = peaks[-min(tracks, len(peaks))] if len(peaks) else 0.0
        relative = self.values / max(float(usual), NOVELTY_MIN)
        found: Novelty = (
            np.interp(seconds / self.interval_s, np.arange(len(relative)), relative)
            if len(relative)
            else np.zeros_like(seconds)
        )
        return found


def spectrum_novelty(spectrum: SpectrumCurve) -> Novelty:
    """Return the novelty in front of each spectrum of a file."""
    levels = -SpectrumCurve.STEP_DB * np.frombuffer(spectrum.values, np.uint8).reshape(
        -1, SpectrumCurve.VALUES
    ).astype(np.float32)
    count = len(levels)
    if count <= 2 * EDGE:
        return np.zeros(count)
    shapes, weights = _without_noise(levels)
    reach = min(2 * SIDE, count)
    distances = [
        np.square(shapes[offset:] - shapes[:-offset]).sum(axis=1)
        for offset in range(NEAR, reach)
    ]
    unit = max(_usual_distance(distances, count), 1e-3)
    likeness = _LikenessSums(count)
    for offset, apart in enumerate(distances, start=NEAR):
        pairs = weights[offset:] * weights[:-offset]
        likeness.add(offset, np.exp(apart / (-2 * unit)) * pairs, pairs)
    return likeness.novelty()


def _without_noise(levels: Spectra) -> tuple[Spectra, Spectra]:
    """Return spectra relative to their means, and the weight of each."""
    floor = np.quantile(levels, NOISE_SHARE, axis=0)
    noise = 10 ** (floor / 10)
    energies = np.maximum(10 ** (levels / 10) - NOISE_MARGIN * noise, noise / 2)
    above = 10 * np.log10(energies.sum(axis=1) / noise.sum())
    decibels = 10 * np.log10(energies)
    notes, bands = decibels[:, :NOTES], decibels[:, NOTES:]
    notes = notes - notes.mean(axis=1, keepdims=True)
    bands = BAND_WEIGHT * (bands - bands.mean(axis=1, keepdims=True))
    weights = np.clip(above / CLEAR_DB, WEIGHT_MIN, 1)
    spectra = np.concatenate((notes, bands), axis=1)
    return spectra.astype(np.float32, copy=False), weights.astype(
        np.float32, copy=False
    )


def _usual_distance(distances: list[Spectra], count: int) -> float:
    """Return the median distance of a spectrum to those that are like it."""
    step = max(1, count // 500)
    whole = count - len(distances) - NEAR
    sampled = [each[: max(1, whole) : step] for each in distances]
    shortest = min(map(len, sampled))
    nearest = np.sort(np.stack([each[:shortest] for each in sampled]), axis=0)
    return float(np.median(nearest[min(NEIGHBORS, len(nearest) - 1)]))


class _LikenessSums:
    """Sums of the likeness of pairs of spectra, before, after and across positions."""

    def __init__(self, count: int) -> None:
        self._middles = np.arange(count)
        self._firsts = np.maximum(self._middles - SIDE, 0)
        self._lasts = np.minimum(self._middles + SIDE, count)
        self._sums = np.zeros((3, 2, count))

    def add(self, offset: int, alike: Spectra, pairs: Spectra) -> None:
        """Add the pairs that are `offset` spectra apart, by their first one."""
        totals = np.zeros((2, len(pairs) + 1))
        np.cumsum(alike, out=totals[0, 1:])
        np.cumsum(pairs, out=totals[1, 1:])
        first, middle, last = self._firsts, self._middles, self._lasts
        ranges = (
            (first, middle - offset),
            (middle, last - offset),
            (np.maximum(first, middle - offset), np.minimum(middle, last - offset)),
        )
        for nth, (begin, end) in enumerate(ranges):
            stop = np.clip(end, 0, len(pairs))
            start = np.minimum(np.maximum(begin, 0), stop)
            self._sums[nth] += totals[:, stop] - totals[:, start]

    def novelty(self) -> Novelty:
        """Return the novelty at each position."""
        before, after, across = (
            alike / np.maximum(pairs, 1e-9) for alike, pairs in self._sums
        )
        within = np.sqrt(before * after)
        found = np.log((within + LIKENESS_MIN) / (across + LIKENESS_MIN))
        found[:EDGE] = found[len(found) - EDGE :] = 0
        novelty: Novelty = np.maximum(found, 0)
        return novelty
