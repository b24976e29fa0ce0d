"""The database for wkmp, by its published schema (IMPL001 of MangoCats/McRhythm)."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from segued.errors import ExportError
from segued.model import Tags
from segued.store import passages, songs
from segued.store.database import Store
from segued.store.reading.export_rows import tracks_found
from segued.store.schema.files import File, Passage
from segued.store.wkmp_database import write_wkmp_database
from segued.units import TICKS_PER_SECOND
from tests.store.reading.test_searches import add_file, record

ROOT = b"/srv/music"
DATES = {"created_at", "updated_at"}
PLAYED = {"base_probability", "min_cooldown", "ramping_cooldown", "last_played_at"}
COLUMNS: dict[str, set[str]] = {
    "files": {
        *("guid", "path", "hash", "duration_ticks", "format", "sample_rate"),
        *("channels", "file_size_bytes", "modification_time", *DATES),
    },
    "passages": {
        *("guid", "file_id", "start_time_ticks", "fade_in_start_ticks"),
        *("lead_in_start_ticks", "lead_out_start_ticks", "fade_out_start_ticks"),
        *("end_time_ticks", "fade_in_curve", "fade_out_curve", "title", "user_title"),
        *("artist", "album", "musical_flavor_vector", "import_metadata"),
        *("additional_metadata", *DATES),
    },
    "songs": {
        *("guid", "recording_mbid", "work_id", "related_songs", "lyrics"),
        *(*PLAYED, *DATES),
    },
    "artists": {"guid", "artist_mbid", "name", *PLAYED, *DATES},
    "works": {"guid", "work_mbid", "title", *PLAYED, *DATES},
    "albums": {"guid", "album_mbid", "title", "release_date", *DATES},
    "passage_songs": {
        *("passage_id", "song_id", "start_time_ticks", "end_time_ticks", "created_at"),
    },
    "song_artists": {"song_id", "artist_id", "weight", "created_at"},
    "passage_albums": {"passage_id", "album_id", "created_at"},
    "song_works": {"song_id", "work_id", "created_at"},
    "settings": {"key", "value", "updated_at"},
    "schema_version": {"version", "applied_at"},
    "users": {
        *("guid", "username", "password_hash", "password_salt"),
        *("config_interface_access", *DATES),
    },
}
"""The tables of the schema that are written, and their columns."""

PLAYABLE = """
SELECT files.path, passages.title, songs.recording_mbid, artists.artist_mbid, weight,
    works.work_mbid, albums.album_mbid, release_date, lead_in_start_ticks,
    lead_out_start_ticks, passages.end_time_ticks, musical_flavor_vector,
    passage_songs.end_time_ticks AS song_end, files.modification_time, files.hash,
    songs.min_cooldown
