"""The folders that a song is in: its own, and those that hold a copy of its file.

A copy in a folder of favorites must not take a song away from its album, whichever
was found first. So the song is weighed with the songs of each of these folders.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace

from segued.model import FileId, Service
from segued.phases import p05_fingerprint
from segued.phases.album.folder_releases import FolderReleases, look_up_folder
from segued.phases.album.release_lookup import (
    ReleaseLookup,
    prefetch_named_releases,
)
from segued.phases.album.siblings import (
    FolderEvidence,
    gather_folder_evidence,
    read_folder,
)
from segued.phases.base import FileResults, PhaseContext, Read
from segued.store import folders

__all__ = ["Places", "look_up_places", "reads_of_places"]


@dataclass(frozen=True, slots=True)
class _SongFolder:
    """A folder with the song.

    Attributes:
        evidence: The evidence for the passages of the folder.
        releases: The lookups of the folder's releases.
        is_ready: Whether the evidence is complete enough to look up the release.
    """

    evidence: FolderEvidence
    releases: FolderReleases
    is_ready: bool

    @property
    def lookup(self) -> ReleaseLookup:
        """The lookup that the song belongs to in this folder."""
        return self.releases.lookup_of(self.evidence.own)

    def count_tracks(self) -> tuple[int, int]:
        """Return how many passages of the file are tracks, and of the whole folder."""
        match = self.lookup.album_match
        if match is None:
            return 0, 0
        own = sum(each.key in match.tracks for each in self.evidence.own)
        return own, len(match.tracks) if own else 0


@dataclass(frozen=True, slots=True)
class Places:
    """The folders with a song, its own first.

    Attributes:
        all_answered: Whether AcoustID has answered for all fingerprints of the file.
    """

    every: tuple[_SongFolder, ...]
    all_answered: bool

    @property
    def _best(self) -> _SongFolder:
        """The folder in which the song is a track of the most complete album."""
        return max(self.every, key=_SongFolder.count_tracks)

    @property
    def evidence(self) -> FolderEvidence:
        """The evidence of the folder that tells most about the song."""
        return self._best.evidence

    @property
    def lookup(self) -> ReleaseLookup:
        """The lookup of that folder, with the open questions of all."""
        lookups = [place.lookup for place in self.every]
        questions = (question for each in lookups for question in each.questions)
        return replace(
            self._best.lookup,
            questions=tuple({each.key: each for each in questions}.values()),
            not_found=_union(each.not_found for each in lookups),
            problems=_union(each.problems for each in lookups),
        )

    @property
    def is_ready(self) -> bool:
        """Whether the releases of all folders could be looked up."""
        return all(place.is_ready for place in self.every)

    @property
    def is_complete(self) -> bool:
        """Whether no further evidence is expected from other files."""
        return all(place.evidence.is_complete for place in self.every)

    @property
    def is_album(self) -> bool:
        """Whether the song is matched together with other files."""
        return any(place.evidence.is_album for place in self.every)

    def assignments(self, file: FileId) -> dict[FileId, str]:
        """Return the assignment of each song of the folders, and that of the file."""
        found: dict[FileId, str] = {}
        for place in self.every:
            found |= place.releases.assignments()
        return found | {file: self._best.releases.assignments().get(file, "")}


async def look_up_places(context: PhaseContext, file_results: FileResults) -> Places:
    """Look up the releases of the folders that hold a file or a copy of it."""
    file = file_results.file
    own_folder = os.path.dirname(file.path)
    evidence = await gather_folder_evidence(context, file_results, own_folder)
    all_answered = _all_answered(file_results, evidence)
    every = [await _look_up_place(context, evidence, all_answered=all_answered)]
    copies = await file_results.read(
        context.store, folders.folders_with_copies, file.id
    )
    for folder in copies:
        evidence = await gather_folder_evidence(context, file_results, folder)
        if evidence.is_album:
            place = await _look_up_place(context, evidence, all_answered=all_answered)
            every.append(place)
    return Places(tuple(every), all_answered)


def reads_of_places(file_results: FileResults) -> tuple[Read, ...]:
    """Return what `look_up_places` certainly reads from the library."""
    file = file_results.file
    return (
        (read_folder, (os.path.dirname(file.path), file.id)),
        (folders.folders_with_copies, (file.id,)),
    )


def _all_answered(file_results: FileResults, evidence: FolderEvidence) -> bool:
    """Return whether AcoustID has answered for every fingerprint of the file."""
    fingerprints = file_results[p05_fingerprint.PHASE].prints
    return all(
        passage.acoustid_answered or not fingerprint.encoded
        for passage, fingerprint in zip(evidence.own, fingerprints, strict=True)
    )


async def _look_up_place(
    context: PhaseContext, evidence: FolderEvidence, *, all_answered: bool
) -> _SongFolder:
    """Look up the releases of a folder, or what can be prefetched for it."""
    if _is_ready(context, evidence, all_answered=all_answered):
        found = await look_up_folder(context, evidence.passages)
        return _SongFolder(evidence, found, is_ready=True)
    lookup = ReleaseLookup()
    if evidence.is_album and context.service_available(Service.MUSICBRAINZ):
        lookup = await prefetch_named_releases(
            context, evidence.passages, evidence.file_count
        )
    found = FolderReleases(((lookup, evidence.passages),))
    return _SongFolder(evidence, found, is_ready=False)


def _is_ready(
    context: PhaseContext, evidence: FolderEvidence, *, all_answered: bool
) -> bool:
    """Return whether the evidence is complete enough to look up the release."""
    if not evidence.is_complete:
        return False  # Other files of the folder are pending.
    if evidence.is_album:
        return True  # A complete folder has the answers for all its files.
    if all_answered:
        return True  # A file of an unsorted folder waits only for its own answers.
    return not context.service_available(Service.ACOUSTID)  # None will come.


def _union(texts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for each in texts for text in each))
