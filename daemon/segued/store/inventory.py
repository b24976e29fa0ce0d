"""What a walk found, against what the library knows; and what is still to do.

The durable queue is here: files that are PENDING. The queue in memory is only
a window on it.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from segued.model import (
    FINISHED,
    AudioFile,
    FileEntry,
    FileId,
    FileStatus,
    FolderListing,
    Need,
    PassageStatus,
    Signature,
)
from segued.store import duplicates, flavors
from segued.store.folders import requeue_one_per_folder
from segued.store.requeue import is_under, requeue
from segued.store.schema.files import (
    Checkpoint,
    Failure,
    File,
    Passage,
    iter_rows,
    new_id,
)

__all__ = [
    "ScanCounts",
    "apply_listing",
    "folders_under",
    "mark_missing",
    "pending_files",
    "unanalyzed_files",
]

INSERTS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class ScanCounts:
    """What a part of a walk amounted to, in files.

    Attributes:
        missing: Those on record and not there: id, and the path they had.
        being_written: Those that are new or changed, and not whole yet.
    """

    new: int = 0
    changed: int = 0
    unfinished: int = 0
    complete: int = 0
    failed: int = 0
    missing: tuple[tuple[FileId, bytes], ...] = ()
    being_written: tuple[FileEntry, ...] = ()

    def __add__(self, other: "ScanCounts") -> "ScanCounts":
        """Return both together."""
        return ScanCounts(
            self.new + other.new,
            self.changed + other.changed,
            self.unfinished + other.unfinished,
            self.complete + other.complete,
            self.failed + other.failed,
            self.missing + other.missing,
            self.being_written + other.being_written,
        )

    @property
    def total(self) -> int:
        """How many files are there."""
        return self.pending + self.complete + self.failed

    @property
    def pending(self) -> int:
        """How many of them have phases ahead of them."""
        return self.new + self.changed + self.unfinished


def apply_listing(
    folders: Sequence[FolderListing],
    is_whole: Callable[[FileEntry], bool] | None = None,
) -> ScanCounts:
    """Put on record what a walk saw in some folders.

    An unchanged file costs nothing but the look. A new or changed one becomes
    PENDING, one that is back goes back to what it was. One that is not there
    is only reported: whether it is MISSING, or its disk is, a whole walk tells.

    Args:
        folders: What was seen.
        is_whole: Tells whether a new or changed file is whole; others are only
            reported, unless they are known under another name. None takes all
            for whole, and leaves it to their content to tell renamed ones.
    """
    total = ScanCounts()
    for folder in folders:
        total += _apply_folder(folder, is_whole)
    return total


def _apply_folder(
    folder: FolderListing, is_whole: Callable[[FileEntry], bool] | None
) -> ScanCounts:
    known = {
        bytes(path): (FileId(file), Signature(*signature), FileStatus(status), was)
        for file, path, status, was, *signature in iter_rows(
            File.select(
                File.id,
                File.path,
                File.status,
                File.status_was,
                File.size_bytes,
                File.mtime_ns,
                File.inode,
            ).where(File.folder == folder.path)
        )
    }
    new: list[FileEntry] = []
    being_written: list[FileEntry] = []
    counts = ScanCounts()
    any_restored = False
    for entry in folder.files:
        row = known.pop(entry.path, None)
        if row is None:
            if is_whole is not None and (
                status := duplicates.follow_rename(entry, folder.root)
            ):
                counts += _count_status(status)
            elif is_whole is None or is_whole(entry):
                new.append(entry)
            else:
                being_written.append(entry)
            continue
        file, signature, status, was = row
        if signature != entry.signature:
            if is_whole is None or is_whole(entry):
                _reset_changed(file, entry.signature)
                counts += ScanCounts(changed=1)
            else:
                being_written.append(entry)
            continue
        if status is FileStatus.MISSING:
            status = _restore_missing(file, was)
            any_restored = True
        counts += _count_status(status)
    _insert(folder, new)
    if any_restored:
        requeue_one_per_folder([folder.path])
    missing = tuple(
        (file, path)
        for path, (file, _, status, _) in known.items()
        if status is not FileStatus.MISSING
    )
    return counts + ScanCounts(
        new=len(new), missing=missing, being_written=tuple(being_written)
    )


def _count_status(status: FileStatus) -> ScanCounts:
    if status is FileStatus.FAILED:
        return ScanCounts(failed=1)
    if status in FINISHED:
        return ScanCounts(complete=1)
    return ScanCounts(unfinished=1)


def _insert(folder: FolderListing, new: Sequence[FileEntry]) -> None:
    rows = [
        {
            File.id: new_id(),
            File.path: entry.path,
            File.folder: folder.path,
            File.root: folder.root,
            File.path_text: entry.path.decode("utf-8", "replace"),
            File.size_bytes: entry.signature.size_bytes,
            File.mtime_ns: entry.signature.mtime_ns,
            File.inode: entry.signature.inode,
        }
        for entry in new
    ]
    for start in range(0, len(rows), INSERTS_AT_ONCE):
        File.insert_many(rows[start : start + INSERTS_AT_ONCE]).execute()


def _reset_changed(file: FileId, signature: Signature) -> None:
    """Take note that other bytes are at a known path: all phases again."""
    duplicates.release_content(file)
    Checkpoint.delete().where(Checkpoint.file == file).execute()
    flavors.clear(file)
    Passage.update(status=PassageStatus.PENDING).where(Passage.file == file).execute()
    Failure.delete().where(Failure.file == file).execute()
    File.update(
        status=FileStatus.PENDING,
        status_was=None,
        content_hash=None,
        finished_at=None,
        duration_ticks=None,
        sample_rate=None,
        channels=None,
        codec=None,
        size_bytes=signature.size_bytes,
        mtime_ns=signature.mtime_ns,
        inode=signature.inode,
    ).where(File.id == file).execute()


def _restore_missing(file: FileId, was: str | None) -> FileStatus:
    """Take a file back that was missing: as it was, if that still holds."""
    status = FileStatus(was or FileStatus.PENDING)
    if status not in FINISHED:
        status = FileStatus.PENDING
    File.update(status=status, status_was=None).where(File.id == file).execute()
    if status is FileStatus.DUPLICATE and not duplicates.has_original(file):
        requeue([file])
        return FileStatus.PENDING
    return status


def mark_missing(files: Sequence[tuple[FileId, bytes]]) -> int:
    """Make files MISSING, keeping all that is known of them.

    A duplicate of one, if there is one, takes its place, and what was matched
    with it is matched without. A file that has been found under another path
    meanwhile is left alone.

    Returns:
        How many became MISSING.
    """
    count = 0
    left_folders: set[bytes] = set()
    for file, path in files:
        changed = (
            File.update(status_was=File.status, status=FileStatus.MISSING)
            .where(
                File.id == file,
                File.path == path,
                File.status != FileStatus.MISSING,
            )
            .execute()
        )
        if changed:
            duplicates.promote_duplicate_of(file)
        # It left this folder also if it lives on in another one.
        left_folders.add(os.path.dirname(path))
        count += changed
    requeue_one_per_folder(left_folders)
    return count


def folders_under(root: bytes) -> list[bytes]:
    """Return every folder at or below `root` that has files not MISSING."""
    rows = (
        File.select(File.folder)
        .where(is_under(root), File.status != FileStatus.MISSING)
        .distinct()
    )
    return [bytes(folder) for (folder,) in iter_rows(rows)]


def pending_files(
    folder: bytes, *, root: bytes, after: bytes, limit: int
) -> list[AudioFile]:
    """Return PENDING files below a place in path order, those after `after`.

    Args:
        folder: A folder.
        root: The music folder that it is in today; it may have been another one.
        after: A path.
        limit: How many at most.
    """
    rows = (
        File.select(File.id, File.path, File.size_bytes, File.mtime_ns, File.inode)
        .where(is_under(folder), File.status == FileStatus.PENDING, File.path > after)
        .order_by(File.path)
        .limit(limit)
    )
    return [
        AudioFile(FileId(file), bytes(path), root, Signature(*signature))
        for file, path, *signature in iter_rows(rows)
    ]


def unanalyzed_files(root: bytes, *, after: bytes, limit: int) -> list[AudioFile]:
    """Return imported files of which more is to be known when there is time.

    Args:
        root: The music folder that they are below.
        after: A path; in path order, those after it.
        limit: How many at most.
    """
    rows = (
        Checkpoint.select(
            File.id, File.path, File.size_bytes, File.mtime_ns, File.inode
        )
        .join(File)
        .where(
            Checkpoint.needs == Need.IDLE,
            File.status == FileStatus.COMPLETE,
            is_under(root),
            File.path > after,
        )
        .order_by(File.path)
        .limit(limit)
    )
    return [
        AudioFile(FileId(file), bytes(path), root, Signature(*signature))
        for file, path, *signature in iter_rows(rows)
    ]
