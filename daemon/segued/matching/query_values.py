"""The values of conditions in a search: numbers, ranges, keys, dates."""

import re
from dataclasses import dataclass
from typing import Final

from segued.errors import QueryError
from segued.model import Confidence

__all__ = [
    "AFTER_ALL_DATES",
    "NUMBER_FIELDS",
    "AddedRange",
    "Bounds",
    "KeyName",
    "Piece",
    "added_range",
    "bounds_of_comparison",
    "bounds_of_range",
    "confidence_names",
    "key_name",
]


@dataclass(frozen=True, slots=True)
class _NumberField:
    """A field with a number.

    Attributes:
        low: The lowest value that makes sense; so for `high`.
        nearness: A single number finds the values that differ by less than this.
    """

    low: float
    high: float
    nearness: float
    example: str


NUMBER_FIELDS: Final = {
    "year": _NumberField(0, 9_999, 0.0, "1990-1999"),
    "bpm": _NumberField(0, 1_000, 0.5, "100-120"),
    "loudness": _NumberField(-200, 50, 0.5, "-16..-9"),
    "length": _NumberField(0, 10_000_000, 0.5, "2:30-4:00"),
    "track": _NumberField(0, 10_000, 0.0, "1-3"),
}
"""Fields with a number: year, beats per minute, LUFS, seconds, place on the album."""

SHARE: Final = _NumberField(0, 1, 0.0, "0.7")

NUMBER: Final = r"[+-]?\d{1,9}(?:\.\d{1,9})?"
TIME: Final = r"(?:\d{1,4}:)?\d{1,4}:\d{1,2}(?:\.\d{1,3})?"
RANGE: Final = re.compile(
    rf"(?P<low>{TIME}|{NUMBER})?(?:(?P<dash>\.\.|-)(?P<high>{TIME}|{NUMBER})?)?"
)

PITCHES: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS: Final = {"": 0, "#": 1, "\u266f": 1, "b": -1, "\u266d": -1}
KEY: Final = re.compile(
    r"(?P<pitch>[A-Ga-g])(?P<accidental>[#b\u266f\u266d]?)"
    r"(?:\s*(?P<scale>m|maj|min|major|minor))?"
)
CAMELOT: Final = re.compile(r"(?P<hour>1[0-2]|[1-9])(?P<letter>[ABab])")

AGE: Final = re.compile(r"(?P<count>\d{1,6})\s*(?P<unit>h|d|w|m|y)")
SECONDS_OF: Final = {
    "h": 3_600,
    "d": 86_400,
    "w": 7 * 86_400,
    "m": 30 * 86_400,
    "y": 365 * 86_400,
}
DATE: Final = r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?"
DATES: Final = re.compile(rf"(?P<first>{DATE})?(?P<dots>\.\.)?(?P<last>{DATE})?")