FROM passages JOIN files ON files.guid = passages.file_id
LEFT JOIN passage_songs ON passage_songs.passage_id = passages.guid
LEFT JOIN songs ON songs.guid = passage_songs.song_id
LEFT JOIN song_artists ON song_artists.song_id = songs.guid
LEFT JOIN artists ON artists.guid = song_artists.artist_id
LEFT JOIN song_works ON song_works.song_id = songs.guid
LEFT JOIN works ON works.guid = song_works.work_id
LEFT JOIN passage_albums ON passage_albums.passage_id = passages.guid
LEFT JOIN albums ON albums.guid = passage_albums.album_id
ORDER BY files.path, passages.start_time_ticks
"""
"""What a player and a program director need of each passage."""


def fill() -> None:
    """Store a song with all ids, a side without any, and a file with an odd name."""
    whole = add_file(
        b"a/joga.flac",
        record(0, 300, title="Joga", artist="Bjork", album="Homogenic"),
        tags=Tags(date="1997-09-22"),
    )
    (passage,) = passages.ids_for_file(whole)
    songs.link_passage(
        passage,
        songs.SongRecord(
            songs.EntityRef("Joga", "a" * 36, None),
            (
                songs.EntityRef("Bjork", "b" * 36, None),
                songs.EntityRef("Somebody", None, "somebody"),
            ),
            (songs.EntityRef("Work", "d" * 36, None),),
        ),
        songs.EntityRef("Homogenic", "c" * 36, None),
    )
    shares = {"timbre": {"bright": 0.25, "dark": 0.75}}
    Passage.update(
        flavor=json.dumps({"characteristics": shares, "measures": {"bpm": 80}}),
        flavor_source="musicnn",
        lead_in_ticks=TICKS_PER_SECOND,
        lead_out_ticks=290 * TICKS_PER_SECOND,
        fade_in_curve="logarithmic",
    ).where(Passage.id == passage).execute()
    add_file(b"side.flac", record(0, 100, title="One"), record(1, 100, title="Two"))
    add_file(b"odd/caf\xe9.flac", record(0, 50))
    File.update(content_hash="0" * 64, mtime_ns=86_400 * 10**9).execute()


async def write(store: Store, target: Path, root: bytes, query: str = "") -> Any:  # noqa: ANN401
    """Write the database for what a search finds."""
    ids = [track.passage_id for track in tracks_found(store.path, query)]
    return write_wkmp_database(target, store.path, root, ids)


async def test_the_tables_are_those_of_the_schema(store: Store, tmp_path: Path) -> None:
    """With all columns; no row violates a constraint or refers to nothing."""
    await store.do(fill)

    await write(store, tmp_path / "wkmp.db", ROOT)

    with closing(sqlite3.connect(tmp_path / "wkmp.db")) as database:
        for table, columns in COLUMNS.items():
            rows = database.execute(f"PRAGMA table_info({table})").fetchall()
            assert {row[1] for row in rows} == columns, table
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        user = database.execute("SELECT guid, username FROM users").fetchall()
        folders = database.execute("SELECT value FROM settings").fetchone()
    assert user == [("00000000-0000-0000-0000-000000000001", "Anonymous")]
    assert json.loads(folders[0]) == ["/srv/music"]


async def test_passages_are_complete_for_a_player(store: Store, tmp_path: Path) -> None:
    """Paths below the root, ticks, ids, and the flavor in wkmp's form."""
    await store.do(fill)

    counts = await write(store, tmp_path / "wkmp.db", ROOT)

    with closing(sqlite3.connect(tmp_path / "wkmp.db")) as database:
        database.row_factory = sqlite3.Row
        joga, one, two = map(dict, database.execute(PLAYABLE))
    assert (counts.written, counts.left_out) == (3, 1)
    assert joga == {
        "path": "a/joga.flac",
        "title": "Joga",
        "recording_mbid": "a" * 36,
        "artist_mbid": "b" * 36,
        "weight": 1.0,
        "work_mbid": "d" * 36,
        "album_mbid": "c" * 36,
        "release_date": "1997-09-22",
        "lead_in_start_ticks": TICKS_PER_SECOND,
        "lead_out_start_ticks": 290 * TICKS_PER_SECOND,
        "end_time_ticks": 300 * TICKS_PER_SECOND,
        "musical_flavor_vector": '{"timbre":{"bright":0.25,"dark":0.75}}',
        "song_end": 300 * TICKS_PER_SECOND,
        "modification_time": "1970-01-02 00:00:00",
        "hash": "0" * 64,
        "min_cooldown": 604_800,
    }
    assert [each["title"] for each in (one, two)] == ["One", "Two"]
    assert one["recording_mbid"] is None


async def test_only_what_is_found_is_written(store: Store, tmp_path: Path) -> None:
    """With the songs and artists of that, and no others."""
    await store.do(fill)

    counts = await write(store, tmp_path / "wkmp.db", ROOT, "path:side")

    with closing(sqlite3.connect(tmp_path / "wkmp.db")) as database:
        assert database.execute("SELECT path FROM files").fetchall() == [("side.flac",)]
        assert database.execute("SELECT count(*) FROM songs").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM artists").fetchone() == (0,)
    assert counts.written == 2


async def test_all_files_are_below_the_root(store: Store, tmp_path: Path) -> None:
    """Paths are relative to it; the error names a file that is elsewhere."""
    await store.do(fill)

    with pytest.raises(ExportError, match="is not below /srv/music/a"):
        await write(store, tmp_path / "wkmp.db", b"/srv/music/a")
