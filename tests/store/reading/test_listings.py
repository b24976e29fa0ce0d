"""List and search a library: `segued.store.reading.listings` and `file_detail`."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from peewee import SqliteDatabase

from segued.errors import DecodeError, NotFoundError
from segued.model import (
    Confidence,
    FileEntry,
    FileId,
    FileStatus,
    FileWarning,
    PhaseNumber,
    Signature,
    Span,
)
from segued.store import (
    derived,
    files,
    flavors,
    inventory,
    moves,
    passages,
    requeue,
    search_index,
    songs,
)
from segued.store.database import Store
from segued.store.flavors import Flavor, Measures
from segued.store.passages import PassageRecord
from segued.store.reading import file_detail, listings, reports, summaries
from segued.store.reading.rows import PageRequest
from segued.store.schema.files import File, iter_rows
from segued.store.schema.music import PassageSong
from segued.units import Ticks

FIRST_SCHEMA = Path(__file__).parents[2] / "golden" / "schema-1.sql"

MUSIC = b"/srv/music"
ALL = PageRequest(1, 200)


def passage_row(
    start: int, title: str, artist: str, confidence: Confidence
) -> PassageRecord:
    """Return a passage of ten ticks."""
    return PassageRecord(
        span=Span(Ticks(start), Ticks(start + 10)),
        fingerprint=None,
        title=title,
        artist=artist,
        album="Homogenic",
        confidence=confidence,
        score=0.5,
        reason="because",
        evidence={},
        rejected=(),
    )


def add_file(name: bytes, status: FileStatus = FileStatus.COMPLETE) -> FileId:
    """Store a file."""
    path = MUSIC + b"/" + name
    row = File.create(
        path=path,
        folder=os.path.dirname(path),
        root=MUSIC,
        path_text=path.decode("utf-8", "replace"),
        size_bytes=1,
        mtime_ns=1,
        inode=len(name),  # as good as any
        status=status,
    )
    return FileId(row.id)


def search_files(store: Store, query: str, status: str | None = None) -> list[str]:
    """Return the names of the matching files."""
    page = listings.files(store.path, query, status, ALL)
    assert page.total == len(page.files)
    return [each.name for each in page.files]


@pytest_asyncio.fixture(name="library")
async def _library(store: Store) -> dict[str, FileId]:
    """Store three files, one with two passages, one whose name is not UTF-8."""

    def fill() -> dict[str, FileId]:
        ids = {
            "side": add_file("Björk/side.flac".encode()),
            "song": add_file(b"AC_DC/01 Hells-Bells.mp3"),
            "odd": add_file(b"odd/caf\xe9.wav", FileStatus.FAILED),
        }
        two = (
            passage_row(0, "Jóga", "Björk", Confidence.HIGH),
            passage_row(20, "Bachelorette", "Björk", Confidence.LOW),
        )
        passages.replace(ids["side"], two)
        one = passage_row(0, "Hells Bells", "AC/DC", Confidence.HIGH)
        passages.replace(ids["song"], [one])
        return ids

    return await store.do(fill)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["01 Hells-Bells.mp3", "side.flac", "caf\\xe9.wav"]),
        ("bjork", ["side.flac"]),
        ("BJÖRK jóga", ["side.flac"]),
        ("joga bachelorette", ["side.flac"]),
        ("ac/dc", ["01 Hells-Bells.mp3"]),
        ("hells bell", ["01 Hells-Bells.mp3"]),
        ("homogenic", ["01 Hells-Bells.mp3", "side.flac"]),
        ("homogenic mp3", ["01 Hells-Bells.mp3"]),
        ("caf", ["caf\\xe9.wav"]),
        ("srv", []),
        ("bjork acdc", []),
        ("%", []),
        ("!!!", []),
        (" ", ["01 Hells-Bells.mp3", "side.flac", "caf\\xe9.wav"]),
        ("' OR 1 --", []),
    ],
)
async def test_search_matches_all_words(
    store: Store, library: dict[str, FileId], query: str, names: list[str]
) -> None:
    """A search ignores case, accents, punctuation and the path of the music folder."""
    assert library
    assert search_files(store, query) == names


@pytest.mark.parametrize(
    ("name", "found", "not_found"),
    [
        ("Love 🔥 Song", ["🔥", "love🔥", "🔥 song"], ["☃"]),
        ("Song🔥🔥", ["🔥", "song", "🔥🔥"], ["🔥" * 3]),
        ("❤\ufe0f", ["❤"], []),
        ("❤", ["❤\ufe0f"], []),
        ("👩\u200d🎤", ["👩\u200d🎤", "🎤"], []),
        ("👍\U0001f3fd", ["👍"], []),
        ("Newer than Unicode 14: \U0001fae9", ["\U0001fae9"], []),
        ("÷", ["÷"], []),
        ("F♯ minor", ["f♯", "f minor"], []),
        ("!!!", ["!!!"], ["!!!!", "??"]),
        ("Don't Stop! - Live", ["don\N{ACUTE ACCENT}t", "stop - live", "don t"], []),
    ],
)
async def test_symbols_are_found(
    store: Store, name: str, found: list[str], not_found: list[str]
) -> None:
    """Emoji and other symbols, in names of files and in titles."""

    def fill() -> None:
        add_file(f"{name} 1.mp3".encode())
        side = add_file(b"side.flac")
        passages.replace(side, [passage_row(0, name, "Artist", Confidence.HIGH)])
        add_file(b"other.mp3")

    await store.do(fill)

    for query in found:
        assert len(search_files(store, query)) == 2, query
        assert listings.passages(store.path, query, None, ALL).total == 1
    for query in not_found:
        assert search_files(store, query) == [], query


async def test_passages_are_searched_one_by_one(
    store: Store, library: dict[str, FileId]
) -> None:
    """Passages are found one by one, with counts by confidence."""

    def titles(query: str, confidence: str | None = None) -> list[str | None]:
        page = listings.passages(store.path, query, confidence, ALL)
        return [each.title for each in page.passages]

    assert library
    assert titles("") == ["Hells Bells", "Jóga", "Bachelorette"]
    assert titles("bjork") == ["Jóga", "Bachelorette"]
    assert titles("bjork", "Low") == ["Bachelorette"]
    assert titles("side bachelorette") == ["Bachelorette"]
    page = listings.passages(store.path, "", "High", ALL)
    assert (page.total, page.confidences) == (2, {"High": 2, "Low": 1})


async def test_files_are_counted_by_status(
    store: Store, library: dict[str, FileId]
) -> None:
    """Counts by status include all matching files, whichever status is listed."""
    assert library
    page = listings.files(store.path, "", "FAILED", ALL)

    assert page.statuses == {"INGEST COMPLETE": 2, "FAILED": 1}
    assert [each.name for each in page.files] == ["caf\\xe9.wav"]
    assert listings.files(store.path, "joga", None, ALL).statuses == {
        "INGEST COMPLETE": 1
    }


async def test_every_file_is_on_one_page(store: Store) -> None:
    """Each file is on one page, in path order; a page past the end is the last one."""

    def fill() -> None:
        for number in range(23):
            add_file(f"{number:02}.wav".encode())

    await store.do(fill)
    pages = [
        listings.files(store.path, query, None, PageRequest(n, 5))
        for query in ("", "wav")
        for n in range(1, 6)
    ]
    beyond = listings.files(store.path, "", None, PageRequest(99, 5))

    names = [each.name for page in pages for each in page.files]
    assert names == 2 * [f"{number:02}.wav" for number in range(23)]
    assert {(page.pages, page.total) for page in pages} == {(5, 23)}
    assert (beyond.page, [each.name for each in beyond.files]) == (
        5,
        ["20.wav", "21.wav", "22.wav"],
    )
    nothing = listings.files(store.path, "none of it", None, PageRequest(3, 5))
    assert (nothing.page, nothing.pages, nothing.files) == (1, 1, [])


async def test_search_index_follows_all_changes(
    store: Store, library: dict[str, FileId], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index follows new tags, statuses, renames, new passages and removed files."""
    monkeypatch.setattr(search_index, "UNLISTED_MAX", 0)
    side, song = library["side"], library["song"]

    await store.do(files.mark_finished, song, FileStatus.NO_AUDIO)
    assert search_files(store, "hells", "NO AUDIO") == ["01 Hells-Bells.mp3"]

    anew = passage_row(5, "Unravel", "Björk", Confidence.MEDIUM)
    await store.do(passages.replace, side, [anew])
    assert (search_files(store, "joga"), search_files(store, "unravel")) == (
        [],
        ["side.flac"],
    )

    inode = len("Björk/side.flac".encode())
    renamed = FileEntry(MUSIC + b"/elsewhere/new.flac", Signature(1, 1, inode))
    assert await store.do(moves.follow_rename, renamed, MUSIC) is not None
    assert search_files(store, "bjork side") == []
    assert search_files(store, "elsewhere unravel") == ["new.flac"]
    page = listings.passages(store.path, "elsewhere", None, ALL)
    assert [(each.name, each.title) for each in page.passages] == [
        ("new.flac", "Unravel")
    ]

    await store.do(lambda: inventory.mark_missing([(side, renamed.path)]))
    assert search_files(store, "unravel", "MISSING") == ["new.flac"]
    assert listings.passages(store.path, "unravel", None, ALL).total == 0
    back = FileEntry(MUSIC + b"/back.flac", renamed.signature)
    assert await store.do(moves.follow_rename, back, MUSIC) is not None
    assert listings.passages(store.path, "back unravel", None, ALL).total == 1

    await store.do(lambda: File.delete().where(File.id == side).execute())
    assert search_files(store, "unravel") == []
    assert listings.passages(store.path, "unravel", None, ALL).total == 0
    assert index_differences(store) == []


