"""The lock file of a library, which holds the id of the process that uses it."""

import fcntl
import os
from pathlib import Path
from typing import Final

from segued.errors import StoreLockedError, StoreUnwritableError

__all__ = ["acquire", "check_free", "in_use_error", "path_of"]

DIGITS_MAX: Final = 20


def path_of(library: Path) -> Path:
    """Return the path of a library's lock file."""
    return library.with_name(f"{library.name}.lock")


def in_use_error(library: Path, lock: int) -> StoreLockedError:
    """Return the error about a library whose open lock file another process holds."""
    holder = os.pread(lock, DIGITS_MAX, 0).decode("ascii", "replace").strip()
    return StoreLockedError(
        f"{library}: another segued is using this library (process {holder})"
    )


def acquire(library: Path) -> int:
    """Lock a library for this process; return the descriptor that holds the lock.

    Raises:
        StoreLockedError: Another process holds its lock.
        StoreUnwritableError: The folder of the library is not writable.
    """
    try:
        library.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path_of(library), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnwritableError(
            f"{library}: the library may not be written: {error.strerror}"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        in_use = in_use_error(library, lock)
        os.close(lock)
        raise in_use from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def check_free(library: Path) -> None:
    """Check that no other process uses a library, before anything is started.

    Raises:
        StoreLockedError: Another process holds its lock.
    """
    try:
        lock = os.open(path_of(library), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return  # there is none yet, or `Store.open` reports why it is not usable
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise in_use_error(library, lock) from error
    finally:
        os.close(lock)
