"""Synthetic music with keys, chords and instruments, for curves of the spectrum.

A track has a key, a progression of chords and a timbre near that of its album. Its
sections differ in their instruments. All are drawn uniformly from the ranges below.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from bench.synthetic_levels import HOP, RATE, Range, Rng

from segued.dsp.mixdown import Mono

__all__ = ["AlbumSound", "TrackSound", "draw_album_sound", "draw_track_sound"]

LOOP_S: Final = 2
CHORDS: Final = 4
BAR_S: Final[Range] = (1.2, 4)
SECTION_S: Final[Range] = (12, 40)
SECTIONS: Final = 3
"""Kinds of sections, such as verse and chorus: with other instruments each."""

SCALE: Final = (0, 2, 4, 5, 7, 9, 11)
MIDDLE_C_HZ: Final = 261.6
PARTIALS: Final = 8
TILT_DB: Final[Range] = (-14, -4)
"""Level of each doubled frequency relative to the one before."""

TRACK_TILT_DB: Final[Range] = (-2, 2)
NOISE_SHARE: Final[Range] = (0.05, 0.6)
SECTION_SHARE: Final[Range] = (0.6, 1.5)


@dataclass(frozen=True, slots=True)
class AlbumSound:
    """The instruments of an album: the tilt of their spectra, and the share of noise.

    Attributes:
        tilt_db: In dB per octave.
    """

    tilt_db: float
    noise_share: float


@dataclass(frozen=True, slots=True, eq=False)
class TrackSound:
    """The sounds of one track, as loops, and which of them sounds when.

    Attributes:
        loops: Float32, shape (loops, hops of a loop, frames of a hop); RMS 1.
        loop_of_hop: Index of the loop that sounds in each hop; shape (hops,).
    """

    loops: npt.NDArray[np.float32]
    loop_of_hop: npt.NDArray[np.int64]

    def at(self, hops: npt.NDArray[np.int64]) -> Mono:
        """Return the samples of hops; shape (hops, frames of a hop)."""
        found: Mono = self.loops[self.loop_of_hop[hops], hops % self.loops.shape[1]]
        return found


def draw_album_sound(rng: Rng) -> AlbumSound:
    """Return random instruments."""
    return AlbumSound(rng.uniform(*TILT_DB), rng.uniform(*NOISE_SHARE))


def draw_track_sound(rng: Rng, album: AlbumSound, hops: int) -> TrackSound:
    """Return the sounds of a random track of `hops` hops."""
    key = int(rng.integers(12))
    degrees = rng.choice(len(SCALE), CHORDS, replace=False)
    tilt_db = album.tilt_db + rng.uniform(*TRACK_TILT_DB)
    loops = []
    for _ in range(SECTIONS):
        bass, noise = rng.uniform(*SECTION_SHARE, 2)
        loops += [
            _loop(rng, _notes(key, int(each)), tilt_db, bass, noise * album.noise_share)
            for each in degrees
        ]
    second = np.arange(hops) * HOP / RATE
    bar = (second / rng.uniform(*BAR_S)).astype(np.int64)
    changes = np.cumsum(rng.uniform(*SECTION_S, hops))
    section = np.searchsorted(changes[changes < second[-1] + 1], second)
    kinds = rng.integers(SECTIONS, size=int(section[-1]) + 1)
    return TrackSound(
        np.stack(loops), kinds[section] * CHORDS + rng.permutation(CHORDS)[bar % CHORDS]
    )


def _notes(key: int, degree: int) -> list[float]:
    """Return the frequencies of a triad, and of its root an octave below, in Hz."""
    halves = [
        key + SCALE[(degree + step) % 7] + 12 * ((degree + step) // 7)
        for step in (0, 2, 4)
    ]
    return [MIDDLE_C_HZ * 2 ** ((half - 12) / 12) for half in (halves[0] - 12, *halves)]


def _loop(
    rng: Rng, notes_hz: list[float], tilt_db: float, bass: float, noise: float
) -> npt.NDArray[np.float32]:
    """Return a loop of a chord with noise; shape (hops, frames of a hop)."""
    frames = LOOP_S * RATE // HOP * HOP
    bins = frames // 2 + 1
    phases = np.exp(2j * np.pi * rng.random(bins))
    hertz = np.maximum(np.arange(bins) * RATE / frames, 50)
    tilted = 10 ** (tilt_db * np.log2(hertz / MIDDLE_C_HZ) / 20)
    spectrum = np.zeros(bins)
    for nth, note_hz in enumerate(notes_hz):
        for partial in range(1, PARTIALS + 1):
            index = round(note_hz * partial * frames / RATE)
            if index < bins:
                spectrum[index] += (bass if nth == 0 else 1) * tilted[index]
    power = np.sqrt(np.sum(spectrum**2))
    hiss = np.sqrt(tilted)
    spectrum += noise * power * hiss / np.sqrt(np.sum(hiss**2))
    sound = np.fft.irfft(spectrum * phases, frames)
    sound /= np.sqrt(np.mean(sound**2))
    return sound.astype(np.float32).reshape(-1, HOP)
