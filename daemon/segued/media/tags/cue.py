"""Parse CUE sheets: the passages of a long file, to 1/75 of a second.

A sheet for the whole file is exact, and takes precedence over a search for silences.
A sheet that names one file per track has no positions to cut at.
"""

import codecs
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from segued.errors import EmptyFileError, FileError, FileVanishedError
from segued.media.safe_open import open_regular, read_fully
from segued.media.tags.passage_marks import end_marks_at_gaps, plausible_marks
from segued.model import FileWarning, PassageMark
from segued.units import TICKS_PER_SECOND, Ticks

__all__ = ["TEXT_MAX", "marks_in_cue", "parse_cue", "sidecar_marks"]

SHEET_BYTES_MAX: Final = 1 << 20
TEXT_MAX: Final = 4_096
"""Longer texts are cut to this many characters."""

TICKS_PER_CD_FRAME: Final = TICKS_PER_SECOND // 75

INDEX: Final = re.compile(r"0?([01])\s+([0-9]{1,4}):([0-5][0-9]):([0-9]{2})\b.*")
CD_FRAMES: Final = 75


@dataclass(slots=True)
class _SheetTrack:
    """One TRACK of a sheet while it is being read."""

    audio: bool = True
    file: str | None = None  # stem of the file that INDEX 01 is in
    start: Ticks | None = None
    gap: Ticks | None = None  # INDEX 00
    texts: dict[str, str] = field(default_factory=dict)


def parse_cue(text: str, file_name: str) -> tuple[PassageMark, ...]:
    """Return the passages that a CUE sheet marks in one file.

    A passage begins at its INDEX 01, and ends at INDEX 00 of the next track, where
    the gap begins.

    Args:
        text: The sheet. Lines that are not valid CUE commands are skipped.
        file_name: The music file's name. The tracks used are those of the FILE
            with the same stem, ignoring case; if there is only one FILE, its
            tracks are used whatever its name is.

    Returns:
        At least two passages, ascending; () when the sheet names another file, has
        one file per track, or is not in order.
    """
    return marks_in_cue(text, file_name) or ()


def marks_in_cue(text: str, file_name: str) -> tuple[PassageMark, ...] | None:
    """Do as `parse_cue`, but return None for implausible marks."""
    stems, tracks = _parse_sheet(text)
    only = _stem(file_name) if len(stems) > 1 else None
    chosen = [t for t in tracks if t.audio and (only is None or t.file == only)]
    marks = [
        PassageMark(
            start=track.start,
            title=track.texts.get("TITLE"),
            artist=track.texts.get("PERFORMER"),
            isrc=track.texts.get("ISRC"),
        )
        for track in chosen
        if track.start is not None
    ]
    gaps = [track.gap for track in chosen if track.start is not None]
    return plausible_marks(end_marks_at_gaps(marks, gaps))


def sidecar_marks(
    path: bytes,
) -> tuple[tuple[PassageMark, ...], tuple[FileWarning, ...]]:
    """Return the passages of a file from the CUE sheet next to it, and warnings.

    The sheet is `<stem>.cue` or `<name>.cue`. A missing sheet is normal; an unusable
    one is a warning.

    Args:
        path: Absolute path of the music file.
    """
    stem, _ = os.path.splitext(path)
    for sheet in (stem + b".cue", path + b".cue", stem + b".CUE", path + b".CUE"):
        try:
            data = _sheet_bytes(sheet)
        except (FileVanishedError, EmptyFileError):
            continue
        except FileError as error:
            return (), (FileWarning("cue", f"CUE sheet not used: {error.detail}"),)
        if len(data) > SHEET_BYTES_MAX:
            return (), (FileWarning("cue", "CUE sheet not used: larger than 1 MiB"),)
        name = os.path.basename(path).decode("utf-8", "replace")
        marks = marks_in_cue(_decode_sheet(data), name)
        if marks is None:
            return (), (
                FileWarning("cue", "CUE sheet not used: its times are implausible"),
            )
        return marks, ()
    return (), ()


def _sheet_bytes(path: bytes) -> bytes:
    with open_regular(path) as descriptor:
        return read_fully(descriptor, SHEET_BYTES_MAX + 1, 0)


def _decode_sheet(data: bytes) -> str:
    """Decode a sheet as UTF-16 if it has a BOM, else as UTF-8 or Windows-1252."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _parse_sheet(text: str) -> tuple[set[str], list[_SheetTrack]]:
    """Return the stems of all files of a sheet, and its tracks in order."""
    stems: set[str] = set()
    tracks: list[_SheetTrack] = []
    file = ""
    performer: dict[str, str] = {}
    for command, rest in _commands(text):
        track = tracks[-1] if tracks else None
        if command == "FILE":
            file = _stem(_file_name(rest))
            stems.add(file)
        elif command == "TRACK":
            audio = rest.upper().split()[1:2] in (["AUDIO"], [])
            tracks.append(_SheetTrack(audio, texts=dict(performer)))
        elif command == "PERFORMER" and track is None:
            performer = {command: rest}
        elif track is None:
            continue
        elif command == "INDEX" and (at := _parse_index(rest)) is not None:
            number, position = at
            if number == 0:
                track.gap = position
            elif track.start is None:
                track.start, track.file = position, file
        elif command in {"TITLE", "PERFORMER", "ISRC"}:
            track.texts[command] = rest
    return stems, tracks


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each line's command in upper case, and its arguments."""
    for line in text.removeprefix("\ufeff").replace("\0", "").splitlines():
        # Not a regular expression: those can take minutes on a long line of blanks.
        command, *rest = line.split(None, 1)[:2] or ("",)
        if not rest:
            continue
        value = rest[0].strip()[:TEXT_MAX]
        if command.upper() != "FILE":
            value = value.strip('"').strip()
        if value:
            yield command.upper(), value


def _file_name(rest: str) -> str:
    """Return the name in a FILE command: the quoted text, or all but the type."""
    if rest.startswith('"'):
        return rest[1:].partition('"')[0]
    return rest.rsplit(None, 1)[0]


def _parse_index(rest: str) -> tuple[int, Ticks] | None:
    match = INDEX.fullmatch(rest)
    if match is None or int(match[4]) >= CD_FRAMES:
        return None
    seconds = 60 * int(match[2]) + int(match[3])
    frames = CD_FRAMES * seconds + int(match[4])
    return int(match[1]), Ticks(frames * TICKS_PER_CD_FRAME)


def _stem(name: str) -> str:
    """Return a file name without folders and extension, case-folded for comparison."""
    base = re.split(r"[/\\]", name)[-1]
    return os.path.splitext(base)[0].casefold()
