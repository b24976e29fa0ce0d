"""Read the passages or albums of an export, some at a time.

They come in the order of paths, each page after the last row of the one before: an
export holds one page in memory, and no transaction from page to page.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from segued.exports.export_track import ExportOptions, ExportTrack
from segued.exports.format_list import EXPORT_FORMATS
from segued.store.reading.query_conditions import (
    Condition,
    query_condition,
    register_query_functions,
)
from segued.store.reading.reports import open_read_only
from segued.store.reading.word_hits import PASSAGE_INDEX, find_hits, keys_of

__all__ = ["album_rows", "export_parts", "tracks_found", "tracks_of"]

PAGE_ROWS: Final = 200

ORDINAL_MAX: Final = (1 << 63) - 1

OWN_COLUMNS: Final = (
    "own_path",
    "root",
    "file_ticks",
    "codec",
    "added_at",
    "cover",
    "passages_in_file",
    "artist_mbids",
)
"""Columns beside those of `library_passages`."""

TRACKS: Final = """
    SELECT library_passages.*, files.path AS own_path, files.root,
        files.duration_ticks AS file_ticks, files.codec, files.added_at,
        files.tags ->> '$.cover.blake3' AS cover,
        (
            SELECT count(*) FROM passages WHERE passages.file_id = files.id
        ) AS passages_in_file,
        (
            SELECT json_group_array(mbid) FROM (
                SELECT DISTINCT artists.mbid FROM passage_songs
                JOIN song_artists ON song_artists.song_id = passage_songs.song_id
                JOIN artists ON artists.id = song_artists.artist_id
                WHERE passage_songs.passage_id = library_passages.passage_id
                AND artists.mbid IS NOT NULL
                ORDER BY song_artists.weight DESC, artists.mbid
            )
        ) AS artist_mbids
    FROM library_passages JOIN files ON files.id = library_passages.file_id
    WHERE passage_id IN ({})
"""


def export_parts(
    library: Path,
    export_format: str,
    query: str,
    options: ExportOptions,
    locate: Callable[[ExportTrack], ExportTrack],
) -> Iterator[str]:
    """Yield what a search finds in one of `EXPORT_FORMATS`, in parts.

    Args:
        library: The path of the library.
        export_format: The name of the format.
        query: The search.
        options: How the list is written.
        locate: Adds the places of file and cover to a track.

    Raises:
        ExportError: The format cannot hold a value.
        QueryError: A condition of the search is invalid.
        StoreError: The library does not exist, or cannot be read.
    """
    tracks = map(locate, tracks_found(library, query))
    return EXPORT_FORMATS[export_format].write(tracks, options)


def tracks_found(library: Path, query: str) -> Iterator[ExportTrack]:
    """Yield the passages that a search finds, in the order of paths.

    Raises:
        QueryError: A condition of the search is invalid.
        StoreError: The library does not exist, or cannot be read.
    """
    condition = query_condition(query)
    with open_read_only(library) as database:
        register_query_functions(database)
        for page in _pages(database, condition):
            yield from _tracks(database, page)


def tracks_of(library: Path, passages: Sequence[str]) -> Iterator[ExportTrack]:
    """Yield the passages with these ids, in the same order; unknown ones are left out.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        for start in range(0, len(passages), PAGE_ROWS):
            yield from _tracks(database, passages[start : start + PAGE_ROWS])


