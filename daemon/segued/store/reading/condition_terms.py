"""Terms of the search index that each passage has for which a condition may hold.

They are those of its file, and values are rounded there: what has them is looked at.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MINYEAR, UTC, date, datetime
from typing import Final

from segued.matching.library_query import (
    AddedTerm,
    ConfidenceTerm,
    KeyTerm,
    NumberTerm,
    ShareTerm,
    Term,
    TextTerm,
)
from segued.matching.query_values import AFTER_ALL_DATES, Bounds
from segued.model import Confidence
from segued.store.index_terms import (
    GRAM,
    KEY_SCALES,
    OTHER_KEY,
    PITCH_NAMES,
    TEXT_PREFIXES,
    confidence_term,
    key_term,
    range_terms,
    share_field,
    word_prefix,
    word_terms,
)
from segued.store.search import search_words

__all__ = ["Terms", "terms_of"]

DAY_SECONDS: Final = 86_400

MONTHS: Final = 12

WHOLE_NUMBERS: Final = ("year", "track")


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of which a file has all, or, if `is_any`, one.

    Attributes:
        prefixes: How further terms begin, of which it has one of each.
    """

    terms: tuple[str, ...]
    is_any: bool = True
    prefixes: tuple[str, ...] = ()


def terms_of(term: Term) -> Terms | None:
    """Return the terms of a condition; None if any passage may fulfill it.

    A reversed condition needs a value as well, so it has terms of the other values.
    """
    match term:
        case TextTerm():
            return _text_terms(term)
        case NumberTerm():
            return _number_terms(term.field, term)
        case ShareTerm():
            return _number_terms(
                share_field(term.characteristic, term.class_name), term
            )
        case KeyTerm():
            return _key_terms(term)
        case ConfidenceTerm():
            names = [
                each for each in Confidence if (each in term.names) != term.is_reversed
            ]
            return Terms(tuple(confidence_term(each) for each in names))
        case AddedTerm():
            return _added_terms(term)


def _text_terms(term: TextTerm) -> Terms | None:
    """Return the terms of a text; the words of paths are only among all words."""
    prefix = TEXT_PREFIXES.get(term.field)
    if prefix is None or term.is_reversed:
        return None
    words = search_words(term.text)
    return Terms(
        tuple(
            each
            for word in words
            if len(word) >= GRAM
            for each in word_terms(word, prefix)
        ),
        is_any=False,
        prefixes=tuple(word_prefix(word, prefix) for word in words if len(word) < GRAM),
    )


def _number_terms(field: str, term: NumberTerm | ShareTerm) -> Terms:
    return Terms(tuple(_bounds_terms(field, term.bounds, is_reversed=term.is_reversed)))


def _bounds_terms(field: str, bounds: Bounds, *, is_reversed: bool) -> Iterator[str]:
    if not is_reversed:
        yield from range_terms(field, bounds.low, bounds.high)
        return
    if bounds.low is not None:
        step = 0 if bounds.is_low_open else _step(field, bounds.low)
        yield from range_terms(field, None, bounds.low - step)
    if bounds.high is not None:
        step = 0 if bounds.is_high_open else _step(field, bounds.high)
        yield from range_terms(field, bounds.high + step, None)


def _step(field: str, bound: float) -> int:
    """Return how far the next value is from a bound; 0: at any distance."""
    return 1 if field in WHOLE_NUMBERS and bound == int(bound) else 0


def _key_terms(term: KeyTerm) -> Terms:
    wanted = {
        (key.pitch, scale)
        for key in term.keys
        for scale in KEY_SCALES
        if key.scale in {None, scale}
    }
    terms = [
        key_term(pitch, scale)
        for pitch in range(len(PITCH_NAMES))
        for scale in KEY_SCALES
        if ((pitch, scale) in wanted) != term.is_reversed
    ]
    return Terms((*terms, OTHER_KEY))


def _added_terms(term: AddedTerm) -> Terms:
    low: int | None
    high: int | None
    if term.range.seconds is not None:
        low = datetime.now(UTC).date().toordinal() - term.range.seconds // DAY_SECONDS
        # A day more: the condition goes by the clock of SQLite, some moments later.
        low += 1 if term.is_reversed else -2
        high = None
    else:
        low = _day(term.range.first, is_last=False)
        high = _day(term.range.last, is_last=True)
    terms = _bounds_terms("added", Bounds(low, high), is_reversed=term.is_reversed)
    return Terms(tuple(terms))


def _day(text: str | None, *, is_last: bool) -> int | None:
    """Return the number of the first or last day of a year, a month or a day."""
    if text is None:
        return None
    date_text = text.rstrip(AFTER_ALL_DATES)
    year = max(int(date_text[:4]), MINYEAR)
    month = int(date_text[5:7] or (MONTHS if is_last else 1))
    day = int(date_text[8:] or (monthrange(year, month)[1] if is_last else 1))
    # Of days that no month has, the texts are those between two days.
    return date(year, month, 1).toordinal() + day - 1
