"""Find files with the same content, and decide which of them is imported.

All functions run on the single writer thread, inside a transaction. This makes a
claim safe: of two equal files in flight, the first to commit its hash owns the
content, and the other sees that.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segued.model import (
    AudioFile,
    FileEntry,
    FileId,
    FileStatus,
    PhaseNumber,
    Signature,
)
from segued.store import codec
from segued.store.prepared import Query, prepared
from segued.store.schema.files import Checkpoint, Failure, File

__all__ = [
    "NON_OWNING_STATUSES",
    "ClaimResult",
    "SameContentFile",
    "claim_content",
    "files_with_content",
    "follow_rename",
    "has_original",
    "link_duplicates",
    "promote_duplicate_of",
    "release_content",
]

NON_OWNING_STATUSES: Final = (
    FileStatus.FAILED,
    FileStatus.MISSING,
    FileStatus.DUPLICATE,
)
"""A file in one of these states does not own its content; another may claim it."""


@dataclass(frozen=True, slots=True)
class SameContentFile:
    """Another file with the same content."""

    id: FileId
    path: bytes
    root: bytes
    status: FileStatus


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """Result of a claim on a content.

    Attributes:
        status: The file's new status; None if it owns the content.
        other: The file that it is a duplicate of, or was merged into.
        other_path: Path of that file; if merged, the path before.
        moved: Whether its row was merged into the other file's row and deleted.
    """

    status: FileStatus | None = None
    other: FileId | None = None
    other_path: bytes = b""
    moved: bool = False


def files_with_content(file: FileId, content_hash: str) -> list[SameContentFile]:
    """Return the other files with this content."""
    return [
        SameContentFile(FileId(other), bytes(path), bytes(root), FileStatus(status))
        for other, path, root, status in _same_content(file, content_hash)
    ]


@prepared
def _same_content(file: FileId, content_hash: str) -> Query:
    return (
        File.select(File.id, File.path, File.root, File.status)
        .where(File.content_hash == content_hash, File.id != file)
        .order_by(File.added_at, File.id)
    )


def claim_content(
    file: AudioFile,
    content_hash: str,
    audio_hash: str,
    absent: Sequence[tuple[FileId, bytes]],
) -> ClaimResult:
    """Claim a content for a file.

    Args:
        file: The file that was hashed.
        content_hash: BLAKE3 of the whole file.
        audio_hash: BLAKE3 of its audio without tags.
        absent: Files with this content that do not exist at their path, with
            that path.

    Returns:
        Status None: the import continues. Moved: the file is another one that was
        moved; that one's row now has this path and the returned status. Otherwise
        DUPLICATE: another file owns the content.
    """
    ((had_content, had_audio),) = _hashes(file.id)
    if had_content not in (None, content_hash):
        release_content(file.id)
    if had_audio not in (None, audio_hash):
        # Other audio: the tags of the old audio must not be merged into its tags.
        File.update(tags=None).where(File.id == file.id).execute()
    others = files_with_content(file.id, content_hash)
    for other in others:
        was_moved = other.status is FileStatus.MISSING or (
            (other.id, other.path) in absent
            and other.status is not FileStatus.PROCESSING
        )
        if was_moved:
            return ClaimResult(_move_row(other, file), other.id, other.path, moved=True)
    _set_hashes(file.id, content_hash, audio_hash)
    for other in others:
        if other.status not in NON_OWNING_STATUSES:
            link_duplicates(content_hash)
            return ClaimResult(FileStatus.DUPLICATE, other.id, other.path)
    return ClaimResult()


@prepared
def _hashes(file: FileId) -> Query:
    return File.select(File.content_hash, File.audio_hash).where(File.id == file)


@prepared
def _set_hashes(file: FileId, content_hash: str, audio_hash: str) -> Query:
    return File.update(content_hash=content_hash, audio_hash=audio_hash).where(
        File.id == file
    )


def _move_row(other: SameContentFile, new: AudioFile) -> FileStatus:
    """Move the row of a file to the path of `new`, whose row is deleted."""
    other_row = File.get_by_id(other.id)
    new_row = File.get_by_id(new.id)
    status = FileStatus(other_row.status_was or other_row.status)
    if status is FileStatus.PROCESSING:
        status = FileStatus.PENDING
    File.delete().where(File.id == new.id).execute()
    _set_location(other.id, bytes(new_row.path), bytes(new_row.root), new.signature)
    File.update(sheets=new_row.sheets).where(File.id == other.id).execute()
    status = _requeue_renamed(other.id, status)
    # The checkpoint of phase 1 still has the old signature.
    Checkpoint.update(payload=codec.encode({"signature": new.signature})).where(
        Checkpoint.file == other.id, Checkpoint.phase == PhaseNumber.FILENAME
    ).execute()
    link_duplicates(other_row.content_hash)
    return status


def link_duplicates(content_hash: str | None) -> None:
    """Set the `matching_hashes` of all files with this content.

    Each names the others that exist on disk; that of a missing file is empty.
    """
    if content_hash is None:
        return
    rows = list(_links(content_hash))
    present = [file for file, status, _ in rows if status != FileStatus.MISSING]
    for file, status, stored in rows:
        others = sorted(other for other in present if other != file)
        links = codec.encode([] if status == FileStatus.MISSING else others)
        if links != stored:
            _set_links(file, links)


@prepared
def _links(content_hash: str) -> Query:
    return File.select(File.id, File.status, File.matching_hashes).where(
        File.content_hash == content_hash
    )


@prepared
def _set_links(file: FileId, links: str) -> Query:
    return File.update(matching_hashes=links).where(File.id == file)


def follow_rename(entry: FileEntry, root: bytes) -> FileStatus | None:
    """Move the row of a renamed file to the path of `entry`.

    A known file was renamed if it has the same inode, size and mtime, and nothing
    exists at its old path.

    Returns:
        The file's new status; None if `entry` is not a renamed file.
    """
    signature = entry.signature
    for file, path, current_status, status_before in _same_signature(
        signature.size_bytes, signature.mtime_ns, signature.inode, entry.path
    ).fetchall():
        if os.path.lexists(bytes(path)):
            continue
        _set_location(file, entry.path, root, signature)
        status = FileStatus(status_before or current_status)
        if status_before and status is FileStatus.PROCESSING:
            # It became MISSING while being imported; no worker has it now.
            status = FileStatus.PENDING
        status = _requeue_renamed(file, status)
        link_duplicates(File.get_by_id(file).content_hash)
        return status
    return None


def _requeue_renamed(file: FileId, status: FileStatus) -> FileStatus:
    """Store the status of a renamed file; return it.

    A complete file becomes PENDING from phase 3 on, since names of files and folders
    are evidence too; it is not hashed, decoded or looked up again.
    """
    if status is FileStatus.COMPLETE:
        status = FileStatus.PENDING
        Checkpoint.delete().where(
            Checkpoint.file == file, Checkpoint.phase >= PhaseNumber.TAGS
        ).execute()
    File.update(status=status, status_was=None).where(File.id == file).execute()
    return status


@prepared
def _same_signature(size: int, mtime: int, inode: int, path: bytes) -> Query:
    return File.select(File.id, File.path, File.status, File.status_was).where(
        File.inode == inode,
        File.size_bytes == size,
        File.mtime_ns == mtime,
        File.path != path,
    )


def _set_location(file: FileId, path: bytes, root: bytes, signature: Signature) -> None:
    File.update(
        path=path,
        folder=os.path.dirname(path),
        root=root,
        path_text=path.decode("utf-8", "replace"),
        size_bytes=signature.size_bytes,
        mtime_ns=signature.mtime_ns,
        inode=signature.inode,
    ).where(File.id == file).execute()


def has_original(file: FileId) -> bool:
    """Return whether another file owns the content of this duplicate."""
    content = File.select(File.content_hash).where(File.id == file)
    return (
        File.select()
        .where(
            File.content_hash == content,
            File.id != file,
            File.status.not_in(list(NON_OWNING_STATUSES)),
        )
        .exists()
    )


def promote_duplicate_of(file: FileId) -> FileId | None:
    """Requeue a duplicate of a file that failed or is missing; return its id.

    The duplicate becomes PENDING from phase 2 on, which finds the missing file and
    takes over its row. None is requeued if the missing file itself is PENDING under
    a new name: then that one owns the content again.
    """
    content = File.select(File.content_hash).where(File.id == file)
    successor = (
        File.select(File.id)
        .where(
            File.content_hash == content,
            File.id != file,
            File.status == FileStatus.DUPLICATE,
        )
        .order_by(File.added_at, File.id)
        .first()
    )
    if successor is None or has_original(file) or _was_renamed(file):
        return None
    Checkpoint.delete().where(
        Checkpoint.file == successor.id, Checkpoint.phase > PhaseNumber.FILENAME
    ).execute()
    Failure.delete().where(Failure.file == successor.id).execute()
    File.update(status=FileStatus.PENDING).where(File.id == successor.id).execute()
    return FileId(successor.id)


def _was_renamed(file: FileId) -> bool:
    """Return whether a missing file is PENDING under a new name."""
    row = File.get_by_id(file)
    return (
        FileStatus(row.status) is FileStatus.MISSING
        and File.select()
        .where(
            File.inode == row.inode,
            File.size_bytes == row.size_bytes,
            File.mtime_ns == row.mtime_ns,
            File.status == FileStatus.PENDING,
        )
        .exists()
    )


def release_content(file: FileId) -> None:
    """Remove the content hash of a file; a duplicate takes over the content."""
    row = File.get_by_id(file)
    if FileStatus(row.status) not in NON_OWNING_STATUSES:
        promote_duplicate_of(file)
    File.update(matching_hashes="[]", content_hash=None).where(
        File.id == file
    ).execute()
    link_duplicates(row.content_hash)
