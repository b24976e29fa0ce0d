"""Walk music folders: by names and `stat` only, no file is opened."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from segued.errors import ConfigError
from segued.intake.filters import IGNORE_MARKERS, Filters
from segued.media.disk_calls import run_on_thread
from segued.media.safe_open import signature_of
from segued.media.tags.sheets import is_sheet_name, sheets_digest
from segued.model import FileEntry, FolderListing
from segued.paths import is_within, shown

__all__ = [
    "UnreadableFolder",
    "check_library_outside_music",
    "existing_roots",
    "normalized_roots",
    "walk",
]

RESOLVE_SECONDS: Final = 2.0
LINKS_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class UnreadableFolder:
    """A folder that could not be listed; what is below it is unknown."""

    path: bytes
    reason: str


def existing_roots(folders: list[str]) -> list[bytes]:
    """Return the folders to walk: absolute, without links, none inside another.

    Raises:
        ConfigError: A folder does not exist, is a file, or cannot be read.
    """
    for folder in folders:
        try:
            os.scandir(os.fsencode(os.path.expanduser(folder))).close()
        except FileNotFoundError:
            raise ConfigError(f"{shown(folder)}: there is no such folder") from None
        except NotADirectoryError:
            raise ConfigError(f"{shown(folder)}: not a folder but a file") from None
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ConfigError(
                f"{shown(folder)}: the folder may not be read: {reason}"
            ) from error
    return normalized_roots(folders)


def normalized_roots(folders: Sequence[str]) -> list[bytes]:
    """Return music folders as `existing_roots` does, without access to them."""
    paths = {_resolve(os.fsencode(os.path.expanduser(each))) for each in folders}
    return [
        path
        for path in sorted(paths)
        if not any(is_within(path, other) for other in paths - {path})
    ]


def _resolve(path: bytes) -> bytes:
    """Return a path with its links followed, as far as the disks answer in time."""
    try:
        return run_on_thread(os.path.realpath, path).result(RESOLVE_SECONDS)
    except TimeoutError:
        seen = [os.path.abspath(path)]
        with suppress(TimeoutError):
            run_on_thread(_follow_links, seen).result(RESOLVE_SECONDS)
        return seen[-1]


def _follow_links(seen: list[bytes]) -> None:
    """Append to `seen` the target of its last path's first link, and so on."""
    parts = seen[-1].split(b"/")
    for count in range(2, len(parts) + 1):
        here = b"/".join(parts[:count])
        try:
            target = os.readlink(here)
        except OSError:
            continue
        there = os.path.join(os.path.dirname(here), target, *parts[count:])
        seen.append(os.path.normpath(there))
        if len(seen) <= LINKS_MAX:
            _follow_links(seen)
        return


def check_library_outside_music(database: Path, roots: Sequence[bytes]) -> None:
    """Refuse a library inside a music folder: segued never writes there.

    Raises:
        ConfigError: The library is inside one of `roots`.
    """
    place = os.fsencode(os.path.realpath(database.absolute().parent))
    for root in roots:
        if is_within(place, root):
            raise ConfigError(
                f"{database}: the library cannot be inside the music folder "
                f"{shown(root)}; choose another place with --database"
            )


def walk(
    root: bytes, filters: Filters, place: bytes | None = None, *, recursive: bool = True
) -> Iterator[FolderListing | UnreadableFolder]:
    """Yield every folder at or below a place, ordered by name.

    Symbolic links are not followed, neither to folders nor to files. A FIFO or
    socket with a music file's name is listed; phase 1 rejects it.

    Args:
        root: The music folder.
        filters: Which files and folders are listed.
        place: The folder to start at; None for the music folder itself.
        recursive: Whether to list the folders below it as well.
    """
    waiting = [] if _is_ignored(root, place or root) else [place or root]
    while waiting:
        path = waiting.pop()
        try:
            files, sheets, folders = _list_folder(path, filters)
        except (FileNotFoundError, NotADirectoryError) as error:
            if path == root or path != place:
                yield UnreadableFolder(path, error.strerror or str(error))
            continue  # the place to start at does not exist any more
        except OSError as error:
            yield UnreadableFolder(path, error.strerror or str(error))
            continue
        yield FolderListing(root, path, files, sheets, sheets_digest(sheets))
        waiting.extend(reversed(folders) if recursive else ())


def _is_ignored(root: bytes, place: bytes) -> bool:
    """Return whether a folder between `root` and `place` has an ignore marker."""
    while place != root and is_within(place, root):
        place = os.path.dirname(place)
        for name in IGNORE_MARKERS:
            try:
                if os.lstat(os.path.join(place, name)).st_size == 0:
                    return True
            except OSError:
                continue
    return False


def _list_folder(
    path: bytes, filters: Filters
) -> tuple[tuple[FileEntry, ...], tuple[FileEntry, ...], list[bytes]]:
    """Return a folder's music files, CUE sheets and folders."""
    files: list[FileEntry] = []
    sheets: list[FileEntry] = []
    folders: list[bytes] = []
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name in IGNORE_MARKERS and _is_empty(entry):
                return (), (), []
            if entry.is_dir(follow_symlinks=False):
                if filters.accepts_folder(entry.name):
                    folders.append(entry.path)
            elif filters.accepts_file(entry.name) and (found := _file_entry(entry)):
                files.append(found)
            elif is_sheet_name(entry.name) and (found := _file_entry(entry)):
                sheets.append(found)
    return tuple(files), tuple(sheets), sorted(folders)


def _file_entry(entry: os.DirEntry[bytes]) -> FileEntry | None:
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None  # deleted between listing and stat
    if stat.S_ISLNK(status.st_mode):
        return None
    return FileEntry(entry.path, signature_of(status))


def _is_empty(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.stat(follow_symlinks=False).st_size == 0
    except OSError:
        return False
