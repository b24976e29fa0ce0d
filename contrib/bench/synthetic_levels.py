"""Synthetic music, and the level curve of a recording of it.

The samples are noise and chords, whose level follows, hop by hop, that of music with
notes, sections, pauses and fades, plus the noise of the recording. All parameters are
drawn uniformly from the ranges below.
"""

from functools import cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.dsp.level_curve import LevelCurveBuilder, hop_length
from segued.dsp.mixdown import Mono
from segued.model import LevelCurve
from segued.units import Hertz

__all__ = [
    "HOP",
    "HOP_S",
    "RATE",
    "Decibels",
    "Range",
    "Rng",
    "add_recording_noise",
    "music_levels",
    "silent_levels",
]

Decibels: TypeAlias = npt.NDArray[np.float64]
"""Level in decibels for each hop, shape (hops,); minus infinity is silence."""

Range: TypeAlias = tuple[float, float]
Rng: TypeAlias = np.random.Generator

RATE: Final = Hertz(11_025)
HOP: Final = hop_length(RATE)
HOP_S: Final = HOP / RATE

LOUDNESS_DBFS: Final[Range] = (-24, -10)
SECTION_S: Final[Range] = (8, 25)
SECTION_DB: Final[Range] = (-8, 0)
BEATS_PER_MINUTE: Final[Range] = (60, 180)
DECAY_DB: Final[Range] = (0, 30)
"""Decay of a note, in dB, when the next one begins."""

CRESCENDO_DB: Final[Range] = (10, 30)
INTRO_S: Final[Range] = (3, 20)
INTRO_DB: Final[Range] = (-35, -15)
FADE_S: Final[Range] = (3, 12)
FADE_DB: Final = -70.0
REVERB_S: Final[Range] = (0.05, 1)
"""Time in which the last note before a pause decays by 60 dB."""

CRACKLES_PER_S: Final[Range] = (0, 0.5)
CRACKLE_DB: Final[Range] = (10, 30)
"""Level of the crackles of a record above its noise."""

TEXTURES: Final = 12
HOPS_AT_ONCE: Final = 1_000


def silent_levels(length_s: float) -> Decibels:
    """Return the levels of silence of a length in seconds."""
    return np.full(round(length_s / HOP_S), -np.inf)


def music_levels(
    rng: Rng, length_s: float, pauses_s: Decibels, *, ends: bool
) -> Decibels:
    """Return the levels of a random piece of music.

    Args:
        rng: The random generator.
        length_s: Its length in seconds.
        pauses_s: The lengths of its pauses in seconds.
        ends: Whether it decays or fades out; otherwise it ends at full level, because
            the next piece continues it.
    """
    hops = round(length_s / HOP_S)
    second = np.arange(hops) * HOP_S
    loudness = rng.uniform(*LOUDNESS_DBFS) + np.zeros(hops)
    sections = round(length_s / SECTION_S[0]) + 1
    changes = np.cumsum(rng.uniform(*SECTION_S, sections))
    of_section = np.searchsorted(changes, second)
    loudness += rng.uniform(*SECTION_DB, sections + 1)[of_section]
    beats = second * rng.uniform(*BEATS_PER_MINUTE) / 60
    loudness -= rng.uniform(*DECAY_DB) * (beats % 1)
    if rng.random() < 1 / 4:
        loudness -= rng.uniform(*CRESCENDO_DB) * np.linspace(1, 0, hops)
    if rng.random() < 1 / 4:
        loudness[second < rng.uniform(*INTRO_S)] += rng.uniform(*INTRO_DB)
    for pause_s in pauses_s:
        begin = int(hops * rng.uniform(0.1, 0.9))
        _reverberate(rng, loudness[begin : begin + round(pause_s / HOP_S)])
    if ends and rng.random() < 1 / 2:
        fade = min(hops, round(rng.uniform(*FADE_S) / HOP_S))
        loudness[hops - fade :] += np.linspace(0, FADE_DB, fade)
    elif ends:
        _reverberate(rng, loudness[-round(rng.uniform(*REVERB_S) / HOP_S) :])
    return loudness


def _reverberate(rng: Rng, loudness: Decibels) -> None:
    """Replace all levels by the reverberation of the first one."""
    second = np.arange(len(loudness)) * HOP_S
    loudness[:] = loudness[0] - 60 * second / rng.uniform(*REVERB_S)


def add_recording_noise(
    rng: Rng, loudness: Decibels, noise_dbfs: float, *, crackles: bool
) -> LevelCurve:
    """Return the level curve of music with noise, and with crackles on request."""
    hiss = np.full(len(loudness), noise_dbfs)
    if crackles:
        share = rng.uniform(*CRACKLES_PER_S) * HOP_S
        hiss += (rng.random(len(loudness)) < share) * rng.uniform(*CRACKLE_DB)
    # The hops of the curve do not start at those of the synthetic sound.
    early = int(rng.integers(HOP))
    builder = LevelCurveBuilder(RATE)
    for at in range(0, len(loudness), HOPS_AT_ONCE):
        part = slice(at, at + HOPS_AT_ONCE)
        sound = _with_texture(rng, _textures(), loudness[part])
        sound += _with_texture(rng, _noises(), hiss[part])
        builder.add(sound.reshape(1, -1)[:, early if at == 0 else 0 :])
    return builder.finish()


def _with_texture(rng: Rng, sounds: tuple[Mono, ...], loudness: Decibels) -> Mono:
    """Return one of the sounds with these levels; shape (hops, frames of a hop)."""
    sound = sounds[int(rng.integers(len(sounds)))].reshape(-1, HOP)
    rotated = (int(rng.integers(len(sound))) + np.arange(len(loudness))) % len(sound)
    gains = (10.0 ** (loudness / 20)).astype(np.float32)
    made: Mono = sound[rotated] * gains[:, None]
    return made


@cache
def _noises() -> tuple[Mono, ...]:
    rng = np.random.default_rng(0)
    return (rng.standard_normal(HOPS_AT_ONCE * HOP, dtype=np.float32),)


@cache
def _textures() -> tuple[Mono, ...]:
    """Return samples of music, each shape (frames,): chords of five tones and noise."""
    rng = np.random.default_rng(0)
    frames = HOPS_AT_ONCE * HOP
    second = np.arange(frames) / RATE
    made = []
    for _ in range(TEXTURES):
        sound = rng.uniform(0.1, 1) * rng.standard_normal(frames)
        for hertz in rng.uniform(80, 2_000, 5):
            sound += rng.uniform(0.2, 1) * np.sin(2 * np.pi * hertz * second)
        made.append((sound / np.sqrt(np.mean(sound**2))).astype(np.float32))
    return tuple(made)
