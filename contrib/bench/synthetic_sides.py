"""Album sides and single songs, made from dice.

What can vary is drawn evenly from the range that stands here, and for the
music itself in `bench.synthetic_levels`. All of it is heard by the code that hears real
files; nothing is read or kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from bench.synthetic_levels import (
    HOP_S,
    Decibels,
    Dice,
    Range,
    add_recording_noise,
    music_levels,
    silent_levels,
)

from segued.dsp.segment import Hints
from segued.model import LevelCurve, Span
from segued.units import Ticks, seconds_to_ticks, ticks_to_seconds

__all__ = [
    "PLACES",
    "SyntheticSide",
    "SyntheticSong",
    "TrackJoin",
    "make_sides",
    "make_songs",
]

AUDIBLE_DBFS: Final = -60.0
"""Music is heard where 100 ms of it are as loud as this, and as the noise."""

NEAR_S: Final = 1.0
"""A boundary is found if it is no farther away than this."""

TRACKS: Final = (3, 14)
TRACK_S: Final[Range] = (40, 120)
"""A third of what is usual, so that many sides are made in seconds."""

GAP_S: Final[Range] = (0.05, 4)
MEETING_SHARE: Final = 1 / 20
"""So many tracks go on as the next without a gap: one side in three has some."""

NOISE_DBFS: Final[Range] = (-80, -35)
SPEED: Final[Range] = (0.99, 1.01)
LENGTH_JITTER_S: Final[Range] = (-2, 2)
"""By how much databases are wrong; half of them count the gap as well."""

LEAD_IN_S: Final[Range] = (0, 8)
LEAD_OUT_S: Final[Range] = (0, 10)

SONG_S: Final[Range] = (120, 360)
SONG_LEAD_S: Final[Range] = (0, 3)

PAUSE_S: Final[Range] = (0.3, 6)
PAUSES_MAX: Final = 2
"""In a track of a side, which is short."""

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
"""Where songs lie in real folders, guessed: most are ripped and tagged."""

ALBUM: Final = (4, 16)
LOOSE: Final = (2, 200)
"""How many songs share such a folder."""


@dataclass(frozen=True, slots=True)
class TrackJoin:
    """Where one track ends and the next begins, in seconds.

    Attributes:
        end: From where the one is heard no more to where it is over.
        start: From where the next begins to where it is first heard.
        meets: Whether the music goes on all through.
    """

    end: Range
    start: Range
    meets: bool

    def is_at(self, between: Span) -> bool:
        """Return whether a boundary is within a second of this one.

        Both its ends must be. Where nothing is heard but noise, any place is
        as good as another.
        """
        ends = zip((self.end, self.start), (between.start, between.end), strict=True)
        return all(
            first - NEAR_S <= ticks_to_seconds(found) <= last + NEAR_S
            for (first, last), found in ends
        )


@dataclass(frozen=True, slots=True)
class SyntheticSide:
    """Some tracks in one file, and what is known of them.

    Attributes:
        lengths: How long the tracks are, according to a database.
        joins: What is between each two tracks.
        noise_dbfs: How loud the recording's own noise is.
    """

    curve: LevelCurve
    lengths: tuple[Ticks, ...]
    joins: tuple[TrackJoin, ...]
    noise_dbfs: float


@dataclass(frozen=True, slots=True)
class SyntheticSong:
    """A song in a file of its own.

    Attributes:
        hints: What is known of it without listening.
        place: Where it lies, one of `reading`.
    """

    curve: LevelCurve
    hints: Hints
    place: str


def make_sides(count: int, seed: int = 1) -> Iterator[SyntheticSide]:
    """Draw album sides, each from a number of its own."""
    for nth in range(count):
        yield _side(np.random.default_rng((seed, nth)))


def make_songs(count: int, seed: int = 2) -> Iterator[SyntheticSong]:
    """Draw single songs, each from a number of its own."""
    for nth in range(count):
        yield _song(np.random.default_rng((seed, nth)))


def _side(dice: Dice) -> SyntheticSide:
    noise_dbfs, speed = dice.uniform(*NOISE_DBFS), dice.uniform(*SPEED)
    tracks = int(dice.integers(*TRACKS, endpoint=True))
    meets = (dice.random(tracks - 1) < MEETING_SHARE).tolist()
    gap_counts = bool(dice.integers(2))
    parts = [silent_levels(dice.uniform(*LEAD_IN_S))]
    heard, lengths = [], []
    for meets_next in (*meets, False):
        length_s, gap_s = dice.uniform(*TRACK_S), dice.uniform(*GAP_S)
        gap_s = 0.0 if meets_next else gap_s
        pauses = dice.uniform(*PAUSE_S, dice.integers(PAUSES_MAX, endpoint=True))
        piece = music_levels(dice, length_s * speed, pauses, ends=not meets_next)
        heard.append(_audible_span(piece, sum(map(len, parts)), noise_dbfs))
        parts += [piece, silent_levels(gap_s * speed)]
        said_s = length_s + gap_counts * gap_s + dice.uniform(*LENGTH_JITTER_S)
        lengths.append(seconds_to_ticks(said_s))
    # The last track has no gap after it, only what the needle hears.
    parts[-1] = silent_levels(dice.uniform(*LEAD_OUT_S))
    pairs = zip(heard, heard[1:], meets, strict=False)
    return SyntheticSide(
        add_recording_noise(dice, np.concatenate(parts), noise_dbfs, crackles=True),
        tuple(lengths),
        tuple(TrackJoin(one[1], other[0], each) for one, other, each in pairs),
        noise_dbfs,
    )


def _audible_span(piece: Decibels, at: int, noise_dbfs: float) -> tuple[Range, Range]:
    """Return from where to where music begins, and ends, to be heard."""
    energies = np.convolve(10.0 ** (piece / 10), np.full(10, 0.1), "same")
    heard = np.flatnonzero(energies >= 10 ** (max(noise_dbfs, AUDIBLE_DBFS) / 10))
    hops = (at, at + int(heard[0])), (at + int(heard[-1]) + 1, at + len(piece))
    begin, end = ((first * HOP_S, last * HOP_S) for first, last in hops)
    return begin, end


def _song(dice: Dice) -> SyntheticSong:
    short = dice.uniform(
        PAUSE_S[0], LONG_PAUSE_S, dice.integers(SHORT_PAUSES_MAX, endpoint=True)
    )
    long = dice.uniform(
        LONG_PAUSE_S, PAUSE_S[1], dice.integers(LONG_PAUSES_MAX, endpoint=True)
    )
    pauses = np.concatenate((short, long))
    piece = music_levels(dice, dice.uniform(*SONG_S), pauses, ends=True)
    parts = [silent_levels(dice.uniform(*SONG_LEAD_S)) for _ in range(2)]
    sound = np.concatenate((parts[0], piece, parts[1]))
    curve = add_recording_noise(dice, sound, dice.uniform(*NOISE_DBFS), crackles=False)
    place = PLACES[int(dice.choice(len(PLACES), p=PLACE_SHARES))]
    return SyntheticSong(curve, _hints(dice, place), place)


def _hints(dice: Dice, place: str) -> Hints:
    """Return what is known of a song that lies in such a place."""
    many = int(dice.integers(*ALBUM, endpoint=True))
    track = int(dice.integers(1, many, endpoint=True))
    numbered, tagged, among, _ = PLACES
    siblings = many
    if place not in {numbered, tagged}:
        siblings = int(dice.integers(*LOOSE)) if place == among else 1
    return Hints(
        leading_number=place == numbered,
        siblings=siblings,
        track=track if place in {numbered, tagged} else None,
        track_total=many if place == numbered else None,
    )
