"""The queue of files: bounded, by priority, one entry a path.

It is a window on the files that are PENDING on record, so losing it loses
nothing. It knows what is in flight, so that no file is worked on twice at
once.
"""

import asyncio
import itertools
import time
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from segued.model import AudioFile

__all__ = ["Priority", "WorkQueue"]


class Priority(IntEnum):
    """Who goes first: what was just dropped in, or the backlog."""

    DROPPED = 0
    BACKLOG = 1


@dataclass(order=True, slots=True)
class _Entry:
    priority: Priority
    turn: int
    file: AudioFile = field(compare=False)


class WorkQueue:
    """Files waiting for a worker, and those that have one."""

    def __init__(self, length: int) -> None:
        self._queue: Final = asyncio.PriorityQueue[_Entry](length)
        self._turns: Final = itertools.count()
        self._waiting: Final[dict[bytes, AudioFile]] = {}
        self._since: Final[dict[bytes, float]] = {}  # the longest wait comes first
        self._in_flight: Final[dict[bytes, AudioFile]] = {}
        self._idle: Final = asyncio.Event()
        self._idle.set()

    async def offer(
        self, file: AudioFile, priority: Priority = Priority.BACKLOG
    ) -> bool:
        """Queue a file, waiting for room; return whether it was taken.

        A path that waits already keeps its place, with the newer entry. One
        in flight is not taken: it is PENDING on record if it is needed again.
        """
        if file.path in self._in_flight:
            return False
        if file.path in self._waiting:
            self._waiting[file.path] = file
            return False
        self._waiting[file.path] = file
        self._since[file.path] = time.monotonic()
        self._idle.clear()
        try:
            await self._queue.put(_Entry(priority, next(self._turns), file))
        except asyncio.CancelledError:
            self._waiting.pop(file.path, None)
            self._since.pop(file.path, None)
            raise
        return True

    async def take(self) -> AudioFile:
        """Return the next file, from now on in flight, waiting for one."""
        entry = await self._queue.get()
        file = self._waiting.pop(entry.file.path)
        self._since.pop(file.path, None)
        self._in_flight[file.path] = file
        return file

    def done(self, file: AudioFile) -> None:
        """Say that a file is not worked on any more, whatever came of it."""
        self._in_flight.pop(file.path, None)
        if not self._waiting and not self._in_flight:
            self._idle.set()

    @property
    def resting(self) -> bool:
        """Whether no file waits and none is in flight."""
        return self._idle.is_set()

    @property
    def oldest_seconds(self) -> float:
        """How long the file has waited that has waited longest."""
        since = next(iter(self._since.values()), None)
        return 0.0 if since is None else time.monotonic() - since

    async def idle(self) -> None:
        """Wait until the queue is resting."""
        await self._idle.wait()

    def __len__(self) -> int:
        """How many files wait."""
        return len(self._waiting)