AFTER_ALL_DATES: Final = "~"
"""A text that follows all continuations of a date."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of a query that is a condition, for errors about it."""

    query: str
    start: int
    end: int

    def error(self, reason: str) -> QueryError:
        """Return the error that this condition is invalid."""
        return QueryError(self.query, self.start, self.end, reason)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of a number; None: there is none.

    Attributes:
        is_low_open: Whether the bound itself is outside; so for `is_high_open`.
    """

    low: float | None
    high: float | None
    is_low_open: bool = False
    is_high_open: bool = False


@dataclass(frozen=True, slots=True)
class KeyName:
    """A key.

    Attributes:
        pitch: Semitones above C, 0 to 11.
        scale: "major" or "minor"; None: either.
    """

    pitch: int
    scale: str | None


@dataclass(frozen=True, slots=True)
class AddedRange:
    """When a file was found: so many seconds ago at most, or within dates.

    Attributes:
        first: The first date, YYYY, YYYY-MM or YYYY-MM-DD in UTC; None: any.
        last: A text that follows all times of the last date; None: any.
    """

    seconds: int | None = None
    first: str | None = None
    last: str | None = None


def bounds_of_comparison(piece: Piece, name: str, sign: str, value: str) -> Bounds:
    """Return the bounds of `bpm>120` and the like; ":" is an equals sign.

    Raises:
        QueryError: The value is not a number that the field can have.
    """
    number = _number(piece, name, value)
    match sign:
        case ">":
            return Bounds(number, None, is_low_open=True)
        case ">=":
            return Bounds(number, None)
        case "<":
            return Bounds(None, number, is_high_open=True)
        case "<=":
            return Bounds(None, number)
        case _:
            return _near(name, number)


def bounds_of_range(piece: Piece, name: str, value: str) -> Bounds:
    """Return the bounds of `100-120`, `100..120`, `100..`, `..120` or `110`.

    Raises:
        QueryError: The value is no range of numbers that the field can have.
    """
    field = _field(name)
    found = RANGE.fullmatch(value.strip())
    if found is None or not (found["low"] or found["high"]):
        raise piece.error(f"{name} needs a number, or a range such as {field.example}")
    low, high = (
        None if each is None else _number(piece, name, each)
        for each in (found["low"], found["high"])
    )
    if low is not None and found["dash"] is None:
        return _near(name, low)
    if low is not None and high is not None and low > high:
        raise piece.error(f"the range of {name} ends before it begins")
    return Bounds(low, high)


def key_name(piece: Piece, value: str) -> KeyName:
    """Return the key of `F#`, `Bbm`, `A minor` or `8A`.

    Raises:
        QueryError: It is none.
    """
    text = value.strip()
    if found := CAMELOT.fullmatch(text):
        # Each hour is a fifth up; 8B is C major, 8A is A minor.
        is_major = found["letter"] in "Bb"
        pitch = (7 * (int(found["hour"]) - 8) + (0 if is_major else 9)) % 12
        return KeyName(pitch, "major" if is_major else "minor")
    found = KEY.fullmatch(text)
    if found is None:
        raise piece.error("a key is F#, Bb, Am, C major, or 8A by the Camelot wheel")
    pitch = PITCHES[found["pitch"].upper()] + ACCIDENTALS[found["accidental"]]
    scale = {"m": "minor", "min": "minor", "maj": "major"}.get(
        found["scale"], found["scale"]
    )
    return KeyName(pitch % 12, scale)


def confidence_names(piece: Piece, value: str) -> tuple[str, ...]:
    """Return the values of `model.Confidence` that a list names.

    Raises:
        QueryError: One of the names is not one.
    """
    by_name = {each.value.lower(): each.value for each in Confidence}
    found = [by_name.get(each.strip().lower()) for each in value.split(",")]
    names = tuple(each for each in found if each is not None)
    if len(names) < len(found):
        raise piece.error(f"confidence is one of {', '.join(by_name)}")
    return names


def added_range(piece: Piece, value: str) -> AddedRange:
    """Return the times of `7d`, `2026-11` or `2026-01-01..2026-06-30`.

    Raises:
        QueryError: It is none of these.
    """
    text = value.strip().lower()
    if age := AGE.fullmatch(text):
        return AddedRange(seconds=int(age["count"]) * SECONDS_OF[age["unit"]])
    found = DATES.fullmatch(text)
    if found is None or not (found["first"] or found["last"]):
        raise piece.error(
            "added is an age (12h, 7d, 2w, 6m, 1y), a date (2026-11-30), or a range of"
            " dates (2026-01..2026-06)"
        )
    if not found["dots"]:
        return AddedRange(
            first=found["first"], last=f"{found['first']}{AFTER_ALL_DATES}"
        )
    last = found["last"]
    return AddedRange(first=found["first"], last=last and f"{last}{AFTER_ALL_DATES}")


def _field(name: str) -> _NumberField:
    return NUMBER_FIELDS.get(name, SHARE)


def _number(piece: Piece, name: str, text: str) -> float:
    field = _field(name)
    text = text.strip()
    if re.fullmatch(NUMBER, text):
        number = float(text)
    elif name == "length" and re.fullmatch(TIME, text):
        number = 0.0
        for part in text.split(":"):
            number = 60 * number + float(part)
    else:
        raise piece.error(f"{text} is not a number, such as {field.example}")
    if not field.low <= number <= field.high:
        raise piece.error(
            f"{name} is from {field.low:g} to {field.high:g}; at most"
            f" {text.lstrip('-')} is ..{text.lstrip('-')}"
            if number < 0 <= field.low
            else f"{name} is from {field.low:g} to {field.high:g}"
        )
    return number


def _near(name: str, number: float) -> Bounds:
    nearness = _field(name).nearness
    if not nearness:
        return Bounds(number, number)
    return Bounds(number - nearness, number + nearness, is_high_open=True)
