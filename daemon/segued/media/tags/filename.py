"""Parse tags from a file's name and folder, for files without tags."""

import os
import re
from dataclasses import replace
from typing import Final

from segued.model import Tags

__all__ = ["is_side_title", "leading_number", "tags_from_name"]

TEXT_MAX: Final = 255

DASH: Final = re.compile(r"\s+[-\u2013\u2014]+\s+")  # hyphen, en dash, em dash
NUMBER: Final = re.compile(r"(?:([1-9][0-9]?)[-.](?=[0-9]{2}))?([0-9]{1,3})\.?")
DISC_TRACK: Final = re.compile(r"([1-9][0-9]?)[-.]([0-9]{2})(?![0-9])[\s._-]*(.*)")
NUMBERED: Final = re.compile(r"([0-9]{1,3})(?:\s*[._)-]+\s*|\s+)(.*)")
BARE_NUMBER: Final = re.compile(r"[1-9][0-9]{0,2}\s")

SIDE_NUMBER: Final = re.compile(r"([A-H])([1-9][0-9]?)(?:\s*[.)_]\s*|\s+-+\s+)(.+)")
"""Side and number of a record's track: `A1 - Title`, `B2. Title`."""

PLACEHOLDER: Final = re.compile(
    r"(?i)(?:audio ?)?(?:track|titel|piste|pista|traccia) ?([0-9]{1,2})"
)
"""A name with nothing but the track number: `Track 07`."""

DISC_FOLDER: Final = re.compile(r"(?i)(?:cd|dis[ck])[\s._-]*([0-9]{1,2})")
YEAR: Final = r"((?:19|20)[0-9]{2})"
YEAR_FIRST: Final = re.compile(rf"[(\[]?{YEAR}[)\]]?\s*[-\u2013]?\s+(.+)")
YEAR_LAST: Final = re.compile(rf"(.+?)\s*[(\[]{YEAR}[)\]]")

SIDE: Final = re.compile(
    r"(?i)(?<![^\W_])(?:side|seite|face|lado|cara)[\s._-]*"
    r"(?:[a-h]|[1-8]|one|two|three|four)(?=[\s_]*(?:$|[^\w\s]))"
)
"""No other word may follow: neither `Side by Side` nor `Face 2 Face` matches."""

GENERIC_FOLDERS: Final = frozenset(
    ("audio", "download", "downloads", "flac", "incoming", "media", "mp3", "music")
)
"""Folder names that are not used as an album's title."""


def tags_from_name(path: bytes) -> Tags:
    """Return the tags that a file's name, and its folder's name, contain.

    Supported names are `Artist - Album - NN - Title`, `Artist - NN - Title`, `NN -
    Artist - Title`, `NN - Title`, `NN. Title`, `NN Title`, `Artist - Title` and
    `Title`; a number can be `1-03` for disc and track, or `A1` for side and number;
    underscores can replace blanks. The folder of a numbered file is the album, as
    `Album`, `Album (Year)`, `Year - Album` or `Artist - Album`; if it has a year, that
    above is the artist. `CD2` below an album is its second disc.

    Args:
        path: Path of the file; bytes that are not UTF-8 become U+FFFD.
    """
    folder, base = os.path.split(path)
    tags = _from_stem(_decode_name(os.path.splitext(base)[0]))
    if tags.album is not None:
        return tags
    if tags.track is None and not _is_side_number(base) and not _is_dated(folder):
        return tags
    return _from_folder(folder).merged_with(tags)


def leading_number(path: bytes) -> int | None:
    """Return the track number at the start of a file's name, or None.

    For `1-03 Title` it is 3. `1979` is a year, and neither `10cc` nor `50 Cent - In
    da Club` has one.
    """
    return _split_number(_decode_name(os.path.splitext(os.path.basename(path))[0]))[1]


def is_side_title(title: str | None) -> bool:
    """Return whether a title names an album side: `Side A`, `Meddle (side 2)`.

    A `B-side` is a song.
    """
    return SIDE.search(title or "") is not None


