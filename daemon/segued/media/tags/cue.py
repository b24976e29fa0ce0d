"""Parse CUE sheets: the passages of a long file, to 1/75 of a second.

People write sheets by hand and with hundreds of programs, so every line is read as
leniently as its meaning allows. A sheet that names one file per track has no positions
to cut at. `sheets` finds the sheets of a folder.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from segued.media.tags.passage_marks import end_marks_at_gaps, plausible_marks
from segued.model import PassageMark
from segued.units import TICKS_PER_SECOND, Ticks

__all__ = [
    "TEXT_MAX",
    "Sheet",
    "SheetTrack",
    "file_stem",
    "marks_in_sheet",
    "parse_cue",
    "parse_sheet",
]

TEXT_MAX: Final = 4_096
"""Longer texts are cut to this many characters."""

CD_FRAMES: Final = 75
TICKS_PER_CD_FRAME: Final = TICKS_PER_SECOND // CD_FRAMES

TIME: Final = re.compile(r"([0-9]{1,4}):([0-5]?[0-9])(?:[:.]([0-9]{1,2}))?\b.*")
"""Minutes, seconds and frames; some programs leave out the frames or a zero."""

INDEX: Final = re.compile(r"0?([01])\s+([0-9].*)")
LEAD_OUT: Final = re.compile(r"LEAD-?OUT\s+([0-9].*)", re.IGNORECASE)
DISC_ID: Final = re.compile(
    r"DISCID\s+\"?[0-9a-f]{2}([0-9a-f]{4})([0-9a-f]{2})\b.*", re.IGNORECASE
)
"""The disc id of freedb holds the length in seconds and the number of tracks."""

FILE_TYPES: Final = frozenset(
    ("WAVE", "WAV", "MP3", "AIFF", "FLAC", "APE", "BINARY", "MOTOROLA", "OGG", "WV")
)
"""The types in FILE commands, official or not."""

NO_FILE: Final = frozenset([""])
"""The stem of tracks in front of any FILE line."""

EXTENSION: Final = re.compile(r"[0-9A-Za-z]{2,4}")


@dataclass(slots=True)
class SheetTrack:
    """One TRACK of a sheet.

    Attributes:
        file: The stem of the file that its first position is in.
        start: INDEX 01, or INDEX 00 if there is no other.
        gap: INDEX 00, where the gap before it begins.
    """

    audio: bool = True
    file: str = ""
    start: Ticks | None = None
    gap: Ticks | None = None
    gap_file: str = ""
    title: str | None = None
    artist: str | None = None
    isrc: str | None = None


@dataclass(slots=True)
class Sheet:
    """A CUE sheet.

    Attributes:
        files: The names in its FILE lines, without folders, in order.
        stems: Their stems, for comparison with `file_stem`.
        length: The length of the whole disc that it declares; None if it does not.
    """

    files: list[str] = field(default_factory=list)
    stems: frozenset[str] = frozenset()
    tracks: list[SheetTrack] = field(default_factory=list)
    title: str | None = None
    artist: str | None = None
    length: Ticks | None = None

    def tracks_of(self, stems: frozenset[str]) -> list[SheetTrack]:
        """Return the audio tracks that begin in the files with these stems."""
        return [
            track
            for track in self.tracks
            if track.audio and track.start is not None and track.file in stems
        ]


def parse_cue(text: str, file_name: str) -> tuple[PassageMark, ...]:
    """Return the passages that a CUE sheet marks in one file.

    Args:
        text: The sheet. Lines that are not valid CUE commands are skipped.
        file_name: The music file's name. The tracks used are those of the FILE
            with the same stem, ignoring case; if there is only one FILE, its
            tracks are used whatever its name is.

    Returns:
        At least two passages, ascending; () when the sheet names another file, has
        one file per track, or is not in order.
    """
    return marks_in_sheet(parse_sheet(text), frozenset([file_stem(file_name)])) or ()


def marks_in_sheet(
    sheet: Sheet, stems: frozenset[str]
) -> tuple[PassageMark, ...] | None:
    """Do as `parse_cue` with a parsed sheet; return None for implausible marks.

    A passage begins at its INDEX 01, and ends at INDEX 00 of the next track, where
    the gap begins.

    Args:
        sheet: The sheet.
        stems: The stems that the music file's name may have.
    """
    tracks = sheet.tracks_of(stems if len(sheet.stems) > 1 else sheet.stems | NO_FILE)
    marks = [
        PassageMark(
            start=track.start,
            title=track.title,
            artist=track.artist or sheet.artist,
            isrc=track.isrc,
        )
        for track in tracks
        if track.start is not None
    ]
    gaps = [track.gap if track.gap_file == track.file else None for track in tracks]
    return plausible_marks(end_marks_at_gaps(marks, gaps))


def parse_sheet(text: str) -> Sheet:
    """Parse a sheet; lines that are not valid CUE commands are skipped."""
    sheet = Sheet()
    remarks: list[str] = []
    in_track = False
    for command, rest in _commands(text):
        if command == "REM":
            remarks.append(rest)
        elif command == "FILE":
            sheet.files.append(_file_name(rest))
            in_track = False
        elif command == "TRACK":
            audio = rest.upper().split()[1:2] in (["AUDIO"], [])
            sheet.tracks.append(SheetTrack(audio))
            in_track = True
        elif sheet.tracks and (in_track or command == "INDEX"):
            stem = file_stem(sheet.files[-1]) if sheet.files else ""
            _add_to_track(sheet.tracks[-1], command, rest, stem)
        elif command == "TITLE":
            sheet.title = sheet.title or rest
        elif command == "PERFORMER":
            sheet.artist = sheet.artist or rest
    sheet.stems = frozenset(map(file_stem, sheet.files))
    for track in sheet.tracks:
        if track.start is None:
            track.start, track.file, track.gap = track.gap, track.gap_file, None
    sheet.length = _declared_length(sheet, remarks)
    return sheet


def _declared_length(sheet: Sheet, remarks: Sequence[str]) -> Ticks | None:
    """Return the length of the disc by its lead-out or its id.

    The id counts a data track, which makes the disc longer than its music: it is not
    used then. It leaves out what is in front of the first track.
    """
    for remark in remarks:
        if match := LEAD_OUT.fullmatch(remark):
            return _parse_time(match[1])
    tracks = sheet.tracks_of(sheet.stems | NO_FILE)
    for remark in remarks:
        match = DISC_ID.fullmatch(remark)
        if match and tracks and int(match[2], 16) == len(tracks):
            seconds = int(match[1], 16)
            return Ticks((tracks[0].start or 0) + seconds * TICKS_PER_SECOND)
    return None


def _add_to_track(track: SheetTrack, command: str, rest: str, stem: str) -> None:
    """Add a command to a track; `stem` is that of the current file."""
    if command == "INDEX":
        index = INDEX.fullmatch(rest)
        at = _parse_time(index[2]) if index else None
        if index is None or at is None:
            return
        if index[1] == "0":
            track.gap, track.gap_file = at, stem
        elif track.start is None:
            track.start, track.file = at, stem
    elif command == "TITLE":
        track.title = track.title or rest
    elif command == "PERFORMER":
        track.artist = track.artist or rest
    elif command == "ISRC":
        track.isrc = rest


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each line's command in upper case, and its arguments."""
    for line in text.removeprefix("\ufeff").replace("\0", "").splitlines():
        # Not a regular expression: those can take minutes on a long line of blanks.
        command, *rest = line.split(None, 1)[:2] or ("",)
        if not rest:
            continue
        value = rest[0].strip()[:TEXT_MAX]
        if command.upper() not in {"FILE", "REM"}:
            value = value.strip('"').strip()
        if value:
            yield command.upper(), value


