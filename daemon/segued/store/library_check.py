"""Check that a file is an intact library of a schema that this version supports."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from segued.errors import StoreCorruptError, StoreTooNewError
from segued.store.migrate import SCHEMA_VERSION
from segued.store.sqlite_errors import is_intact

__all__ = ["APPLICATION_ID", "check_library"]

APPLICATION_ID: Final = 0x53454755
"""SQLite's `application_id` of a segued library: the letters SEGU."""


def check_library(path: Path, *, is_thorough: bool = False) -> int:
    """Check a library, and return the version of its schema; 0 for an empty file.

    The connection is read-only, so that a rejected file is not changed.

    Args:
        path: The library.
        is_thorough: Also compare each index with its table, which takes longer.

    Raises:
        StoreCorruptError: It is no library, or is damaged.
        StoreTooNewError: A newer segued wrote it.
        sqlite3.Error: It cannot be read.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as connection:

        def fetch_value(query: str) -> Any:  # noqa: ANN401
            return connection.execute(query).fetchone()[0]

        if fetch_value("PRAGMA application_id") != APPLICATION_ID:
            if fetch_value("SELECT count(*) FROM sqlite_master") == 0:
                return 0  # created by a process killed before its first transaction
            raise StoreCorruptError(f"{path}: not a segued library")
        version = int(fetch_value("PRAGMA user_version"))
        if version > SCHEMA_VERSION:
            raise StoreTooNewError(
                f"{path}: written by a newer segued (schema {version}, "
                f"this one supports up to {SCHEMA_VERSION})"
            )
        check = "integrity_check" if is_thorough else "quick_check"
        result = fetch_value(f"PRAGMA {check}(1)")
        if result != "ok" and (is_thorough or not is_intact(path)):
            raise StoreCorruptError(f"{path}: the library is damaged: {result}")
    return version
