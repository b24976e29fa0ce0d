"""Splitting an album side in one file by the track lengths of its release.

Silences alone find few boundaries: no threshold fits every rip. Once the possible
releases of a file are known, their track lengths give the places to search.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from segued.dsp.side_tracks import Fit, SideSearch
from segued.matching import album
from segued.matching.evidence import PassageEvidence, Release, Track
from segued.matching.side_pieces import PiecesVerdict, judge_pieces
from segued.media import file_analysis
from segued.model import Fingerprint, LevelCurve, Span, SpectrumCurve
from segued.phases import p02_hash, p03_tags, p04_segment, p05_fingerprint
from segued.phases.album.piece_answers import read_piece_answers
from segued.phases.album.release_lookup import ReleaseLookup
from segued.phases.base import FileResults, PhaseContext
from segued.store import decode_cache
from segued.store.lookups import LookupQuestion
from segued.units import (
    TICKS_PER_SECOND,
    Seconds,
    Ticks,
    frames_to_ticks,
    seconds_to_ticks,
    ticks_to_seconds,
)

__all__ = ["PLAUSIBLE_CHANCE", "SplitResult", "split_side", "track_runs", "unsplit"]

LENGTH_TOLERANCE_SHARE: Final = 0.04
LENGTH_TOLERANCE_MIN: Final = Ticks(20 * TICKS_PER_SECOND)
"""A side's length may differ from that of its tracks by 4 % or 20 s, whichever is
more: there are gaps, and turntables are too fast or too slow."""

PLAUSIBLE_CHANCE: Final = 0.05
"""AcoustID is asked about the pieces of a side that fits by chance in no more of a
hundred files than five."""

RUNS_MAX: Final = 12
"""At most so many runs of tracks are compared with a file."""

SAME_SOUND_SHARE: Final = 0.9
"""Spans that share this much of the longer one have the same fingerprint."""


@dataclass(frozen=True, slots=True)
class SplitResult:
    """The passages of a file, split by its release or not.

    Attributes:
        lookup: The lookup of the folder's release; of the side's, if it was split.
        reasons: Why each passage starts where it does; empty if at silences.
        fresh: New fingerprints, computed for this split.
        asks: Questions to AcoustID about the pieces of a side.
    """

    spans: tuple[Span, ...]
    prints: tuple[Fingerprint, ...]
    passages: tuple[PassageEvidence, ...]
    lookup: ReleaseLookup
    reasons: tuple[str, ...] = ()
    fresh: tuple[Fingerprint, ...] = ()
    asks: tuple[LookupQuestion, ...] = ()


@dataclass(frozen=True, slots=True)
class _Side:
    release: Release
    tracks: tuple[Track, ...]
    fit: Fit


def unsplit(
    file_results: FileResults, own: Sequence[PassageEvidence], lookup: ReleaseLookup
) -> SplitResult:
    """Return a file's passages as phase 4 segmented them."""
    spans = file_results[p04_segment.PHASE].spans
    prints = file_results[p05_fingerprint.PHASE].prints
    return SplitResult(spans, prints, tuple(own), lookup)


async def split_side(
    context: PhaseContext, file_results: FileResults, current: SplitResult
) -> SplitResult:
    """Return a file's passages, split as a side of one of the looked up releases.

    They stay as they are if they fit their album already, if a CUE sheet or
    chapters mark them, or if the file is no side of any of the releases.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileUnreadableError: Reading it again, for the fingerprints, failed.
    """
    album_match, tags_read = current.lookup.album_match, file_results[p03_tags.PHASE]
    fits_album = album_match and all(
        passage.key in album_match.tracks for passage in current.passages
    )
    facts = file_results[p04_segment.PHASE].facts
    total = frames_to_ticks(facts.frames, facts.rate)
    if (
        fits_album
        or tags_read.marks
        or total < file_analysis.SIDE_MIN
        or not current.lookup.releases
    ):
        return current
    audio_hash = file_results[p02_hash.PHASE].audio
    cached = await context.store.do(
        decode_cache.load, audio_hash, file_analysis.VERSION
    )
    if cached is None:
        return current
    spectrum = await context.store.do(
        decode_cache.load_spectrum, audio_hash, file_analysis.VERSION
    )
    side = await asyncio.to_thread(
        _best_side, cached.curve, spectrum, total, current.lookup.releases
    )
    if side is None:
        return current
    split = await _with_fingerprints(
        context,
        file_results,
        current,
        _apply_split(file_results.file.id, current, side),
    )
    # Files that an older version decoded are matched again without new questions.
    return split if spectrum is None else await _judge(context, current, split, side)


async def _with_fingerprints(
    context: PhaseContext,
    file_results: FileResults,
    current: SplitResult,
    split: SplitResult,
) -> SplitResult:
    """Return a split with a fingerprint of each piece, decoding only for new ones."""
    audio_hash = file_results[p02_hash.PHASE].audio
    # Those of an earlier cut that is nearly the same are used: they need no decode.
    found = await context.store.do(decode_cache.fingerprints, audio_hash)
    stored = [each for each in found if each.encoded]
    earlier = {
        span: stored[nth]
        for span in split.spans
        if (nth := _matching_span(span, [each.span for each in stored])) is not None
    }
    missing = [
        span
        for span in split.spans
        if span not in earlier and _matching_span(span, current.spans) is None
    ]
    taken, fresh = await p05_fingerprint.fingerprints_for(
        context, file_results, missing, found
    )
    by_span = earlier | {each.span: each for each in taken}
    prints = tuple(
        by_span.get(span, each)
        for span, each in zip(split.spans, split.prints, strict=True)
    )
    return replace(split, prints=prints, fresh=fresh)


