"""Find the CUE sheet of a music file among those of its folder.

A sheet is found by what it says: its FILE lines name the file, with any extension,
since sheets say .wav for what is .flac now. A sheet that names no file of the folder
belongs to the file with its own name.
"""

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from segued.errors import (
    EmptyFileError,
    FileError,
    FileUnreadableError,
    FileVanishedError,
)
from segued.media.hashing import digest
from segued.media.safe_open import open_regular, read_fully
from segued.media.tags.code_pages import CODE_PAGES, decode_text
from segued.media.tags.cue import Sheet, file_stem, marks_in_sheet, parse_sheet
from segued.model import FileEntry, FileWarning, PassageMark, Tags
from segued.units import Ticks

__all__ = ["SheetReading", "is_sheet_name", "sheets_digest", "sidecar_marks"]

SHEET_BYTES_MAX: Final = 1 << 20
SHEETS_BYTES_MAX: Final = 16 << 20
"""Sheets of one folder beyond this are not read."""

FOLDERS_KEPT: Final = 4
"""A child process keeps the sheets of so many folders."""

NO_TAGS: Final = Tags()


@dataclass(frozen=True, slots=True)
class SheetReading:
    """What the sheets of a folder say about one of its files.

    Attributes:
        marks: Its passages: none or at least two, ascending.
        names: The album's names, and the song's if the file is a single track of it.
        named: Whether the sheet's FILE line names the file.
        length: The length that the sheet declares; None if it does not.
        warnings: Sheets that should be the file's, and are not used.
    """

    marks: tuple[PassageMark, ...] = ()
    names: Tags = NO_TAGS
    named: bool = False
    length: Ticks | None = None
    warnings: tuple[FileWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class _FolderSheet:
    """A sheet of a folder; `failure` says why there is no `sheet`."""

    name: str
    sheet: Sheet | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class _Folder:
    """The sheets of a folder by name, and the names of its other files, case-folded."""

    sheets: tuple[_FolderSheet, ...] = ()
    names: frozenset[str] = frozenset()


def is_sheet_name(name: bytes) -> bool:
    """Return whether a file of this name is a CUE sheet and not hidden."""
    hidden = name.startswith(b".") and not name.startswith(b"..")
    return name[-4:].lower() == b".cue" and not hidden


def sheets_digest(sheets: Sequence[FileEntry]) -> str | None:
    """Return what identifies the sheets of a folder; None if there are none.

    It changes when a sheet is added, changed, renamed or removed, and stays when the
    folder is moved.
    """
    if not sheets:
        return None
    entries = sorted((os.path.basename(each.path), each.signature) for each in sheets)
    return digest(repr(entries).encode())[:32]


def sidecar_marks(path: bytes, version: str) -> SheetReading:
    """Return the passages of a file from the CUE sheets of its folder.

    Args:
        path: Absolute path of the music file.
        version: The folder's `sheets_digest`: with the same one, the sheets are not
            read again.
    """
    folder = _read_sheets(os.path.dirname(path), version)
    name = os.path.basename(path)
    stems = _stems_of(name)
    warnings: list[FileWarning] = []
    reading = SheetReading()
    for found in _sheets_for(folder, name):
        if found.sheet is None:
            warnings.append(_not_used(found, found.failure))
            continue
        named = not stems.isdisjoint(found.sheet.stems)
        marks = marks_in_sheet(found.sheet, stems)
        if marks is None:
            warnings.append(_not_used(found, "its times are implausible"))
            continue
        names = _names_for_file(found.sheet, stems) if named or marks else NO_TAGS
        if marks:
            return SheetReading(marks, names, named, found.sheet.length)
        if reading.names == NO_TAGS:
            reading = SheetReading(names=names, named=named)
    return replace(reading, warnings=tuple(warnings))


def _not_used(found: _FolderSheet, reason: str) -> FileWarning:
    return FileWarning("cue", f"CUE sheet {found.name} not used: {reason}")


def _sheets_for(folder: _Folder, name: bytes) -> list[_FolderSheet]:
    """Return the sheets that may be a file's, the best first."""
    stems = _stems_of(name)
    own_stems = stems | {_folded(_text_of(name))}
    extension = os.path.splitext(_folded(_text_of(name)))[1]
    ranked = []
    for at, found in enumerate(folder.sheets):
        has_own_name = _folded(found.name[:-4]) in own_stems
        if found.sheet is not None and not stems.isdisjoint(found.sheet.stems):
            ranked.append((0 if has_own_name else 1, at))
        elif has_own_name and not (
            found.sheet and _names_another(found.sheet, folder, extension)
        ):
            ranked.append((2, at))
    return [folder.sheets[at] for _, at in sorted(ranked)]


def _names_another(sheet: Sheet, folder: _Folder, extension: str) -> bool:
    """Return whether a sheet is for several files, or for another of the folder."""
    return len(sheet.stems) > 1 or any(
        not folder.names.isdisjoint((_folded(name), file_stem(name) + extension))
        for name in sheet.files
    )


def _names_for_file(sheet: Sheet, stems: frozenset[str]) -> Tags:
    """Return the names of the album, and of the song of a file that has only one."""
    album = Tags(album=sheet.title, album_artist=sheet.artist)
    tracks = sheet.tracks_of(stems)
    if len(tracks) != 1:
        return album
    return replace(
        album, title=tracks[0].title, artist=tracks[0].artist or sheet.artist
    )


@lru_cache(maxsize=FOLDERS_KEPT)
def _read_sheets(folder: bytes, version: str) -> _Folder:
    """Read all sheets of a folder, once for each `version` of them."""
    del version
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not entry.is_dir())
    except OSError:
        return _Folder()
    others = [name for name in names if not is_sheet_name(name)]
    stems = frozenset().union(*map(_stems_of, others))
    sheets: list[_FolderSheet] = []
    bytes_left = SHEETS_BYTES_MAX
    for name in filter(is_sheet_name, names):
        try:
            data = _sheet_bytes(os.path.join(folder, name), bytes_left)
        except (FileVanishedError, EmptyFileError):
            continue
        except FileError as error:
            sheets.append(_FolderSheet(_text_of(name), failure=error.detail))
            continue
        bytes_left -= len(data)
        sheet = parse_sheet(_decode_sheet(data, stems))
        sheets.append(_FolderSheet(_text_of(name), sheet))
    folded = frozenset(_folded(_text_of(name)) for name in others)
    return _Folder(tuple(sheets), folded)


