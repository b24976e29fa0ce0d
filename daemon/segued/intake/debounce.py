"""Decide when a file that is being written is complete: pure, time is an argument.

No event says that a copy is finished. So a file counts as complete when its
signature has not changed for a while, and the files of a folder are released
together, so that an album is imported as one.
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
"""How many files `update_steps` handles before it yields."""


@dataclass(slots=True)
class _PendingFile:
    """A file that may still change: when it last did, and when it was first seen."""

    signature: Signature
    since: float
    first: float


@dataclass(slots=True)
class _PendingFolder:
    """The incomplete files of a folder, and when one of them last changed."""

    files: dict[bytes, _PendingFile] = field(default_factory=dict)
    latest: float = 0.0
    first: float = math.inf  # when the oldest of them was first seen


class WriteDebouncer:
    """The new or changed files of one music folder that may still change."""

    def __init__(self, *, quiet: Seconds, patience: Seconds) -> None:
        """Start without files.

        Args:
            quiet: How long a file must stay unchanged to be complete.
            patience: How long a complete file waits for the others of its folder.
        """
        self._quiet: Final = quiet
        self._patience: Final = patience
        self._places: Final[dict[bytes, _PendingFolder]] = {}
        self._due: Final[dict[bytes, float]] = {}
        self._outdated: Final[set[bytes]] = set()

    def touch(self, path: bytes, now: float) -> bool:
        """Note an event of a file at `now`; return whether the file is known here."""
        folder = os.path.dirname(path)
        place = self._places.get(folder)
        if place is None or path not in place.files:
            return False
        place.files[path].since = place.latest = now
        self._outdated.add(folder)
        return True

    def update(
        self, folders: Collection[bytes], incomplete: Iterable[FileEntry], now: float
    ) -> None:
        """Replace the files of `folders` by those that a scan found incomplete.

        Files of these folders that it did not find were stored, or are gone.
        """
        for _ in self.update_steps(folders, incomplete, now):
            pass

    def update_steps(
        self, folders: Collection[bytes], incomplete: Iterable[FileEntry], now: float
    ) -> Iterator[None]:
        """Do what `update` does, and yield after every STEP_FILES files."""
        before = {folder: self._places.pop(folder, None) for folder in folders}
        for number, each in enumerate(incomplete, start=1):
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
        """Return whether a file, with its present signature, is complete at `now`."""
        place = self._places.get(os.path.dirname(entry.path))
        known = place and place.files.get(entry.path)
        if place is None or not known or known.signature != entry.signature:
            return False
        rested = now - known.since
        together = now - place.latest >= self._quiet
        return rested >= self._quiet + (0.0 if together else self._patience)

    def due(self) -> Mapping[bytes, float]:
        """Return each folder with incomplete files, and when one may be complete."""
        # Once for all touched files: a folder may hold a hundred thousand.
        while self._outdated:
            folder = self._outdated.pop()
            self._update_due(folder, self._places.get(folder))
        return self._due

    @property
    def folders(self) -> Collection[bytes]:
        """The folders with incomplete files."""
        return self._places.keys()

    def stuck(self, now: float, limit: Seconds) -> list[bytes]:
        """Return the files that have been incomplete for at least `limit`."""
        return [
            path
            for place in self._places.values()
            if now - place.first >= limit
            for path, file in place.files.items()
            if now - file.first >= limit
        ]

    def __len__(self) -> int:
        """Return how many files are incomplete."""
        return sum(len(place.files) for place in self._places.values())

    def _update_due(self, folder: bytes, place: _PendingFolder | None) -> None:
        if place is None or not place.files:
            self._due.pop(folder, None)
            return
        earliest = min(file.since for file in place.files.values())
        self._due[folder] = self._quiet + min(place.latest, earliest + self._patience)
