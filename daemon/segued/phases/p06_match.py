"""Phase 6, song matching: the recording of each passage, with a confidence.

A wrong name is worse than none, so every decision is stored with its evidence, the
rejected candidates and its reason. The answers of AcoustID and MusicBrainz are read
from the library and never waited for: with a question unanswered, the phase ends
deferred, with the best match without the answer.

Phases 7 to 9 use the passages of this phase, not those of phase 4: matching can
merge or split what phase 4 segmented.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from segued.matching.album import FITTING_MIN
from segued.matching.confidence import Decision, decide
from segued.matching.evidence import PassageEvidence, Recording
from segued.matching.videos import cap_video, videos_among, without_videos
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
    without_known_prints,
)
from segued.phases.album.places import look_up_places, reads_of_places
from segued.phases.album.recording_lookup import look_up_recordings, mbids_to_look_up
from segued.phases.album.release_lookup import ReleaseLookup
from segued.phases.album.siblings import mark_of, names_of
from segued.phases.album.side_split import SplitResult, split_side, unsplit
from segued.phases.base import Deferred, FileResults, Phase, PhaseContext, Read
from segued.store import (
    decode_cache,
    files,
    folder_requeue,
    lookups,
    merged_ids,
    overrides,
)
from segued.store.folders import folders_with_copies
from segued.store.lookups import LookupQuestion
from segued.store.overrides import PassageOverride

__all__ = ["PHASE", "Match", "Matched"]


@dataclass(frozen=True, slots=True)
class Matched:
    """The passages of a file, in order.

    Attributes:
        matches: The passages, without the fingerprints that phase 5 has stored.
        assignment: The release of the file's folder and the tracks of the file, as
            text; empty if the folder matches no release.
        assignments: The same for each file of the folder, as far as known.
        asks: Questions that MusicBrainz has not answered yet.
        empty: Keys of questions without a result.
        final: Whether `assignments` holds for the whole folder, with nothing pending.
        fresh: New fingerprints, computed for passages that were split differently.
        piece_asks: Questions to AcoustID about the pieces of a side.
    """

    matches: tuple[Match, ...]
    assignment: str = ""
    assignments: Mapping[FileId, str] = field(default_factory=dict)
    asks: tuple[LookupQuestion, ...] = ()
    empty: tuple[str, ...] = ()
    final: bool = False
    fresh: tuple[Fingerprint, ...] = ()
    piece_asks: tuple[LookupQuestion, ...] = ()


async def run(
    context: PhaseContext, file_results: FileResults
) -> Matched | Deferred[Matched]:
    """Match each passage with a recording, by the evidence known so far.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileUnreadableError: Reading the passages of a side failed.
    """
    places = await look_up_places(context, file_results)
    lookup = places.lookup
    split = unsplit(file_results, places.evidence.own, lookup)
    if places.is_ready and not lookup.questions:
        split = await split_side(context, file_results, split)
    decisions, recording_lookup = await _decide_passages(context, file_results, split)
    if lookup.questions or not places.is_ready:
        # Answers of the services may settle it without a person.
        decisions = [replace(each, question=None) for each in decisions]
    questions = lookup.questions
    if places.is_ready:
        questions += recording_lookup.questions
    # The pieces are asked about when nothing else is open: then they are the last ones.
    piece_asks = () if questions else split.asks
    is_final = places.is_ready and not (questions or piece_asks)
    matches = _build_matches(file_results, split, decisions)
    marked = file_results[p03_tags.PHASE].marks
    if is_final and places.all_answered and not (split.reasons or marked):
        # Only now: a passage that was not looked up is not an unknown one. Passages
        # that a CUE sheet or chapters mark are right without a song.
        matches = merge_unknown(matches)
    assignments = places.assignments(file_results.file.id)
    known = file_results[p05_fingerprint.PHASE].prints
    result = Matched(
        matches=tuple(without_known_prints(matches, known)),
        assignment=assignments.get(file_results.file.id, ""),
        assignments=assignments,
        asks=questions,
        empty=(*lookup.not_found, *recording_lookup.not_found),
        final=is_final and places.is_album,
        fresh=split.fresh,
        piece_asks=piece_asks,
    )
    if questions:
        return Deferred(result, Need.MUSICBRAINZ, "MusicBrainz has not answered yet")
    if piece_asks:
        reason = "AcoustID has not answered for the pieces yet"
        return Deferred(result, Need.ACOUSTID, reason)
    if not places.is_complete:
        return Deferred(result, Need.FOLDER, "other files of the folder are pending")
    return result


def _build_matches(
    file_results: FileResults, split: SplitResult, decisions: Sequence[Decision]
) -> list[Match]:
    tags_read, alone = file_results[p03_tags.PHASE], len(split.spans) == 1
    reasons = split.reasons or ("",) * len(split.spans)
    return [
        build_match(
            PassageFindings(
                span,
                fingerprint,
                passage,
                decision,
                names_of(tags_read, mark_of(tags_read, span), alone=alone),
                names_of(tags_read.shown, mark_of(tags_read, span), alone=alone),
                reason,
            ),
            split.lookup,
        )
        for span, fingerprint, passage, decision, reason in zip(
            split.spans, split.prints, split.passages, decisions, reasons, strict=True
        )
    ]


async def _decide_passages(
    context: PhaseContext, file_results: FileResults, split: SplitResult
) -> tuple[list[Decision], ReleaseLookup]:
    """Decide about each passage of a file.

    Returns:
        The decisions in order, and the lookup of the recordings that matter and that
        the release does not describe.
    """
    passage_overrides = await _overrides_by_passage(context, file_results, split.spans)
    decided = [
        override.recording_mbid
        for override in passage_overrides
        if override is not None and override.recording_mbid is not None
    ]
    current = {}
    if decided:
        current = await context.store.do(merged_ids.current_ids, decided)
    mbids = _known_mbids(split.passages)
    mbids += [current.get(mbid, mbid) for mbid in decided]
    recordings, _ = await look_up_recordings(context, mbids)
    album_match = split.lookup.album_match
    release = album_match.release if album_match else None
    is_album = album_match is not None and (
        len(album_match.tracks) >= FITTING_MIN
        or any(passage.release_chosen for passage in split.passages)
    )
    videos = videos_among(release, recordings)
    decisions: list[Decision] = []
    off_release: list[str] = []
    for passage, override in zip(split.passages, passage_overrides, strict=True):
        track = album_match.tracks.get(passage.key) if album_match else None
        decision = decide(
            without_videos(passage, track, videos),
            track=track,
            release=release,
            recordings=recordings,
            is_album=is_album,
        )
        decision = cap_video(decision, passage, videos)
        if override is not None:
            decision = _apply_override(override, current, decision, recordings)
        decisions.append(decision)
        off_release += mbids_to_look_up(
            passage, decision, track, release, is_decided=override is not None
        )
    if split.lookup.questions:
        return decisions, ReleaseLookup()
    _, recording_lookup = await look_up_recordings(context, off_release)
    return decisions, recording_lookup


async def _overrides_by_passage(
    context: PhaseContext, file_results: FileResults, spans: Sequence[Span]
) -> list[PassageOverride | None]:
    """Return a person's override of each passage; None where there is none.

    That a person leaves a match as it is changes nothing here.
    """
    stored = await file_results.read(
        context.store, overrides.overrides_for, file_results.file.id
    )
    changing = [each for each in stored if not each.keeps_match]
    return [
        next((each for each in changing if each.applies_to(span.start)), None)
        for span in spans
    ]


def _known_mbids(passages: Sequence[PassageEvidence]) -> list[str]:
    """Return the ids of all recordings that the passages may be."""
    mbids: list[str | None] = [
        candidate.recording_mbid
        for passage in passages
        for candidate in passage.candidates
    ]
    mbids += [passage.recording_mbid for passage in passages]
    return [mbid for mbid in mbids if mbid]


def _apply_override(
    override: PassageOverride,
    current: Mapping[str, str],
    found: Decision,
    recordings: Mapping[str, Recording],
) -> Decision:
    """Return a person's decision; its evidence includes the automatic decision."""
    evidence = found.evidence | {"without it": f"{found.confidence}: {found.reason}"}
    if override.recording_mbid is None:
        reason = "a person says that it is no song"
        return replace(
            found,
            recording=None,
            confidence=Confidence.NONE,
            score=0.0,
            reason=reason,
            evidence=evidence,
        )
    mbid = current.get(override.recording_mbid, override.recording_mbid)
    if mbid != override.recording_mbid:
        merged = f"MusicBrainz has merged {override.recording_mbid} into {mbid}"
        evidence |= {"merged": merged}
    recording = recordings.get(mbid)
    if recording is None and found.recording and found.recording.mbid == mbid:
        recording = found.recording
    if recording is None:
        recording = Recording(mbid, "", "")
    recording = replace(
        recording,
        title=override.title or recording.title,
        artist=override.artist or recording.artist,
    )
    return replace(
        found,
        recording=recording,
        confidence=Confidence.HIGH,
        score=1.0,
        reason="a person says so",
        evidence=evidence,
    )


def _reads(file_results: FileResults) -> tuple[Read, ...]:
    file = file_results.file.id
    return (*reads_of_places(file_results), (overrides.overrides_for, (file,)))


def save(file_results: FileResults, result: Matched) -> None:
    """Store new fingerprints and open questions; requeue files whose track changed."""
    file = file_results.file
    if result.fresh:
        decode_cache.add_fingerprints(file_results[p02_hash.PHASE].audio, result.fresh)
    lookups.set_pending(file.id, Service.MUSICBRAINZ, result.asks, result.empty)
    lookups.add_pending(file.id, Service.ACOUSTID, result.piece_asks)
    files.set_assignment(file.id, result.assignment)
    if result.final:
        for folder in (os.path.dirname(file.path), *folders_with_copies(file.id)):
            folder_requeue.requeue_reassigned(file.id, folder, result.assignments)


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
    version=7,
    result_type=Matched,
    run=run,
    reads=_reads,
    save=save,
    decides_later=True,
    # The assignment has a column of its own, in `files`.
    checkpointed=lambda matched: Matched(matched.matches),
    counts=_counts,
)