def _file_name(rest: str) -> str:
    """Return the name in a FILE command, without folders.

    That is the quoted text, or all but the type. The type or a quote may be missing.
    """
    quoted = rest[1:].partition('"') if rest.startswith('"') else ("", "", "")
    if quoted[1]:
        name = quoted[0]
    else:
        words = rest.strip('"').split()
        is_type = len(words) > 1 and words[-1].upper() in FILE_TYPES
        name = rest.strip('"')
        if is_type:
            name = name.rstrip()[: -len(words[-1])]
    return re.split(r"[/\\]", name.strip())[-1].strip('" \t')


def _parse_time(text: str) -> Ticks | None:
    """Return a position; frames above 74 count as the last of their second."""
    match = TIME.fullmatch(text)
    if match is None:
        return None
    seconds = 60 * int(match[1]) + int(match[2])
    frames = CD_FRAMES * seconds + min(int(match[3] or "0"), CD_FRAMES - 1)
    return Ticks(frames * TICKS_PER_CD_FRAME)


def file_stem(name: str) -> str:
    """Return a file name without folders and extension, for comparison.

    Case is folded, and accents are composed: macOS stores them decomposed.
    """
    base = re.split(r"[/\\]", name)[-1].strip()
    stem, dot, extension = base.rpartition(".")
    if not dot or not EXTENSION.fullmatch(extension):
        stem = base
    return unicodedata.normalize("NFC", stem.casefold())
