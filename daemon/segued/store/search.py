"""The words of the search index, of searches, and the conditions that compare them."""

import re
import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final

from peewee import SqliteDatabase

from segued.matching.normalize import normalize_name

__all__ = [
    "query_words",
    "register_functions",
    "search_words",
    "searchable",
    "split_statements",
    "words_condition",
]

PLAIN_FUNCTION: Final = "segued_plain"
"""Name of `searchable` in the SQL of the views."""

WORD: Final = "word"
SYMBOL: Final = "symbol"
PUNCTUATION: Final = "punctuation"
JOINER: Final = "joiner"

JOINERS: Final = frozenset(
    "\u200d\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
)
"""Joiners, variants and skin tones of emoji; a search ignores them."""

ASCII_WORDS: Final = re.compile(r"[a-z0-9]+|(?<!\S)[^\sa-z0-9]+(?!\S)")
"""What `_words_in` finds in ASCII text, in lower case and without slashes."""

SYMBOLS: Final = frozenset(("Sm", "Sc", "So", "Co", "Cn"))
"""The categories of symbols, of private and of unassigned characters."""

GLOB_WORD: Final = re.compile(r"[a-z0-9]{1,1000}")
"""Words that GLOB finds as they are written. SQLite bounds the length of a pattern."""

WORDS_MAX: Final = 12
"""Further words of a query are ignored."""


def register_functions(database: SqliteDatabase) -> None:
    """Register the SQL function that the index needs, before the database is opened."""
    database.register_function(_normalize, PLAIN_FUNCTION, 1)


def split_statements(script: str) -> Iterator[str]:
    """Yield the statements of a script; a trigger with its body is one statement."""
    statement = ""
    for part in script.split(";")[:-1]:
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def searchable(text: str) -> str:
    """Return the words of a text in the form that the index has.

    They are those of `normalize_name`, and the symbols, such as emoji, each run of
    them a word. Punctuation that stands alone is a word as well ("!!!" is a band).

    Example:
        >>> searchable("Björk/01 - Jóga\N{BLACK HEART SUIT}.mp3")
        'bjork 01 - joga \N{BLACK HEART SUIT} mp3'
    """
    return " ".join(_words_in(text))


def query_words(query: str) -> list[str]:
    """Return the words to search for; punctuation only if there is nothing else.

    Example:
        >>> query_words("AC/DC - Live!"), query_words(" !!! ")
        (['ac', 'dc', 'live'], ['!!!'])
    """
    words = list(_words_in(query))
    return [word for word in words if _kind(word[0]) is not PUNCTUATION] or words


def search_words(query: str) -> list[str]:
    """Return the words to find in an index, the longest first."""
    words = query_words(query)[:WORDS_MAX]
    if not words and query.strip():
        return [query.strip()]  # only slashes or joiners, which match nothing
    words.sort(key=len, reverse=True)  # the longest is the rarest: check it first
    return words


def words_condition(column: str, words: Sequence[str]) -> tuple[str, list[str]]:
    """Return the condition that a column contains all words, and its values.

    GLOB looks for the first letter of a word many bytes at a time, and so needs half of
    the time of `instr`.

    Example:
        >>> words_condition("words", ["live", "!!!"])
        ('words GLOB ? AND instr(words, ?)', ['*live*', '!!!'])
    """
    parts, values = [], []
    for word in words:
        is_plain = GLOB_WORD.fullmatch(word) is not None
        parts.append(f"{column} GLOB ?" if is_plain else f"instr({column}, ?)")
        values.append(f"*{word}*" if is_plain else word)
    return " AND ".join(parts) or "1", values


def _words_in(text: str) -> Iterator[str]:
    text = text.replace("/", " ")
    if text.isascii():
        yield from ASCII_WORDS.findall(text.lower())
        return
    for token in text.split():
        if token.isalnum():
            yield from normalize_name(token).split()
            continue
        runs = [
            (kind, "".join(run))
            for kind, run in groupby(
                (each for each in token if _kind(each) is not JOINER), _kind
            )
        ]
        for kind, run in runs:
            if kind is WORD:
                yield from normalize_name(run).split()
            elif kind is SYMBOL or len(runs) == 1:
                yield run


@lru_cache(maxsize=4_096)
def _kind(character: str) -> str:
    """Return what a character is to the search.

    A symbol that belongs to the notation of ASCII, as in "a+b", is punctuation. An
    unassigned character is a symbol that is newer than Python's tables.
    """
    if character in JOINERS:
        return JOINER
    if normalize_name(character) or unicodedata.category(character).startswith("M"):
        return WORD
    if not character.isascii() and unicodedata.category(character) in SYMBOLS:
        return SYMBOL
    return PUNCTUATION


def _normalize(text: str | None) -> str:
    return searchable(text or "")
