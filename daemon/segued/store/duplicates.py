"""Find files with the same content or audio, and which of them owns the content.

All functions run on the single writer thread, inside a transaction. This makes a
claim safe: of two equal files in flight, the first to commit its hash owns the
content, and the other sees that. Which one commits first does not depend on the order
of work: each waits for those that were taken from the queue before it
(`WorkQueue.wait_for_turn`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from segued.model import (
    FileId,
    FileStatus,
    PhaseNumber,
)
from segued.store import codec
from segued.store.prepared import Query, prepared
from segued.store.schema.files import Checkpoint, Failure, File

__all__ = [
    "NON_OWNING_STATUSES",
    "SameContentFile",
    "files_with_audio",
    "files_with_content",
    "files_with_content_or_audio",
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
    """Another file with the same content, or the same audio.

    Attributes:
        status_before: Of a MISSING file, its status before.
    """

    id: FileId
    path: bytes
    root: bytes
    status: FileStatus
    status_before: FileStatus | None = None
    inode: int = 0


def files_with_content(file: FileId, content_hash: str) -> list[SameContentFile]:
    """Return the other files with this content: the longest known, then by path."""
    return _to_files(_same_content(file, content_hash))


def files_with_audio(file: FileId, audio_hash: str) -> list[SameContentFile]:
    """Return the other files with this audio; their tags may differ."""
    return _to_files(_same_audio(file, audio_hash))


def files_with_content_or_audio(
    file: FileId, content_hash: str, audio_hash: str
) -> list[SameContentFile]:
    """Return the other files with this content, or with this audio."""
    with_content = files_with_content(file, content_hash)
    return list(dict.fromkeys((*with_content, *files_with_audio(file, audio_hash))))


def _to_files(rows: Iterable[Sequence[Any]]) -> list[SameContentFile]:
    return [
        SameContentFile(
            FileId(other),
            bytes(path),
            bytes(root),
            FileStatus(status),
            FileStatus(before) if before else None,
            inode,
        )
        for other, path, root, status, before, inode in rows
    ]


@prepared
def _same_content(file: FileId, content_hash: str) -> Query:
    return (
        _select_files()
        .where(File.content_hash == content_hash, File.id != file)
        .order_by(File.added_at, File.path)
    )


@prepared
def _same_audio(file: FileId, audio_hash: str) -> Query:
    return _select_files().where(File.audio_hash == audio_hash, File.id != file)


def _select_files() -> Query:
    return File.select(
        File.id, File.path, File.root, File.status, File.status_was, File.inode
    )


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
    takes over its row. Of several, it is the one known longest, then the lowest path.
    None is requeued if the missing file itself is PENDING under
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
        .order_by(File.added_at, File.path)
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
