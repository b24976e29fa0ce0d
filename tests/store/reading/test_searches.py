"""Searches with conditions, and the rows of exports: queries of a stored library."""

import json
import os
from typing import Any

import pytest
import pytest_asyncio

from segued.errors import QueryError, StoreError
from segued.exports.export_track import ExportOptions
from segued.model import Confidence, FileId, FileStatus, Span, Tags
from segued.store import file_tags, passages, songs
from segued.store.database import Store
from segued.store.passages import PassageRecord
from segued.store.reading import albums, export_rows, listings
from segued.store.reading.rows import PageRequest
from segued.store.schema.files import File, Passage
from segued.units import TICKS_PER_SECOND, Ticks

MUSIC = b"/srv/music"
LONG_AGO = "2020-05-06T07:08:09.000+00:00"


def record(number: int, seconds: int, **names: Any) -> PassageRecord:  # noqa: ANN401
    """Return a passage that begins so many minutes into the file."""
    start = 3_600 * number * TICKS_PER_SECOND
    return PassageRecord(
        span=Span(Ticks(start), Ticks(start + seconds * TICKS_PER_SECOND)),
        fingerprint=None,
        title=names.get("title"),
        artist=names.get("artist"),
        album=names.get("album"),
        confidence=names.get("confidence", Confidence.NONE),
        score=0.5,
        reason="",
        evidence={},
        rejected=(),
    )


def add_file(path: bytes, *records: PassageRecord, tags: Tags | None = None) -> FileId:
    """Store a complete file with passages."""
    full = MUSIC + b"/" + path
    row = File.create(
        path=full,
        folder=os.path.dirname(full),
        root=MUSIC,
        path_text=full.decode("utf-8", "replace"),
        size_bytes=1,
        mtime_ns=1,
        inode=1,
        status=FileStatus.COMPLETE,
        codec="flac",
    )
    file = FileId(row.id)
    file_tags.save(file, tags or Tags(), {}, complete=True)
    passages.replace(file, records)
    return file


def flavor(**moods: float) -> str:
    """Return a stored flavor."""
    return json.dumps(
        {"characteristics": {name: {name[5:]: share} for name, share in moods.items()}}
    )


@pytest_asyncio.fixture(name="library")
async def _library(store: Store) -> Store:
    """Four passages: one of a song with a flavor, two of a side, one without names."""

    def fill() -> None:
        joga = add_file(
            "Björk/joga.flac".encode(),
            record(
                0,
                305,
                title="Jóga",
                artist="Björk",
                album="Homogenic",
                confidence=Confidence.HIGH,
            ),
            tags=Tags(date="1997-09-22", genres=("Trip Hop",), track=2),
        )
        (passage,) = passages.ids_for_file(joga)
        song = songs.EntityRef("Jóga", "a" * 36, None)
        songs.link_passage(
            passage,
            songs.SongRecord(song, (songs.EntityRef("Björk", "b" * 36, None),)),
            songs.EntityRef("Homogenic", "c" * 36, None),
        )
        Passage.update(
            bpm=84.2,
            key="Eb",
            scale="minor",
            loudness_lufs=-9.5,
            flavor=flavor(mood_relaxed=0.8),
        ).where(Passage.id == passage).execute()
        add_file(
            b"side.flac",
            record(0, 100, title="Side of Björk", artist="Hells Bells"),
            record(
                1, 200, title="Two", artist="Hells Bells", confidence=Confidence.LOW
            ),
            tags=Tags(date="1980"),
        )
        add_file(b"odd/caf\xe9.flac", record(0, 50))
        File.update(added_at=LONG_AGO).where(
            File.path == MUSIC + b"/side.flac"
        ).execute()

    await store.do(fill)
    return store


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Jóga", None, "Side of Björk", "Two"]),
        ("bjork", ["Jóga", "Side of Björk"]),
        ("artist:BJORK", ["Jóga"]),
        ("artist:björk homogenic", ["Jóga"]),
        ('artist:"hells bells" title:two', ["Two"]),
        ("album:homo", ["Jóga"]),
        ("genre:hop", ["Jóga"]),
        ("path:side", ["Side of Björk", "Two"]),
        ("path:srv", []),
        ("-artist:bjork", [None, "Side of Björk", "Two"]),
        ("year:1990-1999", ["Jóga"]),
        ("year:1980", ["Side of Björk", "Two"]),
        ("-year:1980", ["Jóga"]),
        ("bpm:84", ["Jóga"]),
        ("bpm:85", []),
        ("loudness:-10..-9", ["Jóga"]),
        ("length>=3:20", ["Jóga", "Two"]),
        ("length<=0:50", [None]),
        ("track:2", ["Jóga", "Two"]),
        ("key:D#", ["Jóga"]),
        ("key:Ebm", ["Jóga"]),
        ("key:Eb,C", ["Jóga"]),
        ("key:2A", ["Jóga"]),
        ('key:"Eb major"', []),
        ("mood_relaxed>0.7", ["Jóga"]),
        ("mood_relaxed>0.9", []),
        ("-mood_relaxed>0.9", ["Jóga"]),
        ("confidence:high,low", ["Jóga", "Two"]),
        ("added:7d", ["Jóga", None]),
        ("added:2020", ["Side of Björk", "Two"]),
        ("added:2020-05-06..2020-05-06", ["Side of Björk", "Two"]),
        ("added:..2020-04", []),
        ("added:2020-05-07..", ["Jóga", None]),
    ],
)
async def test_conditions_find_what_they_say(
    library: Store, query: str, found: list[str | None]
) -> None:
    """In listings and exports alike; an unknown value fulfills no condition on it."""
    page = listings.passages(library.path, query, None, PageRequest(1, 200))
    exported = list(export_rows.tracks_found(library.path, query))

    assert [each.title for each in page.passages] == found
    assert page.total == len(found)
    assert [each.title for each in exported] == found


