"""Query and requeue the files of one folder, which may be an album."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from peewee import fn

from segued.model import FileId, FileStatus, Need, PhaseNumber, Service
from segued.store.prepared import Query, prepared
from segued.store.requeue import requeue_from_phase
from segued.store.schema.files import Checkpoint, File, is_under_any, iter_rows, now
from segued.store.schema.lookups import Lookup

__all__ = [
    "FILES_MAX",
    "RELEASE_FILES_MAX",
    "FolderFile",
    "files_in",
    "files_of_release",
    "is_complete",
    "requeue_one_per_folder",
    "requeue_reassigned",
    "requeue_waiting",
    "requeue_waiting_near",
]

FILES_MAX: Final = 200
"""A folder with more files is an unsorted folder: no album, and slow to match."""

RELEASE_FILES_MAX: Final = 400
"""The files of a larger release in one folder are matched one by one: the time for a
file grows with the square of their number."""

NON_ALBUM_STATUSES = (
    FileStatus.FAILED,
    FileStatus.MISSING,
    FileStatus.DUPLICATE,
    FileStatus.NO_AUDIO,
)
"""Files in one of these states are no evidence for the album of their folder."""


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of a folder, with the results that are evidence for the album.

    Attributes:
        tags_payload: JSON result of phase 3; None before that phase.
        fingerprint_payload: JSON result of phase 5; None before that phase.
    """

    file: FileId
    path: bytes
    tags_payload: str | None
    fingerprint_payload: str | None


def files_in(folder: bytes, limit: int) -> list[FolderFile]:
    """Return a folder's files by name; an empty list if there are more than `limit`."""
    siblings = [
        FolderFile(FileId(file), bytes(path), tags_payload, fingerprint_payload)
        for file, path, tags_payload, fingerprint_payload in _files_in(
            folder, limit + 1
        )
    ]
    return siblings if len(siblings) <= limit else []


def files_of_release(folder: bytes, release_mbid: str, limit: int) -> list[FolderFile]:
    """Return the files of a folder whose tags name a release, as `files_in`.

    A box set of hundreds of tracks is an album in a folder of any size.
    """
    siblings = [
        FolderFile(FileId(file), bytes(path), tags_payload, fingerprint_payload)
        for file, path, tags_payload, fingerprint_payload in _files_naming(
            folder, release_mbid, limit + 1
        )
    ]
    return siblings if len(siblings) <= limit else []


