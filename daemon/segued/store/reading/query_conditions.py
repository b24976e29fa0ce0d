"""SQL for the conditions of a search: of passages, their files and songs."""

import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from segued.matching.library_query import (
    AddedTerm,
    ConfidenceTerm,
    KeyTerm,
    LibraryQuery,
    NumberTerm,
    ShareTerm,
    Term,
    TextTerm,
    parse_query,
)
from segued.matching.query_values import Bounds
from segued.store.index_terms import PITCH_NAMES
from segued.store.reading.condition_terms import Terms, terms_of
from segued.store.search import search_words, searchable, words_condition
from segued.units import TICKS_PER_SECOND

__all__ = [
    "QUERY_JOINS",
    "QUERY_SOURCE",
    "Condition",
    "query_condition",
    "register_query_functions",
]

PLAIN: Final = "segued_plain"

PLAIN_KEPT: Final = 1_024
"""Neighbors have the same names, which are not normalized anew for each."""

QUERY_JOINS: Final = """
    CROSS JOIN passages ON passages.id = passage_index.passage_id
    CROSS JOIN files ON files.id = passages.file_id
"""

QUERY_SOURCE: Final = f"passage_index {QUERY_JOINS}"
"""What a condition is about. A search without terms needs only `passage_index`.

SQLite keeps the order of a CROSS JOIN: the index is scanned in the order of paths.
"""

SONG_FLAVOR: Final = """(
    SELECT songs.flavor FROM passage_songs JOIN songs ON songs.id = song_id
    WHERE passage_id = passages.id
    ORDER BY length_ticks IS NULL DESC, length_ticks DESC, song_id LIMIT 1
)"""

TEXT_COLUMNS: Final = {
    "artist": "passages.artist",
    "album": "passages.album",
    "title": "passages.title",
    "genre": "files.tags ->> '$.genres'",
    "path": "substr(files.path_text, length(CAST(files.root AS TEXT)) + 1)",
}
INDEXED: Final = ("artist", "album", "title", "path")
"""Fields whose words are in the index as well."""

NUMBER_COLUMNS: Final = {
    "year": "CAST(nullif(substr(coalesce(files.tags ->> '$.original_date',"
    " files.tags ->> '$.date'), 1, 4), '') AS INTEGER)",
    "bpm": "passages.bpm",
    "loudness": "passages.loudness_lufs",
    "length": f"(passages.end_ticks - passages.start_ticks) / {TICKS_PER_SECOND}.0",
    "track": "(SELECT nullif(track, 0) FROM track_index"
    " WHERE track_index.passage_id = passages.id)",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on `QUERY_SOURCE`, or on `passage_index` alone.

    Attributes:
        values: Those of its placeholders.
        is_indexed: Whether it is on `passage_index` alone.
        words: Words that the words of a hit contain.
        terms: Of each of these, the file of a hit has a term.
    """

    sql: str
    values: tuple[Any, ...]
    is_indexed: bool
    words: tuple[str, ...] = ()
    terms: tuple[Terms, ...] = ()


def register_query_functions(database: sqlite3.Connection) -> None:
    """Register the SQL functions that conditions call."""
    database.create_function(
        PLAIN, 1, lru_cache(PLAIN_KEPT)(_plain_text), deterministic=True
    )


def query_condition(query: str | LibraryQuery) -> Condition:
    """Return the condition of a search.

    Raises:
        QueryError: One of its terms is invalid.
    """
    parsed = parse_query(query) if isinstance(query, str) else query
    words = search_words(parsed.words)
    parts: list[str] = []
    values: list[Any] = []
    if words:
        condition, values = words_condition("passage_index.words", words)
        parts.append(condition)
    for term in parsed.terms:
        sql, term_values = _term_sql(term)
        # Of an unknown value, neither the condition nor its reverse holds.
        parts.append(f"NOT ({sql})" if term.is_reversed else f"({sql})")
        values += term_values
    likely = [
        word
        for term in parsed.terms
        if isinstance(term, TextTerm) and term.field == "path" and not term.is_reversed
        for word in search_words(term.text)
    ]
    return Condition(
        " AND ".join(parts) or "1",
        tuple(values),
        not parsed.terms,
        tuple(dict.fromkeys([*words, *likely])),
        tuple(each for term in parsed.terms if (each := terms_of(term)) is not None),
    )


def _plain_text(text: str | None) -> str:
    return searchable(text or "")


def _term_sql(term: Term) -> tuple[str, list[Any]]:
    match term:
        case TextTerm():
            return _text_sql(term)
        case NumberTerm():
            return _bounds_sql(NUMBER_COLUMNS[term.field], term.bounds)
        case ShareTerm():
            flavor = f"coalesce(passages.flavor, {SONG_FLAVOR})"
            place = f'$.characteristics."{term.characteristic}"."{term.class_name}"'
            return _bounds_sql(f"{flavor} ->> '{place}'", term.bounds)
        case KeyTerm():
            return _key_sql(term)
        case ConfidenceTerm():
            marks = ", ".join("?" for _ in term.names)
            return f"passages.confidence IN ({marks})", list(term.names)
        case AddedTerm():
            return _added_sql(term)


def _text_sql(term: TextTerm) -> tuple[str, list[Any]]:
    """Return a condition on words; the index leaves few rows to normalize."""
    words = search_words(term.text)
    column = f"{PLAIN}({TEXT_COLUMNS[term.field]})"
    exact, values = words_condition(column, words)
    if term.field not in INDEXED:
        return exact, values
    likely, _ = words_condition("passage_index.words", words)
    return f"{likely} AND {exact}", [*values, *values]


def _key_sql(term: KeyTerm) -> tuple[str, list[Any]]:
    parts: list[str] = []
    values: list[Any] = []
    for key in term.keys:
        names = PITCH_NAMES[key.pitch]
        marks = ", ".join("?" for _ in names)
        parts.append(
            f"passages.key IN ({marks}) AND passages.scale = coalesce(?, scale)"
        )
        values += [*names, key.scale]
    return " OR ".join(parts), values


def _added_sql(term: AddedTerm) -> tuple[str, list[Any]]:
    if term.range.seconds is not None:
        return (
            "files.added_at >= strftime('%Y-%m-%dT%H:%M:%f', 'now', ?)",
            [f"-{term.range.seconds} seconds"],
        )
    parts, values = ["1"], []
    for sign, text in ((">=", term.range.first), ("<=", term.range.last)):
        if text is not None:
            parts.append(f"files.added_at {sign} ?")
            values.append(text)
    return " AND ".join(parts), values


def _bounds_sql(column: str, bounds: Bounds) -> tuple[str, list[Any]]:
    parts, values = [], []
    if bounds.low is not None:
        parts.append(f"{column} {'>' if bounds.is_low_open else '>='} ?")
        values.append(bounds.low)
    if bounds.high is not None:
        parts.append(f"{column} {'<' if bounds.is_high_open else '<='} ?")
        values.append(bounds.high)
    return " AND ".join(parts), values
