"""Lyrics: those in a file's tags, or the text beside the file that has its name.

The text is not changed, also if it has a time before each line (the form LRC). Lyrics
beside a file are read together with its tags: when it is imported, or either changes.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from segued.errors import FileError
from segued.media.safe_open import open_regular, read_fully
from segued.media.tags.text_encoding import decode_text
from segued.model import Tags

__all__ = [
    "LYRICS_MAX",
    "clean_lyrics",
    "id3_lyrics",
    "is_lyrics_name",
    "with_lyrics_beside",
]

LYRICS_MAX: Final = 32_768
"""Longer lyrics are cut to this many characters."""

BESIDE: Final = (b".lrc", b".LRC")

MS_PER_MINUTE: Final = 60_000
MS_PER_SECOND: Final = 1_000


def clean_lyrics(texts: Sequence[str]) -> str | None:
    """Return the longest of some lyrics, with line feeds only; None without any."""
    longest = max(texts, key=len, default="")[: 2 * LYRICS_MAX]
    valid = longest.encode("utf-8", "replace").decode("utf-8")
    lines = valid.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    return lines.strip("\ufeff \n")[:LYRICS_MAX].rstrip() or None


def id3_lyrics(frames: Iterable[Any]) -> Iterator[str]:
    """Yield the lyrics among ID3 frames, as `mutagen` reads them."""
    for frame in frames:
        if frame.FrameID == "USLT":
            yield frame.text
        elif frame.FrameID == "SYLT":
            yield timed_lyrics(frame.text)


def timed_lyrics(lines: Iterable[tuple[str, int]]) -> str:
    """Return texts and their times in milliseconds as LRC.

    Example:
        >>> timed_lyrics([("Low tide", 61_230)])
        '[01:01.23]Low tide'
    """
    return "\n".join(f"[{_time(at)}]{text.strip()}" for text, at in lines)


def _time(at_ms: int) -> str:
    minutes, rest = divmod(max(0, at_ms), MS_PER_MINUTE)
    return f"{minutes:02}:{rest // MS_PER_SECOND:02}.{rest % MS_PER_SECOND // 10:02}"


def is_lyrics_name(name: bytes) -> bool:
    """Return whether a file of this name holds lyrics, and is not hidden."""
    return name.endswith(BESIDE) and (not name.startswith(b".") or name[:2] == b"..")


def with_lyrics_beside(path: bytes, tags: Tags) -> Tags:
    """Return tags with the lyrics beside a file, unless it has lyrics itself."""
    if tags.lyrics is not None:
        return tags
    stem = os.path.splitext(path)[0]
    for ending in BESIDE:
        try:
            with open_regular(stem + ending) as descriptor:
                raw = read_fully(descriptor, LYRICS_MAX, 0)
        except FileError:
            continue  # there is none, or it is not readable
        return replace(tags, lyrics=clean_lyrics([decode_text(raw, "cp1252")]))
    return tags
