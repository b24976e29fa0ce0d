"""The spectrum curve and its changes: `spectrum_curve` and `spectrum_novelty`."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.dsp.mixdown import Mono
from segued.dsp.spectrum_curve import SpectrumCurveBuilder
from segued.dsp.spectrum_novelty import NoveltyCurve, spectrum_novelty
from segued.model import SpectrumCurve
from segued.units import Frames, Hertz


def sine(hertz: float, length_s: float, rate: int, level: float = 0.5) -> Mono:
    """Return a tone; float32, shape (frames,)."""
    second = np.arange(round(length_s * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * second)).astype(np.float32)


def spectra_of(sound: Mono, rate: int, block: int = 65_536) -> np.ndarray:
    """Return the levels of the spectra of a sound, in dB; shape (spectra, values)."""
    builder = SpectrumCurveBuilder(Hertz(rate))
    for at in range(0, len(sound), block):
        builder.add(sound[at : at + block])
    values = np.frombuffer(builder.finish().values, np.uint8)
    return -values.reshape(-1, SpectrumCurve.VALUES).astype(float)


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 96_000])
def test_a_tone_is_in_its_note_and_its_band(rate: int) -> None:
    """C5 is the fourth note from A on, in the band from 480 to 800 Hz; -6 dBFS."""
    levels = spectra_of(sine(523.25, 3, rate), rate)

    assert len(levels) == 6
    notes, bands = levels[:, :12], levels[:, 12:]
    assert set(np.argmax(notes, axis=1)) == {3}
    assert set(np.argmax(bands, axis=1)) == {3}
    assert np.all(np.abs(notes[:, 3] + 6) <= 3)
    assert np.all(np.delete(notes, 3, axis=1) < -30)


def test_silence_has_the_lowest_value() -> None:
    """All values of digital silence are the floor."""
    assert np.all(spectra_of(np.zeros(44_100, np.float32), 44_100) < -120)


@given(block=st.integers(1, 30_000))
def test_the_size_of_blocks_does_not_matter(block: int) -> None:
    """The curve is that of one block, however the samples arrive."""
    sound = np.random.default_rng(1).standard_normal(40_000, np.float32)

    assert np.array_equal(spectra_of(sound, 11_025, block), spectra_of(sound, 11_025))


def test_a_sound_shorter_than_a_window_has_no_spectrum() -> None:
    """Nor has nothing at all."""
    assert not len(spectra_of(sine(440, 0.1, 44_100), 44_100))
    assert not len(spectra_of(np.empty(0, np.float32), 44_100))


def progression(notes: tuple[int, ...], bars: int, seed: int) -> np.ndarray:
    """Return the values of spectra of a sequence of notes of two seconds each."""
    rng = np.random.default_rng(seed)
    rows = []
    for nth in range(bars):
        levels = rng.integers(45, 50, (4, SpectrumCurve.VALUES))
        levels[:, notes[nth % len(notes)]] = 20
        rows.append(levels)
    return np.concatenate(rows)


def test_the_music_changes_between_tracks_not_between_chords() -> None:
    """A track repeats four notes; the next one has four others."""
    before, after = progression((0, 5, 7, 9), 40, 1), progression((1, 6, 8, 10), 40, 2)
    values = np.concatenate((before, after)).astype(np.uint8)

    novelty = spectrum_novelty(SpectrumCurve(values.tobytes(), Frames(22_050)))

    assert len(novelty) == len(values)
    assert abs(int(np.argmax(novelty)) - len(before)) <= 1
    assert novelty[len(before) - 60 :][:20].max() < novelty.max() / 2


@pytest.mark.parametrize("count", [0, 1, 16, 17, 100])
def test_short_files_have_no_change(count: int) -> None:
    """Where nothing can be compared, or all is alike, nothing changes."""
    values = np.full((count, SpectrumCurve.VALUES), 40, np.uint8)
    curve = SpectrumCurve(values.tobytes(), Frames(22_050))

    assert not spectrum_novelty(curve).any()
    assert not NoveltyCurve.of(curve, Hertz(44_100)).at(np.arange(9.0), 3).any()
