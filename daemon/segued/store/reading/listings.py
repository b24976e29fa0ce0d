"""Query one page of files, passages or failures.

Each function opens its own read-only connection, as in `segued.store.reading.reports`.
A search reads only the index, so a page takes some milliseconds even with 100,000
files.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from segued.model import FileStatus
from segued.paths import shown
from segued.store.reading.problems import FILE_PROBLEMS
from segued.store.reading.query_conditions import (
    QUERY_SOURCE,
    Condition,
    query_condition,
    register_query_functions,
)
from segued.store.reading.reports import open_read_only, passed_over_counts
from segued.store.reading.rows import (
    FailureGroup,
    FailurePage,
    FailureRow,
    FilePage,
    FileRow,
    LibraryCounts,
    PageRequest,
    PassagePage,
    PassageRow,
)
from segued.store.search import search_words, words_condition

__all__ = [
    "PASSAGE_COLUMNS",
    "SONG_JOINS",
    "counts",
    "failures",
    "files",
    "find_passages",
    "passage_values",
    "passages",
]

SCAN_LIMIT: Final = 1_000
"""With fewer hits, counts and page are taken from a single scan of the index."""

PASSAGE_FIELDS: Final = fields(PassageRow)
PASSAGE_COLUMNS: Final = """
    passages.id AS passage, passages.file_id AS file, files.path AS path,
    passages.ordinal, start_ticks, end_ticks, lead_in_ticks, lead_out_ticks,
    passages.title, passages.artist, passages.album,
    songs.mbid AS recording_mbid, albums.mbid AS release_mbid,
    passages.confidence, passages.score, passages.status,
    coalesce(passages.flavor_source, songs.flavor_source) AS flavor_source,
    passages.bpm, passages.key, passages.scale, passages.loudness_lufs
"""
SONG_JOINS: Final = """
    LEFT JOIN songs ON songs.id = (
        SELECT song_id FROM passage_songs WHERE passage_id = passages.id
        ORDER BY length_ticks IS NULL DESC, length_ticks DESC, song_id LIMIT 1
    )
    LEFT JOIN passage_albums ON passage_albums.passage_id = passages.id
    LEFT JOIN albums ON albums.id = passage_albums.album_id
"""


@dataclass(frozen=True, slots=True)
class _Listing:
    """An index to list: its key column, the column to count by, and the sort order.

    Attributes:
        table: The index, or tables joined to it.
    """

    index: str
    key: str
    kind: str
    table: str
    order: tuple[str, ...] = ("path",)

    def order_by(self, *, backwards: bool = False) -> str:
        """Return the sort order in SQL."""
        return ", ".join(f"{each} DESC" if backwards else each for each in self.order)


FILE_INDEX: Final = _Listing("file_index", "file_id", "status", "file_index")
PASSAGE_INDEX: Final = _Listing(
    "passage_index",
    "passage_index.passage_id",
    "passage_index.confidence",
    "passage_index",
    ("passage_index.path", "passage_index.ordinal"),
)
EVERYTHING: Final = Condition("1", (), is_indexed=True)


def files(
    library: Path, query: str, status: str | None, request: PageRequest
) -> FilePage:
    """Return a page of the files whose path and names contain all words of `query`.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    where, values = words_condition("words", search_words(query))
    condition = Condition(where, tuple(values), is_indexed=True)
    with open_read_only(library) as database:
        counts, request, keys = _page_of(
            database, FILE_INDEX, condition, status, request
        )
        rows = [_file_row(database, file) for file in keys]
    return FilePage(
        rows, request.page, request.page_size, request.pages, request.total or 0, counts
    )


def passages(
    library: Path, query: str, confidence: str | None, request: PageRequest
) -> PassagePage:
    """Return a page of the passages that a search finds (`matching.library_query`).

    Raises:
        QueryError: A condition of the search is invalid.
        StoreError: The library does not exist, or cannot be read.
    """
    condition = query_condition(query)
    listing = PASSAGE_INDEX
    if not condition.is_indexed:
        listing = replace(listing, table=QUERY_SOURCE)
    with open_read_only(library) as database:
        register_query_functions(database)
        counts, request, keys = _page_of(
            database, listing, condition, confidence, request
        )
        rows = find_passages(database, keys)
    return PassagePage(
        rows,
        request.page,
        request.page_size,
        request.pages,
        request.total or 0,
        counts,
    )