async def test_the_search_of_everything_takes_conditions(library: Store) -> None:
    """They are about songs: with some, neither albums nor artists are found."""
    words = albums.search(library.path, "homogenic")
    condition = albums.search(library.path, "artist:bjork")

    assert (words.songs_total, words.albums_total, words.artists_total) == (1, 1, 0)
    assert [each.title for each in condition.songs] == ["Jóga"]
    assert (condition.albums, condition.artists) == ([], [])


async def test_counts_are_by_confidence(library: Store) -> None:
    """A page has the counts of all that the search finds."""
    page = listings.passages(library.path, "artist:hells", "Low", PageRequest(1, 1))

    assert (page.total, page.confidences) == (1, {"None": 1, "Low": 1})


async def test_a_track_has_all_that_formats_need(library: Store) -> None:
    """The bytes of the path, names and ids of all entities."""
    joga, odd, one, two = export_rows.tracks_found(library.path, "")

    assert odd.path == b"/srv/music/odd/caf\xe9.flac"
    assert (joga.recording_mbid, joga.release_mbid) == ("a" * 36, "c" * 36)
    assert joga.artist_mbids == ("b" * 36,)
    assert (joga.gain_db, joga.genres, joga.track) == (-8.5, ("Trip Hop",), 2)
    assert [each.passages_in_file for each in (joga, one, two)] == [1, 2, 2]
    assert joga.columns["path_bytes"] == joga.path
    ids = [two.passage_id, "nobody", joga.passage_id]
    assert list(export_rows.tracks_of(library.path, ids)) == [two, joga]


async def test_pages_of_an_export_are_complete(store: Store) -> None:
    """Each passage once and in order, also where a page ends within a file."""

    def fill() -> None:
        for number in range(70):
            songs = (record(at, 60, title=f"{number:03}.{at}") for at in range(7))
            add_file(b"%03d.flac" % number, *songs)

    await store.do(fill)

    titles = [each.title for each in export_rows.tracks_found(store.path, "")]
    late = [each.title for each in export_rows.tracks_found(store.path, "length:60")]

    assert titles == [f"{n:03}.{at}" for n in range(70) for at in range(7)]
    assert late == titles


async def test_a_slow_reader_does_not_keep_a_transaction(library: Store) -> None:
    """The file of the log can be emptied between two parts of an export."""
    parts = export_rows.export_parts(
        library.path, "jsonl", "", ExportOptions(), lambda track: track
    )
    first = next(parts)
    busy = await library.do(_checkpoint)

    assert json.loads(first)["title"] == "Jóga"
    assert busy == 0


def _checkpoint() -> int:
    from segued.store.schema.files import database  # noqa: PLC0415

    database.commit()
    (busy, _, _) = database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    database.begin()
    return int(busy)


async def test_albums_are_found_by_their_passages(library: Store) -> None:
    """With the same language."""
    found = list(export_rows.album_rows(library.path, "artist:bjork"))

    assert [each["title"] for each in found] == ["Homogenic"]
    assert list(export_rows.album_rows(library.path, "title:two")) == []


async def test_an_invalid_search_opens_nothing(store: Store) -> None:
    """The error comes before the library is read."""
    with pytest.raises(QueryError):
        next(export_rows.tracks_found(store.path.with_name("none.db"), "bpm:x"))
    with pytest.raises(StoreError):
        next(export_rows.tracks_found(store.path.with_name("none.db"), ""))
