"""The evidence of all files of a folder, for matching one of them.

An album is recognized by all of its songs. So each file is matched with the stored
tags and fingerprints of the others, in whatever order they are imported; a file
that changes the result requeues the others.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, TypeAlias

import msgspec

from segued.matching.evidence import PassageEvidence
from segued.model import (
    FileId,
    Fingerprint,
    PassageMark,
    Service,
    Span,
    Tags,
)
from segued.phases import p03_tags, p05_fingerprint
from segued.phases.album.chosen_releases import with_chosen_releases
from segued.phases.album.current_ids import with_current_ids
from segued.phases.album.imported_ids import with_imported_ids
from segued.phases.base import FileResults, PhaseContext
from segued.store import (
    codec,
    decode_cache,
    folders,
    imported_facts,
    lookup_failures,
    lookups,
    release_choices,
)
from segued.store.imported_facts import FileIds
from segued.units import Seconds, ticks_to_seconds

__all__ = [
    "FolderEvidence",
    "evidence_of_tags",
    "gather_folder_evidence",
    "mark_of",
    "names_of",
    "read_folder",
]

INLINE_MAX: Final = 64 * 1024
"""So many characters of JSON are decoded on the event loop, in some tenths of a
millisecond: a thread costs as much. The fingerprints of 200 files are a megabyte."""


INLINE_PASSAGES_MAX: Final = 40
"""The evidence for so many passages is gathered on the event loop as well."""


@dataclass(frozen=True, slots=True)
class FolderEvidence:
    """The evidence for the passages of a folder.

    Attributes:
        passages: All passages, in the order of file names.
        own: The passages of the file itself, in order.
        is_complete: Whether no further evidence is expected from the other files.
        is_album: Whether the files are matched together. If not, the folder is an
            unsorted one, and each file is matched alone.
        file_count: The number of files that are matched together; 0 if unsorted.
    """

    passages: tuple[PassageEvidence, ...]
    own: tuple[PassageEvidence, ...]
    is_complete: bool
    is_album: bool
    file_count: int


async def gather_folder_evidence(
    context: PhaseContext, file_results: FileResults, folder: bytes
) -> FolderEvidence:
    """Return the evidence for the passages of a file and of a folder that holds it.

    Args:
        context: The library and the services.
        file_results: The file's results so far.
        folder: Its folder, or one with a copy of it.
    """
    acoustid_available = context.service_available(Service.ACOUSTID)
    known = await file_results.read(
        context.store, read_folder, folder, file_results.file.id
    )
    named = file_results[p03_tags.PHASE].tags.release_mbid
    if not known.siblings and named:
        known = await context.store.do(
            _read_release, folder, named, file_results.file.id
        )
    siblings = known.siblings
    # Without services, waiting for other files has no use: those that are imported
    # later requeue this one if they change the result.
    alone = not siblings or not (
        acoustid_available or context.service_available(Service.MUSICBRAINZ)
    )
    is_complete = alone or await context.store.do(
        folders.is_complete, folder, acoustid_available=acoustid_available
    )
    own_results = (
        file_results[p03_tags.PHASE],
        file_results[p05_fingerprint.PHASE].prints,
    )
    by_file = await _decode_siblings(siblings)
    # Its own results may be newer than the stored ones; an unsorted folder has none.
    by_file[file_results.file.id] = own_results
    prints = [each for _, own_prints in by_file.values() for each in own_prints]
    keys = [q.key for each in prints for q in p05_fingerprint.questions_of(each)]
    acoustid = await context.store.do(_read_answers, keys) if keys else NO_ANSWERS
    if len(prints) > INLINE_PASSAGES_MAX:
        passages = await asyncio.to_thread(_evidence_of_folder, by_file, acoustid)
    else:
        passages = _evidence_of_folder(by_file, acoustid)
    passages = with_imported_ids(passages, known.imported_ids)
    passages = with_chosen_releases(passages, known.chosen_releases)
    passages = await with_current_ids(context, passages)
    own = tuple(each for each in passages if each.key.startswith(file_results.file.id))
    return FolderEvidence(
        passages,
        own,
        is_complete,
        is_album=bool(siblings),
        file_count=len(siblings),
    )


@dataclass(frozen=True, slots=True)
class _AcoustIdAnswers:
    """AcoustID's answers for the fingerprints of a folder.

    Attributes:
        by_key: The answers by the keys of the questions; None for those without a
            usable answer.
        problems: Why an answer cannot be used, by key.
    """

    by_key: Mapping[str, bytes | None]
    problems: Mapping[str, str]

    def problem_of(self, fingerprint: Fingerprint) -> str:
        """Return why an answer for a fingerprint cannot be used; empty if all can."""
        keys = (question.key for question in p05_fingerprint.questions_of(fingerprint))
        return next((self.problems[key] for key in keys if key in self.problems), "")


NO_ANSWERS: Final = _AcoustIdAnswers({}, {})


def _read_answers(keys: Collection[str]) -> _AcoustIdAnswers:
    """Return what AcoustID says about the fingerprints of a folder."""
    put_off = lookup_failures.put_off(Service.ACOUSTID, keys)
    answers = lookups.cached_answers(Service.ACOUSTID, keys)
    return _AcoustIdAnswers(dict.fromkeys(put_off) | answers, put_off)


@dataclass(frozen=True, slots=True)
class _StoredFolder:
    """What is stored about a folder.

    Attributes:
        siblings: Its files; empty if they are matched one by one.
        imported_ids: What other programs say about them, and about the file itself.
        chosen_releases: What persons say.
    """

    siblings: Sequence[folders.FolderFile]
    imported_ids: Mapping[FileId, dict[str, FileIds]]
    chosen_releases: Mapping[FileId, str]


def read_folder(folder: bytes, file: FileId) -> _StoredFolder:
    """Return what is stored about a folder that holds a file or a copy of it."""
    return _with_facts(folders.files_in(folder, folders.FILES_MAX), file)


def _read_release(folder: bytes, release_mbid: str, file: FileId) -> _StoredFolder:
    """Return the same for the files whose tags name a release."""
    siblings = folders.files_of_release(folder, release_mbid, folders.RELEASE_FILES_MAX)
    return _with_facts(siblings, file)


def _with_facts(siblings: Sequence[folders.FolderFile], file: FileId) -> _StoredFolder:
    ids = [file, *(each.file for each in siblings if each.file != file)]
    return _StoredFolder(
        siblings, imported_facts.ids_of(ids), release_choices.chosen_for(ids)
    )


TagsAndFingerprints: TypeAlias = dict[
    FileId, tuple[p03_tags.TagsRead, tuple[Fingerprint, ...]]
]


async def _decode_siblings(
    siblings: Sequence[folders.FolderFile],
) -> TagsAndFingerprints:
    def decode() -> TagsAndFingerprints:
        return {
            sibling.file: read
            for sibling in siblings
            if (read := _decode_sibling(sibling)) is not None
        }

    if sum(len(each.fingerprint_payload or "") for each in siblings) < INLINE_MAX:
        return decode()
    return await asyncio.to_thread(decode)


def _evidence_of_folder(
    by_file: TagsAndFingerprints, answers: _AcoustIdAnswers
) -> tuple[PassageEvidence, ...]:
    passages: list[PassageEvidence] = []
    for file, (tags_read, fingerprints) in by_file.items():
        passages += _evidence_of_file(
            file, tags_read, fingerprints, answers, order=len(passages)
        )
    return tuple(passages)


@lru_cache(maxsize=256)  # each file of an album is matched with all others
def _decode_tags(payload: str) -> p03_tags.TagsRead:
    return codec.decode(payload, p03_tags.TagsRead)


def _decode_sibling(
    sibling: folders.FolderFile,
) -> tuple[p03_tags.TagsRead, tuple[Fingerprint, ...]] | None:
    if sibling.tags_payload is None or sibling.fingerprint_payload is None:
        return None
    try:
        tags_read = _decode_tags(sibling.tags_payload)
        payload = decode_cache.with_fingerprints(
            sibling.fingerprint_payload, sibling.stored_fingerprints
        )
        if payload is None:
            return None
        fingerprinted = codec.decode(payload, p05_fingerprint.Fingerprinted)
    except msgspec.DecodeError:
        # Stored by an older version; its phase is about to run again.
        return None
    return tags_read, fingerprinted.prints


def _evidence_of_file(
    file: str,
    tags_read: p03_tags.TagsRead,
    fingerprints: Sequence[Fingerprint],
    answers: _AcoustIdAnswers,
    *,
    order: int,
) -> list[PassageEvidence]:
    alone = len(fingerprints) == 1
    passages = []
    for number, fingerprint in enumerate(fingerprints):
        candidates = p05_fingerprint.candidates_of(fingerprint, answers.by_key)
        passages.append(
            replace(
                evidence_of_tags(tags_read, fingerprint.span, alone=alone),
                key=f"{file}:{number}",
                order=order + number,
                acoustid_answered=candidates is not None,
                candidates=candidates or (),
                acoustid_problem=answers.problem_of(fingerprint),
            )
        )
    return passages


def evidence_of_tags(
    tags_read: p03_tags.TagsRead, span: Span, *, alone: bool
) -> PassageEvidence:
    """Return the evidence for a passage by its tags, marks and names.

    Args:
        tags_read: The result of phase 3.
        span: The passage.
        alone: Whether it is the only passage of the file.
    """
    mark, whole = mark_of(tags_read, span), tags_read.names
    names = _names_of(whole, tags_read, mark, alone=alone)
    return PassageEvidence(
        key="",
        order=0,
        seconds=Seconds(ticks_to_seconds(span.length)),
        title=names.title if alone or (mark and mark.title) else None,
        artist=names.artist,
        tagged=mark is not None or _has_own_names(tags_read.tags),
        album=names.album,
        album_artist=names.album_artist,
        track=whole.track if alone else None,
        disc=whole.disc if alone else None,
        recording_mbid=tags_read.tags.recording_mbid if alone else None,
        release_mbid=tags_read.tags.release_mbid,
        isrcs=tags_read.tags.isrcs if alone else (),
        # The alphabet is no order of tracks; that of the passages of a file is.
        in_order=not alone,
    )


def _has_own_names(tags: Tags) -> bool:
    return bool(tags.title and (tags.artist or tags.album_artist))


def mark_of(tags_read: p03_tags.TagsRead, span: Span) -> PassageMark | None:
    """Return the first mark of a CUE sheet or chapter list in a span, if any."""
    return next(
        (mark for mark in tags_read.marks if span.start <= mark.start < span.end), None
    )


def names_of(
    tags_read: p03_tags.TagsRead, mark: PassageMark | None, *, alone: bool
) -> Tags:
    """Return the names of a passage: from its mark, or from the file's tags.

    Args:
        tags_read: The result of phase 3.
        mark: The mark at which the passage starts, if any.
        alone: Whether it is the only passage of the file.
    """
    return _names_of(tags_read.names, tags_read, mark, alone=alone)


def _names_of(
    whole: Tags, tags_read: p03_tags.TagsRead, mark: PassageMark | None, *, alone: bool
) -> Tags:
    if alone and (mark is None or len(tags_read.marks) > 1):
        return whole  # marks that did not divide the file say nothing about it
    title = (mark.title or tags_read.tags.title) if mark else None
    artist = (mark.artist if mark else None) or whole.artist or whole.album_artist
    return Tags(
        title=title,
        artist=artist,
        album=whole.album,
        album_artist=whole.album_artist,
        release_mbid=whole.release_mbid,
    )
