"""Doubts about a fingerprint match, which keep its confidence below High.

Each function returns the text of one doubt, or "" if there is none.
"""

from collections.abc import Sequence
from typing import Final

from segued.matching.album import names_release
from segued.matching.candidates import ScoredCandidate
from segued.matching.evidence import PassageEvidence, Recording, Release
from segued.matching.normalize import comparison_key
from segued.matching.scores import (
    LENGTH_AGREES_FROM,
    NAMES_AGREE_FROM,
    artist_similarity,
    duration_agreement,
    has_same_names,
)
from segued.matching.versions import from_note, from_title

__all__ = [
    "RIVAL_SCORE_GAP",
    "about_album",
    "about_edition",
    "about_id",
    "about_length",
    "about_names",
    "about_rivals",
    "about_stronger_rival",
]

RIVAL_SCORE_GAP: Final = 0.10
"""A candidate whose AcoustID score is lower by more is no rival."""

MANY_TIMES: Final = 7
"""A recording with so many times the sources of another one beats it."""

MANY_ALBUMS: Final = 4
"""A recording on so many times the albums of another id is the song's usual one."""

RIVAL_NAMES_GAP: Final = 0.10
"""A candidate whose names agree less, by this much, is no rival."""


def about_names(passage: PassageEvidence, metadata: float | None) -> str:
    """Compare with the names in the tags, or else with the place on the album."""
    if metadata is not None:
        return "" if metadata >= NAMES_AGREE_FROM else "the tags have other names"
    if passage.tagged and passage.title:
        return "the recording has no names to compare with the tags"
    if passage.title:
        return "only the file's name has names to compare"
    return "the file has no names to compare"


def about_length(duration: float | None) -> str:
    """Compare the lengths; `duration` is their agreement, 0 to 1."""
    return "its length differs" if duration == 0 else ""


def about_id(
    passage: PassageEvidence,
    candidates: Sequence[ScoredCandidate],
    candidate: ScoredCandidate,
    *,
    expected: bool,
) -> str:
    """Compare with the recording that the tags, or another program, name."""
    if passage.recording_mbid in (None, candidate.mbid):
        return ""
    if any(each.mbid == passage.recording_mbid for each in candidates):
        return f"{passage.naming} another recording with this fingerprint"
    what = f"{passage.naming} a recording without this fingerprint"
    return "" if expected else what


def about_album(
    passage: PassageEvidence,
    release: Release | None,
    candidate: ScoredCandidate,
    *,
    expected: bool,
) -> str:
    """Look the recording up on the folder's album, if the tags name that album."""
    if release is None or expected or candidate.on_release:
        return ""
    return "it is not on the folder's album" if names_release(passage, release) else ""


def about_rivals(
    passage: PassageEvidence,
    candidate: ScoredCandidate,
    candidates: Sequence[ScoredCandidate],
) -> str:
    """Count the other candidates that match as well."""
    rivals = sum(
        other is not candidate and _is_rival(passage, candidate, other)
        for other in candidates
    )
    if rivals == 1:
        return "another recording matches as well"
    return f"{rivals} other recordings match as well" if rivals else ""


def about_stronger_rival(
    passage: PassageEvidence,
    candidate: ScoredCandidate,
    candidates: Sequence[ScoredCandidate],
) -> str:
    """Search for a candidate that beats the track of an album of one or two files."""
    beaten = any(
        other.acoustid.score >= candidate.acoustid.score
        and other.acoustid.sources >= MANY_TIMES * candidate.acoustid.sources
        and _is_rival(passage, candidate, other)
        for other in candidates
        if other is not candidate
    )
    return "another recording has far more sources" if beaten else ""


def about_edition(
    passage: PassageEvidence,
    release: Release | None,
    candidate: ScoredCandidate,
    candidates: Sequence[ScoredCandidate],
) -> str:
    """Search the candidates for another edition's recording of the same song."""
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
        return "another edition of the album has another recording of the song"
    return ""


def _is_rival(
    passage: PassageEvidence, candidate: ScoredCandidate, other: ScoredCandidate
) -> bool:
    """Return whether only the number of sources favors `candidate` over `other`.

    The number of sources makes a recording likelier, never certain. A title
    without version words does not decide either: many files of live recordings
    have the title of the studio recording. A recording without any name is none that
    MusicBrainz still has.
    """
    if not other.recording.title or _is_rare_duplicate(candidate, other):
        return False
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


def _is_rare_duplicate(candidate: ScoredCandidate, other: ScoredCandidate) -> bool:
    """Return whether another id of the same sound and names is on few albums.

    MusicBrainz has many famous songs several times; the recording that is on many
    albums is the usual one.
    """
    one, two = candidate.recording, other.recording
    albums, others = (len(each.acoustid.release_groups) for each in (candidate, other))
    return (
        albums >= MANY_ALBUMS * max(1, others)
        and comparison_key(one.title) == comparison_key(two.title)
        and artist_similarity(one.artist, two.artist) >= NAMES_AGREE_FROM
        and (from_title(one.title), from_note(one.note))
        == (from_title(two.title), from_note(two.note))
        and _may_be_as_long(one, two)
        and candidate.acoustid.score >= other.acoustid.score
    )


def _may_be_as_long(one: Recording, other: Recording) -> bool:
    """Return whether two recordings are equally long, or the length of one is unknown.

    An entry without a length was made from a list without times.
    """
    if one.seconds is None or other.seconds is None:
        return True
    return (duration_agreement(one.seconds, other.seconds) or 0) >= LENGTH_AGREES_FROM


def _may_have_names(title: str, artist: str, other: ScoredCandidate) -> bool:
    """Return whether another recording has these names, or no known ones."""
    return not other.recording.title or has_same_names(title, artist, other.recording)
