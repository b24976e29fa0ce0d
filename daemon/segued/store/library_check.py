"""Check that a file is an intact library of a schema that this version supports."""

import sqlite3
from contextlib import closing
from enum import Enum
from pathlib import Path
from typing import Any, Final

from segued.errors import StoreCorruptError, StoreError, StoreTooNewError
from segued.store.migrate import SCHEMA_VERSION
from segued.store.sqlite_errors import is_intact, store_error

__all__ = ["APPLICATION_ID", "Depth", "check_existing", "check_library"]

APPLICATION_ID: Final = 0x53454755
"""SQLite's `application_id` of a segued library: the letters SEGU."""


class Depth(Enum):
    """How much of a library is checked."""

    ENDS = None
    """That the file is as long as it says, and each table can be read at its ends."""
    PAGES = "quick_check"
    """Every page, which takes up to a minute for a million files."""
    INDEXES = "integrity_check"
    """Also that each index is that of its table, which takes longer."""


def check_library(path: Path, depth: Depth = Depth.PAGES) -> int:
    """Check a library, and return the version of its schema; 0 for an empty file.

    The connection is read-only, so that a rejected file is not changed.

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
        if depth is Depth.ENDS:
            _check_ends(connection)
            return version
        result = fetch_value(f"PRAGMA {depth.value}(1)")
        if result != "ok" and (depth is Depth.INDEXES or not is_intact(path)):
            raise StoreCorruptError(f"{path}: the library is damaged: {result}")
    return version


def check_existing(path: Path) -> None:
    """Check every page and index of a library on request, also while it is used.

    Raises:
        StoreError: There is none, it cannot be read, or it is damaged.
    """
    if not path.exists():
        raise StoreError(f"{path}: there is no library")
    try:
        if not check_library(path, Depth.INDEXES):
            raise StoreError(f"{path}: an empty file, and no library")
    except sqlite3.Error as error:
        raise store_error(path, error) from error


def _check_ends(connection: sqlite3.Connection) -> None:
    """Check what an interrupted copy, or a power cut on a bad disk, takes away.

    SQLite itself refuses a file that is shorter than it says.
    """
    tables = connection.execute(
        "SELECT name, wr FROM pragma_table_list"
        " WHERE schema = 'main' AND type = 'table'"
    ).fetchall()
    for name, has_no_rowid in tables:
        connection.execute(f'SELECT * FROM "{name}" LIMIT 1').fetchone()  # noqa: S608
        if not has_no_rowid:
            connection.execute(f'SELECT max(rowid) FROM "{name}"').fetchone()  # noqa: S608
