"""What keeps a recording that is heard from being sure; "" where nothing does."""

from collections.abc import Sequence
from typing import Final

from segued.matching.album import names_release
from segued.matching.candidates import Weighed
from segued.matching.evidence import Piece, Release
from segued.matching.scores import AGREED_FROM, LENGTH_AGREES, same_names
from segued.matching.versions import titled

__all__ = ["CLOSE", "of_album", "of_edition", "of_id", "of_names", "of_rivals"]

CLOSE: Final = 0.10
"""A candidate whose score is so much lower is no rival to the best."""

TOLD_APART: Final = 0.10
"""How much further the names of one recording must agree than another's."""


def of_names(metadata: float | None, *, named: bool) -> str:
    """Doubt it for what the file calls itself."""
    if metadata is None:
        return "no names in tags to hold against it"
    if metadata < AGREED_FROM:
        return "the file has other names" if named else "its place is not sure"
    return ""


def of_id(
    piece: Piece, weighed: Sequence[Weighed], it: Weighed, *, expected: bool
) -> str:
    """Doubt it for the recording that the tags name."""
    if piece.recording_mbid in (None, it.mbid):
        return ""
    if any(each.mbid == piece.recording_mbid for each in weighed):
        return "the tags name another recording that sounds like it"
    return "" if expected else "the tags name a recording that does not sound like it"


def of_album(
    piece: Piece, release: Release | None, it: Weighed, *, expected: bool
) -> str:
    """Doubt it for not being on the album that the tags name."""
    if release is None or expected or it.on_release:
        return ""
    return "it is not on the folder's album" if names_release(piece, release) else ""


def of_rivals(piece: Piece, it: Weighed, weighed: Sequence[Weighed]) -> str:
    """Doubt it for others that it may be as well."""
    rivals = sum(other is not it and _is_rival(piece, it, other) for other in weighed)
    return f"{rivals} more may be it as well" if rivals else ""


def of_edition(
    piece: Piece, release: Release | None, it: Weighed, weighed: Sequence[Weighed]
) -> str:
    """Ask whether another edition of the album has the song as another recording."""
    if not (release and it.on_release) or piece.release_mbid == release.mbid:
        return ""
    others = (
        each
        for each in weighed
        if each is not it
        and not each.on_release
        and release.group_mbid in each.candidate.release_groups
        and _may_be_called(it.recording.title, it.recording.artist, each)
    )
    if any(_is_rival(piece, it, each) for each in others):
        return "another edition of the album has another recording of it"
    return ""


def _is_rival(piece: Piece, it: Weighed, other: Weighed) -> bool:
    """Say whether nothing but sources tells another recording from this one.

    Sources say which recording is the likelier one, never that it is this. Nor
    does a title that is silent on versions: many a file of a live recording is
    called like the studio's.
    """
    if other.candidate.score < it.candidate.score - CLOSE:
        return False
    its, others = it.agreement.duration, other.agreement.duration
    if its == 1 and others is not None and others < LENGTH_AGREES:
        return False
    if other.agreement.metadata is None:
        return True
    apart = (it.agreement.metadata or 0) - other.agreement.metadata
    if apart >= TOLD_APART:
        silent = not titled(piece.title or "").words
        return silent and same_names(piece.title or "", piece.artist, other.recording)
    return True


def _may_be_called(title: str, artist: str, other: Weighed) -> bool:
    """Say whether another recording has these names, or none that are known."""
    return not other.recording.title or same_names(title, artist, other.recording)
