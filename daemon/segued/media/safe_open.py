"""Open music files read-only, without blocking; a link only if the scan followed it."""

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
"""Without O_NONBLOCK, opening a FIFO blocks until a writer appears."""


def signature_of(status: os.stat_result) -> Signature:
    """Return size, times and inode, which identify a file's content without reading it.

    Times after the year 2262 and unsigned 64-bit inodes, which some file systems
    use, are wrapped into the signed 64-bit range of the library's columns.
    """
    return Signature(
        status.st_size,
        _to_signed_64(status.st_mtime_ns),
        _to_signed_64(status.st_ino),
        _to_signed_64(status.st_ctime_ns),
    )


def _to_signed_64(number: int) -> int:
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def root_is_offline(root: bytes) -> bool:
    """Return whether a music folder is missing or empty: its disk is offline."""
    try:
        return not os.listdir(root)
    except OSError:
        return True


@contextmanager
def open_regular(path: bytes, expected: Signature | None = None) -> Iterator[int]:
    """Open a regular file and yield its descriptor; close it afterwards.

    The signature is checked before and after, so that no result of another version
    of the file is stored. A link is followed only if its target has the expected
    signature: then the scan followed it as well.

    Args:
        path: Absolute path.
        expected: The file's signature when it was scanned; None to accept any.

    Raises:
        FileVanishedError: The file does not exist.
        FileChangedError: Its signature is not `expected`, or changed while open.
        FileUnreadableError: It is empty, not regular or not readable.
        DiskReadError: The file system could not open it, or the body raised an
            `OSError`.
    """
    try:
        descriptor = os.open(path, _open_flags(path, expected))
    except OSError as error:
        raise file_error(path, error) from error
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise NotRegularError(path, "not a regular file")
        found = signature_of(before)
        if expected is not None and found != expected:
            raise FileChangedError(path, "changed since it was scanned")
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


def _open_flags(path: bytes, expected: Signature | None) -> int:
    """Return the flags to open a file with; a link that was scanned is followed."""
    if expected is None or not os.path.islink(path):
        return OPEN_FLAGS
    is_scanned = signature_of(os.stat(path)) == expected
    return OPEN_FLAGS & ~os.O_NOFOLLOW if is_scanned else OPEN_FLAGS


def open_within(path: bytes, root: bytes) -> int:
    """Open a regular file inside a music folder, links resolved.

    Returns:
        The descriptor, which the caller closes.

    Raises:
        FileVanishedError: The file does not exist.
        FileUnreadableError: It is not regular, not readable, or a link in its path
            leads out of the folder.
        DiskReadError: The file system could not open it.
    """
    try:
        descriptor = os.open(path, OPEN_FLAGS)
    except OSError as error:
        raise file_error(path, error) from error
    regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
    # The path of the open file: `path` may name another file a moment later.
    real_path = os.readlink(f"/proc/self/fd/{descriptor}".encode())
    if regular and is_within(real_path, os.path.realpath(root)):
        return descriptor
    os.close(descriptor)
    reason = "not in its music folder" if regular else "not a regular file"
    raise NotRegularError(path, reason)


def read_fully(descriptor: int, count: int, offset: int) -> bytes:
    """Return `count` bytes from `offset`; fewer only at the end of the file."""
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
    """Return the FileError for an operating system error."""
    reason = error.strerror or str(error)
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return FileVanishedError(path, "the file does not exist any more")
        case errno.EACCES | errno.EPERM:
            return PermissionDeniedError(path, "cannot be read: permission denied")
        case errno.ELOOP:
            return NotRegularError(path, "a symbolic link")
        case errno.EISDIR | errno.ENXIO | errno.ENODEV:
            return NotRegularError(path, "not a regular file")
        case _:
            return DiskReadError(path, f"cannot be read: {reason}")
