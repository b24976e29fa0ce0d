"""Query the songs of one folder, which may be an album."""

from dataclasses import dataclass
from typing import Any, Final

from peewee import fn

from segued.model import FileId, FileStatus, PhaseNumber, Service
from segued.store.prepared import Query, prepared
from segued.store.schema.audio import DecodeCache
from segued.store.schema.files import Checkpoint, File, now
from segued.store.schema.lookups import Lookup

__all__ = [
    "FILES_MAX",
    "ORIGINAL",
    "ORIGINAL_OR_FILE",
    "RELEASE_FILES_MAX",
    "FolderFile",
    "files_in",
    "files_of_release",
    "folders_with_copies",
    "is_complete",
    "select_songs",
]

FILES_MAX: Final = 200
"""A folder with more files is an unsorted folder: no album, and slow to match."""

RELEASE_FILES_MAX: Final = 1_000
"""The files of a larger release in one folder are matched one by one: the time for
all grows with the square of their number."""

NON_ALBUM_STATUSES = (
    FileStatus.FAILED,
    FileStatus.MISSING,
    FileStatus.DUPLICATE,
    FileStatus.NO_AUDIO,
)
"""Files in one of these states are no evidence for the album of their folder."""


COPIES_MAX: Final = 4
"""A song is weighed with so many folders that hold a copy of it."""

ORIGINAL: Final = File.alias()
"""The file whose content a copy has."""

ORIGINAL_OR_FILE: Final = fn.COALESCE(ORIGINAL.id, File.id)


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of a folder, with the results that are evidence for the album.

    Attributes:
        tags_payload: JSON result of phase 3; None before that phase.
        fingerprint_payload: JSON result of phase 5; None before that phase.
        stored_fingerprints: JSON of the fingerprints that it leaves out.
    """

    file: FileId
    path: bytes
    tags_payload: str | None
    fingerprint_payload: str | None
    stored_fingerprints: str | None


def files_in(folder: bytes, limit: int) -> list[FolderFile]:
    """Return a folder's files by name; an empty list if there are more than `limit`."""
    siblings = [
        FolderFile(FileId(file), bytes(path), *results)
        for file, path, *results in _files_in(folder, limit + 1)
    ]
    return siblings if len(siblings) <= limit else []


def files_of_release(folder: bytes, release_mbid: str, limit: int) -> list[FolderFile]:
    """Return the files of a folder whose tags name a release, as `files_in`.

    A box set of hundreds of tracks is an album in a folder of any size.
    """
    siblings = [
        FolderFile(FileId(file), bytes(path), *results)
        for file, path, *results in _files_naming(folder, release_mbid, limit + 1)
    ]
    return siblings if len(siblings) <= limit else []


@prepared
def _files_naming(folder: bytes, release_mbid: str, limit: int) -> Query:
    tags, fingerprints = Checkpoint.alias(), Checkpoint.alias()
    return (
        File.select(
            File.id, File.path, tags.payload, fingerprints.payload, DecodeCache.prints
        )
        .join(tags, on=((tags.file == File.id) & (tags.phase == PhaseNumber.TAGS)))
        .switch(File)
        .left_outer_join(
            fingerprints,
            on=(
                (fingerprints.file == File.id)
                & (fingerprints.phase == PhaseNumber.FINGERPRINT)
            ),
        )
        .switch(File)
        .left_outer_join(DecodeCache, on=(DecodeCache.audio_hash == File.audio_hash))
        .where(
            File.folder == folder,
            File.status.not_in(list(NON_ALBUM_STATUSES)),
            fn.json_extract(tags.payload, "$.tags.release_mbid") == release_mbid,
        )
        .order_by(File.path)
        .limit(limit)
    )


@prepared
def _files_in(folder: bytes, limit: int) -> Query:
    tags, fingerprints = Checkpoint.alias(), Checkpoint.alias()
    of_tags = (tags.file == ORIGINAL_OR_FILE) & (tags.phase == PhaseNumber.TAGS)
    of_fingerprints = (fingerprints.file == ORIGINAL_OR_FILE) & (
        fingerprints.phase == PhaseNumber.FINGERPRINT
    )
    return (
        select_songs(
            folder,
            ORIGINAL_OR_FILE,
            File.path,
            tags.payload,
            fingerprints.payload,
            DecodeCache.prints,
        )
        .switch(File)
        .left_outer_join(tags, on=of_tags)
        .switch(File)
        .left_outer_join(fingerprints, on=of_fingerprints)
        .switch(File)
        .left_outer_join(DecodeCache, on=(DecodeCache.audio_hash == File.audio_hash))
        .order_by(File.path)
        .limit(limit)
    )


def select_songs(folder: bytes, *columns: Any) -> Query:  # noqa: ANN401
    """Return the query of the songs in a folder.

    A copy of a file in another folder stands for that file, whose tags and
    fingerprints are stored: `ORIGINAL_OR_FILE` is its id.
    """
    return (
        File.select(*columns)
        .left_outer_join(
            ORIGINAL,
            on=(
                (File.status == FileStatus.DUPLICATE)
                & (ORIGINAL.content_hash == File.content_hash)
                & (ORIGINAL.folder != File.folder)
                & ORIGINAL.status.not_in(list(NON_ALBUM_STATUSES))
            ),
        )
        .where(
            File.folder == folder,
            File.status.not_in(list(NON_ALBUM_STATUSES)) | ~ORIGINAL.id.is_null(),
        )
    )


def is_complete(folder: bytes, *, acoustid_available: bool) -> bool:
    """Return whether all files of a folder are fingerprinted and looked up.

    Args:
        folder: The folder.
        acoustid_available: Whether AcoustID is available; if not, its pending
            lookups are ignored.
    """
    if _unfingerprinted_files(folder).fetchone():
        return False
    return not (acoustid_available and _unanswered_files(folder, now()).fetchone())


@prepared
def _unfingerprinted_files(folder: bytes) -> Query:
    fingerprinted = Checkpoint.select(Checkpoint.file).where(
        Checkpoint.file == ORIGINAL_OR_FILE,
        Checkpoint.phase == PhaseNumber.FINGERPRINT,
    )
    return select_songs(folder, File.id).where(~fn.EXISTS(fingerprinted)).limit(1)


@prepared
def _unanswered_files(folder: bytes, time: str) -> Query:
    pending = Lookup.select(Lookup.file).where(
        Lookup.file == ORIGINAL_OR_FILE,
        Lookup.service == Service.ACOUSTID,
        Lookup.due_at <= time,
    )
    return select_songs(folder, File.id).where(fn.EXISTS(pending)).limit(1)


def folders_with_copies(file: FileId) -> list[bytes]:
    """Return the other folders that hold a copy of a file, at most `COPIES_MAX`."""
    return [bytes(folder) for (folder,) in _folders_with_copies(file)]


@prepared
def _folders_with_copies(file: FileId) -> Query:
    return (
        File.select(File.folder)
        .distinct()
        .join(ORIGINAL, on=ORIGINAL.content_hash == File.content_hash)
        .where(
            ORIGINAL.id == file,
            File.status == FileStatus.DUPLICATE,
            File.folder != ORIGINAL.folder,
        )
        .order_by(File.folder)
        .limit(COPIES_MAX)
    )
