"""What a database error means, told from SQLite's own name for it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from segued.errors import (
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreUnwritableError,
)

__all__ = ["store_error"]


def store_error(path: Path, error: BaseException) -> StoreError:
    """Return the error that a failure of the library at `path` amounts to.

    On a full disk peewee raises "cannot rollback - no transaction is active";
    what really happened is further down the chain, so the chain is walked.
    """
    names = [name for link in _chain(error) if (name := _name(link))]
    found = next((name for name in names if name != "SQLITE_ERROR"), "")
    if found.startswith("SQLITE_FULL"):
        return StoreFullError(f"{path}: no space left for the library")
    if found.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreLockedError(f"{path}: the library is locked by another program")
    if found.startswith("SQLITE_NOTADB"):
        return StoreCorruptError(f"{path}: not a segued library")
    if found.startswith("SQLITE_CORRUPT"):
        return StoreCorruptError(f"{path}: the library is damaged: {error}")
    if found.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return StoreUnwritableError(f"{path}: the library may not be written: {error}")
    return StoreError(f"{path}: the library failed: {error}")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _name(error: BaseException) -> str | None:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorname", None)
    return None
