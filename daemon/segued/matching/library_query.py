"""The language of searches: words, and conditions on fields.

A query is words, as people type them, and conditions: `artist:bjork`, `year:1990-1999`,
`bpm>120`, `mood_relaxed>0.7`. All must hold; `-` before a condition reverses it. What
looks like a condition, but names nothing like a field, is words: songs are called
"Re: Stacks". docs/search.md describes the language for users.
"""

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from segued.config.nearest_name import suggestion
from segued.matching.flavor import CHARACTERISTICS
from segued.matching.query_values import (
    NUMBER_FIELDS,
    AddedRange,
    Bounds,
    KeyName,
    Piece,
    added_range,
    bounds_of_comparison,
    bounds_of_range,
    confidence_names,
    key_name,
)

__all__ = [
    "AddedTerm",
    "ConfidenceTerm",
    "KeyTerm",
    "LibraryQuery",
    "NumberTerm",
    "ShareTerm",
    "Term",
    "TextTerm",
    "parse_query",
]

TEXT_FIELDS: Final = ("artist", "album", "title", "genre", "path")
FIELDS: Final = (*TEXT_FIELDS, *NUMBER_FIELDS, "key", "confidence", "added")

TERMS_MAX: Final = 20
"""Each condition is looked at for each passage."""

TOKEN: Final = re.compile(
    r"""
    (?P<term>
        (?P<minus>-)?
        (?P<name>[A-Za-z]\w*(?:\.[\w-]+)?)
        (?P<sign>:|<=|>=|<|>|=)
        (?P<value>"[^"]*(?P<closing>"?)|[^\s"]\S*)?
    )
    | "(?P<quoted>[^"]*)"
    | \S+
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class TextTerm:
    """A name that contains all words of a text.

    Attributes:
        field: One of `TEXT_FIELDS`.
        is_reversed: Whether the condition must not hold, as in all other terms.
    """

    field: str
    text: str
    is_reversed: bool = False


@dataclass(frozen=True, slots=True)
class NumberTerm:
    """A number within bounds; `field` is one of `NUMBER_FIELDS`."""

    field: str
    bounds: Bounds
    is_reversed: bool = False


@dataclass(frozen=True, slots=True)
class ShareTerm:
    """The share of a class of a flavor's characteristic, within bounds."""

    characteristic: str
    class_name: str
    bounds: Bounds
    is_reversed: bool = False


@dataclass(frozen=True, slots=True)
class KeyTerm:
    """One of some musical keys."""

    keys: tuple[KeyName, ...]
    is_reversed: bool = False


@dataclass(frozen=True, slots=True)
class ConfidenceTerm:
    """One of some values of `model.Confidence`."""

    names: tuple[str, ...]
    is_reversed: bool = False


@dataclass(frozen=True, slots=True)
class AddedTerm:
    """When the file was found."""

    range: AddedRange
    is_reversed: bool = False


Term: TypeAlias = (
    TextTerm | NumberTerm | ShareTerm | KeyTerm | ConfidenceTerm | AddedTerm
)


@dataclass(frozen=True, slots=True)
class LibraryQuery:
    """A search: all words and all terms must match.

    Attributes:
        words: The text outside of conditions, for `search_words`.
    """

    words: str
    terms: tuple[Term, ...] = ()


def parse_query(query: str) -> LibraryQuery:
    """Return what a query asks for.

    Raises:
        QueryError: A condition is not valid; the error has its place.

    Example:
        >>> parse_query('blue artist:"Joni Mitchell"').terms
        (TextTerm(field='artist', text='Joni Mitchell', is_reversed=False),)
        >>> parse_query("re:stacks").words
        're:stacks'
    """
    words: list[str] = []
    terms: list[Term] = []
    for found in TOKEN.finditer(query):
        term = _term(query, found) if found["term"] else None
        if term is not None:
            if len(terms) == TERMS_MAX:
                piece = Piece(query, found.start(), found.end())
                raise piece.error(f"a search has at most {TERMS_MAX} conditions")
            terms.append(term)
        else:
            words.append(found[0] if found["quoted"] is None else found["quoted"])
    return LibraryQuery(" ".join(words), tuple(terms))


def _term(query: str, found: re.Match[str]) -> Term | None:
    """Return the condition of a token; None if it is only a word with a sign."""
    name, sign = found["name"].lower(), found["sign"]
    piece = Piece(query, found.start("term"), found.end("term"))
    characteristic, _, class_name = found["name"].partition(".")
    characteristic = characteristic.lower()
    if name not in FIELDS and characteristic not in CHARACTERISTICS:
        if near := suggestion(name, (*FIELDS, *CHARACTERISTICS)):
            raise piece.error(f"there is no field {found['name']}{near}")
        return None
    value = found["value"] or ""
    if value.startswith('"'):
        if not found["closing"]:
            raise piece.error("the closing quote is missing")
        value = value[1:-1]
    if not value.strip():
        raise piece.error(f"{found['name']} needs a value")
    is_reversed = found["minus"] is not None
    if characteristic in CHARACTERISTICS:
        return ShareTerm(
            characteristic,
            _class(piece, characteristic, class_name),
            bounds_of_comparison(piece, "share", sign, value),
            is_reversed,
        )
    if name in NUMBER_FIELDS:
        return NumberTerm(name, _bounds(piece, name, sign, value), is_reversed)
    if sign not in {":", "="}:
        raise piece.error(f"{name} is not a number; write {name}:{value}")
    return _named_term(piece, name, value, is_reversed=is_reversed)


def _named_term(piece: Piece, name: str, value: str, *, is_reversed: bool) -> Term:
    match name:
        case "key":
            keys = tuple(key_name(piece, each) for each in value.split(","))
            return KeyTerm(keys, is_reversed)
        case "confidence":
            return ConfidenceTerm(confidence_names(piece, value), is_reversed)
        case "added":
            return AddedTerm(added_range(piece, value), is_reversed)
        case _:
            return TextTerm(name, value, is_reversed)


def _bounds(piece: Piece, name: str, sign: str, value: str) -> Bounds:
    if sign == ":":
        return bounds_of_range(piece, name, value)
    return bounds_of_comparison(piece, name, sign, value)


def _class(piece: Piece, characteristic: str, class_name: str) -> str:
    """Return the class whose share is compared.

    A characteristic that is true or not, such as a mood, has one that it is named
    after; of all others, the query has to name it.
    """
    classes = CHARACTERISTICS[characteristic]
    if not class_name and any(each.startswith("not_") for each in classes):
        return next(each for each in classes if not each.startswith("not_"))
    for each in classes:
        if each.lower() == class_name.lower():
            return each
    names = ", ".join(f"{characteristic}.{each}" for each in classes)
    raise piece.error(f"name the class: {names}")
