"""A file among the others of its folder: what they know together.

An album is recognised by all of its songs. So each of them is matched with
what is on record of the others, in whichever order they come; what a song
adds later takes the others up again.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

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
from segued.phases.base import FileResults, PhaseContext
from segued.store import codec, folders, lookups
from segued.units import Seconds, ticks_to_seconds

__all__ = ["FolderEvidence", "gather_folder_evidence", "mark_of", "names_of"]


@dataclass(frozen=True, slots=True)
class FolderEvidence:
    """What is known of a folder's passages.

    Attributes:
        pieces: All of them, in the order of file names.
        own: Those of the file itself, in order.
        is_complete: Whether nothing more is to come of the other files.
        is_album: Whether the files are weighed together, and not a heap.
        file_count: How many they are then.
    """

    pieces: tuple[PassageEvidence, ...]
    own: tuple[PassageEvidence, ...]
    is_complete: bool
    is_album: bool
    file_count: int


async def gather_folder_evidence(
    context: PhaseContext, file_results: FileResults
) -> FolderEvidence:
    """Return what is known of the passages of a file's folder."""
    folder = os.path.dirname(file_results.file.path)
    acoustid_available = context.service_available(Service.ACOUSTID)
    siblings = await context.store.do(folders.files_in, folder, folders.FILES_MAX)
    # Who asks nobody learns nothing by waiting: the files that come later take
    # these up again if they see more.
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
    # Two hundred files' fingerprints are a megabyte of JSON: not on the loop.
    by_file = await asyncio.to_thread(_decode_siblings, siblings)
    # Its own, as it is now and not as it was; and alone in a heap of songs.
    by_file[file_results.file.id] = own_results
    prints = [each for _, sounds in by_file.values() for each in sounds]
    keys = [q.key for each in prints for q in p05_fingerprint.questions_of(each)]
    answers = await context.store.do(lookups.cached_answers, Service.ACOUSTID, keys)
    pieces = await asyncio.to_thread(_evidence_of_folder, by_file, answers)
    own_pieces = tuple(
        each for each in pieces if each.key.startswith(file_results.file.id)
    )
    return FolderEvidence(
        pieces,
        own_pieces,
        is_complete,
        is_album=bool(siblings),
        file_count=len(siblings),
    )


TagsAndFingerprints: TypeAlias = dict[
    FileId, tuple[p03_tags.TagsRead, tuple[Fingerprint, ...]]
]


def _decode_siblings(siblings: Sequence[folders.FolderFile]) -> TagsAndFingerprints:
    return {
        sibling.file: read
        for sibling in siblings
        if (read := _decode_sibling(sibling)) is not None
    }


def _evidence_of_folder(
    by_file: TagsAndFingerprints, answers: dict[str, bytes | None]
) -> tuple[PassageEvidence, ...]:
    pieces: list[PassageEvidence] = []
    for file, (tags_read, fingerprints) in by_file.items():
        pieces += _evidence_of_file(
            file, tags_read, fingerprints, answers, order=len(pieces)
        )
    return tuple(pieces)


def _decode_sibling(
    sibling: folders.FolderFile,
) -> tuple[p03_tags.TagsRead, tuple[Fingerprint, ...]] | None:
    if sibling.tags_payload is None or sibling.fingerprint_payload is None:
        return None
    try:
        tags_read = codec.decode(sibling.tags_payload, p03_tags.TagsRead)
        fingerprinted = codec.decode(
            sibling.fingerprint_payload, p05_fingerprint.Fingerprinted
        )
    except msgspec.DecodeError:
        # By an older version, and about to be made anew.
        return None
    return tags_read, fingerprinted.prints


def _evidence_of_file(
    file: str,
    tags_read: p03_tags.TagsRead,
    fingerprints: Sequence[Fingerprint],
    answers: dict[str, bytes | None],
    *,
    order: int,
) -> list[PassageEvidence]:
    alone = len(fingerprints) == 1
    pieces = []
    for number, fingerprint in enumerate(fingerprints):
        mark = mark_of(tags_read, fingerprint.span)
        names = names_of(tags_read, mark, alone=alone)
        candidates = p05_fingerprint.candidates_of(fingerprint, answers)
        pieces.append(
            PassageEvidence(
                key=f"{file}:{number}",
                order=order + number,
                seconds=Seconds(ticks_to_seconds(fingerprint.span.length)),
                title=names.title,
                artist=names.artist,
                tagged=mark is not None or _has_own_names(tags_read.tags),
                album=names.album,
                album_artist=names.album_artist,
                track=tags_read.names.track if alone else None,
                disc=tags_read.tags.disc if alone else None,
                recording_mbid=tags_read.tags.recording_mbid if alone else None,
                release_mbid=tags_read.tags.release_mbid,
                isrcs=tags_read.tags.isrcs if alone else (),
                acoustid_answered=candidates is not None,
                candidates=candidates or (),
            )
        )
    return pieces


def _has_own_names(tags: Tags) -> bool:
    return bool(tags.title and (tags.artist or tags.album_artist))


def mark_of(tags_read: p03_tags.TagsRead, span: Span) -> PassageMark | None:
    """Return the mark that a span was cut at, if it was."""
    return next((mark for mark in tags_read.marks if mark.start == span.start), None)


def names_of(
    tags_read: p03_tags.TagsRead, mark: PassageMark | None, *, alone: bool
) -> Tags:
    """Return what a passage is called: by its mark, or by the file's tags."""
    whole = tags_read.names
    if alone and mark is None:
        return whole
    title = mark.title if mark else None
    artist = (mark.artist if mark else None) or whole.artist or whole.album_artist
    return Tags(
        title=title,
        artist=artist,
        album=whole.album,
        album_artist=whole.album_artist,
        release_mbid=whole.release_mbid,
    )