def _decode_name(name: bytes) -> str:
    text = name.decode("utf-8", "replace")
    if " " not in text:
        text = text.replace("_", " ")
    return text.strip()[:TEXT_MAX]


def _from_stem(stem: str) -> Tags:
    parts = [part for part in DASH.split(stem) if part]
    for at in (2, 1):
        # Artist - Album - NN - Title, or Artist - NN - Title
        if len(parts) > at + 1 and (number := NUMBER.fullmatch(parts[at])):
            return Tags(
                artist=parts[0],
                album=parts[1] if at > 1 else None,
                disc=int(number[1]) if number[1] else None,
                track=int(number[2]) or None,
                title=" - ".join(parts[at + 1 :]),
            )
    disc, track, rest = _split_number(stem)
    artist, *title = DASH.split(rest, maxsplit=1)
    if not title:
        return Tags(title=rest or None, track=track, disc=disc)
    return Tags(artist=artist or None, title=title[0] or None, track=track, disc=disc)


def _is_side_number(base: bytes) -> bool:
    return SIDE_NUMBER.fullmatch(_decode_name(os.path.splitext(base)[0])) is not None


def _is_dated(folder: bytes) -> bool:
    """Return whether a folder's name has a year or a disc: it is an album's."""
    name = _decode_name(os.path.basename(folder))
    patterns = (DISC_FOLDER, YEAR_FIRST, YEAR_LAST)
    return any(pattern.fullmatch(name) for pattern in patterns)


def _split_number(stem: str) -> tuple[int | None, int | None, str]:
    """Return disc, track and the rest; the whole stem if it has no number."""
    if match := SIDE_NUMBER.fullmatch(stem):
        return None, None, match[3]  # How many tracks precede its side is unknown.
    if match := PLACEHOLDER.fullmatch(stem):
        return None, int(match[1]) or None, stem
    if match := DISC_TRACK.fullmatch(stem):
        return int(match[1]), int(match[2]) or None, match[3]
    if match := NUMBER.fullmatch(stem):
        return None, int(match[2]) or None, ""
    if (
        (match := NUMBERED.fullmatch(stem))
        and match[2]
        and not _is_number_of_artist(stem)
    ):
        return None, int(match[1]) or None, match[2]
    return None, None, stem


def _is_number_of_artist(stem: str) -> bool:
    """Return whether the number belongs to the artist: `50 Cent - In da Club`."""
    first, *rest = DASH.split(stem)
    return len(rest) == 1 and BARE_NUMBER.match(first) is not None


def _from_folder(folder: bytes) -> Tags:
    above, base = os.path.split(folder)
    name = _decode_name(base)
    if match := DISC_FOLDER.fullmatch(name):
        return replace(_from_album_folder(above), disc=int(match[1]))
    return _from_album_folder(folder)


def _from_album_folder(folder: bytes) -> Tags:
    above, base = os.path.split(folder)
    name = _decode_name(base)
    date = None
    if match := YEAR_FIRST.fullmatch(name):
        date, name = match[1], match[2]
    elif match := YEAR_LAST.fullmatch(name):
        name, date = match[1], match[2]
    artist, *album = DASH.split(name, maxsplit=1)
    if album and album[0] and artist:
        if (match := YEAR_FIRST.fullmatch(album[0])) and date is None:
            date, album[0] = match[1], match[2]
        return Tags(artist=artist, album=album[0], date=date)
    if not name or name.casefold() in GENERIC_FOLDERS:
        return Tags()
    return Tags(artist=_artist_above(above) if date else None, album=name, date=date)


def _artist_above(folder: bytes) -> str | None:
    """Return the artist of `Artist/Year - Album`; None for a folder of all music."""
    above, base = os.path.split(folder)
    name = _decode_name(base)
    is_top = not above.strip(b"/")
    return None if is_top or name.casefold() in GENERIC_FOLDERS else name or None
