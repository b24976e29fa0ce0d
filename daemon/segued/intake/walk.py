"""Walk music folders: by names and `stat` only, no file is opened."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Final

from segued.errors import ConfigError
from segued.intake.filters import IGNORE_MARKERS, Filters
from segued.intake.links import FollowedLinks
from segued.media.disk_calls import run_on_thread
from segued.media.safe_open import signature_of
from segued.media.tags.lyrics import is_lyrics_name
from segued.media.tags.sheets import is_sheet_name, sheets_digest
from segued.model import FileEntry, FolderListing, PassedOver
from segued.paths import is_within, shown

__all__ = [
    "UnreadableFolder",
    "check_library_outside_music",
    "check_outside_music",
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
    is_forbidden: bool = False


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


def check_outside_music(folder: Path, name: str, roots: Sequence[bytes]) -> None:
    """Refuse a folder to write to that is a music folder, or inside one.

    Raises:
        ConfigError: It is; the message names the folder by `name`.
    """
    place = os.fsencode(os.path.realpath(folder.absolute()))
    for root in roots:
        if is_within(place, root):
            raise ConfigError(
                f"{folder}: {name} cannot be inside the music folder {shown(root)}"
            )


def walk(
    root: bytes,
    filters: Filters,
    place: bytes | None = None,
    *,
    recursive: bool = True,
    links: FollowedLinks | None = None,
) -> Iterator[FolderListing | UnreadableFolder]:
    """Yield every folder at or below a place, ordered by name.

    Args:
        root: The music folder.
        filters: Which files and folders are listed.
        place: The folder to start at; None for the music folder itself.
        recursive: Whether to list the folders below it as well.
        links: Follows symbolic links; None to follow none, to folders or to files.
    """
    start = place or root
    waiting = [] if _is_ignored(root, start) else [_Place(start)]
    if links is not None and start == root and recursive:
        links.forget()
    elif links is not None and links.is_behind_link(start):
        waiting = [_Place(start, links.accept_folder(start))]
        waiting = [each for each in waiting if each.is_linked]
    while waiting:
        here = waiting.pop()
        try:
            listing = _list_folder(here, filters, links)
        except (FileNotFoundError, NotADirectoryError) as error:
            if here.path == root or here.path != place:
                yield UnreadableFolder(here.path, error.strerror or str(error))
            continue  # the place to start at does not exist any more
        except OSError as error:
            yield UnreadableFolder(
                here.path,
                error.strerror or str(error),
                is_forbidden=error.errno in (errno.EACCES, errno.EPERM),
            )
            continue
        yield FolderListing(
            root,
            here.path,
            tuple(listing.files),
            tuple(listing.passed_over),
            here.is_linked,
            tuple(listing.sheets),
            sheets_digest(listing.sheets),
            _lyrics_by_file(listing),
        )
        if recursive:
            waiting += sorted(listing.folders, key=_path_of, reverse=True)


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder to list, and whether the walk comes to it through a link."""

    path: bytes
    is_linked: bool = False


_path_of = attrgetter("path")


@dataclass(slots=True)
class _Entries:
    """The entries of a folder: files, those beside them, and folders; other names."""

    files: list[FileEntry] = field(default_factory=list)
    sheets: list[FileEntry] = field(default_factory=list)
    lyrics: list[FileEntry] = field(default_factory=list)
    folders: list[_Place] = field(default_factory=list)
    passed_over: list[tuple[PassedOver, bytes]] = field(default_factory=list)


def _lyrics_by_file(listing: _Entries) -> dict[bytes, FileEntry]:
    """Return the lyrics of each file that has some beside it, by its path."""
    if not listing.lyrics:
        return {}
    stems = {os.path.splitext(each.path)[0]: each for each in listing.lyrics}
    found = ((each.path, os.path.splitext(each.path)[0]) for each in listing.files)
    return {path: stems[stem] for path, stem in found if stem in stems}


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
    here: _Place, filters: Filters, links: FollowedLinks | None
) -> _Entries:
    listing = _Entries()
    with os.scandir(here.path) as entries:
        for entry in entries:
            if entry.name in IGNORE_MARKERS and _is_empty(entry):
                return _Entries(passed_over=[(PassedOver.IGNORED_FOLDER, b"")])
            if entry.is_dir(follow_symlinks=False):
                why_not = filters.why_not_folder(entry.name)
                if why_not is None and here.is_linked and links is not None:
                    why_not = _why_not_linked_folder(entry, links)
                if why_not is None:
                    listing.folders.append(_Place(entry.path, here.is_linked))
            elif entry.is_symlink():
                why_not = _add_link(entry, filters, links, listing)
            else:
                why_not = _add_file(entry, filters, listing)
            if why_not is not None:
                listing.passed_over.append((why_not, entry.name))
    return listing


def _why_not_linked_folder(
    entry: os.DirEntry[bytes], links: FollowedLinks
) -> PassedOver | None:
    return None if links.accept_folder(entry.path) else PassedOver.LINK


def _add_link(
    entry: os.DirEntry[bytes],
    filters: Filters,
    links: FollowedLinks | None,
    listing: _Entries,
) -> PassedOver | None:
    """Add the target of a link, or return why it is not scanned.

    Without `links`, the target is not even looked at: its disk may not answer.
    """
    if links is None:
        return PassedOver.LINK
    try:
        is_folder = entry.is_dir()
    except OSError:  # a circle
        return PassedOver.LINK
    if is_folder:
        why_not = filters.why_not_folder(entry.name)
        why_not = why_not or _why_not_linked_folder(entry, links)
        if why_not is None:
            listing.folders.append(_Place(entry.path, is_linked=True))
        return why_not
    why_not = filters.why_not_file(entry.name)
    if why_not is not None:
        return why_not
    found = links.file_entry(entry.path)
    if found is None:
        return PassedOver.LINK
    listing.files.append(found)
    return None


def _add_file(
    entry: os.DirEntry[bytes], filters: Filters, listing: _Entries
) -> PassedOver | None:
    """Add a file that is no link, or return why it is not scanned.

    A FIFO or socket with a music file's name is added; phase 1 rejects it.
    """
    why_not = filters.why_not_file(entry.name)
    found_in = listing.files
    if why_not is PassedOver.ENDING and is_sheet_name(entry.name):
        found_in = listing.sheets
    elif why_not is PassedOver.ENDING and is_lyrics_name(entry.name):
        found_in = listing.lyrics
    elif why_not is not None:
        is_file = entry.is_file(follow_symlinks=False)
        return why_not if is_file else PassedOver.NOT_REGULAR
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None  # deleted between listing and stat
    if stat.S_ISLNK(status.st_mode):
        return PassedOver.LINK  # it became one in between
    found_in.append(FileEntry(entry.path, signature_of(status)))
    return None


def _is_empty(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.stat(follow_symlinks=False).st_size == 0
    except OSError:
        return False
