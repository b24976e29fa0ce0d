"""Find the rows of the search index that fulfill a condition, in the order of paths.

Words of three characters and more, and values, are found by `file_grams`, shorter ones
by reading the index row by row, until they turn out to be rare. Either way, a search
ends with the last row that is wanted: what it costs does not depend on how many there
are.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segued.store.index_terms import (
    GRAM,
    confidence_term,
    word_prefix,
    word_terms,
)
from segued.store.reading.condition_terms import Terms
from segued.store.reading.query_conditions import QUERY_JOINS, Condition

__all__ = [
    "COUNTED_MAX",
    "FILE_INDEX",
    "PASSAGE_INDEX",
    "Hit",
    "IndexListing",
    "find_hits",
    "keys_of",
    "possible_places",
]

COUNTED_MAX: Final = 1_000
"""So many hits of a search are counted, and more only for a page beyond them."""

SCAN_ROWS: Final = 50_000
"""So many rows are read one by one for short words, until these turn out to be rare."""

TERMS_MAX: Final = 2_000
"""A search for short words is for at most so many terms of `file_grams`."""

RARE_MAX: Final = 20_000
"""The rows of a kind with at most so many are read one by one."""

NOTHING: Final = '""'
"""The expression for no file."""

LAST_CHARACTER: Final = "\U0010ffff"

Hit = tuple[str, int, int]
"""Kind of a row, its place and ordinal. Its key as well would take a third longer."""

FIRST: Final = (0, 0)
"""A place and ordinal before all others."""


@dataclass(frozen=True, slots=True)
class IndexListing:
    """One of the two indexes: its columns of key and kind.

    Attributes:
        by_kind: Its index by kind.
        in_order: Its index in the order of paths.
        order: The columns of that order.
    """

    table: str
    key: str
    kind: str
    by_kind: str
    in_order: str

    order: tuple[str, ...]

    @property
    def place(self) -> str:
        """Place and ordinal of a row."""
        ordinal = "1" if len(self.order) == 1 else f"{self.table}.ordinal"
        return f"{self.table}.place, {ordinal}"

    @property
    def columns(self) -> str:
        """The columns of a `Hit`."""
        return f"{self.kind}, {self.place}"


FILE_INDEX: Final = IndexListing(
    "file_index",
    "file_id",
    "file_index.status",
    "files_by_status",
    "files_in_order",
    ("place",),
)
PASSAGE_INDEX: Final = IndexListing(
    "passage_index",
    "passage_id",
    "passage_index.confidence",
    "passages_by_confidence",
    "passages_in_order",
    ("place", "ordinal"),
)


def find_hits(  # noqa: PLR0913
    database: sqlite3.Connection,
    listing: IndexListing,
    condition: Condition,
    limit: int,
    *,
    kind: str | None = None,
    after: tuple[int, int] = FIRST,
) -> list[Hit]:
    """Return the first rows that fulfill a condition, at most `limit`.

    Args:
        database: The connection.
        listing: The index.
        condition: The condition.
        limit: How many rows at most.
        kind: Only rows of this status or confidence; None: of any.
        after: Only rows after this place and ordinal.
    """
    search = _Search(database, listing, condition, kind, after)
    is_rare = kind is not None and _count_of(database, listing, kind) <= RARE_MAX
    if is_rare and not condition.terms:
        return search.read(limit)
    terms = search.terms()
    if terms:
        return search.match(terms, limit)
    if condition.words:
        return search.for_short_words(limit)
    return search.read(limit)


def keys_of(
    database: sqlite3.Connection, listing: IndexListing, hits: Sequence[Hit]
) -> list[str]:
    """Return the keys of rows."""
    sql = (
        f"SELECT {listing.key} FROM {listing.table}"  # noqa: S608
        f" WHERE ({listing.place}) = (?, ?)"
    )
    return [key for hit in hits for (key,) in database.execute(sql, hit[1:]).fetchall()]


def possible_places(
    database: sqlite3.Connection, condition: Condition
) -> list[int] | None:
    """Return the places with all passages that fulfill a condition, and some others.

    None: the index does not have them, or they are any.
    """
    terms = _Search(database, PASSAGE_INDEX, condition, None, FIRST).terms()
    if not terms:
        return None
    rows = database.execute(
        "SELECT rowid FROM file_grams WHERE file_grams MATCH ?"
        " UNION SELECT place FROM index_unlisted",
        [terms],
    )
    return [place for (place,) in rows]


@dataclass(frozen=True, slots=True)
class _Search:
    database: sqlite3.Connection
    listing: IndexListing
    condition: Condition
    kind: str | None
    after: tuple[int, int]

    def read(self, limit: int, last_place: int | None = None) -> list[Hit]:
        """Return the first hits, reading all rows, or those up to a place."""
        table = self.listing.table
        if last_place is None:
            return self._hits("", "", f" AND {table}.place >= ?", self.after[:1], limit)
        bounds = f" AND {table}.place BETWEEN ? AND ?"
        return self._hits("", "", bounds, [self.after[0], last_place], limit)

    def terms(self) -> str:
        """Return which terms a file with a hit has; empty: any."""
        parts = [
            " AND ".join(map(_quoted, word_terms(word)))
            for word in self.condition.words
            if len(word) >= GRAM
        ]
        wanted = list(self.condition.terms)
        if wanted and self.kind is not None:
            wanted.append(Terms((confidence_term(self.kind),)))
        parts += [part for each in wanted if (part := self._one_of(each))]
        return " AND ".join(parts)

    def _one_of(self, wanted: Terms) -> str:
        parts = [*map(_quoted, wanted.terms)]
        if wanted.is_any:
            return f"({' OR '.join(parts)})" if parts else NOTHING
        for prefix in wanted.prefixes:
            found = self._terms_with(prefix)
            if len(found) < TERMS_MAX:  # else it is no use to look for them all
                parts.append(f"({' OR '.join(found)})" if found else NOTHING)
        return " AND ".join(parts)

    def match(self, terms: str, limit: int, first_place: int = 0) -> list[Hit]:
        """Return the first hits from a place on, among the files with some terms."""
        first_place = max(first_place, self.after[0])
        table = self.listing.table
        listed = self._hits(
            f"file_grams CROSS JOIN {table} ON {table}.place = file_grams.rowid",
            "file_grams.rowid",
            " AND file_grams MATCH ? AND file_grams.rowid >= ?",
            [terms, first_place],
            limit,
        )
        unlisted = self._hits(
            f"index_unlisted CROSS JOIN {table} USING (place)",
            f"{table}.place",
            " AND index_unlisted.place >= ?",
            [first_place],
            limit,
        )
        if not unlisted:
            return listed
        return sorted({*listed, *unlisted}, key=lambda hit: hit[1:])[:limit]

    def for_short_words(self, limit: int) -> list[Hit]:
        """Return the first hits for words that are shorter than a term."""
        row = self.database.execute(
            "SELECT place FROM file_index INDEXED BY files_in_order"
            " WHERE place >= ? ORDER BY place LIMIT 1 OFFSET ?",
            [self.after[0], SCAN_ROWS],
        ).fetchone()
        found = self.read(limit, None if row is None else row[0])
        if row is None or len(found) == limit:
            return found
        parts = []
        for word in self.condition.words:
            terms = self._terms_with(word_prefix(word))
            if not terms:
                return found + self.match(NOTHING, limit - len(found), row[0] + 1)
            parts.append(f"({' OR '.join(terms)})")
        return found + self.match(" AND ".join(parts), limit - len(found), row[0] + 1)

    def _terms_with(self, beginning: str) -> list[str]:
        """Return the terms that begin so; some, if there are many."""
        rows = self.database.execute(
            "SELECT term FROM gram_terms WHERE term >= ? AND term < ? LIMIT ?",
            [beginning, beginning + LAST_CHARACTER, TERMS_MAX],
        )
        return [_quoted(term) for (term,) in rows]

    def _hits(
        self, source: str, order: str, more: str, values: Sequence[object], limit: int
    ) -> list[Hit]:
        listing, condition = self.listing, self.condition
        joins = "" if condition.is_indexed else QUERY_JOINS
        # The plus keeps SQLite from the index by kind, where another gives the hits.
        plus = "+" if source else ""
        kind = "" if self.kind is None else f" AND {plus}{listing.kind} = ?"
        if not source:
            source = listing.table
            order = ", ".join(f"{listing.table}.{each}" for each in listing.order)
        cursor = self.database.cursor()
        cursor.row_factory = None  # tuples: there may be thousands
        cursor.execute(
            f"SELECT {listing.columns} FROM {source} {joins}"  # noqa: S608
            f" WHERE {condition.sql}{kind}{more} AND ({listing.place}) > (?, ?)"
            f" ORDER BY {order} LIMIT ?",
            [
                *condition.values,
                *([] if self.kind is None else [self.kind]),
                *values,
                *self.after,
                limit,
            ],
        )
        return cursor.fetchall()


def _count_of(database: sqlite3.Connection, listing: IndexListing, kind: str) -> int:
    row = database.execute(
        "SELECT count FROM index_counts WHERE listing = ? AND kind = ?",
        [listing.table, kind],
    ).fetchone()
    return 0 if row is None else int(row[0])


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'
