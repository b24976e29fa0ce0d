"""What a database error means, told from SQLite's own name for it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from segued.errors import (
    ConstraintError,
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreUnwritableError,
)

__all__ = ["store_error"]


UNWRITABLE: Final = "the library may not be written: {}"

ERRORS_BY_NAME: Final = (
    (StoreFullError, "SQLITE_FULL", "no space left for the library"),
    (StoreLockedError, "SQLITE_BUSY", "the library is locked by another program"),
    (StoreLockedError, "SQLITE_LOCKED", "the library is locked by another program"),
    (StoreCorruptError, "SQLITE_NOTADB", "not a segued library"),
    (StoreCorruptError, "SQLITE_CORRUPT", "the library is damaged: {}"),
    (StoreUnwritableError, "SQLITE_READONLY", UNWRITABLE),
    (StoreUnwritableError, "SQLITE_CANTOPEN", UNWRITABLE),
    (StoreUnwritableError, "SQLITE_PERM", UNWRITABLE),
    (ConstraintError, "SQLITE_CONSTRAINT", "the library refused a row: {}"),
)
"""What SQLite's names for its errors begin with, and what they amount to."""


def store_error(path: Path, error: BaseException) -> StoreError:
    """Return the error that a failure of the library at `path` amounts to.

    On a full disk peewee raises "cannot rollback - no transaction is active";
    what really happened is further down the chain, so the chain is walked.
    """
    names = [name for link in _chain(error) if (name := _name(link))]
    found = next((name for name in names if name != "SQLITE_ERROR"), "")
    for kind, name, what in ERRORS_BY_NAME:
        if found.startswith(name):
            return kind(f"{path}: {what.format(error)}")
    return StoreError(f"{path}: the library failed: {error}")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _name(error: BaseException) -> str | None:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorname", None)
    return None
