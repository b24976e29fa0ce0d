"""Reports and the stable views of the library: `segued.store.reading.reports`."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from segued.errors import DecodeError, StoreError
from segued.model import (
    Confidence,
    FileStatus,
    FileWarning,
    PhaseNumber,
    Span,
)
from segued.store import files, passages, songs
from segued.store.database import Store
from segued.store.passages import PassageRecord
from segued.store.reading import reports, summaries
from segued.store.schema.files import File, Passage
from segued.units import Ticks
from tests.store.scanned_folder import ROOT, ScannedFolder

DOCUMENTED = Path(__file__).parents[3] / "docs" / "api.md"

VIEWS = {
    "library_files": (
        "file_id path path_bytes status content_hash audio_hash size_bytes mtime_ns"
        " duration_ticks sample_rate channels codec failure_code failure_detail"
        " matching_hashes remembered_tags"
    ),
    "library_passages": (
        "passage_id file_id path ordinal start_ticks end_ticks lead_in_ticks"
        " lead_out_ticks fingerprint title artist album recording_mbid release_mbid"
        " confidence score status flavor_source flavor flavor_version flavored_at"
        " flavor_failure bpm key scale key_strength loudness_lufs loudness_range_lu"
        " true_peak_dbtp silences album_id disc disc_total track track_total"
        " album_artist date original_date genres isrcs compilation composers work"
        " work_mbid track_gain_db album_gain_db album_peak_dbtp lyrics rating"
        " play_count last_played"
    ),
    "library_albums": (
        "album_id release_mbid title artist date original_date compilation disc_total"
        " track_total tracks uncertain_tracks length_ticks loudness_lufs gain_db"
        " peak_dbtp added_at"
    ),
    "library_changes": "change kind id removed",
    "library_copies": (
        "copy_id file_id path is_best kind why codec bit_rate size_bytes duration_ticks"
        " offset_ticks"
    ),
    "library_imported_ids": (
        "file_id path source recording_mbid release_mbid added_at read_at"
    ),
    "library_chosen_releases": "file_id path release_mbid chosen_at",
    "library_review": (
        "card_id album_id file_id passage_id question text urgency candidates"
    ),
}
"""The columns of the stable views, in an order on which other programs rely."""


def passage_row(start: int, end: int, title: str | None = None) -> PassageRecord:
    """Return a passage as phase 6 stores it."""
    span = Span(Ticks(start), Ticks(end))
    return PassageRecord(
        span, "AQA", title, "Artist", "Album", Confidence.LOW, 0.6, "named", {}, ()
    )


@pytest.mark.parametrize("view", VIEWS)
async def test_the_views_keep_their_shape(store: Store, view: str) -> None:
    """The views have the documented columns, in the documented order."""
    with closing(sqlite3.connect(store.path)) as library:
        found = [row[0] for row in library.execute(f"SELECT * FROM {view}").description]  # noqa: S608
    section = DOCUMENTED.read_text().partition(f"| `{view}` |")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if "`" in line]
    documented = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]

    assert found == VIEWS[view].split()
    assert sorted(documented) == sorted(found)


async def test_a_passage_is_shown_with_its_song(store: Store) -> None:
    """The view lists passages with and without a song."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    file = await folder.get_file("a")

    def record() -> None:
        ids = passages.replace(
            file.id, [passage_row(0, 10, "One"), passage_row(10, 20)]
        )
        credit = songs.EntityRef("One", "a-recording", "artist\x1fone")
        artists = tuple(songs.EntityRef(name, None, name) for name in ("X", "Y"))
        album = songs.EntityRef("Album", "a-release")
        songs.link_passage(ids[0], songs.SongRecord(credit, artists), album)

    await store.do(record)

    rows = list(reports.rows(store.path, "passages"))
    assert [(row["ordinal"], row["title"]) for row in rows] == [(1, "One"), (2, None)]
    assert [row["recording_mbid"] for row in rows] == ["a-recording", None]
    assert [row["release_mbid"] for row in rows] == ["a-release", None]
    with closing(sqlite3.connect(store.path)) as library:
        weights = library.execute("SELECT weight FROM song_artists").fetchall()
    assert weights == [(0.5,), (0.5,)]


