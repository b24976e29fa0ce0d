"""Read the library of beets, an SQLite database, without writing to it."""

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from segued.errors import ConfigError
from segued.paths import shown
from segued.store.imported_facts import FileIds

__all__ = ["read_beets"]

BUSY_SECONDS: Final = 5.0
"""beets writes for moments only, except while it imports."""

ROWS_AT_ONCE: Final = 500

COLUMNS: Final = ("path", "mb_trackid", "mb_albumid", "added")
"""beets calls the id of the recording that of the track."""

UUID_LENGTH: Final = 36


def read_beets(library: Path) -> Iterator[tuple[bytes, FileIds]]:
    """Yield each file of a library of beets: its path, and what beets says about it.

    Since version 2.10, beets stores a path below its `directory` relative to it. An
    id of another database than MusicBrainz is left out.

    Raises:
        ConfigError: The file cannot be read, is no library of beets, is damaged, or is
            in use.
    """
    name = shown(bytes(library))
    try:
        # SQLite would say only that it cannot open the file.
        with library.open("rb"):
            pass
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from error
    address = f"{library.absolute().as_uri()}?mode=ro"
    try:
        with closing(
            sqlite3.connect(
                address, uri=True, timeout=BUSY_SECONDS, check_same_thread=False
            )
        ) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            database.text_factory = bytes
            _check_is_beets(database, name)
            yield from _rows(database)
    except sqlite3.Error as error:
        raise ConfigError(f"{name}: {_reason(error)}") from error


def _check_is_beets(database: sqlite3.Connection, name: str) -> None:
    columns = {
        column.decode("utf-8", "replace")
        for (column,) in database.execute("SELECT name FROM pragma_table_info('items')")
    }
    if missing := [each for each in COLUMNS if each not in columns]:
        what = f"its items have no {missing[0]}" if columns else "it has no items"
        raise ConfigError(f"{name}: not a library of beets: {what}")


def _rows(database: sqlite3.Connection) -> Iterator[tuple[bytes, FileIds]]:
    last = -1 << 63
    while True:
        # A page at a time: beets can write between two of them.
        rows = database.execute(
            f"SELECT id, {', '.join(COLUMNS)} FROM items"  # noqa: S608
            " WHERE id > ? AND path IS NOT NULL ORDER BY id LIMIT ?",
            [last, ROWS_AT_ONCE],
        ).fetchall()
        for last, path, recording, release, added in rows:  # noqa: B007
            if isinstance(path, bytes) and path:
                yield path, FileIds(_mbid(recording), _mbid(release), _time(added))
        if len(rows) < ROWS_AT_ONCE:
            return


def _mbid(value: object) -> str | None:
    """Return a MusicBrainz id; None for the ids that other databases have."""
    text = os.fsdecode(value) if isinstance(value, bytes) else ""
    try:
        return str(uuid.UUID(text)) if len(text) == UUID_LENGTH else None
    except ValueError:
        return None


def _time(value: object) -> str | None:
    """Return seconds since 1970 as a time in UTC; None if beets does not know it."""
    if not isinstance(value, int | float) or value <= 0:
        return None
    try:
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return None  # outside the range of `datetime`


def _reason(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", None) or ""
    if name.startswith("SQLITE_NOTADB"):
        return "not a library of beets"
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "beets is writing to it; try again when that has ended"
    if name.startswith("SQLITE_CORRUPT"):
        return f"the library of beets is damaged: {error}"
    return f"cannot be read: {error}"
