"""The releases of a folder, which may hold more than one.

Files for which a person chose a release are matched with that. The others are matched
as a whole first. What is left over is matched again, by the groups that its tags name:
a second album, a live disc, a bonus file. One group does not drag down another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from segued.matching.album import FITTING_MIN, group_by_album, names_release
from segued.matching.evidence import PassageEvidence
from segued.model import FileId
from segued.phases.album.release_lookup import (
    ReleaseLookup,
    assignments_by_file,
    look_up_chosen_release,
    look_up_release,
)
from segued.phases.base import PhaseContext
from segued.store.lookups import LookupQuestion

__all__ = ["FolderReleases", "look_up_folder"]

GROUPS_MAX: Final = 4
"""At most so many groups of one folder are looked up on their own."""


@dataclass(frozen=True, slots=True)
class FolderReleases:
    """The lookups of a folder's releases.

    That of the whole folder comes first; those that a person chose are the last.

    Attributes:
        lookups: Each with the passages that it is about.
    """

    lookups: tuple[tuple[ReleaseLookup, tuple[PassageEvidence, ...]], ...]

    @property
    def questions(self) -> tuple[LookupQuestion, ...]:
        """Questions that MusicBrainz has not answered yet, each once."""
        every = [each for lookup, _ in self.lookups for each in lookup.questions]
        return tuple({each.key: each for each in every}.values())

    @property
    def not_found(self) -> tuple[str, ...]:
        """Keys of questions without a result."""
        every = (key for lookup, _ in self.lookups for key in lookup.not_found)
        return tuple(dict.fromkeys(every))

    @property
    def problems(self) -> tuple[str, ...]:
        """Why answers cannot be used, each once."""
        every = (text for lookup, _ in self.lookups for text in lookup.problems)
        return tuple(dict.fromkeys(every))

    def lookup_of(self, own: Sequence[PassageEvidence]) -> ReleaseLookup:
        """Return the lookup that some passages of a file belong to.

        It is the one whose release has most of them, or else that of the whole folder,
        without its release if their tags name another one. Where a person chose a
        release, it is that.
        """
        keys = {each.key for each in own}
        best = max(
            (
                lookup
                for lookup, passages in self.lookups
                if not keys or any(each.key in keys for each in passages)
            ),
            key=lambda lookup: _count_matched(lookup, own),
        )
        found = replace(
            best,
            questions=self.questions,
            not_found=self.not_found,
            problems=self.problems,
        )
        match = best.album_match
        if match is None or _count_matched(best, own):
            return found
        is_other = all(
            each.album and not names_release(each, match.release) for each in own
        )
        return replace(found, album_match=None) if is_other else found

    def assignments(self) -> dict[FileId, str]:
        """Return the assignment of each file of the folder, as text."""
        found: dict[FileId, str] = {}
        for lookup, passages in self.lookups:
            for file, text in assignments_by_file(lookup, passages).items():
                found[file] = _better_assignment(found, file, text)
        return found


async def look_up_folder(
    context: PhaseContext, passages: Sequence[PassageEvidence]
) -> FolderReleases:
    """Look up the releases of a folder: those that a person chose, and of the rest."""
    chosen: dict[str, list[PassageEvidence]] = {}
    for each in passages:
        if each.release_chosen and each.release_mbid:
            chosen.setdefault(each.release_mbid, []).append(each)
    by_choice = [
        (await look_up_chosen_release(context, group, mbid), tuple(group))
        for mbid, group in chosen.items()
    ]
    others = [each for each in passages if not each.release_chosen]
    found = await _look_up_unchosen(context, others) if others or not chosen else ()
    return FolderReleases((*found, *by_choice))


async def _look_up_unchosen(
    context: PhaseContext, passages: Sequence[PassageEvidence]
) -> tuple[tuple[ReleaseLookup, tuple[PassageEvidence, ...]], ...]:
    """Look up the release of files, and those of the groups that are left over."""
    whole = await look_up_release(context, passages)
    found = [(whole, tuple(passages))]
    if whole.questions:
        return tuple(found)
    matched = _matched_keys(whole)
    rest = [each for each in passages if each.key not in matched]
    groups = [
        tuple(group)
        for group in group_by_album(rest)[:GROUPS_MAX]
        if len(group) < len(passages) and _is_worth_a_lookup(whole, group)
    ]
    found += [(await look_up_release(context, group), group) for group in groups]
    return tuple(found)


def _is_worth_a_lookup(whole: ReleaseLookup, group: Sequence[PassageEvidence]) -> bool:
    """Return whether a group may be of another release than the folder.

    A single song is not worth requests unless its tags name another album than that
    of the folder around it.
    """
    match = whole.album_match
    if match is None:
        return len(group) >= FITTING_MIN
    names_it = any(names_release(each, match.release) for each in group)
    return len(group) >= FITTING_MIN or not names_it


def _matched_keys(lookup: ReleaseLookup) -> frozenset[str]:
    return frozenset(lookup.album_match.tracks if lookup.album_match else ())


def _count_matched(lookup: ReleaseLookup, own: Sequence[PassageEvidence]) -> int:
    keys = _matched_keys(lookup)
    return sum(each.key in keys for each in own)


def _better_assignment(found: Mapping[FileId, str], file: FileId, text: str) -> str:
    """Return the assignment with a track: of the group if the folder's has none."""
    before = found.get(file, "")
    has_track = any(part != "-" for part in text.split()[1:])
    return text if has_track or not before else before
