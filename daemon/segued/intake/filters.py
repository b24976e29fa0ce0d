"""Which files and folders are scanned: pure, by whole-name match."""

import fnmatch
import os
import re
from dataclasses import dataclass

from segued.config.sections import ScanningSection
from segued.model import PassedOver

__all__ = ["IGNORE_MARKERS", "Filters"]

IGNORE_MARKERS = (b".seguedignore", b".ignore")
"""A folder that contains one of these as an empty file is not scanned."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The rules of `[scanning]`, compiled.

    Attributes:
        follows_links: Whether a scan follows symbolic links.
    """

    _extensions: frozenset[bytes]
    _folders: re.Pattern[bytes]
    _partial: tuple[bytes, ...]
    follows_links: bool

    @classmethod
    def of(cls, scanning: ScanningSection) -> "Filters":
        """Return the filters of a configuration."""
        patterns = [fnmatch.translate(name) for name in scanning.ignored_folders]
        return cls(
            frozenset(
                b"." + os.fsencode(each.lower().lstrip("."))
                for each in scanning.extensions
            ),
            re.compile(os.fsencode("|".join(patterns) or r"(?!)"), re.IGNORECASE),
            tuple(os.fsencode(suffix) for suffix in scanning.partial_suffixes),
            scanning.follow_links,
        )

    def accepts_file(self, name: bytes) -> bool:
        """Return whether a file of this name is scanned."""
        return self.why_not_file(name) is None

    def accepts_path(self, root: bytes, path: bytes) -> bool:
        """Return whether a folder below `root` is scanned, by all names of its path."""
        below = os.path.relpath(path, root)
        return below == b"." or all(
            self.why_not_folder(name) is None for name in below.split(b"/")
        )

    def why_not_file(self, name: bytes) -> PassedOver | None:
        """Return why a file of this name is not scanned; None if it is.

        A hidden file with another ending is of no interest: it has that reason.
        """
        if name.endswith(self._partial):
            return PassedOver.PARTIAL
        if os.path.splitext(name)[1].lower() not in self._extensions:
            return PassedOver.ENDING
        return PassedOver.HIDDEN if is_hidden(name) else None

    def why_not_folder(self, name: bytes) -> PassedOver | None:
        """Return why a folder of this name is not scanned; None if it is."""
        if self._folders.match(name):
            return PassedOver.IGNORED_FOLDER
        return PassedOver.HIDDEN if is_hidden(name) else None


def is_hidden(name: bytes) -> bool:
    """Return whether a name is hidden; a title may begin with two dots or more."""
    return name.startswith(b".") and not name.startswith(b"..")
