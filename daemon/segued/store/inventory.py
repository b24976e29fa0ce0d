"""Apply folder listings to the library, and select the files to import next.

The PENDING files are the durable work queue; the queue in memory holds only the
next few of them.
"""

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from segued.model import (
    FINISHED,
    FileEntry,
    FileId,
    FileStatus,
    FolderListing,
    PassageStatus,
    Signature,
)
from segued.store import beside_files, duplicates, flavors, moves, passed_over
from segued.store.folder_requeue import requeue_one_per_folder
from segued.store.prepared import Query, prepared
from segued.store.requeue import requeue
from segued.store.schema.files import (
    Checkpoint,
    Failure,
    File,
    Passage,
    is_under,
    iter_rows,
    new_id,
    now,
)

__all__ = [
    "ScanCounts",
    "apply_listing",
    "folders_under",
    "mark_missing",
]

INSERTS_AT_ONCE = 200

REREAD_STATUSES = frozenset(
    (FileStatus.COMPLETE, FileStatus.NO_AUDIO, FileStatus.DUPLICATE)
)
"""Files in one of these states may have other tags if their ctime changed."""


@dataclass(frozen=True, slots=True)
class ScanCounts:
    """Files counted while folder listings were applied.

    Attributes:
        missing: Id and path of the files in the library that were not listed.
        being_written: New or changed files that are not completely written yet.
        sheets_being_written: CUE sheets and lyrics that changed, and of which some
            are not completely written yet.
    """

    new: int = 0
    changed: int = 0
    unfinished: int = 0
    complete: int = 0
    failed: int = 0
    missing: tuple[tuple[FileId, bytes], ...] = ()
    being_written: tuple[FileEntry, ...] = ()
    sheets_being_written: tuple[FileEntry, ...] = ()

    def __add__(self, other: "ScanCounts") -> "ScanCounts":
        """Return the sum of both counts."""
        return ScanCounts(
            self.new + other.new,
            self.changed + other.changed,
            self.unfinished + other.unfinished,
            self.complete + other.complete,
            self.failed + other.failed,
            self.missing + other.missing,
            self.being_written + other.being_written,
            self.sheets_being_written + other.sheets_being_written,
        )

    @property
    def total(self) -> int:
        """Number of files that exist."""
        return self.pending + self.complete + self.failed

    @property
    def pending(self) -> int:
        """Number of files with phases left to run."""
        return self.new + self.changed + self.unfinished


def apply_listing(
    folders: Sequence[FolderListing],
    is_fully_written: Callable[[FileEntry], bool] | None = None,
) -> ScanCounts:
    """Update the files of the listed folders in the library.

    Nothing is written for an unchanged file, or one that was passed over. A new or
    changed one becomes PENDING; a missing one that exists again gets back its previous
    status. Files whose folder has other CUE sheets than before, or that have other
    lyrics beside them, read their tags and these again. A file that was not listed is
    only returned: only a walk of the whole music folder can decide whether the file is
    MISSING or its disk is offline.

    Args:
        folders: The listings, as walked.
        is_fully_written: Whether a new or changed file is completely written; if
            not, it is only returned, unless it is a renamed file. None: all files
            are, and renamed ones are recognized later, by their content hash.
    """
    total = ScanCounts()
    passed_files = passed_over.known_passed_files(folders)
    for folder in folders:
        total += _apply_folder(folder, is_fully_written, passed_files)
    return total


def _apply_folder(
    folder: FolderListing,
    is_fully_written: Callable[[FileEntry], bool] | None,
    passed_files: Collection[bytes],
) -> ScanCounts:
    known = _known_files(folder.path)
    is_complete = is_fully_written or (lambda _entry: True)
    new, being_written, counts = _sort_unknown(
        folder, known.keys() | passed_files, is_fully_written
    )
    any_restored = False
    beside = beside_files.Beside(folder, is_complete)
    for entry in folder.files:
        row = known.pop(entry.path, None)
        if row is None:
            continue
        file, signature, status, status_before, sheets = row
        is_changed = signature != entry.signature
        if is_changed and not is_complete(entry):
            being_written.append(entry)
            continue
        beside.compare(file, entry, sheets)
        if is_changed:
            _reset_changed(file, entry.signature)
            counts += ScanCounts(changed=1)
            continue
        if status is FileStatus.MISSING:
            status = _restore_missing(file, status_before)
            any_restored = True
            _set_ctime(file, entry.signature.ctime_ns)  # moving it changed that
        elif signature.ctime_ns != entry.signature.ctime_ns:
            status = _note_ctime(file, status, signature, entry.signature)
        counts += _count_status(status)
    _insert(folder, new)
    reopened = beside.requeue_changed()
    counts += ScanCounts(complete=-reopened, unfinished=reopened)
    if any_restored:
        requeue_one_per_folder([folder.path])
    missing = tuple(
        (file, path)
        for path, (file, _, status, *_) in known.items()
        if status is not FileStatus.MISSING
    )
    return counts + ScanCounts(
        new=len(new),
        missing=missing,
        being_written=tuple(being_written),
        sheets_being_written=tuple(beside.being_written),
    )