def failures(library: Path, code: str | None, request: PageRequest) -> FailurePage:
    """Return a page of the problems of files, failed files first.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    source = f"FROM {FILE_PROBLEMS} JOIN files ON files.id = problems.file_id"
    where = f"WHERE files.status <> '{FileStatus.MISSING}'"
    with open_read_only(library) as database:
        groups = [
            FailureGroup(name, bool(fatal), count)
            for name, fatal, count in database.execute(
                f"SELECT code, fatal, count(*) {source} {where}"
                " GROUP BY code, fatal ORDER BY fatal DESC, count(*) DESC, code"
            )
        ]
        total = sum(each.count for each in groups if code in (None, each.code))
        request = request.with_total(total)
        rows = database.execute(
            "SELECT files.id AS file, files.path, files.status, phase, code, detail,"
            f" fatal, at, retry_at {source} {where} AND (? IS NULL OR code = ?)"
            " ORDER BY fatal DESC, code, files.path LIMIT ? OFFSET ?",
            [code, code, request.limit, request.offset],
        )
        failure_rows = [
            FailureRow(
                **{
                    **dict(row),
                    "path": shown(row["path"]),
                    "fatal": bool(row["fatal"]),
                }
            )
            for row in rows
        ]
    return FailurePage(
        groups, failure_rows, request.page, request.page_size, request.pages, total
    )


def counts(library: Path) -> LibraryCounts:
    """Count the files, passages and failures of the library.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        failed = database.execute(
            "SELECT code, count(*) FROM failures JOIN files ON files.id = file_id"
            " WHERE fatal = 1 AND status = ? GROUP BY code",
            [FileStatus.FAILED],
        )
        return LibraryCounts(
            _count_by_kind(database, FILE_INDEX, EVERYTHING),
            _count_by_kind(database, PASSAGE_INDEX, EVERYTHING),
            dict(failed.fetchall()),
            passed_over_counts(database),
            dict(
                database.execute(
                    "SELECT receiver, count(*) FROM outbox GROUP BY receiver"
                )
            ),
        )


def find_passages(
    database: sqlite3.Connection, keys: Sequence[str]
) -> list[PassageRow]:
    """Return the passages with these ids, in the same order."""
    return [
        PassageRow(**passage_values(row))
        for passage in keys
        for row in database.execute(
            f"SELECT {PASSAGE_COLUMNS} FROM passages"  # noqa: S608
            f" JOIN files ON files.id = passages.file_id {SONG_JOINS}"
            " WHERE passages.id = ?",
            [passage],
        )
    ]


def passage_values(row: sqlite3.Row) -> dict[str, Any]:
    """Return the fields of a `PassageRow` from a row with `PASSAGE_COLUMNS`."""
    path = bytes(row["path"])
    values = {
        each.name: row[each.name] for each in PASSAGE_FIELDS if each.name != "name"
    }
    return values | {"path": shown(path), "name": shown(path.rpartition(b"/")[2])}


def _file_row(database: sqlite3.Connection, file: str) -> FileRow:
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
    return FileRow(
        file=row["id"],
        path=shown(path),
        name=shown(path.rpartition(b"/")[2]),
        folder=shown(path.rpartition(b"/")[0]),
        status=row["shown_status"],
        duration_ticks=row["duration_ticks"],
        codec=row["codec"],
        passages=row["passages"],
        title=row["title"],
        artist=row["artist"],
        confidence=row["confidence"],
        failure_code=row["failure_code"],
    )


def _page_of(
    database: sqlite3.Connection,
    listing: _Listing,
    condition: Condition,
    kind: str | None,
    request: PageRequest,
) -> tuple[dict[str, int], PageRequest, list[str]]:
    """Return the hits by kind, the request with its total, and the keys on the page."""
    if condition.values:
        # Most searches have few hits: then a single scan is enough.
        hits = database.execute(
            f"SELECT {listing.key}, {listing.kind} FROM {listing.table}"  # noqa: S608
            f" WHERE {condition.sql} ORDER BY {listing.order_by()} LIMIT {SCAN_LIMIT}",
            condition.values,
        ).fetchall()
        if len(hits) < SCAN_LIMIT:
            counts = dict(Counter(each for _, each in hits))
            keys = [key for key, each in hits if kind in (None, each)]
            request = request.with_total(len(keys))
            return (
                counts,
                request,
                keys[request.offset : request.offset + request.page_size],
            )
    counts = _count_by_kind(database, listing, condition)
    request = request.with_total(
        sum(counts.values()) if kind is None else counts.get(kind, 0)
    )
    return counts, request, _keys_on_page(database, listing, condition, kind, request)


def _keys_on_page(
    database: sqlite3.Connection,
    listing: _Listing,
    condition: Condition,
    kind: str | None,
    request: PageRequest,
) -> list[str]:
    """Return the keys on a page, read from the end that is nearer to it."""
    after = (request.total or 0) - request.offset - request.limit
    is_near_end = after < request.offset
    kind_condition = "" if kind is None else f" AND {listing.kind} = ?"
    rows = database.execute(
        f"SELECT {listing.key} FROM {listing.table}"  # noqa: S608
        f" WHERE {condition.sql}{kind_condition}"
        f" ORDER BY {listing.order_by(backwards=is_near_end)} LIMIT ? OFFSET ?",
        [
            *condition.values,
            *([] if kind is None else [kind]),
            request.limit,
            after if is_near_end else request.offset,
        ],
    )
    keys = [key for (key,) in rows]
    return keys[::-1] if is_near_end else keys


def _count_by_kind(
    database: sqlite3.Connection, listing: _Listing, condition: Condition
) -> dict[str, int]:
    kept = database.execute(
        "SELECT kind, count FROM index_counts WHERE listing = ? AND count > 0",
        [listing.index],
    )
    counts: dict[str, int] = dict(kept)
    if condition == EVERYTHING or not counts:
        return counts
    # A sum for each kind is twice as fast as GROUP BY, which sorts the hits.
    sums = ", ".join(f"count(*) FILTER (WHERE {listing.kind} = ?)" for _ in counts)
    found = database.execute(
        f"SELECT {sums} FROM {listing.table} WHERE {condition.sql}",  # noqa: S608
        [*counts, *condition.values],
    ).fetchone()
    return {kind: count for kind, count in zip(counts, found, strict=True) if count > 0}
