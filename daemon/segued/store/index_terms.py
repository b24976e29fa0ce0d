"""The terms of the search index: parts of words, and values of passages.

A word has a term for each of its characters: it and the two after it. A value is
written in hexadecimal digits; its terms are the first digit, the first two, and so on,
so that a range of values is a few terms, some of them short ones.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec
from peewee import SqliteDatabase

from segued.matching.flavor import CHARACTERISTICS
from segued.store.search import searchable

__all__ = [
    "GRAM",
    "KEY_SCALES",
    "OTHER_KEY",
    "PITCH_NAMES",
    "SCALES",
    "TEXT_PREFIXES",
    "confidence_term",
    "key_term",
    "range_terms",
    "register_functions",
    "share_field",
    "word_prefix",
    "word_terms",
]

GRAM: Final = 3

CODED_FROM: Final = 0xE000
"""ASCII punctuation, which FTS5 takes as spaces, is stored as private characters."""

PAD: Final = chr(CODED_FROM + ord(" "))
"""Follows the last character of a word."""

VALUE: Final = "\x80"
"""Begins the terms of values. Of words, only one of such characters begins with it."""

TEXT_PREFIXES: Final = {
    "artist": f"{VALUE}r",
    "album": f"{VALUE}m",
    "title": f"{VALUE}i",
    "genre": f"{VALUE}g",
}
"""How the terms of the words of some texts begin."""

TEXT_CODES: Final = frozenset(each[1] for each in TEXT_PREFIXES.values())

BASE: Final = 16

PITCH_NAMES: Final = (
    ("C", "B#"),
    ("C#", "Db"),
    ("D",),
    ("D#", "Eb"),
    ("E", "Fb"),
    ("F", "E#"),
    ("F#", "Gb"),
    ("G",),
    ("G#", "Ab"),
    ("A",),
    ("A#", "Bb"),
    ("B", "Cb"),
)
"""The names that an analyzer may give to each pitch."""

PITCH_OF: Final = {
    name: pitch for pitch, names in enumerate(PITCH_NAMES) for name in names
}
KEY_SCALES: Final = ("major", "minor")

OTHER_KEY: Final = f"{VALUE}kx"
"""The term of keys with other names."""


class _IndexedFlavor(msgspec.Struct):
    """What a stored flavor has: characteristic -> class -> share."""

    characteristics: dict[str, dict[str, float]] = {}


@dataclass(frozen=True, slots=True)
class _Scale:
    """How the values of a field are numbered, in their order.

    Attributes:
        code: The character that stands for the field.
        lowest: The value with the number 0; lower ones have it as well.
        per_unit: So many numbers are for a unit of the value.
        digits: So many hexadecimal digits has a number; the last one is for all higher
            values.
    """

    code: str
    lowest: float
    per_unit: float
    digits: int

    def number(self, value: float) -> int:
        """Return the number of a value. A greater value never has a smaller number."""
        number = (value - self.lowest) * self.per_unit
        return math.floor(max(0, min(number, self.last)))

    @property
    def last(self) -> int:
        """The last number."""
        return int(BASE**self.digits) - 1

    def text(self, number: int) -> str:
        """Return the code and the digits of a number."""
        return f"{self.code}{number:0{self.digits}x}"


SHARES: Final = {
    (characteristic, name): chr(0x100 + number)
    for number, (characteristic, name) in enumerate(
        (characteristic, name)
        for characteristic, names in CHARACTERISTICS.items()
        for name in names
    )
}
"""The codes of shares. Others take a new index, and so a migration."""

SCALES: Final = {
    "year": _Scale("y", 0, 1, 4),
    "bpm": _Scale("b", 0, 4, 3),
    "loudness": _Scale("l", -100, 10, 3),
    "length": _Scale("d", 0, 1, 4),
    "track": _Scale("t", 0, 1, 3),
    "added": _Scale("a", date(1970, 1, 1).toordinal(), 1, 4),
    **{
        f"{name}.{each}": _Scale(code, 0, 255, 2)
        for (name, each), code in SHARES.items()
    },
}
"""How the values of fields are numbered: in quarters of a beat, tenths of a LU,
seconds, days, 255ths of a share."""


NUMBER_CODES: Final = frozenset(each.code for each in SCALES.values())


def register_functions(database: SqliteDatabase) -> None:
    """Register the SQL functions of the index, before the database is opened."""
    database.register_function(_file_facts, "segued_file_facts", 3)
    database.register_function(_passage_facts, "segued_passage_facts", 11)
    database.register_function(_all_terms, "segued_terms", 2)


def share_field(characteristic: str, class_name: str) -> str:
    """Return the name in `SCALES` of the share of a class."""
    return f"{characteristic}.{class_name}"


def word_terms(word: str, prefix: str = "") -> list[str]:
    """Return terms of a word of three characters or more that cover it.

    All terms of the word would exclude few more files, and take twice as long.

    Example:
        >>> word_terms("golden"), word_terms("ashes")
        (['gol', 'den'], ['ash', 'hes'])
    """
    coded = _coded(word)
    starts = dict.fromkeys([*range(0, len(word) - GRAM, GRAM), len(word) - GRAM])
    return [prefix + coded[at : at + GRAM] for at in starts]


def word_prefix(word: str, prefix: str = "") -> str:
    """Return how the terms begin that words with a short one in them have."""
    return prefix + _coded(word)


def range_terms(field: str, low: float | None, high: float | None) -> list[str]:
    """Return the terms of which each value of a range has one, both ends included.

    Example:
        >>> [each[1:] for each in range_terms("year", 1998, 2016)]
        ['y07ce', 'y07cf', 'y07e0', 'y07d']
    """
    scale = SCALES[field]
    first = 0 if low is None else scale.number(low)
    last = scale.last if high is None else scale.number(high)
    return [VALUE + each for each in _cover(scale, first, last)]


def confidence_term(name: str) -> str:
    """Return the term of a confidence."""
    return f"{VALUE}c{name}"


def key_term(pitch: int, scale: str) -> str:
    """Return the term of a key."""
    return f"{VALUE}k{pitch:x}{scale}"


def _cover(scale: _Scale, first: int, last: int) -> Iterator[str]:
    """Yield the first digits that the numbers of a range have, and no others."""
    digits = scale.digits
    while first <= last:
        while first <= last and (first % BASE or digits == 1):
            yield f"{scale.code}{first:0{digits}x}"
            first += 1
        while first <= last and (last + 1) % BASE:
            yield f"{scale.code}{last:0{digits}x}"
            last -= 1
        first, last, digits = first // BASE, (last + 1) // BASE - 1, digits - 1


def _file_facts(year: int | None, genres: str | None, added_at: str) -> str:
    """Return the values of a file, each after a space."""
    values = [("year", year), ("added", _day_number(added_at))]
    return _numbers(values) + _words("genre", genres)


def _day_number(text: str) -> int | None:
    """Return the number of the day that a time, YYYY-MM-DD..., is on."""
    try:
        return date.fromisoformat(text[:10]).toordinal()
    except ValueError:
        return None


def _passage_facts(  # noqa: PLR0913, PLR0917
    title: str | None,
    artist: str | None,
    album: str | None,
    confidence: str,
    seconds: float,
    track: int | None,
    bpm: float | None,
    loudness: float | None,
    key: str | None,
    key_scale: str | None,
    flavor: str | None,
) -> str:
    """Return the values of a passage, each after a space."""
    values: list[tuple[str, float | None]] = [
        ("length", seconds),
        ("track", track),
        ("bpm", bpm),
        ("loudness", loudness),
    ]
    values += _shares(flavor)
    facts = f" c{confidence}{_numbers(values)}"
    facts += _words("title", title) + _words("artist", artist) + _words("album", album)
    if key in PITCH_OF and key_scale in KEY_SCALES:
        facts += f" k{PITCH_OF[key]:x}{key_scale}"
    elif key is not None:
        facts += f" {OTHER_KEY[1:]}"
    return facts


def _words(field: str, text: str | None) -> str:
    code = TEXT_PREFIXES[field][1]
    return "".join(f" {code}{word}" for word in searchable(text or "").split())


def _shares(flavor: str | None) -> list[tuple[str, float]]:
    """Return the shares of a flavor; none of one that another program wrote amiss."""
    if flavor is None:
        return []
    try:
        shares = msgspec.json.decode(flavor, type=_IndexedFlavor).characteristics
    except msgspec.DecodeError:
        return []
    return [
        (share_field(characteristic, name), share)
        for characteristic, by_class in shares.items()
        for name, share in by_class.items()
    ]


def _numbers(values: Sequence[tuple[str, float | None]]) -> str:
    return "".join(
        f" {SCALES[field].text(SCALES[field].number(value))}"
        for field, value in values
        if value is not None and field in SCALES
    )


def _all_terms(words: str, facts: str) -> str:
    """Return the terms of a file: those of its words, and those of its values."""
    found: set[str] = set()
    for word in set(words.split()):
        found.update(_grams(word))
    for fact in set(facts.split()):
        if fact[0] in NUMBER_CODES:
            found.update(VALUE + fact[:end] for end in range(2, len(fact) + 1))
        elif fact[0] in TEXT_CODES:
            prefix = VALUE + fact[0]
            found.update(prefix + gram for gram in _grams(fact[1:]))
        else:
            found.add(VALUE + fact)
    return " ".join(found)


def _grams(word: str) -> Iterator[str]:
    """Yield each character with the two after it."""
    padded = _coded(word) + 2 * PAD
    return (padded[at : at + GRAM] for at in range(len(word)))


def _coded(word: str) -> str:
    """Return a word in characters that are part of a term to FTS5."""
    if word.isalnum():
        return word
    return "".join(
        chr(CODED_FROM + ord(each)) if each.isascii() and not each.isalnum() else each
        for each in word
    )