@prepared
def _files_naming(folder: bytes, release_mbid: str, limit: int) -> Query:
    tags, fingerprints = Checkpoint.alias(), Checkpoint.alias()
    return (
        File.select(File.id, File.path, tags.payload, fingerprints.payload)
        .join(tags, on=((tags.file == File.id) & (tags.phase == PhaseNumber.TAGS)))
        .switch(File)
        .left_outer_join(
            fingerprints,
            on=(
                (fingerprints.file == File.id)
                & (fingerprints.phase == PhaseNumber.FINGERPRINT)
            ),
        )
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
    return (
        File.select(File.id, File.path, tags.payload, fingerprints.payload)
        .left_outer_join(
            tags, on=((tags.file == File.id) & (tags.phase == PhaseNumber.TAGS))
        )
        .switch(File)
        .left_outer_join(
            fingerprints,
            on=(
                (fingerprints.file == File.id)
                & (fingerprints.phase == PhaseNumber.FINGERPRINT)
            ),
        )
        .where(File.folder == folder, File.status.not_in(list(NON_ALBUM_STATUSES)))
        .order_by(File.path)
        .limit(limit)
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
        Checkpoint.file == File.id, Checkpoint.phase == PhaseNumber.FINGERPRINT
    )
    return _files_of_album(folder).where(~fn.EXISTS(fingerprinted)).limit(1)


@prepared
def _unanswered_files(folder: bytes, time: str) -> Query:
    pending = Lookup.select(Lookup.file).where(
        Lookup.file == File.id,
        Lookup.service == Service.ACOUSTID,
        Lookup.due_at <= time,
    )
    return _files_of_album(folder).where(fn.EXISTS(pending)).limit(1)


def _files_of_album(folder: bytes) -> Query:
    return File.select(File.id).where(
        File.folder == folder, File.status.not_in(list(NON_ALBUM_STATUSES))
    )


def requeue_waiting_near(path: bytes, *, acoustid_available: bool) -> int:
    """Requeue the files of a folder that wait for the rest of it, if that is complete.

    Args:
        path: A file in the folder.
        acoustid_available: As for `is_complete`.

    Returns:
        The number of requeued files.
    """
    folder = os.path.dirname(path)
    files = [FileId(file) for (file,) in _waiting_in(folder)]
    if not files or not is_complete(folder, acoustid_available=acoustid_available):
        return 0
    requeue_from_phase(files, PhaseNumber.MATCH)
    return len(files)


@prepared
def _waiting_in(folder: bytes) -> Query:
    return (
        File.select(File.id)
        .join(Checkpoint, on=Checkpoint.file == File.id)
        .where(
            File.folder == folder,
            File.status == FileStatus.COMPLETE,
            Checkpoint.phase == PhaseNumber.MATCH,
            Checkpoint.needs == Need.FOLDER,
        )
    )


def requeue_waiting(roots: Sequence[bytes], *, acoustid_available: bool) -> int:
    """Requeue all files that wait for the rest of their folder and need not any more.

    Args:
        roots: Only files below these music folders; all files if empty.
        acoustid_available: As for `is_complete`.

    Returns:
        The number of requeued files.
    """
    one_per_folder = (
        Checkpoint.select(fn.MIN(File.path))
        .join(File)
        .where(
            Checkpoint.needs == Need.FOLDER,
            File.status == FileStatus.COMPLETE,
            is_under_any(roots) if roots else True,
        )
        .group_by(File.folder)
    )
    return sum(
        requeue_waiting_near(bytes(path), acoustid_available=acoustid_available)
        for (path,) in list(iter_rows(one_per_folder))
    )


def requeue_reassigned(
    file: FileId, folder: bytes, assignments: Mapping[FileId, str]
) -> None:
    """Requeue the files of a folder that were matched with another assignment.

    This ends: a requeued file is matched with the same evidence and computes the
    same assignments, so `file` causes each file to be requeued at most once.

    Args:
        file: The file that was matched last.
        folder: Its folder.
        assignments: The assignment of each file in the folder, computed by matching
            `file`; files that are not in it are not requeued.
    """
    reassigned = [
        (FileId(f), status)
        for f, status, stored in _matched_files(folder)
        if f != file and assignments.get(f, stored) != stored
    ]
    if not reassigned:
        return
    requeue_from_phase(
        [f for f, status in reassigned if status == FileStatus.COMPLETE],
        PhaseNumber.MATCH,
    )
    # A file in flight may be past phase 6: it is requeued at the end of its import.
    Checkpoint.update(needs=Need.FOLDER).where(
        Checkpoint.file.in_(
            [f for f, status in reassigned if status != FileStatus.COMPLETE]
        ),
        Checkpoint.phase == PhaseNumber.MATCH,
    ).execute()


@prepared
def _matched_files(folder: bytes) -> Query:
    return (
        Checkpoint.select(File.id, File.status, fn.COALESCE(File.assignment, ""))
        .join(File)
        .where(
            File.folder == folder,
            File.status.in_([FileStatus.COMPLETE, FileStatus.PROCESSING]),
            Checkpoint.phase == PhaseNumber.MATCH,
        )
    )


def _is_too_large(folder: bytes) -> bool:
    """Return whether a folder has too many files to be an album."""
    rows = File.select(File.id).where(
        File.folder == folder, File.status.not_in(list(NON_ALBUM_STATUSES))
    )
    return bool(rows.limit(1).offset(FILES_MAX).exists())


def requeue_one_per_folder(folders: Collection[bytes]) -> None:
    """Requeue one file of each folder whose set of files changed.

    Only a file that was assigned to a release is requeued. Matching it requeues those
    other files of the folder whose assignment changes.
    """
    for folder in folders:
        if _is_too_large(folder):
            continue
        one = (
            Checkpoint.select(Checkpoint.file)
            .join(File)
            .where(
                File.folder == folder,
                File.status == FileStatus.COMPLETE,
                Checkpoint.phase == PhaseNumber.MATCH,
                File.assignment != "",
            )
            .order_by(File.path)
            .limit(1)
        )
        requeue_from_phase([FileId(f) for (f,) in iter_rows(one)], PhaseNumber.MATCH)
