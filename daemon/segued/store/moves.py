"""Recognize moved and renamed files, also with new tags: they keep their rows.

All functions run on the single writer thread, inside a transaction. This makes a
claim safe: of two equal files in flight, the first to commit its hash owns the
content, and the other sees that; see `segued.store.duplicates`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from segued.model import (
    AudioFile,
    FileEntry,
    FileId,
    FileStatus,
    PhaseNumber,
    Signature,
)
from segued.store import codec
from segued.store.duplicates import (
    NON_OWNING_STATUSES,
    SameContentFile,
    files_with_audio,
    files_with_content,
    link_duplicates,
    release_content,
)
from segued.store.prepared import Query, prepared
from segued.store.schema.files import Checkpoint, Failure, File, iter_rows

__all__ = ["ClaimResult", "claim_content", "follow_rename", "requeue_claimants"]


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
        absent: Files with this content or audio that do not exist at their path,
            with that path.

    Returns:
        Status None: the import continues. Moved: the file is another one that was
        moved, and perhaps got new tags; that one's row now has this path and the
        returned status. Otherwise DUPLICATE: another file owns the content.
    """
    ((had_content, had_audio),) = _hashes(file.id)
    if had_content not in (None, content_hash):
        release_content(file.id)
    others = files_with_content(file.id, content_hash)
    for other in others:
        was_moved = other.status is FileStatus.MISSING or (
            (other.id, other.path) in absent
            and other.status is not FileStatus.PROCESSING
        )
        if was_moved:
            return ClaimResult(_move_row(other, file), other.id, other.path, moved=True)
    owner = next((o for o in others if o.status not in NON_OWNING_STATUSES), None)
    if owner is None and had_audio != audio_hash:
        retagged = _find_retagged(file, audio_hash, absent)
        if retagged is not None:
            status = _move_retagged_row(retagged, file, content_hash, audio_hash)
            return ClaimResult(status, retagged.id, retagged.path, moved=True)
    if had_audio not in (None, audio_hash):
        # Other audio: the tags of the old audio must not be merged into its tags.
        File.update(tags=None, remembered_tags=None, tags_read_at=None).where(
            File.id == file.id
        ).execute()
    _set_hashes(file.id, content_hash, audio_hash)
    if owner is not None:
        link_duplicates(content_hash)
        return ClaimResult(FileStatus.DUPLICATE, owner.id, owner.path)
    return ClaimResult()


def _find_retagged(
    file: AudioFile, audio_hash: str, absent: Sequence[tuple[FileId, bytes]]
) -> SameContentFile | None:
    """Return the file that this one was before it was moved and got new tags.

    It is the only file that is gone and had this audio. Of several, it is the one with
    this inode; copies of another of them do not count.
    """
    gone = [
        each
        for each in files_with_audio(file.id, audio_hash)
        if (each.id, each.path) in absent
    ]
    copy = FileStatus.DUPLICATE
    found = [e for e in gone if copy not in (e.status, e.status_before)] or gone
    if len(found) > 1:
        found = [each for each in found if each.inode == file.signature.inode]
    if len(found) != 1 or found[0].status is FileStatus.PROCESSING:
        return None  # if it is in progress, `requeue_claimants` comes back to it
    return found[0]


def requeue_claimants(file: FileId) -> None:
    """Requeue the files that may be a missing file, moved while it was in progress.

    They are those that found it gone when they were hashed.
    """
    claimants = (
        File.select(File.id)
        .join(Checkpoint, on=Checkpoint.file == File.id)
        .where(
            File.audio_hash == File.select(File.audio_hash).where(File.id == file),
            File.status.not_in([FileStatus.MISSING, FileStatus.DUPLICATE]),
            Checkpoint.phase == PhaseNumber.HASH,
            Checkpoint.payload.contains(f'"{file}"'),
        )
    )
    for (claimant,) in iter_rows(claimants):
        Checkpoint.delete().where(
            Checkpoint.file == claimant, Checkpoint.phase >= PhaseNumber.HASH
        ).execute()
        # Without its hash, it is not taken for a file that was here before.
        File.update(status=FileStatus.PENDING, audio_hash=None).where(
            File.id == claimant
        ).execute()


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
    _take_place(other, new_row, new.signature, other_row.audio_hash)
    status = _requeue_renamed(other.id, status)
    link_duplicates(other_row.content_hash)
    return status


def _move_retagged_row(
    other: SameContentFile, new: AudioFile, content_hash: str, audio_hash: str
) -> FileStatus:
    """Move the row of a file with the same audio; it continues with its new tags."""
    release_content(other.id)
    _take_place(other, File.get_by_id(new.id), new.signature, audio_hash)
    _set_hashes(other.id, content_hash, audio_hash)
    hashes = {"content": content_hash, "audio": audio_hash, "absent": []}
    _update_checkpoint(other.id, PhaseNumber.HASH, hashes)
    Checkpoint.delete().where(
        Checkpoint.file == other.id, Checkpoint.phase >= PhaseNumber.TAGS
    ).execute()
    Failure.delete().where(Failure.file == other.id).execute()
    File.update(status=FileStatus.PENDING, status_was=None).where(
        File.id == other.id
    ).execute()
    link_duplicates(content_hash)
    return FileStatus.PENDING


def _take_place(
    other: SameContentFile, new_row: File, signature: Signature, audio_hash: str | None
) -> None:
    """Give a moved file the path of `new_row`, which is deleted.

    If another file was at this path before, its row becomes MISSING at the path that
    the moved file left: it may have been moved as well, and is found by its audio.

    Args:
        other: The moved file.
        new_row: The row of its new path.
        signature: Its signature there.
        audio_hash: The hash of its audio.
    """
    path, root, sheets = bytes(new_row.path), bytes(new_row.root), new_row.sheets
    if new_row.audio_hash in (None, audio_hash):
        File.delete().where(File.id == new_row.id).execute()
    else:
        unused = other.path + b"/"  # for a moment, as paths are unique
        _set_location(other.id, unused, root, signature)
        _set_location(FileId(new_row.id), other.path, other.root, Signature(0, 0, 0))
        Checkpoint.delete().where(Checkpoint.file == new_row.id).execute()
        File.update(status=FileStatus.MISSING, status_was=FileStatus.PENDING).where(
            File.id == new_row.id
        ).execute()
    _set_location(other.id, path, root, signature)
    File.update(retagged_ns=None, sheets=sheets).where(File.id == other.id).execute()
    # The checkpoint of phase 1 still has the old signature.
    _update_checkpoint(other.id, PhaseNumber.FILENAME, {"signature": signature})


def _update_checkpoint(file: FileId, phase: PhaseNumber, result: object) -> None:
    Checkpoint.update(payload=codec.encode_sparse(result)).where(
        Checkpoint.file == file, Checkpoint.phase == phase
    ).execute()


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
        ctime_ns=signature.ctime_ns,  # a rename changes it
    ).where(File.id == file).execute()
