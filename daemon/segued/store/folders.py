"""The files of one folder, which together may be an album."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from peewee import fn

from segued.model import FileId, FileStatus, Need, PhaseNumber, Service
from segued.store.prepared import Query, prepared
from segued.store.requeue import is_under_any, requeue_from_phase
from segued.store.schema.files import Checkpoint, File, iter_rows, now
from segued.store.schema.lookups import Lookup

__all__ = [
    "FILES_MAX",
    "FolderFile",
    "files_in",
    "is_complete",
    "requeue_one_per_folder",
    "requeue_reassigned",
    "requeue_waiting",
]

FILES_MAX: Final = 200
"""A folder of more files is a heap of songs: no album, and slow to weigh."""

NON_ALBUM_STATUSES = (
    FileStatus.FAILED,
    FileStatus.MISSING,
    FileStatus.DUPLICATE,
    FileStatus.NO_AUDIO,
)
"""Files in one of these say nothing about what their folder is."""


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file with what its checkpoints say, as JSON; None where it is not so far.

    Attributes:
        tags_payload: The result of phase 3.
        fingerprint_payload: The result of phase 5.
    """

    file: FileId
    path: bytes
    tags_payload: str | None
    fingerprint_payload: str | None


def files_in(folder: bytes, limit: int) -> list[FolderFile]:
    """Return the files of a folder by name; none if there are more than `limit`."""
    found = [
        FolderFile(FileId(file), bytes(path), named, heard)
        for file, path, named, heard in _files_in(folder, limit + 1)
    ]
    return found if len(found) <= limit else []


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
    """Return whether all that can be known of a folder's files is known.

    Args:
        folder: The folder.
        acoustid_available: Whether AcoustID answers, so that its answers are awaited.
    """
    in_album = (File.folder == folder) & File.status.not_in(list(NON_ALBUM_STATUSES))
    fingerprinted = Checkpoint.select(Checkpoint.file).where(
        Checkpoint.file == File.id, Checkpoint.phase == PhaseNumber.FINGERPRINT
    )
    if File.select().where(in_album, ~fn.EXISTS(fingerprinted)).exists():
        return False
    pending = Lookup.select(Lookup.file).where(
        Lookup.file == File.id,
        Lookup.service == Service.ACOUSTID,
        Lookup.due_at <= now(),
    )
    return not (
        acoustid_available
        and File.select().where(in_album, fn.EXISTS(pending)).exists()
    )


def requeue_waiting(
    path: bytes | None, *, acoustid_available: bool, roots: Sequence[bytes] = ()
) -> int:
    """Take up files that waited for their folder, if that is complete now.

    Args:
        path: A file in the folder; None for all folders.
        acoustid_available: As for `is_complete`.
        roots: Music folders that it is about; all, if there are none.
    """
    waiting = (
        Checkpoint.select(File.folder, Checkpoint.file)
        .join(File)
        .where(Checkpoint.needs == Need.FOLDER, File.status == FileStatus.COMPLETE)
    )
    if path is not None:
        waiting = waiting.where(File.folder == os.path.dirname(path))
    if roots:
        waiting = waiting.where(is_under_any(roots))
    folders: dict[bytes, list[FileId]] = {}
    for folder, file in iter_rows(waiting):
        folders.setdefault(bytes(folder), []).append(FileId(file))
    requeued = 0
    for folder, files in folders.items():
        if is_complete(folder, acoustid_available=acoustid_available):
            requeue_from_phase(files, PhaseNumber.MATCH)
            requeued += len(files)
    return requeued


def requeue_reassigned(
    file: FileId, folder: bytes, assignments: Mapping[FileId, str]
) -> None:
    """Take up the files of a folder that were matched as something else.

    Whoever is taken up sees what `file` saw and says the same of all, so this
    ends: nobody is taken up twice for what one file brought.

    Args:
        file: The file that was matched last.
        folder: Where it is.
        assignments: What each file there is, as it sees it; the others are left alone.
    """
    rows = iter_rows(
        Checkpoint.select(File.id, File.status, fn.COALESCE(File.assignment, ""))
        .join(File)
        .where(
            File.folder == folder,
            File.id != file,
            File.status.in_([FileStatus.COMPLETE, FileStatus.PROCESSING]),
            Checkpoint.phase == PhaseNumber.MATCH,
        )
    )
    reassigned = [
        (FileId(f), status) for f, status, had in rows if assignments.get(f, had) != had
    ]
    requeue_from_phase(
        [f for f, status in reassigned if status == FileStatus.COMPLETE],
        PhaseNumber.MATCH,
    )
    # Who is in flight may be past its matching: it is taken up at its end.
    Checkpoint.update(needs=Need.FOLDER).where(
        Checkpoint.file.in_(
            [f for f, status in reassigned if status != FileStatus.COMPLETE]
        ),
        Checkpoint.phase == PhaseNumber.MATCH,
    ).execute()


def _is_too_large(folder: bytes) -> bool:
    """Return whether so many files are in a folder that they are no album."""
    rows = File.select(File.id).where(
        File.folder == folder, File.status.not_in(list(NON_ALBUM_STATUSES))
    )
    return bool(rows.limit(1).offset(FILES_MAX).exists())


def requeue_one_per_folder(folders: Collection[bytes]) -> None:
    """Take up one file of each folder that is a release: others left or came back.

    It sees which of the rest are something else now, and takes up those.
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
