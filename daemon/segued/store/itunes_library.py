"""Read ratings and play counts from the XML library of iTunes or Music."""

import os
import plistlib
import re
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import unquote_to_bytes
from xml.parsers.expat import ExpatError

from segued.errors import ConfigError
from segued.paths import shown
from segued.store.imported_facts import FileListening

__all__ = ["read_itunes"]

XML_BYTES_MAX: Final = 1 << 28
"""A library of 100,000 songs has 150 MB; it is read as a whole."""

HEAD_BYTES: Final = 64

RATING_MAX: Final = 100
COUNT_MAX: Final = 1 << 53

FILE_URI: Final = re.compile(r"file://([^/]*)(/.*)", re.DOTALL | re.IGNORECASE)
DRIVE: Final = re.compile(rb"/[A-Za-z]:/")


def read_itunes(library: Path) -> Iterator[tuple[bytes, FileListening]]:
    """Yield each file of an XML library: its path there, rating and play count.

    A path of Windows begins with its drive, `C:/`. A rating that iTunes derived from
    that of the album is left out, and so is what is not a file.

    Raises:
        ConfigError: The file cannot be read, is too large, damaged, or of another kind.
    """
    name = shown(bytes(library))
    try:
        # A pipe without a writer must not block.
        with open(os.open(library, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            tracks = _tracks(file, name)
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from error
    for track in tracks.values():
        if not isinstance(track, dict):
            continue
        path = _path(track.get("Location"))
        if path is not None:
            yield path, _listening(track)


def _tracks(file: IO[bytes], name: str) -> Mapping[str, Any]:
    """Return the tracks of an XML library by their numbers in it."""
    facts = os.fstat(file.fileno())
    if not stat.S_ISREG(facts.st_mode):
        raise ConfigError(f"{name}: not a file")
    if facts.st_size > XML_BYTES_MAX:
        limit = XML_BYTES_MAX >> 20
        raise ConfigError(f"{name}: larger than {limit} MiB, the most that is read")
    head = file.read(HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    file.seek(0)
    if head.startswith(b"#EXTM3U") or name.lower().endswith((".m3u", ".m3u8")):
        raise ConfigError(
            f"{name}: a playlist (M3U) has no ratings and no play counts; export the"
            " library as XML instead"
        )
    try:
        found = plistlib.load(file, fmt=plistlib.FMT_XML)
    except (
        ExpatError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        OverflowError,
    ) as error:
        # plistlib checks little: a wrong order of elements is an error of any kind.
        raise ConfigError(f"{name}: not an XML library of iTunes: {error}") from error
    tracks = found.get("Tracks") if isinstance(found, dict) else None
    if not isinstance(tracks, dict):
        raise ConfigError(f"{name}: not an XML library of iTunes: it has no Tracks")
    return tracks


def _path(location: object) -> bytes | None:
    """Return the path that a `file:` URI means; None for other ones.

    Example:
        >>> _path("file://localhost/C:/Music/a%20b%23.mp3")
        b'C:/Music/a b#.mp3'
        >>> _path("file://nas/music/a.mp3")
        b'//nas/music/a.mp3'
    """
    found = FILE_URI.fullmatch(location) if isinstance(location, str) else None
    if found is None:
        return None
    host, path = found[1].lower(), unquote_to_bytes(found[2]).rstrip(b"/")
    if host not in ("", "localhost"):
        return b"//" + host.encode() + path
    return path[1:] if DRIVE.match(path) else path


def _listening(track: Mapping[str, Any]) -> FileListening:
    rating = None
    if track.get("Rating Computed") is not True:
        rating = _number(track.get("Rating"), RATING_MAX)
    return FileListening(
        rating,
        _number(track.get("Play Count"), COUNT_MAX),
        _time(track.get("Play Date UTC")),
    )


def _number(value: object, most: int) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= most else None


def _time(value: object) -> str | None:
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC).isoformat(timespec="milliseconds")
