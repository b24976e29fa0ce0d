"""Phase 6, song matching: which recording each passage is, and how sure.

A wrong name is worse than none, so every decision keeps its evidence, what
else it could have been, and its reason. What AcoustID and MusicBrainz have
answered is read from the library and never waited for: a question without an
answer leaves the file `deferred`, with the best that can be said without.

Phases 7 to 9 take the passages from here and not from phase 4: matching may
merge what segmenting cut.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from segued.matching.confidence import Decision, decide
from segued.matching.evidence import Recording
from segued.model import (
    Confidence,
    FileId,
    Fingerprint,
    Need,
    PhaseNumber,
    Service,
    Span,
)
from segued.phases import p02_hash, p03_tags, p05_fingerprint
from segued.phases.album.match_rows import (
    Match,
    PassageFindings,
    build_match,
    merge_unknown,
)
from segued.phases.album.release_lookup import (
    ReleaseLookup,
    assignments_by_file,
    look_up_recordings,
    look_up_release,
    prefetch_named_releases,
)
from segued.phases.album.siblings import gather_folder_evidence, mark_of, names_of
from segued.phases.album.side_split import SplitResult, split_side, unsplit
from segued.phases.base import Deferred, FileResults, Phase, PhaseContext
from segued.store import decode_cache, files, folders, lookups, overrides
from segued.store.lookups import LookupQuestion
from segued.store.overrides import PassageOverride

__all__ = ["PHASE", "Match", "Matched"]


@dataclass(frozen=True, slots=True)
class Matched:
    """The passages of a file, in order.

    Attributes:
        given: The release that the file's folder is, and which of its tracks
            the file was given; empty if it is none.
        others: The same for each file of the folder, by what is known now.
        asks: What MusicBrainz has not answered yet.
        empty: Keys of what it found nothing for.
        settled: Whether this holds for the whole folder: nothing more is to come.
        fresh: Fingerprints of passages that were cut anew, taken just now.
    """

    matches: tuple[Match, ...]
    assignment: str = ""
    assignments: Mapping[FileId, str] = field(default_factory=dict)
    asks: tuple[LookupQuestion, ...] = ()
    empty: tuple[str, ...] = ()
    final: bool = False
    fresh: tuple[Fingerprint, ...] = ()


async def run(
    context: PhaseContext, file_results: FileResults
) -> Matched | Deferred[Matched]:
    """Decide for each passage what it is, by all that is known so far.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileUnreadableError: Reading the passages of a side failed.
    """
    evidence = await gather_folder_evidence(context, file_results)
    lookup = ReleaseLookup()
    # In a heap of songs nobody waits for others, but each for its own sound.
    fingerprints = file_results[p05_fingerprint.PHASE].prints
    all_answered = all(
        piece.acoustid_answered or not sound.encoded
        for piece, sound in zip(evidence.own, fingerprints, strict=True)
    )
    ready = evidence.is_complete and (
        evidence.is_album
        or all_answered
        or not context.service_available(Service.ACOUSTID)
    )
    if ready:
        lookup = await look_up_release(context, evidence.pieces)
    elif evidence.is_album and context.service_available(Service.MUSICBRAINZ):
        lookup = await prefetch_named_releases(
            context, evidence.pieces, evidence.file_count
        )
    split = unsplit(file_results, evidence.own, lookup)
    if ready and not lookup.questions:
        split = await split_side(context, file_results, split)
    file_overrides = await context.store.do(
        overrides.overrides_for, file_results.file.id
    )
    passage_overrides = [_override_for(span, file_overrides) for span in split.spans]
    decisions, recording_lookup = await _decide_passages(
        context, split, passage_overrides
    )
    questions = (
        (*lookup.questions, *recording_lookup.questions) if ready else lookup.questions
    )
    matches = _build_matches(file_results, split, decisions)
    is_final = ready and not questions
    if is_final and all_answered and not split.reasons:
        # Not before: what was not looked up is not unknown.
        matches = merge_unknown(matches)
    assignments = assignments_by_file(lookup, evidence.pieces)
    result = Matched(
        tuple(matches),
        assignments.get(file_results.file.id, ""),
        assignments,
        questions,
        (*lookup.not_found, *recording_lookup.not_found),
        is_final and evidence.is_album,
        split.fresh,
    )
    if questions:
        return Deferred(result, Need.MUSICBRAINZ, "MusicBrainz has not answered yet")
    if not evidence.is_complete:
        return Deferred(result, Need.FOLDER, "other files of the folder come first")
    return result


def _override_for(
    span: Span, file_overrides: Sequence[PassageOverride]
) -> PassageOverride | None:
    """Return what a person said of a passage, if somebody did."""
    return next((each for each in file_overrides if each.applies_to(span.start)), None)


def _build_matches(
    file_results: FileResults, split: SplitResult, decisions: Sequence[Decision]
) -> list[Match]:
    tags_read, alone = file_results[p03_tags.PHASE], len(split.spans) == 1
    reasons = split.reasons or ("",) * len(split.spans)
    return [
        build_match(
            PassageFindings(
                span,
                sound,
                piece,
                decision,
                names_of(tags_read, mark_of(tags_read, span), alone=alone),
                reason,
            ),
            split.lookup,
        )
        for span, sound, piece, decision, reason in zip(
            split.spans, split.prints, split.pieces, decisions, reasons, strict=True
        )
    ]


async def _decide_passages(
    context: PhaseContext,
    split: SplitResult,
    passage_overrides: Sequence[PassageOverride | None],
) -> tuple[list[Decision], ReleaseLookup]:
    """Decide for each passage, and return what is to be asked about the results.

    Args:
        context: The library is among them.
        split: The passages of the file.
        passage_overrides: What a person said of each.
    """
    own_pieces, lookup = split.pieces, split.lookup
    album_match = lookup.album_match
    tracks = [
        album_match.tracks.get(piece.key) if album_match else None
        for piece in own_pieces
    ]
    mbids = [c.recording_mbid for piece in own_pieces for c in piece.candidates]
    mbids += [piece.recording_mbid for piece in own_pieces if piece.recording_mbid]
    mbids += [
        said.recording_mbid
        for said in passage_overrides
        if said and said.recording_mbid
    ]
    recordings, _ = await look_up_recordings(context, mbids)
    decisions = []
    for piece, track, said in zip(own_pieces, tracks, passage_overrides, strict=True):
        release = album_match.release if album_match else None
        found = decide(piece, track=track, release=release, recordings=recordings)
        decisions.append(
            found if said is None else _apply_override(said, found, recordings)
        )
    # The release has told about its own recordings.
    off_release = [
        decision.recording.mbid
        for decision, track in zip(decisions, tracks, strict=True)
        if decision.recording is not None
        and (track is None or decision.recording.mbid != track.recording.mbid)
    ]
    if lookup.questions:
        return decisions, ReleaseLookup()
    _, recording_lookup = await look_up_recordings(context, off_release)
    return decisions, recording_lookup


def _apply_override(
    override: PassageOverride, found: Decision, recordings: Mapping[str, Recording]
) -> Decision:
    """Return the decision of a person, with what would have been decided."""
    evidence = found.evidence | {"without it": f"{found.confidence}: {found.reason}"}
    if override.recording_mbid is None:
        reason = "a person says that it is no song"
        return Decision(None, Confidence.NONE, 0.0, reason, evidence, found.rejected)
    recorded = recordings.get(override.recording_mbid)
    if recorded is None and found.recording is not None:
        recorded = (
            found.recording if found.recording.mbid == override.recording_mbid else None
        )
    recording = recorded or Recording(
        override.recording_mbid, override.title or "", override.artist or ""
    )
    recording = replace(
        recording,
        title=override.title or recording.title,
        artist=override.artist or recording.artist,
    )
    reason = "a person says so"
    return Decision(recording, Confidence.HIGH, 1.0, reason, evidence, found.rejected)


def save(file_results: FileResults, result: Matched) -> None:
    """Put on record what was heard and is to be asked; take up whom this leaves."""
    file = file_results.file
    if result.fresh:
        decode_cache.add_fingerprints(file_results[p02_hash.PHASE].audio, result.fresh)
    lookups.set_pending(file.id, Service.MUSICBRAINZ, result.asks, result.empty)
    files.set_assignment(file.id, result.assignment)
    if result.final:
        folder = os.path.dirname(file.path)
        folders.requeue_reassigned(file.id, folder, result.assignments)


def _counts(matched: Matched) -> dict[str, int]:
    counts: dict[str, int] = {}
    for match in matched.matches:
        band = match.passage.confidence.value.lower()
        counts[band] = counts.get(band, 0) + 1
    return counts


PHASE: Final = Phase(
    number=PhaseNumber.MATCH,
    name="match",
    title="Song matching",
    version=3,
    result_type=Matched,
    run=run,
    save=save,
    # The assignment has a column of its own, in `files`.
    checkpointed=lambda matched: Matched(matched.matches),
    counts=_counts,
)
