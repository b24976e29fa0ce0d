"""The order of the candidates of a passage: the most likely one first."""

from collections.abc import Sequence
from typing import Final

from segued.matching.candidates import ScoredCandidate
from segued.matching.doubts import RIVAL_SCORE_GAP
from segued.matching.evidence import PassageEvidence, Release, Track
from segued.matching.normalize import spelled_alike
from segued.matching.own_evidence import is_contradicted, is_named_by_all
from segued.matching.scores import NAMES_AGREE_FROM

__all__ = ["preference_key"]

SAME_NAMES_FROM: Final = 0.94
"""Agreement of names, 0 to 1, that a same title has if one credit is in the other."""


def preference_key(
    passage: PassageEvidence,
    track: Track | None,
    release: Release | None,
    candidate: ScoredCandidate,
    candidates: Sequence[ScoredCandidate],
) -> tuple[bool, bool, bool, float, bool, bool, int, int, float, str]:
    """Return the sort key of a candidate; the most likely one sorts first.

    The recording that the file's id and names name comes first, then the album's
    track unless the file's names contradict it, then the recording named in the tags
    unless its names contradict the file's.
    """
    metadata = candidate.agreement.metadata
    best = max(other.acoustid.score for other in candidates)
    may_agree = metadata is None or metadata >= NAMES_AGREE_FROM
    is_track = track is not None and candidate.mbid == track.recording.mbid
    return (
        not (
            is_named_by_all(passage, release, candidate)
            or (is_track and not is_contradicted(passage, candidate, candidates))
        ),
        candidate.mbid != passage.recording_mbid or not may_agree,
        candidate.acoustid.score < best - RIVAL_SCORE_GAP,
        -_names_rank(passage, candidate),
        not candidate.on_release,
        candidate.agreement.duration == 0,
        -candidate.acoustid.sources,
        -len(candidate.acoustid.release_groups),
        -(candidate.agreement.duration or 0.0),
        candidate.mbid,
    )


def _names_rank(passage: PassageEvidence, candidate: ScoredCandidate) -> float:
    """Return how well names agree, 0 to 1, for the choice among candidates.

    A credit that names fewer artists is no worse: MusicBrainz has rare entries of many
    songs for each form of a credit.
    """
    metadata = candidate.agreement.metadata or 0.0
    is_same_title = spelled_alike(passage.title or "", candidate.recording.title)
    return 1.0 if is_same_title and metadata >= SAME_NAMES_FROM else round(metadata, 1)