def album_rows(library: Path, query: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of `library_albums` with a passage that a search finds.

    Raises:
        QueryError: A condition of the search is invalid.
        StoreError: The library does not exist, or cannot be read.
    """
    condition = query_condition(query)
    with open_read_only(library) as database:
        register_query_functions(database)
        albums = _albums_found(database, condition)
        for start in range(0, len(albums), PAGE_ROWS):
            some = albums[start : start + PAGE_ROWS]
            marks = ", ".join("?" for _ in some)
            rows = database.execute(
                f"SELECT * FROM library_albums WHERE album_id IN ({marks})"  # noqa: S608
                " ORDER BY album_id",
                some,
            ).fetchall()
            yield from map(dict, rows)


def _albums_found(database: sqlite3.Connection, condition: Condition) -> list[str]:
    """Return the ids of the albums with a passage that fulfills a condition, sorted."""
    if not condition.values:
        rows = database.execute("SELECT album_id FROM album_index ORDER BY album_id")
        return [album for (album,) in rows]
    found: set[str] = set()
    for page in _pages(database, condition):
        marks = ", ".join("?" for _ in page)
        found.update(
            album
            for (album,) in database.execute(
                f"SELECT album_id FROM track_index WHERE passage_id IN ({marks})"  # noqa: S608
                " AND album_id IS NOT NULL",
                page,
            )
        )
    return sorted(found)


def _pages(database: sqlite3.Connection, condition: Condition) -> Iterator[list[str]]:
    """Yield the ids of the passages that fulfill a condition."""
    last: tuple[bytes, int] = (b"", 0)
    while True:
        hits = find_hits(
            database,
            PASSAGE_INDEX,
            condition,
            PAGE_ROWS,
            after=_place_of(database, *last),
        )
        yield keys_of(database, PASSAGE_INDEX, hits)
        if len(hits) < PAGE_ROWS:
            return
        _, place, ordinal = hits[-1]
        ((path,),) = database.execute(
            "SELECT path FROM file_index WHERE place = ?", [place]
        )
        last = bytes(path), ordinal


def _place_of(
    database: sqlite3.Connection, path: bytes, ordinal: int
) -> tuple[int, int]:
    """Return the place of a passage in the index, which may have changed meanwhile."""
    row = database.execute(
        "SELECT path, place FROM file_index WHERE path <= ? ORDER BY path DESC LIMIT 1",
        [path],
    ).fetchone()
    if row is None:
        return 0, 0
    return row["place"], ordinal if bytes(row["path"]) == path else ORDINAL_MAX


def _tracks(
    database: sqlite3.Connection, passages: Sequence[str]
) -> Iterator[ExportTrack]:
    marks = ", ".join("?" for _ in passages)
    found = {
        row["passage_id"]: row
        for row in database.execute(TRACKS.format(marks), passages)
    }
    return (_track(found[each]) for each in passages if each in found)


def _track(row: sqlite3.Row) -> ExportTrack:
    columns = {name: row[name] for name in row.keys() if name not in OWN_COLUMNS}  # noqa: SIM118
    columns |= {"added_at": row["added_at"], "path_bytes": bytes(row["own_path"])}
    return ExportTrack(
        passage_id=row["passage_id"],
        file_id=row["file_id"],
        path=bytes(row["own_path"]),
        ordinal=row["ordinal"],
        passages_in_file=row["passages_in_file"],
        start_ticks=row["start_ticks"],
        end_ticks=row["end_ticks"],
        file_ticks=row["file_ticks"],
        lead_in_ticks=row["lead_in_ticks"],
        lead_out_ticks=row["lead_out_ticks"],
        codec=row["codec"],
        title=row["title"],
        artist=row["artist"],
        album=row["album"],
        album_id=row["album_id"],
        album_artist=row["album_artist"],
        track=row["track"],
        date=row["date"],
        genres=tuple(json.loads(row["genres"] or "[]")),
        recording_mbid=row["recording_mbid"],
        release_mbid=row["release_mbid"],
        artist_mbids=tuple(json.loads(row["artist_mbids"])),
        bpm=row["bpm"],
        gain_db=row["track_gain_db"],
        peak_dbtp=row["true_peak_dbtp"],
        album_gain_db=row["album_gain_db"],
        album_peak_dbtp=row["album_peak_dbtp"],
        added_at=row["added_at"],
        has_picture=row["cover"] is not None,
        columns=columns,
    )