def index_differences(store: Store) -> list[tuple[object, ...]]:
    """Return the rows in which the index differs from a new one."""
    library = SqliteDatabase(str(store.path))
    derived.register_functions(library)
    rows: list[tuple[object, ...]] = []
    for held, made_of in (
        (
            "SELECT path, file_id, status, words FROM file_index",
            "SELECT path, file_id, status, words FROM file_words",
        ),
        (
            (
                "SELECT path, facts FROM file_index"
                " WHERE place NOT IN (SELECT place FROM index_unlisted)"
            ),
            (
                "SELECT path, made.facts FROM file_facts AS made"
                " JOIN file_index USING (path)"
                " WHERE place NOT IN (SELECT place FROM index_unlisted)"
            ),
        ),
        (
            (
                "SELECT path, ordinal, passage_id, confidence, passage_index.words"
                " FROM passage_index LEFT JOIN file_index USING (place)"
            ),
            "SELECT path, ordinal, passage_id, confidence, words FROM passage_words",
        ),
    ):
        for one, other in ((held, made_of), (made_of, held)):
            rows += library.execute_sql(f"{one} EXCEPT {other}").fetchall()
    counted = (
        "SELECT * FROM (SELECT 'file_index', status, count(*) FROM file_index"
        " GROUP BY status UNION SELECT 'passage_index', confidence, count(*)"
        " FROM passage_index GROUP BY confidence)"
    )
    kept = "SELECT * FROM index_counts WHERE count <> 0"
    for one, other in ((kept, counted), (counted, kept)):
        rows += library.execute_sql(f"{one} EXCEPT {other}").fetchall()
    library.close()
    return rows


