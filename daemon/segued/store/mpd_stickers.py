"""Write MPD's stickers into its database, beside those of other programs."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from segued.errors import ExportError
from segued.exports.export_track import ExportTrack
from segued.exports.stickers import PREFIX, RATING, rating_of, stickers_of
from segued.paths import folder_prefix, shown
from segued.store.sqlite_errors import store_error

__all__ = ["write_stickers"]

BUSY_SECONDS: Final = 10.0
"""MPD may write a sticker meanwhile."""

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS sticker (
    type VARCHAR NOT NULL,
    uri VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    value VARCHAR NOT NULL
)
"""
INDEX: Final = (
    "CREATE UNIQUE INDEX IF NOT EXISTS sticker_value ON sticker (type, uri, name)"
)
"""As MPD creates it."""

COLUMNS: Final = ["type", "uri", "name", "value"]


def write_stickers(target: Path, root: bytes, tracks: Iterable[ExportTrack]) -> int:
    """Replace our stickers by those of some tracks; return how many songs have any.

    All in one transaction, which a running MPD sees at once. Songs that are a part of a
    file, or whose name is not UTF-8, have no sticker: MPD has no name for them.

    Args:
        target: MPD's `sticker_file`; it is created if it does not exist.
        root: MPD's `music_directory`.
        tracks: The songs.

    Raises:
        ExportError: The file is no database of stickers.
        StoreError: It cannot be written.
    """
    prefix = folder_prefix(root)
    count = 0
    try:
        with closing(
            sqlite3.connect(target, timeout=BUSY_SECONDS, isolation_level=None)
        ) as database:
            database.execute("BEGIN IMMEDIATE")
            _check_is_sticker_file(database, target)
            database.execute(SCHEMA)
            database.execute(INDEX)
            database.execute(
                "DELETE FROM sticker WHERE type = 'song' AND substr(name, 1, ?) = ?",
                [len(PREFIX), PREFIX],
            )
            for track in tracks:
                uri = _uri(track, prefix)
                if uri is None:
                    continue
                count += 1
                database.executemany(
                    "INSERT OR REPLACE INTO sticker VALUES ('song', ?, ?, ?)",
                    ((uri, *each) for each in stickers_of(track).items()),
                )
                # A rating that was given in a client of MPD is newer, and stays.
                if (rating := rating_of(track)) is not None:
                    database.execute(
                        "INSERT OR IGNORE INTO sticker VALUES ('song', ?, ?, ?)",
                        (uri, RATING, rating),
                    )
            database.execute("COMMIT")
    except sqlite3.Error as error:
        raise store_error(target, error) from error
    return count


def _uri(track: ExportTrack, prefix: bytes) -> str | None:
    """Return MPD's name of a song; None if it has none."""
    if not track.is_whole_file or not track.path.startswith(prefix):
        return None
    try:
        uri = track.path.removeprefix(prefix).decode()
    except UnicodeDecodeError:
        return None
    return None if "\n" in uri else uri


def _check_is_sticker_file(database: sqlite3.Connection, target: Path) -> None:
    tables = [
        name
        for (name,) in database.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table'"
        )
    ]
    columns = [row[1] for row in database.execute("PRAGMA table_info(sticker)")]
    if tables and columns != COLUMNS:
        raise ExportError(
            f"{shown(bytes(target))}: this database is not one of MPD's stickers"
        )