async def _judge(
    context: PhaseContext, current: SplitResult, split: SplitResult, side: _Side
) -> SplitResult:
    """Return the split, or the current passages, by AcoustID's answers for the pieces.

    Without answers, the lengths decide. Questions are asked once; the file is matched
    again when they are answered.
    """
    # The fingerprint of a nearly equal span was sent with the length of that one.
    answered = await read_piece_answers(context, split.passages, split.prints)
    verdict = judge_pieces(answered.pieces, side.tracks, side.release)
    if verdict is PiecesVerdict.REFUTED or (
        verdict is PiecesVerdict.OPEN and not side.fit.is_accepted
    ):
        return replace(current, fresh=split.fresh, asks=answered.asks)
    reasons = split.reasons
    if verdict is PiecesVerdict.CONFIRMED:
        reasons = (f"{reasons[0]}; confirmed by fingerprints", *reasons[1:])
    return replace(split, passages=answered.pieces, reasons=reasons, asks=answered.asks)


def _best_side(
    curve: LevelCurve,
    spectrum: SpectrumCurve | None,
    total: Ticks,
    releases: Sequence[Release],
) -> _Side | None:
    """Return the plausible side that fits least by chance, if any.

    Without a spectrum curve, only one that the lengths alone prove is plausible: the
    file was decoded by an older version, and is not decoded again on a suspicion.
    """
    sides, search = [], SideSearch(curve, spectrum)
    runs = ((r, run) for r in releases for run in track_runs(r, total))
    for (release, tracks), _ in zip(runs, range(RUNS_MAX), strict=False):
        lengths = [_length_of(track) for track in tracks]
        fit = search.fit(lengths)
        if fit is not None and (
            fit.is_accepted or (spectrum and fit.chance <= PLAUSIBLE_CHANCE)
        ):
            sides.append(_Side(release, tracks, fit))
    return max(
        sides,
        key=lambda side: (
            -side.fit.chance,
            -side.fit.total_length_error,
            side.release.mbid,
        ),
        default=None,
    )


def track_runs(release: Release, total: Ticks) -> Iterator[tuple[Track, ...]]:
    """Yield the runs of tracks that are about as long as a file.

    A run starts with a disc's first track, or ends with its last.
    """
    for disc in sorted({track.disc for track in release.tracks}):
        tracks = tuple(
            track
            for track in release.tracks
            if track.disc == disc and not track.is_video
        )
        runs = [tracks]
        runs += [tracks[:n] for n in range(2, len(tracks))]
        runs += [tracks[n:] for n in range(1, len(tracks) - 1)]
        if tracks and tracks[0].position == 0:
            # A hidden track is seldom in a file with the others.
            runs += [tracks[1:n] for n in range(3, len(tracks))]
        for run in runs:
            lengths = [_length_of(track) for track in run]
            known = sum(length for length in lengths if length is not None)
            tolerance = max(LENGTH_TOLERANCE_MIN, LENGTH_TOLERANCE_SHARE * total)
            if len(run) > 1 and None not in lengths and abs(known - total) <= tolerance:
                yield run


def _length_of(track: Track) -> Ticks | None:
    seconds = album.length_of(track)
    return None if seconds is None else seconds_to_ticks(seconds)


def _apply_split(file: str, current: SplitResult, side: _Side) -> SplitResult:
    prints, passages = [], []
    for number, (span, track) in enumerate(
        zip(side.fit.spans, side.tracks, strict=True)
    ):
        old = _matching_span(span, current.spans)
        passage = PassageEvidence(f"{file}:{number}", number, Seconds(0.0))
        if old is None:
            prints.append(Fingerprint(span))
        else:
            prints.append(current.prints[old])
            passage = current.passages[old]
        passages.append(
            replace(
                passage,
                key=f"{file}:track {number}",
                order=number,
                seconds=Seconds(ticks_to_seconds(span.length)),
                track=track.position,
                disc=track.disc,
            )
        )
    tracks = {
        passage.key: track for passage, track in zip(passages, side.tracks, strict=True)
    }
    album_match = album.AlbumMatch(side.release, tracks, side.fit.matched_count)
    first = (
        f"{side.fit.matched_count} of {len(side.tracks)} track lengths match, by chance"
        f" in one of {min(1 / side.fit.chance, 1e9):,.0f} files"
    )
    reasons = (first, *(boundary.reason for boundary in side.fit.boundaries))
    lookup = replace(current.lookup, album_match=album_match)
    return SplitResult(side.fit.spans, tuple(prints), tuple(passages), lookup, reasons)


def _matching_span(span: Span, others: Sequence[Span]) -> int | None:
    """Return the index of a span that is nearly the same as `span`, if any."""
    for number, other in enumerate(others):
        shared = min(span.end, other.end) - max(span.start, other.start)
        if shared >= SAME_SOUND_SHARE * max(span.length, other.length):
            return number
    return None