async def test_a_library_without_an_index_gets_one(tmp_path: Path) -> None:
    """A library of version 0.1.0 gets an index when it is opened."""
    old = tmp_path / "old.db"
    with closing(sqlite3.connect(old)) as before:
        before.executescript(FIRST_SCHEMA.read_text())
        path = b"/srv/music/side.flac"
        before.execute(
            "INSERT INTO files (id, path, folder, root, path_text, size_bytes,"
            " mtime_ns, inode, status, matching_hashes, added_at)"
            " VALUES ('a', ?, ?, ?, ?, 1, 1, 1, 'INGEST COMPLETE', '[]', '')",
            [path, MUSIC, MUSIC, path.decode()],
        )
        before.execute(
            "INSERT INTO passages (id, file_id, ordinal, start_ticks, end_ticks, title,"
            " artist, confidence, score, status) VALUES"
            " ('p', 'a', 1, 0, 9, 'J\u00f3ga', 'Bj\u00f6rk', 'High', 1.0, 'PENDING')"
        )
        before.commit()
    again = Store(old)
    await again.open()

    assert search_files(again, "joga bjork") == ["side.flac"]
    assert index_differences(again) == []
    await again.close()


async def test_common_words_do_not_hide_other_matches(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages are right if more rows match than are counted, and say so."""

    def fill() -> None:
        for number in range(40):
            add_file(f"{'odd' if number % 2 else 'even'}/{number:02}.wav".encode())

    await store.do(fill)
    monkeypatch.setattr(listings, "COUNTED_MAX", 5)
    first = listings.files(store.path, "odd wav", None, PageRequest(1, 5))
    page = listings.files(store.path, "odd wav", None, PageRequest(2, 15))
    last = listings.files(store.path, "odd wav", None, PageRequest(99, 15))

    assert (first.total, first.pages, first.more) == (10, 2, True)
    assert first.statuses == {"INGEST COMPLETE": 10}
    assert (page.total, page.pages, page.more) == (20, 2, False)
    assert page.statuses == {"INGEST COMPLETE": 20}
    assert page.files == last.files
    assert [each.name for each in page.files] == [
        f"{n:02}.wav" for n in range(31, 41, 2)
    ]


async def test_missing_files_are_not_failures(
    store: Store, library: dict[str, FileId]
) -> None:
    """A missing file is not listed as a failure."""
    odd = library["odd"]
    path = MUSIC + b"/odd/caf\xe9.wav"

    def fail() -> None:
        files.mark_failed(odd, PhaseNumber.SEGMENT, DecodeError(path, "no sound"))

    await store.do(fail)
    listed = listings.failures(store.path, None, ALL)
    await store.do(lambda: inventory.mark_missing([(odd, path)]))
    gone = listings.failures(store.path, None, ALL)

    assert [(each.code, each.count) for each in listed.groups] == [("decode", 1)]
    assert listed.failures[0].path.endswith("caf\\xe9.wav")
    assert (gone.groups, gone.failures) == ([], [])


async def test_flavor_failure_is_listed(
    store: Store, library: dict[str, FileId]
) -> None:
    """All listings report a flavor failure once per present file, after its own."""
    side, song = library["side"], library["song"]

    def fail() -> None:
        for each in passages.ids_for_file(side) + passages.ids_for_file(song):
            flavors.set_failure(each, "essentia: too slow")
        files.record_warnings(
            song,
            PhaseNumber.SEGMENT,
            [FileWarning("truncated", "AC_DC/01: ends early")],
        )

    await store.do(fail)
    told = listings.failures(store.path, None, ALL)
    only = listings.failures(store.path, "flavor", PageRequest(1, 1))

    assert [(each.code, each.fatal, each.count) for each in told.groups] == [
        ("flavor", False, 2),
        ("truncated", False, 1),
    ]
    assert [(each.file, each.code) for each in told.failures] == [
        (song, "flavor"),
        (side, "flavor"),
        (song, "truncated"),
    ]
    assert [each.detail.partition(": ")[2] for each in told.failures[:2]] == [
        "essentia: too slow",
        "passage 1 and 1 more: essentia: too slow",
    ]
    assert {each.phase for each in told.failures[:2]} == {9}
    assert (only.total, only.pages, only.failures) == (2, 2, told.failures[:1])
    rows = reports.rows(store.path, "failures")
    listed = [(row["file_id"], row["code"]) for row in rows]
    assert listed == [(each.file, each.code) for each in told.failures]
    warned = summaries.summary(store.path, [MUSIC]).warned
    assert [code for code, _ in warned] == ["flavor", "flavor", "truncated"]

    first, _ = await store.do(passages.ids_for_file, side)
    await store.do(flavors.set_failure, first, None)
    assert (
        "passage 2: " in listings.failures(store.path, "flavor", ALL).failures[1].detail
    )
    await store.do(
        lambda: inventory.mark_missing([(side, MUSIC + "/Björk/side.flac".encode())])
    )
    gone = listings.failures(store.path, "flavor", ALL)
    assert [each.file for each in gone.failures] == [song]
    left = reports.rows(store.path, "failures")
    assert [row["code"] for row in left if row["file_id"] == side] == []
    assert await store.do(lambda: requeue.retry_failed(code="flavor")) == 1


async def test_measures_are_listed(store: Store, library: dict[str, FileId]) -> None:
    """Lists have the main measures; file details have all, and the passage's flavor."""
    found = Measures(
        120.4,
        "F#",
        "minor",
        0.7,
        loudness_lufs=-14.2,
        loudness_range_lu=5.0,
        true_peak_dbtp=-0.4,
    )
    text = '{"characteristics": {}}'

    def measure() -> None:
        (passage,) = passages.ids_for_file(library["song"])
        credit = songs.EntityRef("Hells Bells", "a-recording")
        songs.link_passage(passage, songs.SongRecord(credit), None)
        ((song,),) = iter_rows(PassageSong.select(PassageSong.song))
        flavors.set_song_flavor(song, Flavor('{"of": "song"}', "one", "1"))
        flavors.set_measures(passage, found)

    await store.do(measure)
    (row,) = listings.passages(store.path, "hells", None, ALL).passages
    (facts,) = file_detail.file_detail(store.path, library["song"]).passages

    assert (row.bpm, row.key, row.scale, row.loudness_lufs) == (
        120.4,
        "F#",
        "minor",
        -14.2,
    )
    assert (facts.key_strength, facts.loudness_range_lu) == (0.7, 5.0)
    assert facts.true_peak_dbtp == -0.4
    assert (facts.flavor, facts.flavor_source) == ({"of": "song"}, "one")
    assert (facts.flavor_version, bool(facts.flavored_at)) == ("1", True)

    await store.do(flavors.set_passage_flavor, facts.passage, Flavor(text, "two", "2"))
    (facts,) = file_detail.file_detail(store.path, library["song"]).passages
    assert (facts.flavor, facts.flavor_source) == ({"characteristics": {}}, "two")
    assert facts.flavor_version == "2"


async def test_indexing_is_linear_in_passages(store: Store) -> None:
    """Storing passages updates the index once for each."""
    songs = [
        passage_row(20 * n, f"Song {n}", "Marram", Confidence.LOW) for n in range(900)
    ]
    file = await store.do(add_file, b"long.flac")
    counted = 0

    def count(statement: str) -> None:
        nonlocal counted
        counted += statement == "DELETE FROM index_stale"

    def replace() -> None:
        store._database.connection().set_trace_callback(count)
        passages.replace(file, songs)

    await store.do(replace)

    assert listings.passages(store.path, "song 899", None, ALL).total == 1
    assert index_differences(store) == []
    assert counted == 1


async def test_a_file_is_known_by_its_id(
    store: Store, library: dict[str, FileId]
) -> None:
    """An unknown id is reported as an error."""
    known = file_detail.file_detail(store.path, library["side"])

    assert [each.title for each in known.passages] == ["Jóga", "Bachelorette"]
    assert known.facts.folder == "/srv/music/Björk"
    assert (
        file_detail.path_of(store.path, library["odd"]) == MUSIC + b"/odd/caf\xe9.wav"
    )
    with pytest.raises(NotFoundError, match="no file has the id unknown"):
        file_detail.file_detail(store.path, "unknown")
