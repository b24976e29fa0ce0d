"""Map database errors to segued's classes, by SQLite's error name."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from segued.errors import (
    ConstraintError,
    StoreCorruptError,
    StoreDiskError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreUnwritableError,
)
from segued.store.doubt_note import note_doubt

__all__ = ["is_intact", "library_error", "store_error"]

UNWRITABLE: Final = "the library may not be written: {}"

ERRORS_BY_NAME: Final = (
    (StoreFullError, "SQLITE_FULL", "no space left for the library"),
    (StoreLockedError, "SQLITE_BUSY", "the library is locked by another program"),
    (StoreLockedError, "SQLITE_LOCKED", "the library is locked by another program"),
    (StoreDiskError, "SQLITE_IOERR", "the disk of the library reports an error: {}"),
    (StoreCorruptError, "SQLITE_NOTADB", "not a segued library"),
    (StoreCorruptError, "SQLITE_CORRUPT", "the library is damaged: {}"),
    (StoreUnwritableError, "SQLITE_READONLY", UNWRITABLE),
    (StoreUnwritableError, "SQLITE_CANTOPEN", UNWRITABLE),
    (StoreUnwritableError, "SQLITE_PERM", UNWRITABLE),
    (ConstraintError, "SQLITE_CONSTRAINT", "a row violates the schema: {}"),
)
"""Error class, prefix of SQLite's error name, and message."""


def is_intact(path: Path) -> bool:
    """Return whether a fresh read-only connection finds no damage in a library.

    A disk that returned wrong data once may return the right data again.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            result = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error:
        return False
    return bool(result == "ok")


def store_error(path: Path, error: BaseException) -> StoreError:
    """Return segued's error for a database error of the library at `path`.

    Before a library is called damaged, it is checked on a fresh connection.

    On a full disk peewee raises "cannot rollback - no transaction is active"; the
    actual error is its cause, so the first specific one of the chain counts.
    """
    names = [name for link in _chain(error) if (name := _name(link))]
    specific_name = next((name for name in names if name != "SQLITE_ERROR"), "")
    for error_class, prefix, message in ERRORS_BY_NAME:
        if specific_name.startswith(prefix):
            if error_class is StoreCorruptError and is_intact(path):
                return StoreDiskError(
                    f"{path}: the disk of the library returned wrong data; the "
                    "library itself is intact"
                )
            return error_class(f"{path}: {message.format(error)}")
    return StoreError(f"{path}: database error: {error}")


def library_error(path: Path, error: BaseException) -> StoreError:
    """Return segued's error, as `store_error`, for a library that was opened.

    If it is one of the disk, the next opening checks every page of the library.
    """
    found = store_error(path, error)
    is_foreign = _name(error) == "SQLITE_NOTADB"
    if isinstance(found, StoreDiskError | StoreCorruptError) and not is_foreign:
        note_doubt(path, str(error))
    return found


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _name(error: BaseException) -> str | None:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorname", None)
    return None
