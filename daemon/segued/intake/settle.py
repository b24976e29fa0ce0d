"""When a file that is being written is whole: pure, with time as an argument.

Nobody says that a copy is finished. So a file is taken for whole when nothing
about it has changed for a while, and the files of a folder go together, so that
an album is seen as one.
"""

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from segued.model import Found, Signature
from segued.units import Seconds

__all__ = ["Settling"]


@dataclass(slots=True)
class _Unsettled:
    signature: Signature
    since: float
    first: float


class Settling:
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
        self._files: Final[dict[bytes, _Unsettled]] = {}

    def _saw(self, found: Iterable[Found], now: float) -> None:
        """Take note how files look at this moment."""
        for each in found:
            known = self._files.get(each.path)
            if known is None:
                self._files[each.path] = _Unsettled(each.signature, now, now)
            elif known.signature != each.signature:
                known.signature, known.since = each.signature, now

    def stirred(self, path: bytes, now: float) -> None:
        """Take note that something happened to a file."""
        if path in self._files:
            self._files[path].since = now

    def looked(
        self, places: Collection[bytes], unsettled: Iterable[Found], now: float
    ) -> None:
        """Take note of all files that have not settled in some folders.

        Others that were known there have been taken, or are gone.
        """
        left = {each.path: each for each in unsettled}
        for path in [*self._files]:
            if path not in left and os.path.dirname(path) in places:
                del self._files[path]
        self._saw(left.values(), now)

    def knows(self, path: bytes) -> bool:
        """Return whether a file has not settled."""
        return path in self._files

    def ready(self, now: float) -> dict[bytes, Signature]:
        """Return the files that are whole, as they look."""
        busy = {
            os.path.dirname(path)
            for path, file in self._files.items()
            if now - file.since < self._quiet
        }
        return {
            path: file.signature
            for path, file in self._files.items()
            if now - file.since >= self._quiet
            and (
                os.path.dirname(path) not in busy
                or now - file.since >= self._quiet + self._patience
            )
        }

    def due(self) -> dict[bytes, float]:
        """Return each folder with unsettled files, and when one will be whole."""
        times: dict[bytes, list[float]] = {}
        for path, file in self._files.items():
            times.setdefault(os.path.dirname(path), []).append(file.since)
        return {
            folder: self._quiet + min(max(since), min(since) + self._patience)
            for folder, since in times.items()
        }

    def restless(self, now: float, limit: Seconds) -> list[bytes]:
        """Return the files that have not settled within `limit`."""
        return [path for path, file in self._files.items() if now - file.first >= limit]

    def __len__(self) -> int:
        """How many files have not settled."""
        return len(self._files)
