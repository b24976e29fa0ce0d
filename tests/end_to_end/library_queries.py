"""Queries on a library file, and a text form by which two libraries are compared.

Ids are random and times are the clock's; everything else is a function of the
files. So the text form replaces ids by paths and leaves times out.
"""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

__all__ = ["dump_library", "files_by_name", "passages_of", "query", "statuses_by_name"]

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

QUERIES = {
    "curves": (
        "SELECT audio_hash, version, rate, hop_frames, frames, levels, facts,"
        " prints, warnings FROM decode_cache ORDER BY 1"
    ),
    "songs": (
        "SELECT songs.mbid, songs.title, songs.status, songs.flavor_source,"
        " files.path, artists.name, song_artists.weight"
        " FROM songs JOIN passage_songs ON passage_songs.song_id = songs.id"
        " JOIN passages ON passages.id = passage_id"
        " JOIN files ON files.id = file_id"
        " LEFT JOIN song_artists ON song_artists.song_id = songs.id"
        " LEFT JOIN artists ON artists.id = artist_id ORDER BY 5, 2, 6"
    ),
    "totals": (
        "SELECT (SELECT count(*) FROM songs), (SELECT count(*) FROM artists),"
        " (SELECT count(*) FROM albums)"
    ),
    "decisions": (
        "SELECT files.path, ordinal, reason, evidence, rejected FROM decisions"
        " JOIN passages ON passages.id = passage_id"
        " JOIN files ON files.id = file_id ORDER BY 1, 2"
    ),
    "checkpoints": (
        # While no service answers, a file asks about what is known of its folder when
        # it is matched: its match is the same, but whether it has a question depends
        # on the order of the imports.
        "SELECT files.path, phase, recipe, payload,"
        " CASE phase WHEN 6 THEN NULL ELSE needs END AS needs FROM checkpoints"
        " JOIN files ON files.id = file_id ORDER BY 1, 2"
    ),
    "settings": "SELECT * FROM settings ORDER BY 1",
}


def query(database: Path, sql: str) -> list[dict[str, Any]]:
    """Return the rows of an SQL query."""
    with closing(sqlite3.connect(database)) as library:
        library.row_factory = sqlite3.Row
        return [dict(row) for row in library.execute(sql)]


def files_by_name(database: Path) -> dict[str, dict[str, Any]]:
    """Return the rows of `library_files`, by the file's name."""
    rows = query(database, "SELECT * FROM library_files")
    return {Path(row["path"]).name: row for row in rows}


def statuses_by_name(database: Path) -> dict[str, str]:
    """Return the status of each file, by its name."""
    return {name: row["status"] for name, row in files_by_name(database).items()}


def passages_of(database: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of `library_passages` for a file, in order."""
    rows = query(database, "SELECT * FROM library_passages ORDER BY path, ordinal")
    return [row for row in rows if Path(row["path"]).name == name]


def dump_library(database: Path) -> str:
    """Return a whole library as text, which is equal for equal libraries."""
    tables: dict[str, Any] = {}
    tables["files"] = query(database, "SELECT * FROM library_files ORDER BY path_bytes")
    tables["passages"] = query(
        database, "SELECT * FROM library_passages ORDER BY path, ordinal"
    )
    tables |= {name: query(database, sql) for name, sql in QUERIES.items()}
    by_id = {row["file_id"]: row["path"] for row in tables["files"]}
    by_id |= {
        row["passage_id"]: f"{row['path']} {row['ordinal']}"
        for row in tables["passages"]
    }
    by_id |= {
        row["album_id"]: f"album {row['album']} by {row['album_artist']}"
        for row in tables["passages"]
        if row["album_id"]
    }

    def replace_id(match: re.Match[str]) -> str:
        return f"<{by_id.get(match[0], match[0])}>"

    for row in tables["files"]:
        matching = json.loads(row["matching_hashes"])
        row["matching_hashes"] = sorted(by_id[file_id] for file_id in matching)
    text = json.dumps(tables, default=bytes.hex, indent=1)
    return UUID.sub(replace_id, text)
