"""Write a database for wkmp, the ancestor project: its player plays the passages.

wkmp has one root folder, in which the database is; paths are relative to it.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from segued.errors import ExportError
from segued.paths import folder_prefix, shown
from segued.store.sqlite_errors import store_error

__all__ = ["WkmpCounts", "write_wkmp_database"]

SCHEMA: Final = Path(__file__).with_name("wkmp.sql")

COPY: Final = """
INSERT INTO files (
    guid, path, hash, duration_ticks, format, sample_rate, channels, file_size_bytes,
    modification_time, created_at
)
SELECT
    id, CAST(substr(path, :prefix + 1) AS TEXT), content_hash,
    nullif(duration_ticks, 0), upper(codec), nullif(sample_rate, 0),
    CASE WHEN channels BETWEEN 1 AND 32 THEN channels END, size_bytes,
    datetime(mtime_ns / 1000000000, 'unixepoch'), datetime(added_at)
FROM library.files
WHERE id IN (SELECT file_id FROM temp.chosen) AND content_hash IS NOT NULL
    AND CAST(path_text AS BLOB) = path;

INSERT INTO passages (
    guid, file_id, start_time_ticks, fade_in_start_ticks, lead_in_start_ticks,
    lead_out_start_ticks, fade_out_start_ticks, end_time_ticks, fade_in_curve,
    fade_out_curve, title, artist, album, musical_flavor_vector
)
SELECT
    passage_id, library.passages.file_id, passages.start_ticks, fade_in_ticks,
    passages.lead_in_ticks, passages.lead_out_ticks, fade_out_ticks, passages.end_ticks,
    CASE WHEN fade_in_curve IN ('exponential', 'cosine', 'linear')
        THEN fade_in_curve END,
    CASE WHEN fade_out_curve IN ('logarithmic', 'cosine', 'linear')
        THEN fade_out_curve END,
    title, artist, album,
    coalesce(
        library.passages.flavor,
        (
            SELECT songs.flavor FROM library.passage_songs
            JOIN library.songs ON songs.id = song_id
            WHERE passage_songs.passage_id = library.passages.id
            ORDER BY length_ticks IS NULL DESC, length_ticks DESC, song_id LIMIT 1
        )
    ) -> '$.characteristics'
FROM temp.chosen JOIN library.passages ON passages.id = chosen.passage_id
WHERE library.passages.file_id IN (SELECT guid FROM main.files);

INSERT INTO songs (guid, recording_mbid, work_id, lyrics)
SELECT
    id, mbid,
    (SELECT min(work_id) FROM library.song_works WHERE song_works.song_id = songs.id),
    (
        SELECT max(files.tags ->> '$.lyrics') FROM library.passage_songs
        JOIN library.passages ON passages.id = passage_songs.passage_id
        JOIN library.files ON files.id = passages.file_id
        WHERE passage_songs.song_id = songs.id AND NOT EXISTS (
            SELECT 1 FROM library.passages AS next
            WHERE next.file_id = files.id AND next.ordinal = 2
        )
    )
FROM library.songs
WHERE mbid IS NOT NULL AND id IN (
    SELECT song_id FROM library.passage_songs
    WHERE passage_id IN (SELECT guid FROM main.passages)
);

INSERT INTO passage_songs (passage_id, song_id, start_time_ticks, end_time_ticks)
SELECT passage_id, song_id, 0, passages.end_time_ticks - passages.start_time_ticks
FROM library.passage_songs JOIN main.passages ON passages.guid = passage_id
WHERE song_id IN (SELECT guid FROM main.songs);

INSERT INTO artists (guid, artist_mbid, name)
SELECT id, mbid, coalesce(name, '') FROM library.artists
WHERE mbid IS NOT NULL AND id IN (
    SELECT artist_id FROM library.song_artists
    WHERE song_id IN (SELECT guid FROM main.songs)
);

