"""What the spectra of short frames say of a sound: pitch classes, brightness, onsets.

The parameters are those of Essentia's MusicExtractor, so that its measures have the
same meaning; all frames of a sound are computed together.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.dsp.mixdown import Mono
from segued.units import Hertz

__all__ = [
    "CENTROID_WINDOW",
    "ONSET_RATE",
    "RATE",
    "FloatArray",
    "PeakFrames",
    "find_peaks",
    "mean_centroid",
    "mean_pitch_classes",
    "onset_strengths",
    "tuning_frequency",
]

RATE: Final = Hertz(44_100)

FloatArray: TypeAlias = npt.NDArray[np.float32]
IntArray: TypeAlias = npt.NDArray[np.int64]

BLACKMAN_HARRIS_TERMS: Final = (0.44959, -0.49364, 0.05677)
"""Of the window whose side lobes are at -62 dB."""
HANN_TERMS: Final = (0.5, -0.5)

PEAK_WINDOW: Final = 4_096
PEAK_HOP: Final = 2_048
"""MusicExtractor's. With every third frame, the strengths of keys differ too much."""
PEAK_MAGNITUDE_MIN: Final = 1e-5

STANDARD_TUNING: Final = 440.0
CENTS: Final = 100
"""In a semitone."""
WRAPPED_CENTS: Final = -35
"""A tuning below is taken as one above the next semitone."""

CENTROID_WINDOW: Final = 2_048
CENTROID_HOP: Final = 4_096
"""Four times MusicExtractor's."""
LOUD_QUANTILE: Final = 0.95
SILENCE_SHARE: Final = 1e-10
"""A frame is silent 100 dB below the loud ones, of which there are 5 %. At 80 dB, the
ends of songs that fade out would make them bright."""

ONSET_WINDOW: Final = 2_048
ONSET_HOP: Final = 1_024
ONSET_RATE: Final = RATE / ONSET_HOP
ONSET_BINS: Final = 256
"""Those below 5.5 kHz; the others change no tempo, and take three times as long."""

PITCH_CLASSES: Final = 36
"""Three to a semitone; the first is that of the tuning note, A."""
WINDOW_SEMITONES: Final = 1.0
"""A peak counts for the classes that are at most half of this away."""

BATCH_FRAMES: Final = 64
"""Frames that are computed together: their spectra fit a second-level cache."""


class PeakFrames(NamedTuple):
    """The peaks in the spectra of all frames, in any order.

    Attributes:
        frame: The number of the frame of each peak.
        hertz: Its frequency.
        magnitude: Its magnitude, 1 being that of a sine at full scale.
        frames: The number of frames.
    """

    frame: IntArray
    hertz: FloatArray
    magnitude: FloatArray
    frames: int


def find_peaks(sound: Mono, bands: Sequence[tuple[float, float]]) -> list[PeakFrames]:
    """Return the spectral peaks in each frequency band.

    A peak is interpolated by a parabola through its three bins. As in Essentia, the
    lowest bin of a band is a peak if it exceeds the next one; the bin below it does not
    count.

    Args:
        sound: A sound at `RATE`.
        bands: The lowest and the highest frequency of each band, in hertz.
    """
    hertz_of_bin = RATE / PEAK_WINDOW
    bins = math.ceil(max(highest for _, highest in bands) / hertz_of_bin) + 2
    found: list[list[PeakFrames]] = [[] for _ in bands]
    frames = 0
    for spectra in _spectra(sound, PEAK_WINDOW, PEAK_HOP):
        magnitudes = np.abs(spectra[:, :bins])
        middle = magnitudes[:, 1:-1]
        is_peak = (middle > magnitudes[:, :-2]) & (middle >= magnitudes[:, 2:])
        frame, place = np.nonzero(is_peak & (middle > PEAK_MAGNITUDE_MIN))
        left, top, right = (magnitudes[frame, place + n] for n in range(3))
        offset = 0.5 * (left - right) / (left - 2 * top + right)
        hertz = (place + 1 + offset) * np.float32(hertz_of_bin)
        height = top - 0.25 * (left - right) * offset
        for (lowest, highest), parts in zip(bands, found, strict=True):
            first = math.ceil(lowest / hertz_of_bin)
            inside = (place + 1 > first) & (hertz <= highest)
            edge = magnitudes[:, first]
            (on_edge,) = np.nonzero(
                (edge > magnitudes[:, first + 1]) & (edge > PEAK_MAGNITUDE_MIN)
            )
            edge_hertz = np.full(len(on_edge), first * hertz_of_bin, np.float32)
            parts.append(
                PeakFrames(
                    frames + np.append(frame[inside], on_edge),
                    np.append(hertz[inside], edge_hertz),
                    np.append(height[inside], edge[on_edge]),
                    len(spectra),
                )
            )
        frames += len(spectra)
    return [_join(parts) for parts in found]


def _join(parts: Sequence[PeakFrames]) -> PeakFrames:
    empty = np.empty(0, np.float32)
    return PeakFrames(
        np.concatenate([np.empty(0, np.int64), *(each.frame for each in parts)]),
        np.concatenate([empty, *(each.hertz for each in parts)]),
        np.concatenate([empty, *(each.magnitude for each in parts)]),
        sum(each.frames for each in parts),
    )


