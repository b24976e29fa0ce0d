"""Tests of the search index: hits are those of a plain comparison, in path order."""

import random
from collections.abc import Iterator

import pytest

from segued.model import FileStatus
from segued.store import search_index
from segued.store.database import Store
from segued.store.reading import word_hits
from segued.store.reading.query_conditions import Condition, query_condition
from segued.store.reading.reports import open_read_only
from segued.store.reading.word_hits import FILE_INDEX, PASSAGE_INDEX, find_hits, keys_of
from segued.store.schema.files import File, Passage
from segued.store.search import search_words, words_condition

WORDS = (
    "river",
    "stone",
    "quiet",
    "x",
    "q7",
    "7q",
    "\u96ea",
    "\u590f\u306e",
    "ash",
    "ashes",
    "7",
)
QUERIES = (
    "river",
    "quiet river",
    "ash",
    "ashes 7",
    "x",
    "q7",
    "7q",
    "q",
    "\u96ea",
    "\u590f\u306e",
    "\u306e",
    "zebra",
    "zz",
    "iver sto",
    "!",
    '"',
)


@pytest.fixture
def rng() -> random.Random:
    """Return the source of names, the same in each run."""
    return random.Random(7)  # noqa: S311


def add_files(names: list[str]) -> None:
    """Store files with these names, and a passage in each."""
    for name in names:
        path = f"/music/{name}".encode()
        file = File.create(
            path=path,
            folder=path.rpartition(b"/")[0],
            root=b"/music",
            path_text=path.decode(),
            size_bytes=1,
            mtime_ns=1,
            inode=1,
            status=FileStatus.COMPLETE if "7" in name else FileStatus.FAILED,
        )
        Passage.create(
            file=file, ordinal=1, start_ticks=0, end_ticks=9, title=name[::-1]
        )


def names_in(rng: random.Random, count: int) -> Iterator[str]:
    """Yield random paths, all different."""
    for number in range(count):
        yield f"{' '.join(rng.choices(WORDS, k=3))}/{rng.randrange(9_999)}-{number}.ogg"


def differences(store: Store) -> list[object]:
    """Return the searches whose hits are not those of a plain comparison."""
    found: list[object] = []
    with open_read_only(store.path) as database:
        for query in QUERIES:
            words = search_words(query)
            sql, values = words_condition("file_index.words", words)
            of_files = Condition(
                sql, tuple(values), is_indexed=True, words=tuple(words)
            )
            of_passages = query_condition(query)
            for listing, condition in (
                (FILE_INDEX, of_files),
                (PASSAGE_INDEX, of_passages),
            ):
                expected = [
                    key
                    for key, text in database.execute(
                        f"SELECT listed.{listing.key}, listed.words"  # noqa: S608
                        f" FROM {listing.table} AS listed"
                        " JOIN file_index AS f USING (place) ORDER BY f.path"
                    )
                    if all(word in text for word in words)
                ]
                for limit in (3, 10_000):
                    hits = find_hits(database, listing, condition, limit)
                    if keys_of(database, listing, hits) != expected[:limit]:
                        found.append((query, listing.table, limit))
                    if hits and hits[1:] != find_hits(
                        database, listing, condition, limit - 1, after=hits[0][1:]
                    ):
                        found.append((query, listing.table, hits[0]))
        order = "SELECT path FROM file_index ORDER BY"
        if (
            database.execute(f"{order} place").fetchall()
            != database.execute(f"{order} path").fetchall()
        ):
            found.append("order of places")
    return found


@pytest.mark.parametrize("unlisted_max", [0, 40, 10_000])
async def test_hits_are_those_of_a_plain_comparison(
    store: Store,
    rng: random.Random,
    monkeypatch: pytest.MonkeyPatch,
    unlisted_max: int,
) -> None:
    """Also after changes, for short and odd words, listed or not."""
    monkeypatch.setattr(search_index, "UNLISTED_MAX", unlisted_max)
    monkeypatch.setattr(word_hits, "SCAN_ROWS", 50)
    await store.do(add_files, list(names_in(rng, 150)))
    await store.do(add_files, list(names_in(rng, 60)))
    assert differences(store) == []

    def change() -> None:
        ids = [each.id for each in File.select(File.id).order_by(File.path)]
        Passage.update(title="zebra 7").where(Passage.file.in_(ids[::9])).execute()
        File.delete().where(File.id.in_(ids[::7])).execute()
        File.update(path=b"/music/zz/river.ogg", path_text="/music/zz/river.ogg").where(
            File.id == ids[1]
        ).execute()
        File.update(status=FileStatus.MISSING).where(File.id == ids[2]).execute()

    await store.do(change)
    assert differences(store) == []
    await store.do(add_files, list(names_in(rng, 30)))
    assert differences(store) == []


@pytest.mark.parametrize("step", [1, -1])
async def test_places_are_found_where_none_is_free(
    store: Store, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Files that are added one by one between two others, forwards or backwards."""
    monkeypatch.setattr(search_index, "STEP", 32)
    monkeypatch.setattr(search_index, "NEW_STEP", 4)
    monkeypatch.setattr(search_index, "STEP_MIN", 2)
    monkeypatch.setattr(search_index, "WINDOW", 4)
    monkeypatch.setattr(search_index, "UNLISTED_MAX", 20)
    await store.do(add_files, [f"a{n:03} river.ogg" for n in range(20)])
    await store.do(add_files, [f"z{n:03} stone.ogg" for n in range(20)])

    for number in range(60)[::step]:
        await store.do(add_files, [f"m{number:03} river.ogg", f"m{number:03} ash.ogg"])

    assert differences(store) == []


async def test_a_rare_kind_is_found_among_many_hits(store: Store) -> None:
    """A search of one status, or of one band, finds all its rows."""
    await store.do(add_files, [f"river {n:03}.ogg" for n in range(150)])
    with open_read_only(store.path) as database:
        words = ("river",)
        sql, values = words_condition("file_index.words", words)
        condition = Condition(sql, tuple(values), is_indexed=True, words=words)
        hits = find_hits(
            database, FILE_INDEX, condition, 200, kind=str(FileStatus.COMPLETE)
        )
    assert len(hits) == sum("7" in f"{n:03}" for n in range(150))
