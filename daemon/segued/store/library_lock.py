"""The lock file of a library, which holds the id of the process that uses it."""

import fcntl
import os
from pathlib import Path
from typing import Final

from segued.errors import StoreLockedError

__all__ = ["check_free", "in_use_error", "path_of"]

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
