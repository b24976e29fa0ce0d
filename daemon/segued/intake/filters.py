"""Which files and folders are scanned: pure, by whole-name match."""

import fnmatch
import os
import re
from dataclasses import dataclass

from segued.config.sections import ScanningSection

__all__ = ["IGNORE_MARKERS", "Filters"]

IGNORE_MARKERS = (b".seguedignore", b".ignore")
"""A folder that contains one of these as an empty file is not scanned."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The rules of `[scanning]`, compiled."""

    _extensions: frozenset[bytes]
    _folders: re.Pattern[bytes]
    _partial: tuple[bytes, ...]

    @classmethod
    def of(cls, scanning: ScanningSection) -> "Filters":
        """Return the filters of a configuration."""
        patterns = [fnmatch.translate(name) for name in scanning.ignored_folders]
        return cls(
            frozenset(
                b"." + os.fsencode(each.lower().lstrip("."))
                for each in scanning.extensions
            ),
            re.compile(os.fsencode("|".join(patterns) or r"(?!)")),
            tuple(os.fsencode(suffix) for suffix in scanning.partial_suffixes),
        )

    def accepts_file(self, name: bytes) -> bool:
        """Return whether a file of this name is scanned."""
        if name.startswith(b".") or name.endswith(self._partial):
            return False
        return os.path.splitext(name)[1].lower() in self._extensions

    def accepts_path(self, root: bytes, path: bytes) -> bool:
        """Return whether a folder below `root` is scanned, by all names of its path."""
        below = os.path.relpath(path, root)
        return below == b"." or all(map(self.accepts_folder, below.split(b"/")))

    def accepts_folder(self, name: bytes) -> bool:
        """Return whether a folder of this name is scanned."""
        return not name.startswith(b".") and not self._folders.match(name)
