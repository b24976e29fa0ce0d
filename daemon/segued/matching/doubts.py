"""What keeps a recording that is heard from being sure; "" where nothing does."""

from collections.abc import Sequence
from typing import Final

from segued.matching.album import names_release
from segued.matching.candidates import ScoredCandidate
from segued.matching.evidence import PassageEvidence, Release
from segued.matching.scores import LENGTH_AGREES_FROM, NAMES_AGREE_FROM, has_same_names
from segued.matching.versions import from_title

__all__ = [
    "RIVAL_SCORE_GAP",
    "about_album",
    "about_edition",
    "about_id",
    "about_names",
    "about_rivals",
]

RIVAL_SCORE_GAP: Final = 0.10
"""A candidate whose score is so much lower is no rival to the best."""

RIVAL_NAMES_GAP: Final = 0.10
"""How much further the names of one recording must agree than another's."""


def about_names(metadata: float | None, *, named: bool) -> str:
    """Doubt it for what the file calls itself."""
    if metadata is None:
        return "no names in tags to hold against it"
    if metadata < NAMES_AGREE_FROM:
        return "the file has other names" if named else "its place is not sure"
    return ""


def about_id(
    passage: PassageEvidence,
    candidates: Sequence[ScoredCandidate],
    candidate: ScoredCandidate,
    *,
    expected: bool,
) -> str:
    """Doubt it for the recording that the tags name."""
    if passage.recording_mbid in (None, candidate.mbid):
        return ""
    if any(each.mbid == passage.recording_mbid for each in candidates):
        return "the tags name another recording that sounds like it"
    return "" if expected else "the tags name a recording that does not sound like it"


def about_album(
    passage: PassageEvidence,
    release: Release | None,
    candidate: ScoredCandidate,
    *,
    expected: bool,
) -> str:
    """Doubt it for not being on the album that the tags name."""
    if release is None or expected or candidate.on_release:
        return ""
    return "it is not on the folder's album" if names_release(passage, release) else ""


def about_rivals(
    passage: PassageEvidence,
    candidate: ScoredCandidate,
    candidates: Sequence[ScoredCandidate],
) -> str:
    """Doubt it for others that it may be as well."""
    rivals = sum(
        other is not candidate and _is_rival(passage, candidate, other)
        for other in candidates
    )
    return f"{rivals} more may be it as well" if rivals else ""


def about_edition(
    passage: PassageEvidence,
    release: Release | None,
    candidate: ScoredCandidate,
    candidates: Sequence[ScoredCandidate],
) -> str:
    """Ask whether another edition of the album has the song as another recording."""
    if not (release and candidate.on_release) or passage.release_mbid == release.mbid:
        return ""
    others = (
        each
        for each in candidates
        if each is not candidate
        and not each.on_release
        and release.group_mbid in each.acoustid.release_groups
        and _may_have_names(candidate.recording.title, candidate.recording.artist, each)
    )
    if any(_is_rival(passage, candidate, each) for each in others):
        return "another edition of the album has another recording of it"
    return ""


def _is_rival(
    passage: PassageEvidence, candidate: ScoredCandidate, other: ScoredCandidate
) -> bool:
    """Say whether nothing but sources tells another recording from this one.

    Sources say which recording is the likelier one, never that it is this. Nor
    does a title that is silent on versions: many a file of a live recording is
    called like the studio's.
    """
    if other.acoustid.score < candidate.acoustid.score - RIVAL_SCORE_GAP:
        return False
    its, others = candidate.agreement.duration, other.agreement.duration
    if its == 1 and others is not None and others < LENGTH_AGREES_FROM:
        return False
    if other.agreement.metadata is None:
        return True
    apart = (candidate.agreement.metadata or 0) - other.agreement.metadata
    if apart >= RIVAL_NAMES_GAP:
        silent = not from_title(passage.title or "").words
        return silent and has_same_names(
            passage.title or "", passage.artist, other.recording
        )
    return True


def _may_have_names(title: str, artist: str, other: ScoredCandidate) -> bool:
    """Say whether another recording has these names, or none that are known."""
    return not other.recording.title or has_same_names(title, artist, other.recording)