def tuning_frequency(peaks: PeakFrames) -> float:
    """Return the frequency of the note A to which a sound is tuned, in hertz.

    Each frame votes with its energy for the deviation from 440 Hz, in cents, that the
    sum of its peaks' magnitudes is largest for (Gómez 2005).
    """
    semitones = 12 * np.log2(peaks.hertz.astype(np.float64) / STANDARD_TUNING)
    cents = 100 * (semitones - np.floor(semitones + 0.5))
    at = (cents + 50.5).astype(np.int64) % CENTS
    sums = np.bincount(peaks.frame * CENTS + at, peaks.magnitude, peaks.frames * CENTS)
    votes = sums.reshape(-1, CENTS).argmax(axis=1)
    energy = np.bincount(peaks.frame, peaks.magnitude**2, peaks.frames)
    found = int(np.bincount(votes, energy, CENTS).argmax()) - CENTS // 2
    if not peaks.frame.size:
        found = 0
    elif found < WRAPPED_CENTS:
        found += CENTS
    return float(STANDARD_TUNING * 2 ** (found / 1_200))


def mean_pitch_classes(peaks: PeakFrames, tuning: float) -> FloatArray:
    """Return the mean over all frames of the energy of each pitch class.

    In each frame, the largest is 1. This is the harmonic pitch class profile of Gómez
    (2006), without harmonics and with cosine weights.

    Args:
        peaks: The peaks of all frames.
        tuning: The frequency of the tuning note, in hertz.

    Returns:
        Shape (`PITCH_CLASSES`,); zeros without any peak.
    """
    energy = peaks.magnitude.astype(np.float64) ** 2
    place = np.log2(peaks.hertz / tuning) * PITCH_CLASSES
    width = WINDOW_SEMITONES * PITCH_CLASSES / 12
    first = np.ceil(place - width / 2)
    sums = np.zeros(peaks.frames * PITCH_CLASSES)
    for n in range(math.floor(width) + 1):
        distance = np.abs(place - (first + n)) / width
        weight = np.where(distance <= 1 / 2, np.cos(np.pi * distance), 0.0)
        pitch_class = (first + n).astype(np.int64) % PITCH_CLASSES
        at = peaks.frame * PITCH_CLASSES + pitch_class
        sums += np.bincount(at, weight * energy, len(sums))
    profiles = sums.reshape(-1, PITCH_CLASSES)
    largest = profiles.max(axis=1, initial=0.0)
    scaled = profiles[largest > 0] / largest[largest > 0, np.newaxis]
    total: FloatArray = (scaled.sum(axis=0) / max(1, peaks.frames)).astype(np.float32)
    return total


def mean_centroid(sound: Mono, filter_power: FloatArray) -> float:
    """Return the mean of the spectral centroid, in hertz.

    A silent frame counts as white noise, as it does for MusicExtractor, which replaces
    it with that after it has brought all music to one level.

    Args:
        sound: A sound at `RATE`, not silent.
        filter_power: The factor of the power at each of the equally spaced frequencies
            from 0 to half of `RATE`; shape (`CENTROID_WINDOW` // 2 + 1,).
    """
    hertz = np.linspace(0, RATE / 2, CENTROID_WINDOW // 2 + 1, dtype=np.float32)
    weights = np.stack((filter_power, filter_power * hertz), axis=1)
    parts = [
        (np.square(spectra.real) + np.square(spectra.imag)) @ weights
        for spectra in _spectra(sound, CENTROID_WINDOW, CENTROID_HOP)
    ]
    power, moment = np.concatenate(parts).astype(np.float64).T
    silent = power <= SILENCE_SHARE * np.quantile(power, LOUD_QUANTILE)
    centroids = np.where(silent, RATE / 4, moment / np.where(silent, 1, power))
    return float(centroids.mean())


def onset_strengths(sound: Mono) -> FloatArray:
    """Return how far each frame differs from what the two before it let expect.

    This is the onset detection function in the complex domain of Bello et al. (2004):
    of a steady tone the magnitude stays, and the phase goes on.

    Args:
        sound: A sound at `RATE`.

    Returns:
        `ONSET_RATE` values per second.
    """
    before = np.zeros((2, ONSET_BINS), np.complex64)
    strengths = []
    for every_bin in _spectra(sound, ONSET_WINDOW, ONSET_HOP, HANN_TERMS):
        new = every_bin[:, :ONSET_BINS]
        spectra = np.concatenate((before, new))
        magnitudes = np.abs(spectra[:-1])
        magnitudes[magnitudes == 0] = 1
        turns = spectra[:-1] / magnitudes
        turns[turns == 0] = 1  # as if the phase were 0
        difference = spectra[1:-1] * turns[1:]
        difference *= np.conj(turns[:-1])
        difference -= new
        strengths.append(np.abs(difference).sum(axis=1))
        before = spectra[-2:]
    return np.concatenate(strengths)


def _spectra(
    sound: Mono,
    size: int,
    hop: int,
    window_terms: Sequence[float] = BLACKMAN_HARRIS_TERMS,
) -> Iterator[npt.NDArray[np.complex64]]:
    """Yield the spectra of all frames, some at a time; (frames, size // 2 + 1)."""
    turns = 2 * np.pi * np.arange(size) / (size - 1)
    terms = np.cos(np.outer(range(len(window_terms)), turns))
    shape = np.array(window_terms) @ terms
    window = (shape * (2 / shape.sum())).astype(np.float32)
    if len(sound) < size:
        sound = np.pad(sound, (0, size - len(sound)))
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[::hop]
    for start in range(0, len(frames), BATCH_FRAMES):
        batch = frames[start : start + BATCH_FRAMES] * window
        yield np.fft.rfft(batch, axis=1).astype(np.complex64, copy=False)
