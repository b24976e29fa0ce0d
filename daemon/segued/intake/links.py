"""Follow symbolic links out of a music folder, once to each target."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field

from segued.intake.filters import Filters
from segued.media.safe_open import signature_of
from segued.model import FileEntry
from segued.paths import is_within

__all__ = ["FollowedLinks", "followed_links"]


@dataclass(slots=True)
class FollowedLinks:
    """The targets of the links that the walks of one music folder follow.

    A target inside a music folder is scanned there, and not through a link. Of several
    ways to one target outside, the first that a walk finds is taken, and kept as long
    as it exists: so a circle of links ends, and nothing is listed twice.

    Attributes:
        roots: All music folders, without links in their paths.
    """

    roots: Sequence[bytes]
    _ways: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def forget(self) -> None:
        """Forget the ways that earlier walks took; a walk of everything begins."""
        self._ways.clear()

    def is_behind_link(self, path: bytes) -> bool:
        """Return whether a link leads to a path below a music folder."""
        return os.path.realpath(path) != path

    def accept_folder(self, path: bytes) -> bool:
        """Return whether the folder that a path leads to is walked along this path."""
        try:
            return self._is_way(path, os.stat(path))
        except OSError:
            return False

    def file_entry(self, path: bytes) -> FileEntry | None:
        """Return the file that a link leads to, if it is scanned along this link.

        Its signature is that of the target.
        """
        try:
            status = os.stat(path)
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode) or not self._is_way(path, status):
            return None
        return FileEntry(path, signature_of(status))

    def _is_way(self, path: bytes, status: os.stat_result) -> bool:
        """Return whether a path is the way to its target; it becomes it if none is."""
        target = os.path.realpath(path)
        if any(is_within(target, root) for root in self.roots):
            return False
        identity = status.st_dev, status.st_ino
        way = self._ways.setdefault(identity, path)
        if way != path and _identity(way) != identity:
            way = self._ways[identity] = path
        return way == path


def followed_links(filters: Filters, roots: Sequence[bytes]) -> FollowedLinks | None:
    """Return what follows the links of one music folder; None to follow none."""
    return FollowedLinks(roots) if filters.follows_links else None


def _identity(path: bytes) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
