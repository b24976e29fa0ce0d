"""Pitch classes, tuning and brightness from spectra: `segued.dsp.spectral_frames`."""

import numpy as np
import pytest

from segued.dsp.mixdown import Mono
from segued.dsp.spectral_frames import (
    CENTROID_WINDOW,
    ONSET_RATE,
    PITCH_CLASSES,
    RATE,
    find_peaks,
    mean_centroid,
    mean_pitch_classes,
    onset_strengths,
    tuning_frequency,
)

BAND = (40.0, 5_000.0)
FLAT = np.ones(CENTROID_WINDOW // 2 + 1, np.float32)


def tones(*hertz: float, seconds: float = 2.0) -> Mono:
    """Return sines of equal level."""
    time = np.arange(round(seconds * RATE)) / RATE
    waves = [np.sin(2 * np.pi * each * time) for each in hertz]
    return np.asarray(0.3 * np.sum(waves, axis=0), np.float32)


def silence(seconds: float) -> Mono:
    """Return digital silence."""
    return np.zeros(round(seconds * RATE), np.float32)


@pytest.mark.parametrize("hertz", [110.0, 445.3, 3_000.7])
def test_a_sine_is_one_peak(hertz: float) -> None:
    """Its frequency and its magnitude are found in every frame."""
    (peaks,) = find_peaks(tones(hertz), [BAND])

    loudest = peaks.magnitude > 0.01
    assert peaks.frame[loudest].tolist() == list(range(peaks.frames))
    assert peaks.frames == 1 + (2 * RATE - 4_096) // 2_048
    np.testing.assert_allclose(peaks.hertz[loudest], hertz, atol=0.6)
    np.testing.assert_allclose(peaks.magnitude[loudest], 0.3, rtol=0.1)


def test_bands_limit_the_peaks() -> None:
    """Each band has the peaks inside it."""
    sound = tones(100.0, 1_000.0)

    low, high = find_peaks(sound, [(40.0, 500.0), (500.0, 3_500.0)])

    assert low.hertz[low.magnitude > 0.01] == pytest.approx(100.0, abs=0.6)
    assert high.hertz[high.magnitude > 0.01] == pytest.approx(1_000.0, abs=0.6)


def test_silence_has_no_peaks() -> None:
    """It has the standard tuning, and no pitch classes."""
    (peaks,) = find_peaks(silence(5), [BAND])

    assert len(peaks.hertz) == 0
    assert tuning_frequency(peaks) == 440.0
    assert not mean_pitch_classes(peaks, 440.0).any()


@pytest.mark.parametrize("cents", [-30, 0, 24, 49, 60])
def test_tuning_is_found(cents: int) -> None:
    """To two cents, from a chord; it is never far below 440 Hz."""
    tuning = 440.0 * 2 ** (cents / 1_200)
    chord = tones(*(tuning * 2 ** (n / 12) for n in (19, 22, 26, 31)))
    (peaks,) = find_peaks(chord, [BAND])

    assert 1_200 * np.log2(tuning_frequency(peaks) / tuning) == pytest.approx(0, abs=2)


def test_pitch_classes_of_a_chord() -> None:
    """Those of its notes are equally strong, in any octave, and the others are 0."""
    tuning = 442.0
    semitones = (-12, 4, 19)  # A, C sharp and E, in three octaves
    chord = tones(*(tuning * 2 ** (n / 12) for n in semitones))
    (peaks,) = find_peaks(chord, [BAND])

    found = mean_pitch_classes(peaks, tuning)

    assert found.shape == (PITCH_CLASSES,)
    strongest = sorted(np.argsort(found)[-3:].tolist())
    assert strongest == [0, 4 * 3, 7 * 3]
    assert found[strongest] == pytest.approx(1.0, abs=0.25)
    between = np.delete(found, [(at + n) % 36 for at in strongest for n in (-1, 0, 1)])
    assert between.max() < 0.01


def test_centroid_is_weighted_by_the_filter() -> None:
    """That of two equal sines is between them, and the filter can exclude one."""
    sound = tones(1_000.0, 3_000.0)
    low_pass = np.where(np.linspace(0, RATE / 2, len(FLAT)) < 2_000, FLAT, 0)

    assert mean_centroid(sound, FLAT) == pytest.approx(2_000.0, rel=0.01)
    filtered = mean_centroid(sound, low_pass.astype(np.float32))
    assert filtered == pytest.approx(1_000.0, rel=0.01)


def test_silent_frames_count_as_white_noise() -> None:
    """So they do for MusicExtractor; that of noise is a quarter of the rate."""
    sound = tones(1_000.0, seconds=3.0)
    noise = np.random.default_rng(1).standard_normal(RATE).astype(np.float32)

    assert mean_centroid(noise, FLAT) == pytest.approx(RATE / 4, rel=0.02)
    with_silence = np.concatenate((sound, silence(1.0)))
    expected = (3 * 1_000 + RATE / 4) / 4
    assert mean_centroid(with_silence, FLAT) == pytest.approx(expected, rel=0.06)
    quiet_noise = np.concatenate((sound, noise * np.float32(1e-5)))
    assert mean_centroid(quiet_noise, FLAT) == pytest.approx(expected, rel=0.06)


def test_a_quiet_end_is_not_silence() -> None:
    """It keeps its brightness, 90 dB below the rest."""
    quiet = tones(2_000.0) * np.float32(10 ** (-90 / 20))
    sound = np.concatenate((tones(2_000.0), quiet))

    assert mean_centroid(sound, FLAT) == pytest.approx(2_000.0, rel=0.05)


def test_onsets_are_where_a_sound_begins_or_changes() -> None:
    """A steady tone has none; a new tone of the same level has one."""
    sound = np.concatenate((silence(1.0), tones(400.0), tones(500.0)))

    found = onset_strengths(sound)

    times = np.arange(len(found)) / ONSET_RATE
    strong = times[found > 0.2 * found.max()]
    assert all(min(abs(each + 0.023 - at) for at in (1, 3)) < 0.07 for each in strong)
    assert any(abs(strong - 1) < 0.07)
    assert any(abs(strong - 3) < 0.07)
    assert found[times < 0.9].max() == 0
