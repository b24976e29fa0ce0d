"""Convert raw tag values to `Tags`: validated and limited in size."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from segued.media.tags.keys import TagField
from segued.media.tags.lyrics import clean_lyrics
from segued.model import Cover, Tags

__all__ = ["TEXT_MAX", "RawTagValues", "build_tags"]

RawTagValues: TypeAlias = Mapping[TagField, Sequence[str]]
"""The raw values of each field of a tag, in its order."""

TEXT_MAX: Final = 4_096
"""Longer texts are cut to this many characters."""

VALUES_MAX: Final = 100
"""Most values of a field; the rest is dropped."""

NUMBER_MAX: Final = 99_999
GAIN_MAX_DB: Final = 100.0
PEAK_MAX: Final = 100.0

R128_STEPS_PER_DB: Final = 256
R128_SHIFT_DB: Final = 5.0
"""R128 gains target -23 LUFS, ReplayGain -18 LUFS."""

R128_MAX: Final = 1 << 15

UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ISRC: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
NUMBER_AND_TOTAL: Final = re.compile(
    r"\s*([0-9]{1,9})?\s*(?:(?:/|of)\s*([0-9]{1,9}))?.*", re.DOTALL
)
DECIMAL: Final = re.compile(
    r"\s*([-+]?[0-9]{1,9}(?:[.,][0-9]{0,20})?)(?:\s*dB)?\s*", re.IGNORECASE
)
INTEGER: Final = re.compile(r"\s*([-+]?[0-9]{1,9})\s*")
VALUE_SEPARATOR: Final = re.compile(r"[/;,\0\s]+")


def build_tags(values: RawTagValues, cover: Cover | None = None) -> Tags:
    """Return the tags for raw values.

    Text is unchanged, even if wrongly decoded, except that surrounding blanks, NULs
    and lone surrogates are removed. Invalid numbers, ids, ISRCs and gains are
    dropped.
    """
    artists = _texts(values, TagField.ARTIST)
    track, track_total = _number_and_total(values, TagField.TRACK, TagField.TRACK_TOTAL)
    disc, disc_total = _number_and_total(values, TagField.DISC, TagField.DISC_TOTAL)
    return Tags(
        title=_first(_texts(values, TagField.TITLE)),
        artist="; ".join(artists)[:TEXT_MAX] or None,
        artists=_texts(values, TagField.ARTISTS) or artists,
        album=_first(_texts(values, TagField.ALBUM)),
        album_artist="; ".join(_texts(values, TagField.ALBUM_ARTIST))[:TEXT_MAX]
        or None,
        track=track,
        track_total=track_total,
        disc=disc,
        disc_total=disc_total,
        date=_first(_texts(values, TagField.DATE, TagField.ORIGINAL_DATE)),
        original_date=_first(_texts(values, TagField.ORIGINAL_DATE)),
        compilation=_flag(_texts(values, TagField.COMPILATION)),
        composers=_texts(values, TagField.COMPOSER),
        work=_first(_texts(values, TagField.WORK)),
        genres=_texts(values, TagField.GENRE),
        isrcs=_isrcs(values),
        recording_mbid=_first(_uuids(values, TagField.RECORDING_MBID)),
        track_mbid=_first(_uuids(values, TagField.TRACK_MBID)),
        release_mbid=_first(_uuids(values, TagField.RELEASE_MBID)),
        release_group_mbid=_first(_uuids(values, TagField.RELEASE_GROUP_MBID)),
        work_mbid=_first(_uuids(values, TagField.WORK_MBID)),
        artist_mbids=_uuids(values, TagField.ARTIST_MBID),
        album_artist_mbids=_uuids(values, TagField.ALBUM_ARTIST_MBID),
        acoustid=_first(_uuids(values, TagField.ACOUSTID)),
        track_gain_db=_gain(values, TagField.TRACK_GAIN, TagField.R128_TRACK_GAIN),
        track_peak=_peak(values, TagField.TRACK_PEAK),
        album_gain_db=_gain(values, TagField.ALBUM_GAIN, TagField.R128_ALBUM_GAIN),
        album_peak=_peak(values, TagField.ALBUM_PEAK),
        cover=cover,
        lyrics=clean_lyrics(values.get(TagField.LYRICS, ())),
    )


def _flag(texts: Sequence[str]) -> bool | None:
    """Return a flag that is written as a number or a word; None if there is none."""
    return texts[0].lower() not in {"0", "false", "no"} if texts else None


def _first(texts: tuple[str, ...]) -> str | None:
    return texts[0] if texts else None


def _texts(values: RawTagValues, *names: TagField) -> tuple[str, ...]:
    """Return the distinct values of the fields `names`, in that order."""
    found: dict[str, None] = {}
    for name in names:
        for value in values.get(name, ())[:VALUES_MAX]:
            for part in value[: TEXT_MAX * VALUES_MAX].split("\0", VALUES_MAX):
                if text := _clean_text(part):
                    found[text] = None
    return tuple(found)[:VALUES_MAX]


def _clean_text(text: str) -> str:
    # A lone surrogate cannot be encoded as UTF-8, which SQLite requires.
    valid = text.encode("utf-8", "replace").decode("utf-8")
    return valid.replace("\0", "").strip().strip("\ufeff").strip()[:TEXT_MAX].rstrip()


def _split_values(values: RawTagValues, name: TagField) -> list[str]:
    """Return the values of a field, splitting texts that hold several."""
    return [
        part for text in _texts(values, name) for part in VALUE_SEPARATOR.split(text)
    ]


def _uuids(values: RawTagValues, name: TagField) -> tuple[str, ...]:
    parts = (part.strip("{}").lower() for part in _split_values(values, name))
    return tuple(dict.fromkeys(p for p in parts if UUID.fullmatch(p)))[:VALUES_MAX]


def _isrcs(values: RawTagValues) -> tuple[str, ...]:
    parts = (
        part.replace("-", "").upper() for part in _split_values(values, TagField.ISRC)
    )
    return tuple(dict.fromkeys(p for p in parts if ISRC.fullmatch(p)))[:VALUES_MAX]


def _number_and_total(
    values: RawTagValues, one: TagField, total: TagField
) -> tuple[int | None, int | None]:
    """Return a number and the total, which follows it or is a field of its own."""
    number = of_total = None
    for text in _texts(values, one):
        match = NUMBER_AND_TOTAL.fullmatch(text)
        if match:
            number = number or _positive_number(match[1])
            of_total = of_total or _positive_number(match[2])
    for text in _texts(values, total):
        match = NUMBER_AND_TOTAL.fullmatch(text)
        of_total = of_total or _positive_number(match[1] if match else None)
    return number, of_total


def _positive_number(digits: str | None) -> int | None:
    number = int(digits or 0)
    return number if 0 < number <= NUMBER_MAX else None


def _decimal(values: RawTagValues, name: TagField) -> float | None:
    for text in _texts(values, name):
        if match := DECIMAL.fullmatch(text):
            return float(match[1].replace(",", "."))
    return None


def _gain(values: RawTagValues, name: TagField, r128: TagField) -> float | None:
    """Return a gain in dB relative to ReplayGain's reference level.

    Opus has `R128_*_GAIN` instead, in 1/256 dB. It is relative to the output gain in
    the Opus header, which decoders apply.
    """
    gain = _decimal(values, name)
    if gain is not None and abs(gain) <= GAIN_MAX_DB:
        return gain
    for text in _texts(values, r128):
        match = INTEGER.fullmatch(text)
        if match and -R128_MAX <= int(match[1]) < R128_MAX:
            return int(match[1]) / R128_STEPS_PER_DB + R128_SHIFT_DB
    return None


def _peak(values: RawTagValues, name: TagField) -> float | None:
    peak = _decimal(values, name)
    return peak if peak is not None and 0 <= peak <= PEAK_MAX else None
