"""Replacing ids that MusicBrainz has merged, in the evidence of passages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from segued.clients.acoustid import merge_candidates
from segued.matching.evidence import Candidate, PassageEvidence
from segued.phases.base import PhaseContext
from segued.store import merged_ids

__all__ = ["with_current_ids"]


async def with_current_ids(
    context: PhaseContext, passages: Sequence[PassageEvidence]
) -> tuple[PassageEvidence, ...]:
    """Return passages with the current ids of merged recordings and releases."""
    every = {mbid for passage in passages for mbid in _ids_of(passage)}
    current = await context.store.do(merged_ids.current_ids, every) if every else {}
    if not current:
        return tuple(passages)
    return tuple(_with_current_ids(passage, current) for passage in passages)


def _ids_of(passage: PassageEvidence) -> Iterable[str]:
    """Return the ids of recordings and of the release that a passage names."""
    mbids = [each.recording_mbid for each in passage.candidates]
    tagged = (passage.recording_mbid, passage.release_mbid)
    return [*mbids, *(mbid.lower() for mbid in tagged if mbid)]


def _with_current_ids(
    passage: PassageEvidence, current: Mapping[str, str]
) -> PassageEvidence:
    old_ids = dict.fromkeys(mbid for mbid in _ids_of(passage) if mbid in current)
    if not old_ids:
        return passage
    return replace(
        passage,
        recording_mbid=_current_id(passage.recording_mbid, current),
        release_mbid=_current_id(passage.release_mbid, current),
        candidates=_current_candidates(passage.candidates, current),
        merged=tuple((old, current[old]) for old in old_ids),
    )


def _current_id(mbid: str | None, current: Mapping[str, str]) -> str | None:
    return None if mbid is None else current.get(mbid.lower(), mbid)


def _current_candidates(
    candidates: Sequence[Candidate], current: Mapping[str, str]
) -> tuple[Candidate, ...]:
    """Return candidates by current ids, the best score first, each recording once."""
    found: dict[str, Candidate] = {}
    for candidate in candidates:
        mbid = current.get(candidate.recording_mbid, candidate.recording_mbid)
        new = replace(candidate, recording_mbid=mbid)
        old = found.get(mbid)
        found[mbid] = new if old is None else merge_candidates(old, new)
    ranked = sorted(found.values(), key=lambda each: (-each.score, -each.sources))
    return tuple(ranked)
