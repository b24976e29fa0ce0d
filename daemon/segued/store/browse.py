"""The library, browsed: a page of files, passages or failures at a time.

Reads on connections of its own, like `segued.store.reports`, and goes through
nothing but the index while it searches: a page takes some milliseconds, also of
a hundred thousand files.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from segued.matching.normalize import normalised
from segued.model import FileStatus
from segued.paths import shown
from segued.store.lines import (
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
from segued.store.reports import reading

__all__ = [
    "PASSAGE",
    "WITH_SONG",
    "counts",
    "failures",
    "files",
    "passage_values",
    "passages",
]

WORDS_MAX: Final = 12
"""A search by more words is no search; the rest is left out."""

LINE: Final = fields(PassageLine)
PASSAGE: Final = """
    passages.id AS passage, passages.file_id AS file, files.path AS path,
    passages.ordinal, start_ticks, end_ticks, lead_in_ticks, lead_out_ticks,
    passages.title, passages.artist, passages.album,
    songs.mbid AS recording_mbid, albums.mbid AS release_mbid,
    passages.confidence, passages.score, passages.status,
    coalesce(songs.flavor_source, passages.flavor_source) AS flavor_source
"""
WITH_SONG: Final = """
    LEFT JOIN passage_songs ON passage_songs.passage_id = passages.id
    LEFT JOIN songs ON songs.id = passage_songs.song_id
    LEFT JOIN passage_albums ON passage_albums.passage_id = passages.id
    LEFT JOIN albums ON albums.id = passage_albums.album_id
"""


def files(library: Path, query: str, status: str | None, cut: Cut) -> FilePage:
    """Return a page of the files whose path and names hold all words of `query`.

    Raises:
        StoreError: There is no library there, or it cannot be read.
    """
    fits, values = _fitting(query)
    with reading(library) as database:
        if values:
            statuses = _counted(database, "file_index", "status", fits, values)
        else:
            rows = database.execute(
                "SELECT status, count(*) FROM files GROUP BY status"
            )
            statuses = dict(rows)
        # Without a search, the index of the files alone is narrower still.
        table, key = ("file_index", "file_id") if values else ("files", "id")
        total = _total(statuses, status)
        cut = cut.within(total)
        ids = _page_of(database, key, table, fits, values, ("status", status), cut)
        lines = [_file_line(database, file) for (file,) in ids]
    return FilePage(lines, cut.page, cut.per, cut.pages, total, statuses)


def passages(
    library: Path, query: str, confidence: str | None, cut: Cut
) -> PassagePage:
    """Return a page of the passages whose path and names hold all words of `query`.

    Raises:
        StoreError: There is no library there, or it cannot be read.
    """
    fits, values = _fitting(query)
    table, wanted = "passage_index", ("confidence", confidence)
    with reading(library) as database:
        counts = _counted(database, table, "confidence", fits, values)
        total = _total(counts, confidence)
        cut = cut.within(total)
        ids = _page_of(database, "passage_id", table, fits, values, wanted, cut)
        lines = [
            PassageLine(**passage_values(row))
            for (passage,) in ids
            for row in database.execute(
                f"SELECT {PASSAGE} FROM passages"  # noqa: S608
                f" JOIN files ON files.id = passages.file_id {WITH_SONG}"
                " WHERE passages.id = ?",
                [passage],
            )
        ]
    return PassagePage(lines, cut.page, cut.per, cut.pages, total, counts)


def failures(library: Path, code: str | None, cut: Cut) -> FailurePage:
    """Return a page of what is wrong with files, those that failed first.

    Raises:
        StoreError: There is no library there, or it cannot be read.
    """
    here = "FROM failures JOIN files ON files.id = failures.file_id"
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
        statuses = database.execute("SELECT status, count(*) FROM files GROUP BY 1")
        failed = database.execute(
            "SELECT code, count(*) FROM failures JOIN files ON files.id = file_id"
            " WHERE fatal = 1 AND status = ? GROUP BY code",
            [FileStatus.FAILED],
        )
        return Counts(
            dict(statuses.fetchall()),
            _counted(database, "passage_index", "confidence", "1", []),
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


def _fitting(query: str) -> tuple[str, list[str]]:
    """Return the condition that all words of a query are there, and its values."""
    words = normalised(query).split()[:WORDS_MAX]
    words.sort(key=len, reverse=True)  # the longest is the rarest, and ends most looks
    return " AND ".join("instr(words, ?)" for _ in words) or "1", words


def _counted(
    database: sqlite3.Connection,
    table: str,
    column: str,
    fits: str,
    values: Sequence[str],
) -> dict[str, int]:
    rows = database.execute(
        f"SELECT {column}, count(*) FROM {table} WHERE {fits} GROUP BY {column}",  # noqa: S608
        values,
    )
    return dict(rows)


def _page_of(  # noqa: PLR0913, PLR0917
    database: sqlite3.Connection,
    key: str,
    table: str,
    fits: str,
    values: Sequence[str],
    wanted: tuple[str, str | None],
    cut: Cut,
) -> list[Any]:
    """Return the keys of what is on a page, in the order of paths."""
    column, value = wanted
    also = "" if value is None else f" AND {column} = ?"
    order = "path" if table != "passage_index" else "path, ordinal"
    return database.execute(
        f"SELECT {key} FROM {table} WHERE {fits}{also}"  # noqa: S608
        f" ORDER BY {order} LIMIT ? OFFSET ?",
        [*values, *([] if value is None else [value]), cut.count, cut.skipped],
    ).fetchall()


def _total(counts: dict[str, int], wanted: str | None) -> int:
    return sum(counts.values()) if wanted is None else counts.get(wanted, 0)
