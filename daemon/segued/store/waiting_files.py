"""The files that wait for a worker: to be imported, or to be analyzed."""

from segued.model import AudioFile, FileId, FileStatus, Need, Signature
from segued.store.schema.files import Checkpoint, File, is_under, iter_rows

__all__ = ["pending_files", "unanalyzed_files"]


def pending_files(
    folder: bytes, *, root: bytes, after: bytes, limit: int
) -> list[AudioFile]:
    """Return PENDING files below a folder, in path order.

    Args:
        folder: The folder.
        root: The current music folder of the files; the stored one may be outdated.
        after: Only files whose path sorts after this one.
        limit: Maximum number of files.
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
    """Return imported files whose analysis was deferred until idle, in path order.

    Args:
        root: The music folder of the files.
        after: Only files whose path sorts after this one.
        limit: Maximum number of files.
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
