"""What a person can choose as music folder: the folders that this account may read.

Only names are read. A folder that this account may not read comes with the command that
lets it.
"""

import os
import pwd
import shlex
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from segued.paths import shown

__all__ = [
    "FolderChoice",
    "FolderChoices",
    "account_name",
    "is_in_container",
    "list_folder",
    "list_places",
]

PLACES: Final = (b"/music", b"/srv", b"/mnt", b"/media", b"/run/media", b"/home")
"""Where machines keep music, beside the account's own folder."""

SYSTEM_FOLDERS: Final = frozenset(
    {b"/bin", b"/boot", b"/dev", b"/etc", b"/lib", b"/lib64", b"/proc", b"/run"}
    | {b"/sbin", b"/sys", b"/tmp", b"/usr", b"/var"}
)
"""Folders in which nobody keeps music; they can still be written by hand."""

CONTAINER_MARKS: Final = ("/run/.containerenv", "/.dockerenv")

ENTRIES_MAX: Final = 20_000
FOLDERS_MAX: Final = 500


class FolderChoice(msgspec.Struct, frozen=True):
    """A folder, and whether the account of segued may read it."""

    path: str
    name: str
    is_readable: bool


class FolderChoices(msgspec.Struct, frozen=True):
    """The folders in a folder.

    Attributes:
        path: The folder; empty for a list of places to begin at.
        parent: The folder around it; null if there is none.
        problem: Why segued cannot read it; null if it can.
        command: The command that lets segued read it; null if none is needed or known.
        music_files: How many music files are in it, not counting those in its folders.
        folders: Its folders, ordered by name; hidden ones are left out.
        is_complete: Whether these are all: a list is limited, and names that are not
            UTF-8 are left out.
    """

    path: str
    parent: str | None = None
    problem: str | None = None
    command: str | None = None
    music_files: int = 0
    folders: tuple[FolderChoice, ...] = ()
    is_complete: bool = True


def account_name() -> str:
    """Return the name of the account that this process runs as; else its number."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def list_places() -> FolderChoices:
    """Return the places where music may be on this machine."""
    home = os.fsencode(os.path.expanduser("~"))
    paths = [path for path in dict.fromkeys((*PLACES, home)) if os.path.isdir(path)]
    return FolderChoices("", folders=tuple(_choices(paths)))


def is_in_container() -> bool:
    """Return whether this process runs in a container of Podman or Docker."""
    return any(Path(mark).exists() for mark in CONTAINER_MARKS)


def list_folder(
    path: bytes, extensions: Collection[str], *, in_container: bool
) -> FolderChoices:
    """Return the folders in a folder, or why it cannot be read.

    Args:
        path: The absolute path of the folder.
        extensions: The extensions of music files, in lower case.
        in_container: Whether commands have to be run outside of this container.
    """
    path = os.path.normpath(path)
    text = os.fsdecode(path)
    parent = os.path.dirname(text) if text != "/" else ""
    try:
        with os.scandir(path) as listing:
            entries = list(islice(listing, ENTRIES_MAX + 1))
    except PermissionError:
        problem, command = _closed_in_container(path) if in_container else _closed(path)
        return FolderChoices(text, parent, problem, command)
    except OSError as error:
        return FolderChoices(text, parent, _reason(error))
    names = [entry.path for entry in entries if _is_shown_folder(entry)]
    found = list(_choices(sorted(names, key=bytes.lower)))
    return FolderChoices(
        text,
        parent,
        music_files=sum(_is_music(entry, extensions) for entry in entries),
        folders=tuple(found[:FOLDERS_MAX]),
        is_complete=len(entries) <= ENTRIES_MAX
        and len(names) == len(found) <= FOLDERS_MAX,
    )


def _choices(paths: Sequence[bytes]) -> Iterator[FolderChoice]:
    """Yield the folders whose names are UTF-8: JSON holds no others."""
    for path in paths:
        try:
            text = path.decode()
        except UnicodeDecodeError:
            continue
        readable = os.access(path, os.R_OK | os.X_OK)
        yield FolderChoice(text, os.path.basename(text), readable)


def _is_shown_folder(entry: os.DirEntry[bytes]) -> bool:
    if entry.name.startswith(b".") or entry.path in SYSTEM_FOLDERS:
        return False
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_music(entry: os.DirEntry[bytes], extensions: Collection[str]) -> bool:
    extension = os.fsdecode(entry.name).rpartition(".")[2].lower()
    return extension in extensions and not entry.name.startswith(b".")


def _reason(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "there is no such folder"
        case NotADirectoryError():
            return "not a folder but a file"
        case _:
            return (error.strerror or str(error)).lower()


def _closed_in_container(path: bytes) -> tuple[str, str | None]:
    """Return why a container may not read a folder, and the option that lets it."""
    closed = _first_closed(path)
    where = "it" if closed == path else shown(closed)
    problem = f"the account {account_name()} of this container may not read {where}"
    owner = os.stat(closed)
    if owner.st_uid == 0:
        return f"{problem}, which belongs to root: let others read it", None
    options = f"--user {owner.st_uid}:{owner.st_gid}"
    return f"{problem}: start the container as the account that owns it", options


def _closed(path: bytes) -> tuple[str, str]:
    """Return why this account may not read a folder, and the command that lets it."""
    closed = _first_closed(path)
    account = account_name()
    where = "it" if closed == path else shown(closed)
    passed = [each for each in _with_parents(path)[:-1] if each.startswith(closed)]
    commands = [
        *([f"sudo setfacl -m u:{account}:x {_quoted(passed)}"] if passed else []),
        f"sudo setfacl -R -m u:{account}:rX,d:u:{account}:rX {_quoted([path])}",
    ]
    problem = f"the account {account}, which segued runs as, may not read {where}"
    return problem, " && ".join(commands)


def _first_closed(path: bytes) -> bytes:
    """Return the first folder on the way to `path` that this account may not enter."""
    closed = (each for each in _with_parents(path) if not os.access(each, os.X_OK))
    return next(closed, path)


def _with_parents(path: bytes) -> list[bytes]:
    """Return the folders on the way to a path, and the path itself as the last."""
    parts = path.strip(b"/").split(b"/")
    return [b"/" + b"/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _quoted(paths: Sequence[bytes]) -> str:
    return " ".join(shlex.quote(os.fsdecode(path)) for path in paths)