INSERT INTO song_artists (song_id, artist_id, weight)
SELECT song_id, artist_id, weight / sum(weight) OVER (PARTITION BY song_id)
FROM library.song_artists
WHERE song_id IN (SELECT guid FROM main.songs)
    AND artist_id IN (SELECT guid FROM main.artists) AND weight > 0;

INSERT INTO works (guid, work_mbid, title)
SELECT id, mbid, coalesce(title, '') FROM library.works
WHERE id IN (
    SELECT work_id FROM library.song_works
    WHERE song_id IN (SELECT guid FROM main.songs)
);

INSERT INTO song_works (song_id, work_id)
SELECT song_id, work_id FROM library.song_works
WHERE song_id IN (SELECT guid FROM main.songs);

INSERT INTO albums (guid, album_mbid, title, release_date)
SELECT
    id, mbid, coalesce(albums.title, ''),
    (SELECT date FROM library.album_index WHERE album_id = albums.id)
FROM library.albums
WHERE mbid IS NOT NULL AND id IN (
    SELECT album_id FROM library.passage_albums
    WHERE passage_id IN (SELECT guid FROM main.passages)
);

INSERT INTO passage_albums (passage_id, album_id)
SELECT passage_id, album_id FROM library.passage_albums
WHERE passage_id IN (SELECT guid FROM main.passages)
    AND album_id IN (SELECT guid FROM main.albums);

INSERT INTO settings (key, value) VALUES ('music_directories', json_array(:root));
"""


class WkmpCounts:
    """How many passages were written, and how many were left out."""

    def __init__(self, written: int, left_out: int) -> None:
        self.written: Final = written
        self.left_out: Final = left_out


def write_wkmp_database(
    target: Path, library: Path, root: bytes, passages: Iterable[str]
) -> WkmpCounts:
    """Write a new database with some passages, in one transaction.

    A file whose name is not UTF-8 is left out: wkmp's paths are text. Its hash is our
    BLAKE3; songs, artists, albums and works are there if they have MusicBrainz IDs.

    Args:
        target: The database, which does not exist or is empty.
        library: The path of the library.
        root: wkmp's root folder.
        passages: The ids of the passages.

    Raises:
        ExportError: A file is not below the root folder.
        StoreError: The library cannot be read, or the database cannot be written.
    """
    try:
        with closing(sqlite3.connect(target, uri=True)) as database:
            uri = f"{library.absolute().as_uri()}?mode=ro"
            database.execute("ATTACH ? AS library", [uri])
            database.executescript(SCHEMA.read_text())
            database.execute(
                "CREATE TEMP TABLE chosen (passage_id TEXT PRIMARY KEY, file_id TEXT)"
            )
            database.executemany(
                "INSERT INTO chosen SELECT id, file_id FROM library.passages"
                " WHERE id = ?",
                ([each] for each in passages),
            )
            _check_root(database, root)
            values = {
                "prefix": len(folder_prefix(root)),
                "root": root.decode("utf-8", "replace"),
            }
            for statement in COPY.split(";\n"):
                if statement.strip():
                    database.execute(statement, values)
            (chosen,) = database.execute("SELECT count(*) FROM chosen").fetchone()
            (written,) = database.execute("SELECT count(*) FROM passages").fetchone()
            database.commit()
    except sqlite3.Error as error:
        raise store_error(target, error) from error
    return WkmpCounts(written, chosen - written)


def _check_root(database: sqlite3.Connection, root: bytes) -> None:
    prefix = folder_prefix(root)
    row = database.execute(
        "SELECT path FROM library.files WHERE id IN (SELECT file_id FROM chosen)"
        " AND substr(path, 1, ?) <> ? ORDER BY path LIMIT 1",
        [len(prefix), prefix],
    ).fetchone()
    if row is not None:
        raise ExportError(
            f"{shown(bytes(row[0]))} is not below {shown(root)}: wkmp has its database"
            " in the folder that holds all music; write it there, or search with path:"
        )
