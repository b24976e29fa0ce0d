"""Album sides made of the track lengths of real releases, with synthetic music.

Each disc is divided into sides as a record is. A side is drawn several times: with
dense and with sparse music, and with noise at each of several levels. All parameters
are drawn uniformly from the ranges below and from those in `bench.synthetic_sides`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from bench.synthetic_harmony import AlbumSound, draw_album_sound, draw_track_sound
from bench.synthetic_levels import (
    HOP,
    HOP_S,
    RATE,
    Decibels,
    Range,
    Rng,
    music_levels,
    silent_levels,
)
from bench.synthetic_sides import (
    LEAD_IN_S,
    LEAD_OUT_S,
    LENGTH_JITTER_S,
    SPEED,
    TrackJoin,
    audible_span,
)

from segued.dsp.level_curve import LevelCurveBuilder
from segued.dsp.mixdown import Mono
from segued.dsp.spectrum_curve import SpectrumCurveBuilder
from segued.matching import album
from segued.matching.evidence import Release
from segued.model import LevelCurve, SpectrumCurve
from segued.units import Ticks, seconds_to_ticks

__all__ = [
    "NOISES_DBFS",
    "DrawnSide",
    "GapKind",
    "RecordedSide",
    "draw_sides",
    "sides_of",
]

SIDE_S: Final = 25 * 60
"""A disc is divided into the fewest equal sides that are no longer."""

SIDE_MIN_S: Final = 5 * 60

NOISES_DBFS: Final[tuple[Range, ...]] = ((-75, -62), (-62, -48), (-48, -38))

LONG_GAP, SHORT_GAP, NO_GAP = "gap of 2 s and more", "shorter gap", "no gap"
GAPS_S: Final[dict[str, Range]] = {
    LONG_GAP: (2, 5),
    SHORT_GAP: (0.1, 2),
    NO_GAP: (0, 0),
}
GAP_SHARES: Final = (0.5, 0.35, 0.15)

NOTE_S: Final[Range] = (0.3, 2.5)
REST_S: Final[Range] = (2.5, 6)
REST_SHARE: Final = 0.06
NOTE_DB: Final[Range] = (-12, 0)
NOTE_DECAY_DB: Final[Range] = (8, 30)
"""Decay per second."""

SPARSE_DBFS: Final[Range] = (-26, -14)
LAST_NOTE_S: Final = 3.0

CRACKLES_PER_S: Final[Range] = (0, 0.5)
CRACKLE_DB: Final[Range] = (10, 30)
HOPS_AT_ONCE: Final = 1_000

GapKind = str


@dataclass(frozen=True, slots=True)
class RecordedSide:
    """Consecutive tracks of one disc of a real release.

    Attributes:
        title: Of the release, with the number of the side.
        group: The release group: releases of one group list the same tracks.
        lengths_s: The lengths of its tracks.
    """

    title: str
    group: str
    lengths_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class DrawnSide:
    """A recording of a side, with the true boundaries.

    Attributes:
        lengths: The lengths of the tracks according to a database.
        joins: The boundaries between the tracks, with the kinds of their gaps.
        noise_dbfs: The level of the recording's noise.
        is_sparse: Whether single notes decay into the noise.
    """

    side: RecordedSide
    curve: LevelCurve
    spectrum: SpectrumCurve
    lengths: tuple[Ticks, ...]
    joins: tuple[tuple[TrackJoin, GapKind], ...]
    noise_dbfs: float
    is_sparse: bool


def sides_of(releases: Sequence[Release]) -> list[RecordedSide]:
    """Return the sides of all discs whose lengths are known, each once."""
    found: dict[tuple[float, ...], RecordedSide] = {}
    for release in releases:
        for disc in sorted({track.disc for track in release.tracks}):
            lengths = [
                album.length_of(track)
                for track in release.tracks
                if track.disc == disc and not track.is_video
            ]
            known = [float(each) for each in lengths if each is not None]
            if len(known) == len(lengths):
                for nth, side in enumerate(_divide(known)):
                    title = f"{release.title}, disc {disc}, side {nth + 1}"
                    group = release.group_mbid or release.mbid
                    found.setdefault(side, RecordedSide(title, group, side))
    return list(found.values())


def _divide(lengths_s: Sequence[float]) -> Iterator[tuple[float, ...]]:
    """Yield the sides of a disc: of equal length, as far as its tracks allow."""
    total = sum(lengths_s)
    sides = max(1, int(np.ceil(total / SIDE_S)))
    middles = np.cumsum(lengths_s) - np.array(lengths_s) / 2
    side_of_track = np.minimum((middles / max(total, 1) * sides).astype(int), sides - 1)
    for nth in range(sides):
        side = tuple(
            each for each, of in zip(lengths_s, side_of_track, strict=True) if of == nth
        )
        if len(side) > 1 and sum(side) >= SIDE_MIN_S:
            yield side


def draw_sides(
    sides: Sequence[RecordedSide], seed: int, count: int | None = None
) -> Iterator[DrawnSide]:
    """Yield the drawings of sides, each with a seed of its own.

    Args:
        sides: The sides.
        seed: Another seed gives other drawings.
        count: How many of all drawings, spread evenly; None for all.
    """
    kinds = [(sparse, noise) for sparse in (False, True) for noise in NOISES_DBFS]
    plans = [(side, *kind) for side in sides for kind in kinds]
    if count is None or count > len(plans):
        count = len(plans)
    for nth in np.linspace(0, len(plans) - 1, count).round().astype(int).tolist():
        side, is_sparse, noise = plans[nth]
        rng = np.random.default_rng((seed, nth))
        yield _draw(rng, side, is_sparse=is_sparse, noise_dbfs=rng.uniform(*noise))


def _draw(
    rng: Rng, side: RecordedSide, *, is_sparse: bool, noise_dbfs: float
) -> DrawnSide:
    speed, album_sound = rng.uniform(*SPEED), draw_album_sound(rng)
    gap_counts = bool(rng.integers(2))
    recording = _Recording(rng, noise_dbfs)
    recording.add_silence(rng.uniform(*LEAD_IN_S))
    gaps = rng.choice(list(GAPS_S), len(side.lengths_s), p=GAP_SHARES).tolist()
    gaps[-1] = LONG_GAP
    audible, lengths = [], []
    for length_s, gap in zip(side.lengths_s, gaps, strict=True):
        gap_s = rng.uniform(*GAPS_S[gap])
        levels = _levels(rng, length_s * speed, is_sparse=is_sparse, ends=gap != NO_GAP)
        audible.append(audible_span(levels, recording.hops, noise_dbfs))
        recording.add_music(levels, album_sound)
        recording.add_silence(gap_s * speed)
        listed_s = length_s + gap_counts * gap_s + rng.uniform(*LENGTH_JITTER_S)
        lengths.append(seconds_to_ticks(max(1.0, listed_s)))
    recording.add_silence(rng.uniform(*LEAD_OUT_S))
    joins = [
        (TrackJoin(one[1], other[0], meets=gap == NO_GAP), gap)
        for one, other, gap in zip(audible, audible[1:], gaps, strict=False)
    ]
    return DrawnSide(
        side, *recording.finish(), tuple(lengths), tuple(joins), noise_dbfs, is_sparse
    )


def _levels(rng: Rng, length_s: float, *, is_sparse: bool, ends: bool) -> Decibels:
    if not is_sparse:
        pauses = rng.uniform(0.3, 3, int(length_s / 120) + int(rng.integers(2)))
        return music_levels(rng, length_s, pauses, ends=ends)
    return _sparse_levels(rng, length_s, ends=ends)


def _sparse_levels(rng: Rng, length_s: float, *, ends: bool) -> Decibels:
    """Return the levels of single notes that decay, with rests between phrases."""
    second = np.arange(max(2, round(length_s / HOP_S))) * HOP_S
    count = int(length_s / NOTE_S[0]) + 2
    rests = rng.random(count) < REST_SHARE
    notes_s = np.where(rests, rng.uniform(*REST_S, count), rng.uniform(*NOTE_S, count))
    begins = np.concatenate(([0.0], np.cumsum(notes_s)))
    last_s = length_s - (LAST_NOTE_S if ends else NOTE_S[0])
    begins = begins[begins < max(last_s, 1.0)]
    levels = rng.uniform(*SPARSE_DBFS) + rng.uniform(*NOTE_DB, len(begins))
    decays = rng.uniform(*NOTE_DECAY_DB) * rng.uniform(0.7, 1.4, len(begins))
    nth = np.searchsorted(begins, second, side="right") - 1
    found: Decibels = levels[nth] - decays[nth] * (second - begins[nth])
    return found


class _Recording:
    """Samples of music and noise, and the curves that are computed from them."""

    def __init__(self, rng: Rng, noise_dbfs: float) -> None:
        self._rng = rng
        self._noise_dbfs = noise_dbfs
        self._crackles = rng.uniform(*CRACKLES_PER_S) * HOP_S
        self._noise = rng.standard_normal((2_003, HOP), dtype=np.float32)
        self._builder = LevelCurveBuilder(RATE)
        self._spectrum = SpectrumCurveBuilder(RATE)
        # The hops of the curve do not start at those of the synthetic sound.
        self._early = int(rng.integers(HOP))
        self.hops = 0

    def add_music(self, levels: Decibels, album_sound: AlbumSound) -> None:
        """Add a track of random music."""
        sound = draw_track_sound(self._rng, album_sound, len(levels))
        gains = (10.0 ** (levels / 20)).astype(np.float32)
        for at in range(0, len(levels), HOPS_AT_ONCE):
            hops = np.arange(at, min(at + HOPS_AT_ONCE, len(levels)))
            self._add(sound.at(hops) * gains[hops, None])

    def add_silence(self, length_s: float) -> None:
        """Add noise only."""
        self._add(np.zeros((len(silent_levels(length_s)), HOP), np.float32))

    def _add(self, sound: Mono) -> None:
        rng, hops = self._rng, len(sound)
        if not hops:
            return
        hiss = np.full(hops, self._noise_dbfs)
        hiss += (rng.random(hops) < self._crackles) * rng.uniform(*CRACKLE_DB)
        nth = (int(rng.integers(len(self._noise))) + np.arange(hops)) % len(self._noise)
        gains = (10.0 ** (hiss / 20)).astype(np.float32)
        mixed = (sound + self._noise[nth] * gains[:, None]).reshape(1, -1)
        mixed = mixed[:, self._early if not self.hops else 0 :]
        self._builder.add(mixed)
        self._spectrum.add(mixed[0])
        self.hops += hops

    def finish(self) -> tuple[LevelCurve, SpectrumCurve]:
        """Return the curves of what was added."""
        return self._builder.finish(), self._spectrum.finish()
