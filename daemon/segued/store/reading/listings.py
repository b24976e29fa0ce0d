"""Query one page of files, passages or failures.

Each function opens its own read-only connection, as in `segued.store.reading.reports`.
A search reads only the index, and counts some thousand hits at most, so a page takes
some milliseconds even with a million files.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from segued.model import FileStatus
from segued.paths import shown
from segued.store.reading.problems import FILE_PROBLEMS
from segued.store.reading.query_conditions import (
    Condition,
    query_condition,
    register_query_functions,
)
from segued.store.reading.reports import (
    kept_counts,
    open_read_only,
    passed_over_counts,
)
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
from segued.store.reading.word_hits import (
    COUNTED_MAX,
    FILE_INDEX,
    PASSAGE_INDEX,
    IndexListing,
    find_hits,
    keys_of,
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

PAGES_AHEAD: Final = 10
"""So many pages after a page are counted if a search has more hits of some kind."""

MISSING: Final = FileStatus.MISSING.value
MISSING_FILES: Final = f"SELECT id FROM files WHERE status = '{MISSING}'"  # noqa: S608

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
class _FoundPage:
    """A page of an index: the keys on it.

    Attributes:
        counts: The hits by kind; of the first ones, if there are more.
        request: The request, with its total.
        more: Whether there are more hits than the total.
    """

    counts: dict[str, int]
    request: PageRequest
    keys: list[str]
    more: bool = False


def files(
    library: Path, query: str, status: str | None, request: PageRequest
) -> FilePage:
    """Return a page of the files whose path and names contain all words of `query`.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    words = search_words(query)
    where, values = words_condition("file_index.words", words)
    condition = Condition(where, tuple(values), is_indexed=True, words=tuple(words))
    with open_read_only(library) as database:
        found = _page_of(database, FILE_INDEX, condition, status, request)
        rows = [_file_row(database, file) for file in found.keys]
    return FilePage(
        rows,
        found.request.page,
        found.request.page_size,
        found.request.pages,
        found.request.total or 0,
        found.counts,
        found.more,
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
    with open_read_only(library) as database:
        register_query_functions(database)
        found = _page_of(database, PASSAGE_INDEX, condition, confidence, request)
        rows = find_passages(database, found.keys)
    return PassagePage(
        rows,
        found.request.page,
        found.request.page_size,
        found.request.pages,
        found.request.total or 0,
        found.counts,
        found.more,
    )


def failures(library: Path, code: str | None, request: PageRequest) -> FailurePage:
    """Return a page of the problems of files, failed files first.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        groups = _failure_groups(database)
        chosen = [each for each in groups if code in (None, each.code)]
        total = sum(each.count for each in chosen)
        request = request.with_total(total)
        rows = _failure_rows(database, chosen, request)
    return FailurePage(
        groups, rows, request.page, request.page_size, request.pages, total
    )


def _failure_groups(database: sqlite3.Connection) -> list[FailureGroup]:
    """Count the problems of files that are not missing: all, less those of these."""
    found: Counter[tuple[str, int]] = Counter()
    for sign, condition in (
        (1, ""),
        (-1, f"AND file_id IN ({MISSING_FILES})"),
    ):
        rows = database.execute(
            f"""
            SELECT code, fatal, count(*) FROM failures WHERE 1 {condition}
            GROUP BY code, fatal
            UNION ALL
            SELECT 'flavor', 0, count(DISTINCT file_id) FROM passages
            WHERE flavor_failure IS NOT NULL {condition}
            """  # noqa: S608
        )
        for code, fatal, count in rows:
            found[code, fatal] += sign * count
    groups = [
        FailureGroup(code, bool(fatal), count)
        for (code, fatal), count in found.items()
        if count
    ]
    return sorted(groups, key=lambda each: (not each.fatal, -each.count, each.code))


def _failure_rows(
    database: sqlite3.Connection, groups: Sequence[FailureGroup], request: PageRequest
) -> list[FailureRow]:
    """Return the rows of a page: only the groups that are on it are put in order."""
    rows: list[FailureRow] = []
    before = request.offset
    for group in sorted(groups, key=lambda each: (not each.fatal, each.code)):
        wanted = min(request.limit - len(rows), group.count - before)
        if wanted > 0:
            found = database.execute(
                "SELECT files.id AS file, files.path, files.status, phase, code,"  # noqa: S608
                f" detail, fatal, at, retry_at FROM {FILE_PROBLEMS}"
                " JOIN files ON files.id = problems.file_id"
                f" WHERE files.status <> '{MISSING}' AND code = ? AND fatal = ?"
                " ORDER BY files.path LIMIT ? OFFSET ?",
                [group.code, group.fatal, wanted, before],
            )
            rows += [
                FailureRow(
                    **{
                        **dict(row),
                        "path": shown(row["path"]),
                        "fatal": bool(row["fatal"]),
                    }
                )
                for row in found
            ]
        before = max(0, before - group.count)
    return rows


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
            kept_counts(database, FILE_INDEX.table),
            kept_counts(database, PASSAGE_INDEX.table),
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
    listing: IndexListing,
    condition: Condition,
    kind: str | None,
    request: PageRequest,
) -> _FoundPage:
    """Return a page of the rows that fulfill a condition."""
    if not condition.values:
        counts = kept_counts(database, listing.table)
        request = request.with_total(
            sum(counts.values()) if kind is None else counts.get(kind, 0)
        )
        return _FoundPage(
            counts, request, _keys_on_page(database, listing, kind, request)
        )
    most = max(COUNTED_MAX, request.offset + 2 * request.page_size)
    hits = find_hits(database, listing, condition, most + 1)
    more = len(hits) > most
    counts = dict(Counter(hit[0] for hit in hits[:most]))
    if kind is not None and more:
        most = request.offset + PAGES_AHEAD * request.page_size
        hits = find_hits(database, listing, condition, most + 1, kind=kind)
        more = len(hits) > most
    listed = [hit for hit in hits[:most] if kind in (None, hit[0])]
    request = request.with_total(len(listed))
    page = listed[request.offset : request.offset + request.page_size]
    return _FoundPage(counts, request, keys_of(database, listing, page), more)


def _keys_on_page(
    database: sqlite3.Connection,
    listing: IndexListing,
    kind: str | None,
    request: PageRequest,
) -> list[str]:
    """Return the keys on a page of all rows, read from the end that is nearer to it."""
    after = (request.total or 0) - request.offset - request.limit
    is_near_end = after < request.offset
    index = listing.in_order if kind is None else listing.by_kind
    order = [f"{each}{' DESC' if is_near_end else ''}" for each in listing.order]
    # The narrow index has the places on the page, which are few.
    rows = database.execute(
        f"SELECT {listing.table}.{listing.key} FROM ("  # noqa: S608
        f" SELECT {', '.join(listing.order)} FROM {listing.table} INDEXED BY {index}"
        f" WHERE {'1' if kind is None else f'{listing.kind} = ?'}"
        f" ORDER BY {', '.join(order)} LIMIT ? OFFSET ?"
        f") AS page CROSS JOIN {listing.table} USING ({', '.join(listing.order)})",
        [
            *([] if kind is None else [kind]),
            request.limit,
            after if is_near_end else request.offset,
        ],
    )
    keys = [key for (key,) in rows]
    return keys[::-1] if is_near_end else keys
