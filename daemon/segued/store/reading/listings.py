"""The library, browsed: a page of files, passages or failures at a time.

Reads on connections of its own, like `segued.store.reading.reports`, and goes through
nothing but the index while it searches: a page takes some milliseconds, also of
a hundred thousand files.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from segued.matching.normalize import normalised
from segued.model import FileStatus
from segued.paths import shown
from segued.store.reading.problems import WRONG
from segued.store.reading.reports import reading
from segued.store.reading.rows import (
    Counts,
    Cut,
    FailureLine,
    FailurePage,
    FileLine,
    FilePage,
    Group,
    PassageLine,
    PassagePage,
)

__all__ = [
    "PASSAGE",
    "WITH_SONG",
    "counts",
    "failures",
    "files",
    "passage_values",
    "passages",
]

FEW: Final = 10_000

WORDS_MAX: Final = 12
"""A search by more words is no search; the rest is left out."""

LINE: Final = fields(PassageLine)
PASSAGE: Final = """
    passages.id AS passage, passages.file_id AS file, files.path AS path,
    passages.ordinal, start_ticks, end_ticks, lead_in_ticks, lead_out_ticks,
    passages.title, passages.artist, passages.album,
    songs.mbid AS recording_mbid, albums.mbid AS release_mbid,
    passages.confidence, passages.score, passages.status,
    coalesce(passages.flavor_source, songs.flavor_source) AS flavor_source,
    passages.bpm, passages.key, passages.scale, passages.loudness_lufs
"""
WITH_SONG: Final = """
    LEFT JOIN songs ON songs.id = (
        SELECT song_id FROM passage_songs WHERE passage_id = passages.id
        ORDER BY length_ticks IS NULL DESC, length_ticks DESC, song_id LIMIT 1
    )
    LEFT JOIN passage_albums ON passage_albums.passage_id = passages.id
    LEFT JOIN albums ON albums.id = passage_albums.album_id
"""


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Where lines stand in their order, with what they are counted by."""

    table: str
    key: str
    kind: str
    order: str = "path"


# Without a search, the index of the files alone is narrower still.
EVERY: Final = _Shelf("files", "id", "status")
FILES: Final = _Shelf("file_index", "file_id", "status")
PASSAGES: Final = _Shelf("passage_index", "passage_id", "confidence", "path, ordinal")


def files(library: Path, query: str, status: str | None, cut: Cut) -> FilePage:
    """Return a page of the files whose path and names hold all words of `query`.

    Raises:
        StoreError: There is no library there, or it cannot be read.
    """
    words = _words(query)
    with reading(library) as database:
        shelf = FILES if words else EVERY
        counts, cut, keys = _taken(database, shelf, words, status, cut)
        lines = [_file_line(database, file) for file in keys]
    return FilePage(lines, cut.page, cut.per, cut.pages, cut.total or 0, counts)


def passages(
    library: Path, query: str, confidence: str | None, cut: Cut
) -> PassagePage:
    """Return a page of the passages whose path and names hold all words of `query`.

    Raises:
        StoreError: There is no library there, or it cannot be read.
    """
    words = _words(query)
    with reading(library) as database:
        counts, cut, keys = _taken(database, PASSAGES, words, confidence, cut)
        lines = [
            PassageLine(**passage_values(row))
            for passage in keys
            for row in database.execute(
                f"SELECT {PASSAGE} FROM passages"  # noqa: S608
                f" JOIN files ON files.id = passages.file_id {WITH_SONG}"
                " WHERE passages.id = ?",
                [passage],
            )
        ]
    return PassagePage(lines, cut.page, cut.per, cut.pages, cut.total or 0, counts)


def failures(library: Path, code: str | None, cut: Cut) -> FailurePage:
    """Return a page of what is wrong with files, those that failed first.

    Raises:
        StoreError: There is no library there, or it cannot be read.
    """
    here = f"FROM {WRONG} JOIN files ON files.id = wrong.file_id"
    there = f"WHERE files.status <> '{FileStatus.MISSING}'"
    with reading(library) as database:
        groups = [
            Group(name, bool(fatal), count)
            for name, fatal, count in database.execute(
                f"SELECT code, fatal, count(*) {here} {there}"
                " GROUP BY code, fatal ORDER BY fatal DESC, count(*) DESC, code"
            )
        ]
        total = sum(each.count for each in groups if code in (None, each.code))
        cut = cut.within(total)
        rows = database.execute(
            "SELECT files.id AS file, files.path, files.status, phase, code, detail,"
            f" fatal, at {here} {there} AND (? IS NULL OR code = ?)"
            " ORDER BY fatal DESC, code, files.path LIMIT ? OFFSET ?",
            [code, code, cut.count, cut.skipped],
        )
        lines = [
            FailureLine(
                **{
                    **dict(row),
                    "path": shown(row["path"]),
                    "fatal": bool(row["fatal"]),
                }
            )
            for row in rows
        ]
    return FailurePage(groups, lines, cut.page, cut.per, cut.pages, total)


