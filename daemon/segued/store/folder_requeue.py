"""Requeue the songs of a folder: what one file shows changes what others are."""

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from peewee import fn

from segued.model import FileId, FileStatus, Need, PhaseNumber
from segued.store import lookups
from segued.store.folders import (
    FILES_MAX,
    NON_ALBUM_STATUSES,
    ORIGINAL,
    ORIGINAL_OR_FILE,
    folders_with_copies,
    is_complete,
    select_songs,
)
from segued.store.prepared import Query, prepared
from segued.store.requeue import requeue_from_phase
from segued.store.schema.files import Checkpoint, File, is_under_any, iter_rows

__all__ = [
    "requeue_dependents",
    "requeue_one_per_folder",
    "requeue_original",
    "requeue_reassigned",
    "requeue_waiting",
    "requeue_waiting_near",
]

STORED: Final = File.alias()
"""The file that a song of the folder is stored as."""


def requeue_dependents(
    file: FileId, path: bytes, *, is_copy: bool, waits: bool, acoustid_available: bool
) -> None:
    """Requeue files that waited for one that has ended, or it if answers have come.

    Args:
        file: The file.
        path: Its path.
        is_copy: Whether it turned out to be a copy.
        waits: Whether it waits for anything itself.
        acoustid_available: As for `is_complete`.
    """
    if is_copy:
        requeue_original(file)
    if waits:
        lookups.requeue_if_answered(file)
    requeue_waiting_near(file, path, acoustid_available=acoustid_available)


def requeue_waiting_near(file: FileId, path: bytes, *, acoustid_available: bool) -> int:
    """Requeue what waits for the rest of a folder with a file, if that is complete.

    Args:
        file: The file.
        path: Its path.
        acoustid_available: As for `is_complete`.

    Returns:
        The number of requeued files.
    """
    return sum(
        _requeue_waiting_in(folder, acoustid_available=acoustid_available)
        for folder in (os.path.dirname(path), *folders_with_copies(file))
    )


def _requeue_waiting_in(folder: bytes, *, acoustid_available: bool) -> int:
    files = [FileId(file) for (file,) in _waiting_in(folder)]
    if not files or not is_complete(folder, acoustid_available=acoustid_available):
        return 0
    requeue_from_phase(files, PhaseNumber.MATCH)
    return len(files)


@prepared
def _waiting_in(folder: bytes) -> Query:
    return (
        select_songs(folder, STORED.id)
        .switch(File)
        .join(STORED, on=STORED.id == ORIGINAL_OR_FILE)
        .switch(File)
        .join(Checkpoint, on=Checkpoint.file == ORIGINAL_OR_FILE)
        .where(
            STORED.status == FileStatus.COMPLETE,
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
    rows = (
        Checkpoint.select(File.id, File.folder)
        .join(File)
        .where(
            Checkpoint.needs == Need.FOLDER,
            File.status == FileStatus.COMPLETE,
            is_under_any(roots) if roots else True,
        )
    )
    waiting = list(iter_rows(rows))
    folders = {bytes(folder) for _, folder in waiting}
    for file, _ in waiting:
        folders.update(folders_with_copies(FileId(file)))
    return sum(
        _requeue_waiting_in(folder, acoustid_available=acoustid_available)
        for folder in sorted(folders)
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
        for f, status, stored, is_elsewhere in _matched_files(folder)
        if f != file
        and (new := assignments.get(f, stored)) != stored
        # A file with a copy elsewhere may have its track there.
        and (not is_elsewhere or _names_track(new))
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
    copy = File.alias()
    elsewhere = copy.select(copy.id).where(
        copy.content_hash == STORED.content_hash,
        copy.status == FileStatus.DUPLICATE,
        copy.folder != STORED.folder,
    )
    return (
        select_songs(
            folder,
            STORED.id,
            STORED.status,
            fn.COALESCE(STORED.assignment, ""),
            fn.EXISTS(elsewhere),
        )
        .switch(File)
        .join(STORED, on=STORED.id == ORIGINAL_OR_FILE)
        .switch(File)
        .join(Checkpoint, on=Checkpoint.file == ORIGINAL_OR_FILE)
        .where(
            STORED.status.in_([FileStatus.COMPLETE, FileStatus.PROCESSING]),
            Checkpoint.phase == PhaseNumber.MATCH,
        )
    )


def _names_track(assignment: str) -> bool:
    """Return whether an assignment names a track of its release."""
    return any(place != "-" for place in assignment.split()[1:])


def requeue_original(copy: FileId) -> None:
    """Requeue the file that a copy has the content of, if no album has it yet.

    The folder of the copy may be its album.
    """
    requeue_from_phase(
        [
            FileId(file)
            for file, assignment in _original_of(copy)
            if not _names_track(assignment)
        ],
        PhaseNumber.MATCH,
    )


@prepared
def _original_of(copy: FileId) -> Query:
    return (
        File.select(ORIGINAL.id, fn.COALESCE(ORIGINAL.assignment, ""))
        .join(ORIGINAL, on=ORIGINAL.content_hash == File.content_hash)
        .where(
            File.id == copy,
            ORIGINAL.status == FileStatus.COMPLETE,
            ORIGINAL.folder != File.folder,
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
