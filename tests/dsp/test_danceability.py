"""Detrended fluctuation analysis: `segued.dsp.danceability`."""

import importlib.util

import numpy as np
import pytest

from segued.dsp.danceability import danceability
from segued.units import Hertz
from tests.audio import music

RATE = Hertz(44_100)


@pytest.mark.parametrize("seconds", [5.0, 12.0, 40.0])
@pytest.mark.skipif(
    importlib.util.find_spec("essentia") is None, reason="Essentia is an extra"
)
def test_equals_essentia(seconds: float) -> None:
    """Also where the longest blocks do not fit."""
    from essentia.standard import Danceability  # noqa: PLC0415

    sound = music(seconds, channels=1)[:, 0]

    theirs, _ = Danceability()(sound)
    assert danceability(sound, RATE) == pytest.approx(theirs, rel=1e-3)


def test_a_beat_is_more_danceable_than_noise() -> None:
    """Its level repeats, so that long blocks fluctuate no more than short ones."""
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(20 * RATE).astype(np.float32)
    time = np.arange(len(noise)) / RATE
    beat = noise * (np.exp(-8 * (time % 0.5)) + 0.01).astype(np.float32)
    wind = noise * np.cumsum(rng.standard_normal(len(noise))).astype(np.float32)

    assert danceability(beat, RATE) > 2 * danceability(wind, RATE) > 0


@pytest.mark.parametrize("frames", [0, 100, 3 * RATE])
def test_silence_is_not_danceable(frames: int) -> None:
    """Neither is nothing."""
    assert danceability(np.zeros(frames, np.float32), RATE) == 0
