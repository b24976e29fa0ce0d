"""Find the rows of the search index that fulfill a condition, in the order of paths.

Words of three characters and more are found by `file_grams`, shorter ones by reading
the index row by row, until they turn out to be rare. Either way, a search ends with the
last row that is wanted: what it costs does not depend on how many there are.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segued.store.reading.query_conditions import QUERY_JOINS, Condition

__all__ = [
    "COUNTED_MAX",
    "FILE_INDEX",
    "PASSAGE_INDEX",
    "Hit",
    "IndexListing",
    "find_hits",
]

COUNTED_MAX: Final = 2_000
"""So many hits of a search are counted, and more only for a page beyond them."""

GRAM: Final = 3

SCAN_ROWS: Final = 50_000
"""So many rows are read one by one for short words, until these turn out to be rare."""

TERMS_MAX: Final = 2_000
"""A search for short words is for at most so many terms of `file_grams`."""

RARE_MAX: Final = 20_000
"""The rows of a kind with at most so many are read one by one."""

LAST_CHARACTER: Final = "\U0010ffff"

Hit = tuple[str, str, int, int]
"""Key and kind of a row, its place and ordinal."""


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
    def columns(self) -> str:
        """The columns of a `Hit`."""
        ordinal = "1" if len(self.order) == 1 else f"{self.table}.ordinal"
        return f"{self.table}.{self.key}, {self.kind}, {self.table}.place, {ordinal}"


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


def find_hits(
    database: sqlite3.Connection,
    listing: IndexListing,
    condition: Condition,
    limit: int,
    *,
    kind: str | None = None,
) -> list[Hit]:
    """Return the first rows that fulfill a condition, at most `limit`.

    Args:
        database: The connection.
        listing: The index.
        condition: The condition.
        limit: How many rows at most.
        kind: Only rows of this status or confidence; None: of any.
    """
    search = _Search(database, listing, condition, kind)
    if kind is not None and _count_of(database, listing, kind) <= RARE_MAX:
        return search.read(limit)
    words = [each for each in condition.words if len(each) >= GRAM]
    if words:
        return search.match(" AND ".join(map(_grams, words)), limit)
    if condition.words:
        return search.for_short_words(limit)
    return search.read(limit)


@dataclass(frozen=True, slots=True)
class _Search:
    database: sqlite3.Connection
    listing: IndexListing
    condition: Condition
    kind: str | None

    def read(self, limit: int, last_place: int | None = None) -> list[Hit]:
        """Return the first hits, reading all rows, or those up to a place."""
        end = "" if last_place is None else f" AND {self.listing.table}.place <= ?"
        return self._hits(
            "", "", end, [] if last_place is None else [last_place], limit
        )

    def match(self, terms: str, limit: int, after: int = -1) -> list[Hit]:
        """Return the first hits after a place, among the files with some terms."""
        table = self.listing.table
        listed = self._hits(
            f"file_grams CROSS JOIN {table} ON {table}.place = file_grams.rowid",
            "file_grams.rowid",
            " AND file_grams MATCH ? AND file_grams.rowid > ?",
            [terms, after],
            limit,
        )
        unlisted = self._hits(
            f"index_unlisted CROSS JOIN {table} USING (place)",
            f"{table}.place",
            " AND index_unlisted.place > ?",
            [after],
            limit,
        )
        if not unlisted:
            return listed
        return sorted({*listed, *unlisted}, key=lambda hit: hit[2:])[:limit]

    def for_short_words(self, limit: int) -> list[Hit]:
        """Return the first hits for words that are shorter than a term."""
        row = self.database.execute(
            "SELECT place FROM file_index INDEXED BY files_in_order"
            " ORDER BY place LIMIT 1 OFFSET ?",
            [SCAN_ROWS],
        ).fetchone()
        found = self.read(limit, None if row is None else row[0])
        if row is None or len(found) == limit:
            return found
        parts = []
        for word in self.condition.words:
            terms = self._terms_with(word)
            if not terms:
                return found + self.match('""', limit - len(found), row[0])
            parts.append(f"({' OR '.join(terms)})")
        return found + self.match(" AND ".join(parts), limit - len(found), row[0])

    def _terms_with(self, word: str) -> list[str]:
        """Return the terms that begin with a short word; some, if it is common."""
        rows = self.database.execute(
            "SELECT term FROM gram_terms WHERE term >= ? AND term < ? LIMIT ?",
            [word, word + LAST_CHARACTER, TERMS_MAX],
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
            f" WHERE {condition.sql}{kind}{more} ORDER BY {order} LIMIT ?",
            [
                *condition.values,
                *([] if self.kind is None else [self.kind]),
                *values,
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


def _grams(word: str) -> str:
    """Return the condition that a file has terms that cover a word.

    All terms of the word would exclude few more files, and take twice as long.
    """
    starts = dict.fromkeys([*range(0, len(word) - GRAM, GRAM), len(word) - GRAM])
    return " AND ".join(_quoted(word[at : at + GRAM]) for at in starts)


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'
