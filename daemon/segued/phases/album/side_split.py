"""An album side in one file, cut where its release says that tracks end.

Silences alone find few boundaries: no threshold fits every rip. Once it is
known which release a file may be from, the lengths of its tracks tell where to
look.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from segued.dsp.side_tracks import Fit, tracks_in
from segued.matching import album
from segued.matching.evidence import Piece, Release, Track
from segued.media import file_analysis
from segued.model import LevelCurve, Print, Span
from segued.phases import p02_hash, p03_tags, p04_segment, p05_fingerprint
from segued.phases.album.release_lookup import Looked
from segued.phases.base import Dossier, Tools
from segued.store import decode_cache
from segued.units import (
    TICKS_PER_SECOND,
    Seconds,
    Ticks,
    frames_to_ticks,
    seconds_to_ticks,
    ticks_to_seconds,
)

__all__ = ["Cut", "side_of", "uncut"]

SIDE_MIN: Final = Ticks(5 * 60 * TICKS_PER_SECOND)
"""A shorter file is one song; nobody looks for more in it."""

APART_SHARE: Final = 0.04
APART_MIN: Final = Ticks(20 * TICKS_PER_SECOND)
"""So much a side's length may differ from that of its tracks: gaps, and speed."""

RUNS_MAX: Final = 12

SAME_SHARE: Final = 0.9
"""A passage that shares so much of both with another has the same sound."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The passages of a file, with what is known of each.

    Attributes:
        looked: What MusicBrainz said; with the side's release, if it was cut.
        reasons: Why each passage begins where it does; empty if by silences.
        fresh: The prints that were taken just now, by a reading of their own.
    """

    spans: tuple[Span, ...]
    prints: tuple[Print, ...]
    pieces: tuple[Piece, ...]
    looked: Looked
    reasons: tuple[str, ...] = ()
    fresh: tuple[Print, ...] = ()


@dataclass(frozen=True, slots=True)
class _Side:
    release: Release
    tracks: tuple[Track, ...]
    fit: Fit


def uncut(dossier: Dossier, mine: Sequence[Piece], looked: Looked) -> Cut:
    """Return a file's passages as they were cut by its silences."""
    spans = dossier[p04_segment.PHASE].spans
    prints = dossier[p05_fingerprint.PHASE].prints
    return Cut(spans, prints, tuple(mine), looked)


async def side_of(tools: Tools, dossier: Dossier, there: Cut) -> Cut:
    """Return a file's passages, cut as a side of one of the releases looked up.

    As they were, if they fit their album already, if a CUE sheet or chapters
    say where they are, or if the file is no side of any of the releases.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileUnreadableError: Reading it again, for its prints, failed.
    """
    choice, named = there.looked.choice, dossier[p03_tags.PHASE]
    settled = choice and all(piece.key in choice.tracks for piece in there.pieces)
    facts = dossier[p04_segment.PHASE].facts
    total = frames_to_ticks(facts.frames, facts.rate)
    if settled or named.marks or total < SIDE_MIN or not there.looked.releases:
        return there
    audio_hash = dossier[p02_hash.PHASE].audio
    heard = await tools.store.do(decode_cache.find, audio_hash, file_analysis.VERSION)
    if heard is None:
        return there
    side = await asyncio.to_thread(_best, heard.curve, total, there.looked.releases)
    if side is None:
        return there
    cut = _recut(dossier.file.id, there, side)
    lacking = [span for span in cut.spans if _same_as(span, there.spans) is None]
    taken, fresh = await p05_fingerprint.prints_for(tools, dossier, lacking)
    by_span = {each.span: each for each in taken}
    prints = tuple(by_span.get(each.span, each) for each in cut.prints)
    return replace(cut, prints=prints, fresh=fresh)


def _best(curve: LevelCurve, total: Ticks, releases: Sequence[Release]) -> _Side | None:
    """Return the side that fits best, if one is accepted."""
    sides = []
    runs = ((r, run) for r in releases for run in _runs(r, total))
    for (release, tracks), _ in zip(runs, range(RUNS_MAX), strict=False):
        lengths = [_length_of(track) for track in tracks]
        fit = tracks_in(curve, lengths)
        if fit is not None and fit.accepted:
            sides.append(_Side(release, tracks, fit))
    return max(
        sides,
        key=lambda side: (
            side.fit.matched / len(side.tracks),
            -side.fit.error,
            side.release.mbid,
        ),
        default=None,
    )


def _runs(release: Release, total: Ticks) -> Iterator[tuple[Track, ...]]:
    """Yield the tracks in a row that are about as long as a file.

    They begin with a disc's first track, or end with its last.
    """
    for disc in sorted({track.disc for track in release.tracks}):
        tracks = tuple(track for track in release.tracks if track.disc == disc)
        every = [tracks]
        every += [tracks[:n] for n in range(2, len(tracks))]
        every += [tracks[n:] for n in range(1, len(tracks) - 1)]
        for run in every:
            lengths = [_length_of(track) for track in run]
            known = sum(length for length in lengths if length is not None)
            apart = max(APART_MIN, APART_SHARE * total)
            if len(run) > 1 and None not in lengths and abs(known - total) <= apart:
                yield run


def _length_of(track: Track) -> Ticks | None:
    seconds = album.length_of(track)
    return None if seconds is None else seconds_to_ticks(seconds)


def _recut(file: str, there: Cut, side: _Side) -> Cut:
    prints, pieces = [], []
    for number, (span, track) in enumerate(
        zip(side.fit.spans, side.tracks, strict=True)
    ):
        old = _same_as(span, there.spans)
        piece = Piece(f"{file}:{number}", number, Seconds(0.0))
        if old is None:
            prints.append(Print(span))
        else:
            prints.append(replace(there.prints[old], span=span))
            piece = there.pieces[old]
        pieces.append(
            replace(
                piece,
                key=f"{file}:track {number}",
                order=number,
                seconds=Seconds(ticks_to_seconds(span.length)),
                track=track.position,
                disc=track.disc,
            )
        )
    tracks = {
        piece.key: track for piece, track in zip(pieces, side.tracks, strict=True)
    }
    choice = album.Choice(side.release, tracks, side.fit.matched)
    first = f"{side.fit.matched} of {len(side.tracks)} lengths of the release fit"
    reasons = (first, *(boundary.reason for boundary in side.fit.boundaries))
    looked = replace(there.looked, choice=choice)
    return Cut(side.fit.spans, tuple(prints), tuple(pieces), looked, reasons)


def _same_as(span: Span, others: Sequence[Span]) -> int | None:
    """Return which of some passages is nearly the same stretch of sound, if any."""
    for number, other in enumerate(others):
        shared = min(span.end, other.end) - max(span.start, other.start)
        if shared >= SAME_SHARE * max(span.length, other.length):
            return number
    return None
