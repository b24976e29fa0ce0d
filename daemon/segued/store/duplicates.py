"""Which files hold the same bytes, and which of them is the one imported.

Everything here runs on the one writer thread, inside a transaction. That is
what makes a claim safe: of two equal files in flight the first to commit its
hash has it, and the other sees that it has.
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
    "promote_duplicate_of",
    "release_content",
]

NON_OWNING_STATUSES: Final = (
    FileStatus.FAILED,
    FileStatus.MISSING,
    FileStatus.DUPLICATE,
)
"""Files in one of these do not have the content they hold: another may."""


@dataclass(frozen=True, slots=True)
class SameContentFile:
    """Another file with the same content."""

    id: FileId
    path: bytes
    root: bytes
    status: FileStatus


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """How a claim on a content ended.

    Attributes:
        status: What became of the file; None when the content is its own.
        other: The file it is a duplicate of, or now lives on as.
        other_path: Where that one is, or was.
        moved: Whether it lives on as the other, and this row is gone.
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
        content_hash: BLAKE3 of all of it.
        audio_hash: BLAKE3 of its audio without tags.
        absent: Rivals that were looked for under their path, and are not there.

    Returns:
        Status None: the file goes on. Moved: it is a rival that was elsewhere,
        which lives on under this path and with that status. Else DUPLICATE:
        another one has the content.
    """
    ((had_content, had_audio),) = _hashes(file.id)
    if had_content not in (None, content_hash):
        release_content(file.id)
    if had_audio not in (None, audio_hash):
        # Another recording: what was read from the old one is not its own.
        File.update(tags=None).where(File.id == file.id).execute()
    others = files_with_content(file.id, content_hash)
    for other in others:
        gone = other.status is FileStatus.MISSING or (
            (other.id, other.path) in absent
            and other.status is not FileStatus.PROCESSING
        )
        if gone:
            return ClaimResult(
                _move_record(other, file), other.id, other.path, moved=True
            )
    _set_hashes(file.id, content_hash, audio_hash)
    for other in others:
        if other.status not in NON_OWNING_STATUSES:
            _link_duplicates([file.id, *(each.id for each in others)])
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


def _move_record(other: SameContentFile, new: AudioFile) -> FileStatus:
    """Let a rival live on under the path of a file found there."""
    other_row = File.get_by_id(other.id)
    new_row = File.get_by_id(new.id)
    status = FileStatus(other_row.status_was or other_row.status)
    if status is FileStatus.PROCESSING:
        status = FileStatus.PENDING
    File.delete().where(File.id == new.id).execute()
    _set_location(other.id, bytes(new_row.path), bytes(new_row.root), new.signature)
    status = _requeue_renamed(other.id, status)
    # Its first checkpoint speaks of the old signature; the look-up is free.
    Checkpoint.update(payload=codec.encode({"signature": new.signature})).where(
        Checkpoint.file == other.id, Checkpoint.phase == PhaseNumber.FILENAME
    ).execute()
    others = [
        each.id for each in files_with_content(other.id, other_row.content_hash or "")
    ]
    _link_duplicates([other.id, *others])
    return status


def follow_rename(entry: FileEntry, root: bytes) -> FileStatus | None:
    """Let a file that was renamed live on under the path where it was found.

    It is known by its inode, size and time, and nothing is where it was.

    Returns:
        How it stands now; None if it is no file that was renamed.
    """
    signature = entry.signature
    for file, path, status_now, was in _same_signature(
        signature.size_bytes, signature.mtime_ns, signature.inode, entry.path
    ).fetchall():
        if os.path.lexists(bytes(path)):
            continue
        _set_location(file, entry.path, root, signature)
        status = FileStatus(was or status_now)
        if was and status is FileStatus.PROCESSING:
            # It was missed while it was worked on; nobody is at it any more.
            status = FileStatus.PENDING
        return _requeue_renamed(file, status)
    return None


def _requeue_renamed(file: FileId, status: FileStatus) -> FileStatus:
    """Put on record how a file stands that has another name; return that.

    One that was finished is PENDING from its tags on, since a name and a folder
    say something too; nothing is hashed, decoded or looked up again.
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


def _link_duplicates(files: Sequence[FileId]) -> None:
    """Put all of them into the matching hashes of each, without repeats."""
    for file in files:
        others = sorted(other for other in files if other != file)
        File.update(matching_hashes=codec.encode(others)).where(
            File.id == file
        ).execute()


def has_original(file: FileId) -> bool:
    """Return whether a file that is there has this duplicate's content."""
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
    """Let a duplicate take the place of a file that failed or is missing.

    It becomes PENDING, from its hashing on; hashing finds the missing file
    and hands over what is known of it. Not if the missing file itself waits
    under another name: then it is that one that gets its place back.
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
    """Return whether a file that is gone waits for its hashing under a new name."""
    gone = File.get_by_id(file)
    return (
        FileStatus(gone.status) is FileStatus.MISSING
        and File.select()
        .where(
            File.inode == gone.inode,
            File.size_bytes == gone.size_bytes,
            File.mtime_ns == gone.mtime_ns,
            File.status == FileStatus.PENDING,
        )
        .exists()
    )


def release_content(file: FileId) -> None:
    """Forget that a file has the content it had; its duplicates carry on."""
    partners = [rival.id for rival in _partners(file)]
    if FileStatus(File.get_by_id(file).status) not in NON_OWNING_STATUSES:
        promote_duplicate_of(file)
    for partner in partners:
        left = sorted(other for other in partners if other != partner)
        File.update(matching_hashes=codec.encode(left)).where(
            File.id == partner
        ).execute()
    File.update(matching_hashes="[]", content_hash=None).where(
        File.id == file
    ).execute()


def _partners(file: FileId) -> list[SameContentFile]:
    content_hash = File.get_by_id(file).content_hash
    return files_with_content(file, content_hash) if content_hash else []