def counts(library: Path) -> Counts:
    """Count all that the library holds.

    Raises:
        StoreError: There is no library there, or it cannot be read.
    """
    with reading(library) as database:
        failed = database.execute(
            "SELECT code, count(*) FROM failures JOIN files ON files.id = file_id"
            " WHERE fatal = 1 AND status = ? GROUP BY code",
            [FileStatus.FAILED],
        )
        return Counts(
            _counted(database, EVERY, "1", []),
            _counted(database, PASSAGES, "1", []),
            dict(failed.fetchall()),
        )


def passage_values(row: sqlite3.Row) -> dict[str, Any]:
    """Return the fields of a passage that was read by the columns of `PASSAGE`."""
    path = bytes(row["path"])
    values = {each.name: row[each.name] for each in LINE if each.name != "name"}
    return values | {"path": shown(path), "name": shown(path.rpartition(b"/")[2])}


def _file_line(database: sqlite3.Connection, file: str) -> FileLine:
    row = database.execute(
        "SELECT files.*, first.title, first.artist, first.confidence,"
        " failures.code AS failure_code,"
        " (SELECT count(*) FROM passages WHERE file_id = files.id) AS passages"
        " FROM files LEFT JOIN failures ON failures.file_id = files.id"
        " LEFT JOIN passages AS first"
        " ON first.file_id = files.id AND first.ordinal = 1"
        " WHERE files.id = ?",
        [file],
    ).fetchone()
    path = bytes(row["path"])
    return FileLine(
        file=row["id"],
        path=shown(path),
        name=shown(path.rpartition(b"/")[2]),
        folder=shown(path.rpartition(b"/")[0]),
        status=row["status"],
        duration_ticks=row["duration_ticks"],
        codec=row["codec"],
        passages=row["passages"],
        title=row["title"],
        artist=row["artist"],
        confidence=row["confidence"],
        failure_code=row["failure_code"],
    )


def _words(query: str) -> list[str]:
    words = normalised(query).split()[:WORDS_MAX]
    if not words and query.strip():
        return [query.strip()]  # signs alone, which are in no index
    words.sort(key=len, reverse=True)  # the longest is the rarest, and ends most looks
    return words


def _taken(
    database: sqlite3.Connection,
    shelf: _Shelf,
    words: Sequence[str],
    wanted: str | None,
    cut: Cut,
) -> tuple[dict[str, int], Cut, list[str]]:
    """Return how many fit by their kind, the page, and the keys of what is on it."""
    fits = " AND ".join("instr(words, ?)" for _ in words) or "1"
    if words:
        # Whoever searches mostly finds little: then once through is enough.
        few = database.execute(
            f"SELECT {shelf.key}, {shelf.kind} FROM {shelf.table} WHERE {fits}"  # noqa: S608
            f" ORDER BY {shelf.order} LIMIT {FEW}",
            words,
        ).fetchall()
        if len(few) < FEW:
            counts = dict(Counter(kind for _, kind in few))
            keys = [key for key, kind in few if wanted in (None, kind)]
            cut = cut.within(len(keys))
            return counts, cut, keys[cut.skipped : cut.skipped + cut.per]
    counts = _counted(database, shelf, fits, words)
    cut = cut.within(sum(counts.values()) if wanted is None else counts.get(wanted, 0))
    also = "" if wanted is None else f" AND {shelf.kind} = ?"
    rows = database.execute(
        f"SELECT {shelf.key} FROM {shelf.table} WHERE {fits}{also}"  # noqa: S608
        f" ORDER BY {shelf.order} LIMIT ? OFFSET ?",
        [*words, *([] if wanted is None else [wanted]), cut.count, cut.skipped],
    )
    return counts, cut, [key for (key,) in rows]


def _counted(
    database: sqlite3.Connection, shelf: _Shelf, fits: str, words: Sequence[str]
) -> dict[str, int]:
    kind, table = shelf.kind, shelf.table
    rows = database.execute(
        f"SELECT {kind}, count(*) FROM {table} WHERE {fits} GROUP BY {kind}",  # noqa: S608
        words,
    )
    return dict(rows)
