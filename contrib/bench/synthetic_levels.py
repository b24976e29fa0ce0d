"""Music made from dice, and what a recording of it sounds like.

It is noise and chords, made as loud, hop by hop, as music with notes,
sections, pauses and fades is, with the recording's own noise added. What can
vary is drawn evenly from the range that stands here.
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
    "HOP_S",
    "Decibels",
    "Dice",
    "Range",
    "add_recording_noise",
    "music_levels",
    "silent_levels",
]

Decibels: TypeAlias = npt.NDArray[np.float64]
"""How loud something is, hop by hop; minus infinity is silence."""

Range: TypeAlias = tuple[float, float]
Dice: TypeAlias = np.random.Generator

RATE: Final = Hertz(11_025)
HOP: Final = hop_length(RATE)
HOP_S: Final = HOP / RATE

LOUDNESS_DBFS: Final[Range] = (-24, -10)
SECTION_S: Final[Range] = (8, 25)
SECTION_DB: Final[Range] = (-8, 0)
BEATS_PER_MINUTE: Final[Range] = (60, 180)
DECAY_DB: Final[Range] = (0, 30)
"""How far a note has died away when the next begins."""

CRESCENDO_DB: Final[Range] = (10, 30)
INTRO_S: Final[Range] = (3, 20)
INTRO_DB: Final[Range] = (-35, -15)
FADE_S: Final[Range] = (3, 12)
FADE_DB: Final = -70.0
REVERB_S: Final[Range] = (0.05, 1)
"""How long the last note before a pause takes to fade by 60 dB."""

CRACKLES_PER_S: Final[Range] = (0, 0.5)
CRACKLE_DB: Final[Range] = (10, 30)
"""Sides are records: there are crackles, louder than the noise by this."""

TEXTURES: Final = 12
HOPS_AT_ONCE: Final = 1_000


def silent_levels(length_s: float) -> Decibels:
    """Return nothing, for so long."""
    return np.full(round(length_s / HOP_S), -np.inf)


def music_levels(
    dice: Dice, length_s: float, pauses_s: Decibels, *, ends: bool
) -> Decibels:
    """Draw how loud a piece of music is, hop by hop.

    Args:
        dice: To draw with.
        length_s: How long it is.
        pauses_s: How long its pauses are.
        ends: Whether it dies away or fades out; else it breaks off, because
            the next piece goes on.
    """
    hops = round(length_s / HOP_S)
    second = np.arange(hops) * HOP_S
    loudness = dice.uniform(*LOUDNESS_DBFS) + np.zeros(hops)
    sections = round(length_s / SECTION_S[0]) + 1
    changes = np.cumsum(dice.uniform(*SECTION_S, sections))
    of_section = np.searchsorted(changes, second)
    loudness += dice.uniform(*SECTION_DB, sections + 1)[of_section]
    beats = second * dice.uniform(*BEATS_PER_MINUTE) / 60
    loudness -= dice.uniform(*DECAY_DB) * (beats % 1)
    if dice.random() < 1 / 4:
        loudness -= dice.uniform(*CRESCENDO_DB) * np.linspace(1, 0, hops)
    if dice.random() < 1 / 4:
        loudness[second < dice.uniform(*INTRO_S)] += dice.uniform(*INTRO_DB)
    for pause_s in pauses_s:
        begin = int(hops * dice.uniform(0.1, 0.9))
        _die_away(dice, loudness[begin : begin + round(pause_s / HOP_S)])
    if ends and dice.random() < 1 / 2:
        fade = min(hops, round(dice.uniform(*FADE_S) / HOP_S))
        loudness[hops - fade :] += np.linspace(0, FADE_DB, fade)
    elif ends:
        _die_away(dice, loudness[-round(dice.uniform(*REVERB_S) / HOP_S) :])
    return loudness


def _die_away(dice: Dice, loudness: Decibels) -> None:
    """Let all of it be the echo of its beginning."""
    second = np.arange(len(loudness)) * HOP_S
    loudness[:] = loudness[0] - 60 * second / dice.uniform(*REVERB_S)


def add_recording_noise(
    dice: Dice, loudness: Decibels, noise_dbfs: float, *, crackles: bool
) -> LevelCurve:
    """Play music over noise, and return what is heard of both."""
    hiss = np.full(len(loudness), noise_dbfs)
    if crackles:
        share = dice.uniform(*CRACKLES_PER_S) * HOP_S
        hiss += (dice.random(len(loudness)) < share) * dice.uniform(*CRACKLE_DB)
    # Where a hop of the sound begins is not where one of the curve does.
    early = int(dice.integers(HOP))
    envelope = LevelCurveBuilder(RATE)
    for at in range(0, len(loudness), HOPS_AT_ONCE):
        part = slice(at, at + HOPS_AT_ONCE)
        sound = _with_texture(dice, _textures(), loudness[part])
        sound += _with_texture(dice, _noises(), hiss[part])
        envelope.add(sound.reshape(-1)[early if at == 0 else 0 :])
    return envelope.curve()


def _with_texture(dice: Dice, sounds: tuple[Mono, ...], loudness: Decibels) -> Mono:
    """Return one of the sounds, as loud as that; shape (hops, frames of a hop)."""
    sound = sounds[int(dice.integers(len(sounds)))].reshape(-1, HOP)
    turned = (int(dice.integers(len(sound))) + np.arange(len(loudness))) % len(sound)
    gains = (10.0 ** (loudness / 20)).astype(np.float32)
    made: Mono = sound[turned] * gains[:, None]
    return made


@cache
def _noises() -> tuple[Mono, ...]:
    dice = np.random.default_rng(0)
    return (dice.standard_normal(HOPS_AT_ONCE * HOP, dtype=np.float32),)


@cache
def _textures() -> tuple[Mono, ...]:
    """Return sounds to make music of: chords of some tones, and breath."""
    dice = np.random.default_rng(0)
    frames = HOPS_AT_ONCE * HOP
    second = np.arange(frames) / RATE
    made = []
    for _ in range(TEXTURES):
        sound = dice.uniform(0.1, 1) * dice.standard_normal(frames)
        for hertz in dice.uniform(80, 2_000, 5):
            sound += dice.uniform(0.2, 1) * np.sin(2 * np.pi * hertz * second)
        made.append((sound / np.sqrt(np.mean(sound**2))).astype(np.float32))
    return tuple(made)
