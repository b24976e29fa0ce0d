"""What a file says of itself, against what its folder suggests."""

from collections.abc import Sequence

from segued.matching.album import names_release
from segued.matching.candidates import ScoredCandidate
from segued.matching.doubts import RIVAL_SCORE_GAP
from segued.matching.evidence import PassageEvidence, Recording, Release
from segued.matching.scores import (
    NAMES_AGREE_FROM,
    RecordingNames,
    duration_agreement,
    metadata_agreement,
)
from segued.matching.versions import from_note, from_title

__all__ = [
    "is_contradicted",
    "is_named_by_all",
    "is_named_without_fingerprint",
    "is_tagged_with",
    "names_agree",
    "names_another_version",
]


def is_named_by_all(
    passage: PassageEvidence, release: Release | None, candidate: ScoredCandidate
) -> bool:
    """Return whether a file's id, names and fingerprint all name a candidate.

    An id that is not on the release that the same tags name is doubtful.
    """
    agreement = candidate.agreement
    return (
        candidate.mbid == passage.recording_mbid
        and not is_tagged_with(passage, release)
        and (agreement.metadata or 0) >= NAMES_AGREE_FROM
        and agreement.duration != 0
    )


def is_tagged_with(passage: PassageEvidence, release: Release | None) -> bool:
    """Return whether a file's tags name a release: by id, or without one by title."""
    if release is None:
        return False
    if passage.release_mbid:
        return passage.release_mbid == release.mbid
    return names_release(passage, release)


def is_contradicted(
    passage: PassageEvidence,
    candidate: ScoredCandidate,
    candidates: Sequence[ScoredCandidate],
) -> bool:
    """Return whether the file's names contradict a candidate and name another one.

    What a file says of itself takes precedence over what its folder is.
    """
    if not passage.title or names_agree(candidate):
        return False
    return any(
        names_agree(other)
        and other.agreement.duration != 0
        and other.acoustid.score >= candidate.acoustid.score - RIVAL_SCORE_GAP
        for other in candidates
    )


def names_agree(candidate: ScoredCandidate) -> bool:
    """Return whether the names of a file and a candidate agree, in the same version."""
    return (candidate.agreement.metadata or 0) >= NAMES_AGREE_FROM


def names_another_version(passage: PassageEvidence, candidate: ScoredCandidate) -> bool:
    """Return whether a file's title names a version that a candidate is not.

    Not whether it lacks a word of the candidate's: titles of files often do.
    """
    recording = candidate.recording
    own = from_title(passage.title or "")
    its = from_title(recording.title) | from_note(recording.note or "")
    return bool(own.words - its.words) or own.contradicts(its)


def is_named_without_fingerprint(
    passage: PassageEvidence, recording: Recording
) -> bool:
    """Return whether id, names and length of a file all name a recording."""
    names = RecordingNames(recording.title, recording.artist, recording.note)
    return (
        passage.tagged
        and (metadata_agreement(passage, names) or 0) >= NAMES_AGREE_FROM
        and (duration_agreement(passage.seconds, recording.seconds) or 0) > 0
    )
