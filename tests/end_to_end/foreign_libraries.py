"""Libraries of other programs, as these write them."""

import plistlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

__all__ = ["write_beets", "write_itunes"]

BEETS_TABLES: Final = """
CREATE TABLE items (id INTEGER PRIMARY KEY, path BLOB, album_id INTEGER, title TEXT,
    artist TEXT, artist_sort TEXT, album TEXT, albumartist TEXT, track INTEGER,
    tracktotal INTEGER, disc INTEGER, mb_trackid TEXT, mb_albumid TEXT,
    mb_artistid TEXT, mb_albumartistid TEXT, mb_releasetrackid TEXT,
    mb_releasegroupid TEXT, data_source TEXT, length REAL, bitrate INTEGER,
    format TEXT, mtime REAL, added REAL);
CREATE TABLE item_attributes (id INTEGER PRIMARY KEY, entity_id INTEGER, key TEXT,
    value TEXT, UNIQUE(entity_id, key) ON CONFLICT REPLACE);
CREATE TABLE albums (id INTEGER PRIMARY KEY, artpath BLOB, added REAL, album TEXT,
    albumartist TEXT, mb_albumid TEXT);
"""


def write_beets(path: Path, items: Sequence[Mapping[str, Any]]) -> Path:
    """Write a library of beets with these items."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.executescript(BEETS_TABLES)
        for item in items:
            names = ", ".join(item)
            marks = ", ".join("?" for _ in item)
            database.execute(
                f"INSERT INTO items ({names}) VALUES ({marks})",  # noqa: S608
                list(item.values()),
            )
        database.commit()
    return path


def write_itunes(path: Path, tracks: Sequence[Mapping[str, Any]]) -> Path:
    """Write an XML library with these tracks."""
    library = {
        "Major Version": 1,
        "Application Version": "12.13",
        "Tracks": {
            str(number): {"Track ID": number, **track}
            for number, track in enumerate(tracks, 100)
        },
        "Playlists": [{"Name": "Library", "Playlist Items": [{"Track ID": 100}]}],
    }
    path.write_bytes(plistlib.dumps(library))
    return path