def _sheet_bytes(path: bytes, bytes_left: int) -> bytes:
    """Return the bytes of a sheet.

    Raises:
        FileUnreadableError: It is too large, or not readable.
    """
    with open_regular(path) as descriptor:
        data = read_fully(descriptor, SHEET_BYTES_MAX + 1, 0)
    if len(data) > SHEET_BYTES_MAX:
        raise FileUnreadableError(path, "larger than 1 MiB")
    if len(data) > bytes_left:
        raise FileUnreadableError(path, "the sheets of its folder exceed 16 MiB")
    return data


def _decode_sheet(data: bytes, stems: frozenset[str]) -> str:
    """Decode a sheet in the code page in which the files that it names exist."""

    def names_a_file(text: str) -> bool:
        lines = [line for line in text.splitlines() if "file" in line[:64].lower()]
        return not stems.isdisjoint(parse_sheet("\n".join(lines)).stems)

    return decode_text(data, names_a_file)


def _stems_of(name: bytes) -> frozenset[str]:
    """Return the stem of a file name: in each code page if it is not UTF-8."""
    try:
        return frozenset([file_stem(name.decode())])
    except UnicodeDecodeError:
        texts = (name.decode(page, "replace") for page in CODE_PAGES)
        return frozenset(map(file_stem, (_text_of(name), *texts)))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def _text_of(name: bytes) -> str:
    return name.decode("utf-8", "replace")
