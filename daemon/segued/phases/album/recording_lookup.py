"""Looking up recordings at MusicBrainz."""

from collections.abc import Iterable
from typing import Final

from segued.clients.musicbrainz import NOT_IN_SEARCH
from segued.matching.confidence import Decision
from segued.matching.evidence import PassageEvidence, Recording, Release, Track
from segued.matching.scores import FINGERPRINT_FROM
from segued.phases.album.release_lookup import ReleaseLookup
from segued.phases.album.stored_answers import (
    keys_of,
    parse_stored_recording,
    read_answers,
)
from segued.phases.base import PhaseContext
from segued.store.lookup_keys import LookupKey, LookupKind

__all__ = ["look_up_recordings", "mbids_to_look_up"]

HEARD_MAX: Final = 3
"""At most so many recordings that sound alike are looked up for a passage."""


async def look_up_recordings(
    context: PhaseContext, mbids: Iterable[str]
) -> tuple[dict[str, Recording], ReleaseLookup]:
    """Return the recordings that MusicBrainz has described, and open questions.

    Those that a search by their ids does not find are looked up one by one: their ids
    may be merged into others, or be too new for the search index.
    """
    keys = keys_of(LookupKind.RECORDING, mbids)
    if not keys:
        return {}, ReleaseLookup()
    answers = await read_answers(context, keys)
    found = {}
    for key, raw in answers.by_key.items():
        if raw and (recording := parse_stored_recording(raw)) is not None:
            found[LookupKey.parse(key).argument] = recording
    # An empty answer is one of an older version: it is sent again when it expires.
    not_searchable = [
        LookupKey.parse(key).argument
        for key in keys
        if answers.by_key.get(key) == NOT_IN_SEARCH
    ]
    single_keys = keys_of(LookupKind.RECORDING_BY_ID, not_searchable)
    by_id = await read_answers(context, single_keys)
    for key, raw in by_id.by_key.items():
        if raw and (recording := parse_stored_recording(raw)) is not None:
            found[LookupKey.parse(key).argument] = recording
    return found, ReleaseLookup(
        questions=answers.questions(keys) + by_id.questions(single_keys),
        not_found=answers.not_found(keys) + by_id.not_found(single_keys),
        problems=answers.problem_texts() + by_id.problem_texts(),
    )


def mbids_to_look_up(
    passage: PassageEvidence,
    decision: Decision,
    track: Track | None,
    release: Release | None,
    *,
    is_decided: bool,
) -> list[str]:
    """Return the recordings whose descriptions may change the match of a passage.

    That it is matched to; and where the evidence disagrees, those that it names: their
    ids may be merged, and be the same.

    Args:
        passage: The passage.
        decision: Its match.
        track: Its track on `release`, if any.
        release: The release of its folder, if any.
        is_decided: Whether a person has decided it; the evidence does not count.
    """
    if decision.recording is None:
        return []
    chosen = decision.recording.mbid
    mbids = [] if track is not None and chosen == track.recording.mbid else [chosen]
    if is_decided:
        return mbids
    heard = [
        each.recording_mbid
        for each in passage.candidates
        if each.score >= FINGERPRINT_FROM
    ]
    on_release = {each.recording.mbid for each in release.tracks} if release else set()
    disagreeing = [] if chosen in heard else heard[:HEARD_MAX]
    if passage.recording_mbid not in (None, chosen):
        disagreeing.append(passage.recording_mbid)
    return mbids + [mbid for mbid in disagreeing if mbid not in on_release]
