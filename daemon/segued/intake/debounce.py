"""When a file that is being written is whole: pure, with time as an argument.

Nobody says that a copy is finished. So a file is taken for whole when nothing
about it has changed for a while, and the files of a folder go together, so that
an album is seen as one.
"""

import math
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from segued.model import FileEntry, Signature
from segued.units import Seconds

__all__ = ["WriteDebouncer"]

STEP_FILES: Final = 2_000


@dataclass(slots=True)
class _PendingFile:
    signature: Signature
    since: float
    first: float


@dataclass(slots=True)
class _PendingFolder:
    """The unsettled files of a folder, and when the last of them was changed."""

    files: dict[bytes, _PendingFile] = field(default_factory=dict)
    latest: float = 0.0
    first: float = math.inf  # none of them has been there for longer


class WriteDebouncer:
    """The files of one music folder that are new or changed, and may change yet."""

    def __init__(self, *, quiet: Seconds, patience: Seconds) -> None:
        """Prepare.

        Args:
            quiet: How long nothing may have happened to a file.
            patience: How long a file that is whole waits for the others of
                its folder.
        """
        self._quiet: Final = quiet
        self._patience: Final = patience
        self._places: Final[dict[bytes, _PendingFolder]] = {}
        self._due: Final[dict[bytes, float]] = {}
        self._outdated: Final[set[bytes]] = set()

    def touch(self, path: bytes, now: float) -> bool:
        """Take note that something happened to a file; return whether it is known."""
        folder = os.path.dirname(path)
        place = self._places.get(folder)
        if place is None or path not in place.files:
            return False
        place.files[path].since = place.latest = now
        self._outdated.add(folder)
        return True

    def update(
        self, folders: Collection[bytes], unsettled: Iterable[FileEntry], now: float
    ) -> None:
        """Take note of all files that have not settled in some folders.

        Others that were known there have been taken, or are gone.
        """
        for _ in self.update_steps(folders, unsettled, now):
            pass

    def update_steps(
        self, folders: Collection[bytes], unsettled: Iterable[FileEntry], now: float
    ) -> Iterator[None]:
        """Do as `update` does, a piece at a time."""
        before = {folder: self._places.pop(folder, None) for folder in folders}
        for number, each in enumerate(unsettled, start=1):
            if number % STEP_FILES == 0:
                yield
            folder = os.path.dirname(each.path)
            place = self._places.setdefault(folder, _PendingFolder())
            old = before.get(folder)
            known = old.files.get(each.path) if old else None
            if known is None:
                known = _PendingFile(each.signature, now, now)
            elif known.signature != each.signature:
                known.signature, known.since = each.signature, now
            place.files[each.path] = known
            place.latest = max(place.latest, known.since)
            place.first = min(place.first, known.first)
        self._outdated.update(folders)

    def is_complete(self, entry: FileEntry, now: float) -> bool:
        """Return whether a file, as it looks now, is to be taken."""
        place = self._places.get(os.path.dirname(entry.path))
        known = place and place.files.get(entry.path)
        if place is None or not known or known.signature != entry.signature:
            return False
        rested = now - known.since
        together = now - place.latest >= self._quiet
        return rested >= self._quiet + (0.0 if together else self._patience)

    def due(self) -> Mapping[bytes, float]:
        """Return each folder with unsettled files, and when one will be whole."""
        # Once for all that was stirred: a folder may hold a hundred thousand.
        while self._outdated:
            folder = self._outdated.pop()
            self._update_due(folder, self._places.get(folder))
        return self._due

    @property
    def folders(self) -> Collection[bytes]:
        """The folders with files that have not settled."""
        return self._places.keys()

    def stuck(self, now: float, limit: Seconds) -> list[bytes]:
        """Return the files that have not settled within `limit`."""
        return [
            path
            for place in self._places.values()
            if now - place.first >= limit
            for path, file in place.files.items()
            if now - file.first >= limit
        ]

    def __len__(self) -> int:
        """How many files have not settled."""
        return sum(len(place.files) for place in self._places.values())

    def _update_due(self, folder: bytes, place: _PendingFolder | None) -> None:
        if place is None or not place.files:
            self._due.pop(folder, None)
            return
        earliest = min(file.since for file in place.files.values())
        self._due[folder] = self._quiet + min(place.latest, earliest + self._patience)
