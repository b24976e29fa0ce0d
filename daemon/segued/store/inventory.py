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
    FileId,
    FileStatus,
    Folder,
    Found,
    PassageStatus,
    Signature,
)
from segued.store import duplicates, flavors
from segued.store.checkpoints import LEISURE
from segued.store.folders import weigh_again
from segued.store.requeue import below, take_up
from segued.store.schema.files import Checkpoint, Failure, File, Passage, new_id, tuples

__all__ = [
    "Admitted",
    "admit",
    "backlog",
    "folders_under",
    "forsake",
    "unhurried",
]

INSERTS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Admitted:
    """What a part of a walk amounted to, in files.

    Attributes:
        gone: Those on record and not there: id, and the path they had.
        unsettled: Those that are new or changed, and not whole yet.
    """

    new: int = 0
    changed: int = 0
    unfinished: int = 0
    complete: int = 0
    failed: int = 0
    gone: tuple[tuple[FileId, bytes], ...] = ()
    unsettled: tuple[Found, ...] = ()

    def __add__(self, other: "Admitted") -> "Admitted":
        """Return both together."""
        return Admitted(
            self.new + other.new,
            self.changed + other.changed,
            self.unfinished + other.unfinished,
            self.complete + other.complete,
            self.failed + other.failed,
            self.gone + other.gone,
            self.unsettled + other.unsettled,
        )

    @property
    def total(self) -> int:
        """How many files are there."""
        return self.to_do + self.complete + self.failed

    @property
    def to_do(self) -> int:
        """How many of them have phases ahead of them."""
        return self.new + self.changed + self.unfinished


def admit(
    folders: Sequence[Folder], whole: Callable[[Found], bool] | None = None
) -> Admitted:
    """Put on record what a walk saw in some folders.

    An unchanged file costs nothing but the look. A new or changed one becomes
    PENDING, one that is back goes back to what it was. One that is not there
    is only reported: whether it is MISSING, or its disk is, a whole walk tells.

    Args:
        folders: What was seen.
        whole: Tells whether a new or changed file is whole; others are only
            reported, unless they are known under another name. None takes all
            for whole, and leaves it to their content to tell renamed ones.
    """
    total = Admitted()
    for folder in folders:
        total += _admit_folder(folder, whole)
    return total


def _admit_folder(folder: Folder, whole: Callable[[Found], bool] | None) -> Admitted:
    known = {
        bytes(path): (FileId(file), Signature(*signature), FileStatus(status), was)
        for file, path, status, was, *signature in tuples(
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
    new: list[Found] = []
    unsettled: list[Found] = []
    seen = Admitted()
    back = False
    for found in folder.files:
        row = known.pop(found.path, None)
        if row is None:
            if whole is not None and (status := duplicates.follow(found, folder.root)):
                seen += _standing(status)
            elif whole is None or whole(found):
                new.append(found)
            else:
                unsettled.append(found)
            continue
        file, signature, status, was = row
        if signature != found.signature:
            if whole is None or whole(found):
                _renew(file, found.signature)
                seen += Admitted(changed=1)
            else:
                unsettled.append(found)
            continue
        if status is FileStatus.MISSING:
            status = _restore(file, was)
            back = True
        seen += _standing(status)
    _insert(folder, new)
    if back:
        weigh_again([folder.path])
    gone = tuple(
        (file, path)
        for path, (file, _, status, _) in known.items()
        if status is not FileStatus.MISSING
    )
    return seen + Admitted(new=len(new), gone=gone, unsettled=tuple(unsettled))


def _standing(status: FileStatus) -> Admitted:
    if status is FileStatus.FAILED:
        return Admitted(failed=1)
    if status in FINISHED:
        return Admitted(complete=1)
    return Admitted(unfinished=1)


def _insert(folder: Folder, new: Sequence[Found]) -> None:
    rows = [
        {
            File.id: new_id(),
            File.path: found.path,
            File.folder: folder.path,
            File.root: folder.root,
            File.path_text: found.path.decode("utf-8", "replace"),
            File.size_bytes: found.signature.size_bytes,
            File.mtime_ns: found.signature.mtime_ns,
            File.inode: found.signature.inode,
        }
        for found in new
    ]
    for start in range(0, len(rows), INSERTS_AT_ONCE):
        File.insert_many(rows[start : start + INSERTS_AT_ONCE]).execute()


def _renew(file: FileId, signature: Signature) -> None:
    """Take note that other bytes are at a known path: all phases again."""
    duplicates.release(file)
    Checkpoint.delete().where(Checkpoint.file == file).execute()
    flavors.forget(file)
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


def _restore(file: FileId, was: str | None) -> FileStatus:
    """Take a file back that was missing: as it was, if that still holds."""
    status = FileStatus(was or FileStatus.PENDING)
    if status not in FINISHED:
        status = FileStatus.PENDING
    File.update(status=status, status_was=None).where(File.id == file).execute()
    if status is FileStatus.DUPLICATE and not duplicates.has_original(file):
        take_up([file])
        return FileStatus.PENDING
    return status


def forsake(files: Sequence[tuple[FileId, bytes]]) -> int:
    """Make files MISSING, keeping all that is known of them.

    A duplicate of one, if there is one, takes its place, and what was matched
    with it is matched without. A file that has been found under another path
    meanwhile is left alone.

    Returns:
        How many became MISSING.
    """
    count = 0
    left: set[bytes] = set()
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
        left.add(os.path.dirname(path))
        count += changed
    weigh_again(left)
    return count


def folders_under(root: bytes) -> list[bytes]:
    """Return every folder at or below `root` that has files not MISSING."""
    rows = (
        File.select(File.folder)
        .where(below(root), File.status != FileStatus.MISSING)
        .distinct()
    )
    return [bytes(folder) for (folder,) in tuples(rows)]


def backlog(place: bytes, *, root: bytes, after: bytes, limit: int) -> list[AudioFile]:
    """Return PENDING files below a place in path order, those after `after`.

    Args:
        place: A folder.
        root: The music folder that it is in today; it may have been another one.
        after: A path.
        limit: How many at most.
    """
    rows = (
        File.select(File.id, File.path, File.size_bytes, File.mtime_ns, File.inode)
        .where(below(place), File.status == FileStatus.PENDING, File.path > after)
        .order_by(File.path)
        .limit(limit)
    )
    return [
        AudioFile(FileId(file), bytes(path), root, Signature(*signature))
        for file, path, *signature in tuples(rows)
    ]


def unhurried(root: bytes, *, after: bytes, limit: int) -> list[AudioFile]:
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
            Checkpoint.needs == LEISURE,
            File.status == FileStatus.COMPLETE,
            below(root),
            File.path > after,
        )
        .order_by(File.path)
        .limit(limit)
    )
    return [
        AudioFile(FileId(file), bytes(path), root, Signature(*signature))
        for file, path, *signature in tuples(rows)
    ]
