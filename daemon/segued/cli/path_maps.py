"""Where the folders of another program's library are on this machine."""

import os
import posixpath
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segued.errors import ConfigError

__all__ = ["PathMaps", "parse_maps"]

BASE: Final = b"."
"""Stands for the folder that relative paths begin in."""

DRIVE: Final = re.compile(rb"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class PathMaps:
    """Folders there and here; the longest one that a path is in counts.

    Attributes:
        folders: Pairs of a folder there and one here, without a slash at the end.
        roots: The music folders, where relative paths are searched without a map.
    """

    folders: tuple[tuple[bytes, bytes], ...] = ()
    roots: tuple[bytes, ...] = ()

    def places(self, path: bytes) -> list[list[bytes]]:
        """Return the places where a file may be here, each with its spellings.

        An absolute path has one place, a relative one as many as there are music
        folders. Macs write accents as characters of their own, so both forms are tried.

        Example:
            >>> PathMaps(((b"C:/Music", b"/m"),)).places(b"C:/Music/a.mp3")
            [[b'/m/a.mp3']]
        """
        is_relative = not path.startswith(b"/") and not DRIVE.match(path)
        bases = [here for there, here in self.folders if there == BASE]
        if is_relative:
            found = [
                posixpath.join(base, path) for base in (bases[:1] or list(self.roots))
            ]
        else:
            found = [self._here(path)]
        return [_spellings(posixpath.normpath(each)) for each in found]

    def _here(self, path: bytes) -> bytes:
        inside = [
            (there, here)
            for there, here in self.folders
            if path == there or path.startswith(there + b"/")
        ]
        if not inside:
            return path
        there, here = max(inside, key=lambda each: len(each[0]))
        return here + path[len(there) :]


def parse_maps(texts: Sequence[str]) -> tuple[tuple[bytes, bytes], ...]:
    r"""Return the folders that options of the form THERE=HERE name.

    Raises:
        ConfigError: An option has another form, or two have the same folder there.

    Example:
        >>> parse_maps(["C:\\Music\\=/srv/music/"])
        ((b'C:/Music', b'/srv/music'),)
    """
    found: dict[bytes, bytes] = {}
    for text in texts:
        there, equals, here = os.fsencode(text).partition(b"=")
        if not (there and equals and here):
            raise ConfigError(
                f"--map {text}: not of the form THERE=HERE, such as /mnt/nas=/srv/music"
            )
        if DRIVE.match(there):
            there = there.replace(b"\\", b"/")
        there = there.rstrip(b"/")
        if there in found:
            raise ConfigError(f"--map {text}: given twice for the same folder")
        found[there] = os.path.abspath(here).rstrip(b"/")
    return tuple(found.items())


def _spellings(path: bytes) -> list[bytes]:
    """Return a path, then its composed and decomposed forms if they differ."""
    try:
        text = path.decode()
    except UnicodeDecodeError:
        return [path]
    forms = (unicodedata.normalize(form, text).encode() for form in ("NFC", "NFD"))
    return list(dict.fromkeys((path, *forms)))