async def test_replaced_passages_keep_fades(store: Store) -> None:
    """A passage with the same span keeps its id and lead points; others are deleted."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    file = await folder.get_file("a")
    first = await store.do(
        passages.replace, file.id, [passage_row(0, 10, "Old"), passage_row(10, 20)]
    )
    with closing(sqlite3.connect(store.path)) as library:
        library.execute("UPDATE passages SET fade_in_ticks = 3 WHERE ordinal = 1")
        library.commit()

    second = await store.do(
        passages.replace,
        file.id,
        [passage_row(20, 30), passage_row(0, 10, "New"), passage_row(30, 40)],
    )

    assert second[1] == first[0]
    assert len({*first, *second}) == 4
    with closing(sqlite3.connect(store.path)) as library:
        rows = library.execute(
            "SELECT ordinal, title, fade_in_ticks FROM passages ORDER BY ordinal"
        ).fetchall()
    assert rows == [(1, None, None), (2, "New", 3), (3, None, None)]


async def test_a_lead_outside_its_passage_is_refused(store: Store) -> None:
    """The database enforces start <= lead-in <= lead-out <= end."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    file = await folder.get_file("a")
    await store.do(passages.replace, file.id, [passage_row(0, 10)])

    for wrong in ((Ticks(11), None), (None, Ticks(11)), (Ticks(8), Ticks(7))):
        with pytest.raises(StoreError, match="CHECK"):
            await store.do(passages.set_leads, file.id, [wrong], [()])
    await store.do(passages.set_leads, file.id, [(Ticks(7), Ticks(8))], [()])


async def test_long_silences_are_listed(store: Store) -> None:
    """As pairs of ticks, in JSON; null if there are none."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    file = await folder.get_file("a")
    await store.do(passages.replace, file.id, [passage_row(0, 10), passage_row(10, 90)])
    inside = [(), (Span(Ticks(20), Ticks(60)),)]

    await store.do(passages.set_leads, file.id, [(None, None)] * 2, inside)

    rows = list(reports.rows(store.path, "passages"))
    assert [row["silences"] for row in rows] == [None, "[[20,60]]"]


async def test_summary_counts_files_below_the_folders(store: Store) -> None:
    """The summary counts by status and confidence, with failures and warnings."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b", "c")
    good, bad = await folder.get_file("a"), await folder.get_file("b")

    def fill() -> None:
        passages.replace(good.id, [passage_row(0, 10)])
        passages.replace(bad.id, [passage_row(0, 10), passage_row(10, 20)])
        files.mark_finished(good.id, FileStatus.COMPLETE)
        files.record_warnings(
            good.id, PhaseNumber.SEGMENT, [FileWarning("truncated", "cut short")]
        )
        files.mark_failed(
            bad.id, PhaseNumber.SEGMENT, DecodeError(bad.path, "no sound")
        )

    await store.do(fill)

    found = summaries.summary(store.path, [ROOT])
    assert found.files == {"INGEST COMPLETE": 1, "FAILED": 1, "PENDING": 1}
    assert found.passages == {"Low": 1}
    assert found.failed == [("decode", "/music/b: no sound")]
    assert found.warned == [("truncated", "/music/a: cut short")]
    assert summaries.summary(store.path, [b"/elsewhere"]).files == {}

    def add_elsewhere() -> None:
        file = File.create(
            path=b"/elsewhere/d",
            folder=b"/elsewhere",
            root=b"/elsewhere",
            path_text="/elsewhere/d",
            size_bytes=1,
            mtime_ns=1,
            inode=1,
            status=FileStatus.COMPLETE,
        )
        Passage.create(file=file, ordinal=1, start_ticks=0, end_ticks=9)

    await store.do(add_elsewhere)
    assert summaries.summary(store.path, [ROOT]).passages == {"Low": 1}
    assert summaries.summary(store.path, [b"/elsewhere"]).passages == {"None": 1}
    assert summaries.summary(store.path).passages == {"Low": 1, "None": 1}


@pytest.mark.parametrize("topic", ["files", "passages"])
async def test_long_tables_are_read_in_the_order_of_an_index(
    store: Store, topic: str
) -> None:
    """To sort a million rows takes minutes, and the first one waits for them all."""
    with reports.open_read_only(store.path) as database:
        plan = database.execute(f"EXPLAIN QUERY PLAN {reports.TOPICS[topic]}")
        steps = [row["detail"] for row in plan if row["parent"] == 0]
    assert steps[0].startswith("SCAN files USING INDEX")
    assert not [step for step in steps if "TEMP B-TREE" in step]
