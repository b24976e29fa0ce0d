"""Synthetic album sides and single songs.

All parameters are drawn uniformly from the ranges below, those of the music itself from
the ranges in `bench.synthetic_levels`. The code that computes the level curves is that
for real files; no file is read or written.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from bench.synthetic_levels import (
    HOP_S,
    Decibels,
    Range,
    Rng,
    add_recording_noise,
    music_levels,
    silent_levels,
)

from segued.dsp.segment import Hints
from segued.model import LevelCurve, Span
from segued.units import Ticks, seconds_to_ticks, ticks_to_seconds

__all__ = [
    "LEAD_IN_S",
    "LEAD_OUT_S",
    "LENGTH_JITTER_S",
    "PLACES",
    "SPEED",
    "SyntheticSide",
    "SyntheticSong",
    "TrackJoin",
    "audible_span",
    "make_sides",
    "make_songs",
]

AUDIBLE_DBFS: Final = -60.0
"""Music is audible where its level over 100 ms reaches this and that of the noise."""

NEAR_S: Final = 1.0
"""Largest error of a boundary that counts as right, in seconds."""

TRACKS: Final = (3, 14)
TRACK_S: Final[Range] = (40, 120)
"""A third of the usual length, so that many sides are generated in seconds."""

GAP_S: Final[Range] = (0.05, 4)
MEETING_SHARE: Final = 1 / 20
"""Share of boundaries without a gap; one side in three has one."""

NOISE_DBFS: Final[Range] = (-80, -35)
SPEED: Final[Range] = (0.99, 1.01)
LENGTH_JITTER_S: Final[Range] = (-2, 2)
"""Error of the lengths in a database; for half of the sides they include the gap."""

LEAD_IN_S: Final[Range] = (0, 8)
LEAD_OUT_S: Final[Range] = (0, 10)

SONG_S: Final[Range] = (120, 360)
SONG_LEAD_S: Final[Range] = (0, 3)

PAUSE_S: Final[Range] = (0.3, 6)
PAUSES_MAX: Final = 2
"""For a track of a side, which is short."""

LONG_PAUSE_S: Final = 2.0
SHORT_PAUSES_MAX: Final = 4
LONG_PAUSES_MAX: Final = 2

PLACES: Final = (
    "numbered, in an album's folder",
    "tagged, in an album's folder",
    "loose, among others",
    "loose, and alone",
)
PLACE_SHARES: Final = (0.80, 0.12, 0.06, 0.02)
"""Estimated shares in real libraries: most songs are ripped and tagged."""

ALBUM: Final = (4, 16)
LOOSE: Final = (2, 200)
"""Number of songs in such a folder."""


@dataclass(frozen=True, slots=True)
class TrackJoin:
    """The boundary between two tracks, in seconds.

    Attributes:
        end: From the last audible moment of the first track to its end.
        start: From the start of the second track to its first audible moment.
        meets: Whether the music continues without a gap.
    """

    end: Range
    start: Range
    meets: bool

    def is_at(self, between: Span) -> bool:
        """Return whether a boundary is within a second of this one.

        Both its ends must be. Where only noise is audible, any place is right.
        """
        ends = zip((self.end, self.start), (between.start, between.end), strict=True)
        return all(
            first - NEAR_S <= ticks_to_seconds(found) <= last + NEAR_S
            for (first, last), found in ends
        )


@dataclass(frozen=True, slots=True)
class SyntheticSide:
    """Several tracks in one file, with the true boundaries.

    Attributes:
        lengths: The lengths of the tracks according to a database.
        joins: The boundaries between the tracks.
        noise_dbfs: The level of the recording's noise.
    """

    curve: LevelCurve
    lengths: tuple[Ticks, ...]
    joins: tuple[TrackJoin, ...]
    noise_dbfs: float


@dataclass(frozen=True, slots=True)
class SyntheticSong:
    """A song in a file of its own.

    Attributes:
        hints: What its tags and its folder tell about it.
        place: The kind of its folder, one of `PLACES`.
    """

    curve: LevelCurve
    hints: Hints
    place: str


def make_sides(count: int, seed: int = 1) -> Iterator[SyntheticSide]:
    """Yield random album sides, each with a seed of its own."""
    for nth in range(count):
        yield _side(np.random.default_rng((seed, nth)))


def make_songs(count: int, seed: int = 2) -> Iterator[SyntheticSong]:
    """Yield random single songs, each with a seed of its own."""
    for nth in range(count):
        yield _song(np.random.default_rng((seed, nth)))


def _side(rng: Rng) -> SyntheticSide:
    noise_dbfs, speed = rng.uniform(*NOISE_DBFS), rng.uniform(*SPEED)
    tracks = int(rng.integers(*TRACKS, endpoint=True))
    meets = (rng.random(tracks - 1) < MEETING_SHARE).tolist()
    gap_counts = bool(rng.integers(2))
    parts = [silent_levels(rng.uniform(*LEAD_IN_S))]
    audible, lengths = [], []
    for meets_next in (*meets, False):
        length_s, gap_s = rng.uniform(*TRACK_S), rng.uniform(*GAP_S)
        gap_s = 0.0 if meets_next else gap_s
        pauses = rng.uniform(*PAUSE_S, rng.integers(PAUSES_MAX, endpoint=True))
        piece = music_levels(rng, length_s * speed, pauses, ends=not meets_next)
        audible.append(audible_span(piece, sum(map(len, parts)), noise_dbfs))
        parts += [piece, silent_levels(gap_s * speed)]
        listed_s = length_s + gap_counts * gap_s + rng.uniform(*LENGTH_JITTER_S)
        lengths.append(seconds_to_ticks(listed_s))
    # After the last track there is no gap, but the lead-out groove.
    parts[-1] = silent_levels(rng.uniform(*LEAD_OUT_S))
    pairs = zip(audible, audible[1:], meets, strict=False)
    return SyntheticSide(
        add_recording_noise(rng, np.concatenate(parts), noise_dbfs, crackles=True),
        tuple(lengths),
        tuple(TrackJoin(one[1], other[0], each) for one, other, each in pairs),
        noise_dbfs,
    )


def audible_span(piece: Decibels, at: int, noise_dbfs: float) -> tuple[Range, Range]:
    """Return the ranges in which music becomes audible and inaudible, in seconds."""
    energies = np.convolve(10.0 ** (piece / 10), np.full(10, 0.1), "same")
    audible = np.flatnonzero(energies >= 10 ** (max(noise_dbfs, AUDIBLE_DBFS) / 10))
    hops = (at, at + int(audible[0])), (at + int(audible[-1]) + 1, at + len(piece))
    begin, end = ((first * HOP_S, last * HOP_S) for first, last in hops)
    return begin, end


def _song(rng: Rng) -> SyntheticSong:
    short = rng.uniform(
        PAUSE_S[0], LONG_PAUSE_S, rng.integers(SHORT_PAUSES_MAX, endpoint=True)
    )
    long = rng.uniform(
        LONG_PAUSE_S, PAUSE_S[1], rng.integers(LONG_PAUSES_MAX, endpoint=True)
    )
    pauses = np.concatenate((short, long))
    piece = music_levels(rng, rng.uniform(*SONG_S), pauses, ends=True)
    parts = [silent_levels(rng.uniform(*SONG_LEAD_S)) for _ in range(2)]
    sound = np.concatenate((parts[0], piece, parts[1]))
    curve = add_recording_noise(rng, sound, rng.uniform(*NOISE_DBFS), crackles=False)
    place = PLACES[int(rng.choice(len(PLACES), p=PLACE_SHARES))]
    return SyntheticSong(curve, _hints(rng, place), place)


def _hints(rng: Rng, place: str) -> Hints:
    """Return the hints for a song in such a folder."""
    many = int(rng.integers(*ALBUM, endpoint=True))
    track = int(rng.integers(1, many, endpoint=True))
    numbered, tagged, among, _ = PLACES
    siblings = many
    if place not in {numbered, tagged}:
        siblings = int(rng.integers(*LOOSE)) if place == among else 1
    return Hints(
        leading_number=place == numbered,
        siblings=siblings,
        track=track if place in {numbered, tagged} else None,
        track_total=many if place == numbered else None,
    )
