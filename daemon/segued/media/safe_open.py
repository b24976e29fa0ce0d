"""Opening a music file: for reading only, never waiting, never following."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from segued.errors import (
    DiskReadError,
    EmptyFileError,
    FileChangedError,
    FileError,
    FileVanishedError,
    NotRegularError,
    PermissionDeniedError,
)
from segued.model import Signature
from segued.paths import is_within

__all__ = [
    "file_error",
    "open_regular",
    "open_within",
    "read_fully",
    "root_is_offline",
    "signature_of",
]

OPEN_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Without O_NONBLOCK, opening a FIFO waits for a writer for ever."""


def signature_of(status: os.stat_result) -> Signature:
    """Return what tells a file's bytes from other bytes without reading them.

    Times after the year 2262 and inodes of 64 bits, which some file systems
    hand out, are brought into the range that the library can hold.
    """
    return Signature(
        status.st_size, _to_signed_64(status.st_mtime_ns), _to_signed_64(status.st_ino)
    )


def _to_signed_64(number: int) -> int:
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def root_is_offline(root: bytes) -> bool:
    """Return whether a music folder is missing or empty: its disk is away."""
    try:
        return not os.listdir(root)
    except OSError:
        return True


@contextmanager
def open_regular(path: bytes, expected: Signature | None = None) -> Iterator[int]:
    """Open a regular file and yield its descriptor; close it afterwards.

    Checked before and after: a file that is not, or no longer, the one that
    was found is not the one to be recorded.

    Args:
        path: Absolute path.
        expected: The file's signature when it was found; None to take it as
            it is now.

    Raises:
        FileVanishedError: There is no such file (any more).
        FileChangedError: It is not as expected, or changed while open.
        FileUnreadableError: It is empty, not regular or may not be read.
        DiskReadError: The file system could not open it, or an `OSError`
            came out of the body.
    """
    try:
        descriptor = os.open(path, OPEN_FLAGS)
    except OSError as error:
        raise file_error(path, error) from error
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise NotRegularError(path, "not a regular file")
        found = signature_of(before)
        if expected is not None and found != expected:
            raise FileChangedError(path, "changed since it was found")
        if found.size_bytes == 0:
            raise EmptyFileError(path, "the file is empty")
        os.set_blocking(descriptor, True)
        try:
            yield descriptor
        except OSError as error:
            raise file_error(path, error) from error
        if signature_of(os.fstat(descriptor)) != found:
            raise FileChangedError(path, "changed while it was being read")
    finally:
        os.close(descriptor)


def open_within(path: bytes, root: bytes) -> int:
    """Open a regular file that is really in a music folder; return its descriptor.

    Whoever asked closes it.

    Raises:
        FileVanishedError: There is no such file (any more).
        FileUnreadableError: It is not regular, may not be read, or a link on the
            way leads out of the folder.
        DiskReadError: The file system could not open it.
    """
    try:
        descriptor = os.open(path, OPEN_FLAGS)
    except OSError as error:
        raise file_error(path, error) from error
    regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
    # Of what is open, and not of what may stand there a moment later.
    where = os.readlink(f"/proc/self/fd/{descriptor}".encode())
    if regular and is_within(where, os.path.realpath(root)):
        return descriptor
    os.close(descriptor)
    why = "not in its music folder" if regular else "not a regular file"
    raise NotRegularError(path, why)


def read_fully(descriptor: int, count: int, offset: int) -> bytes:
    """Return up to `count` bytes from `offset`; fewer only at the end."""
    parts = []
    while count > 0:
        part = os.pread(descriptor, count, offset)
        if not part:
            break
        parts.append(part)
        count -= len(part)
        offset += len(part)
    return b"".join(parts)


def file_error(path: bytes, error: OSError) -> FileError:
    """Return the file error that an operating system's error amounts to."""
    reason = error.strerror or str(error)
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return FileVanishedError(path, "the file is gone")
        case errno.EACCES | errno.EPERM:
            return PermissionDeniedError(path, "may not be read: permission denied")
        case errno.ELOOP:
            return NotRegularError(path, "a symbolic link")
        case errno.EISDIR | errno.ENXIO | errno.ENODEV:
            return NotRegularError(path, "not a regular file")
        case _:
            return DiskReadError(path, f"could not be read: {reason}")