def _sort_unknown(
    folder: FolderListing,
    known_paths: Collection[bytes],
    is_fully_written: Callable[[FileEntry], bool] | None,
) -> tuple[list[FileEntry], list[FileEntry], ScanCounts]:
    """Return the new files of a folder, those being written, and the renamed ones."""
    unknown = [entry for entry in folder.files if entry.path not in known_paths]
    if is_fully_written is None:
        return unknown, [], ScanCounts()
    unknown, renamed = _follow_renames(unknown, folder)
    new: list[FileEntry] = []
    being_written: list[FileEntry] = []
    for entry in unknown:
        (new if is_fully_written(entry) else being_written).append(entry)
    return new, being_written, renamed


def _follow_renames(
    entries: Sequence[FileEntry], folder: FolderListing
) -> tuple[list[FileEntry], ScanCounts]:
    """Move the rows of files that were renamed to these entries.

    Returns:
        The entries that are no renamed files, and the count of the others.
    """
    others, counts = [], ScanCounts()
    for entry in entries:
        status = moves.follow_rename(entry, folder.root)
        if status is None:
            others.append(entry)
            continue
        # Its tags and sheets are read again in any case.
        renamed = File.path == entry.path
        beside = beside_files.digest_of(folder, entry)
        File.update(sheets=beside).where(renamed).execute()
        counts += _count_status(status)
    return others, counts


def _known_files(
    folder: bytes,
) -> dict[bytes, tuple[FileId, Signature, FileStatus, str | None, str | None]]:
    """Return the stored files of a folder by path.

    Each with its status, the status before, and the digest of what is beside it.
    """
    rows = File.select(
        File.id,
        File.path,
        File.status,
        File.status_was,
        File.sheets,
        File.size_bytes,
        File.mtime_ns,
        File.inode,
        File.ctime_ns,
    ).where(File.folder == folder)
    return {
        bytes(path): (
            FileId(file),
            Signature(*signature),
            FileStatus(status),
            status_before,
            sheets,
        )
        for file, path, status, status_before, sheets, *signature in iter_rows(rows)
    }


def _count_status(status: FileStatus) -> ScanCounts:
    if status is FileStatus.FAILED:
        return ScanCounts(failed=1)
    if status in FINISHED:
        return ScanCounts(complete=1)
    return ScanCounts(unfinished=1)


def _insert(folder: FolderListing, new: Sequence[FileEntry]) -> None:
    added_at = now()  # one for all: none of them was known before another
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
            File.ctime_ns: entry.signature.ctime_ns,
            File.sheets: beside_files.digest_of(folder, entry),
            File.added_at: added_at,
        }
        for entry in new
    ]
    for start in range(0, len(rows), INSERTS_AT_ONCE):
        File.insert_many(rows[start : start + INSERTS_AT_ONCE]).execute()


def _reset_changed(file: FileId, signature: Signature) -> None:
    """Reset a file whose bytes changed, so that all phases run again."""
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
        ctime_ns=signature.ctime_ns,
    ).where(File.id == file).execute()


def _note_ctime(
    file: FileId, status: FileStatus, stored: Signature, found: Signature
) -> FileStatus:
    """Requeue a file of which only the ctime changed; return its status.

    Its tags may be others: some programs restore the modification time. Phase 1 reads
    them; if they are not, the file is complete again. A file without a stored ctime is
    of an older library; it is taken as unchanged. One that failed has its own retries.
    """
    if stored.ctime_ns is not None and status in REREAD_STATUSES:
        requeue([file])
        return FileStatus.PENDING
    if status in FINISHED:
        _set_ctime(file, found.ctime_ns)
    return status


@prepared
def _set_ctime(file: FileId, ctime: int | None) -> Query:
    return File.update(ctime_ns=ctime).where(File.id == file)


def _restore_missing(file: FileId, status_before: str | None) -> FileStatus:
    """Give a missing file its previous status, if that is still valid; return it."""
    status = FileStatus(status_before or FileStatus.PENDING)
    if status not in FINISHED:
        status = FileStatus.PENDING
    File.update(status=status, status_was=None).where(File.id == file).execute()
    duplicates.link_duplicates(File.get_by_id(file).content_hash)
    if status is FileStatus.DUPLICATE and not duplicates.has_original(file):
        requeue([file])
        return FileStatus.PENDING
    return status


def mark_missing(files: Sequence[tuple[FileId, bytes]]) -> int:
    """Make files MISSING; all their data stays in the library.

    A duplicate of each, if there is one, is imported in its place, and the rest of
    its folder is matched again without it. A file that was found at another path
    meanwhile does not become MISSING.

    Args:
        files: Id of each file, and the path at which it was not found.

    Returns:
        The number of files that became MISSING.
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
            moves.requeue_claimants(file)
            duplicates.link_duplicates(File.get_by_id(file).content_hash)
        # It is gone from this folder even if it was moved to another one.
        left_folders.add(os.path.dirname(path))
        count += changed
    requeue_one_per_folder(left_folders)
    return count


def folders_under(root: bytes) -> list[bytes]:
    """Return all folders at or below `root` with files that are not MISSING."""
    rows = (
        File.select(File.folder)
        .where(is_under(root), File.status != FileStatus.MISSING)
        .distinct()
    )
    return [bytes(folder) for (folder,) in iter_rows(rows)]
