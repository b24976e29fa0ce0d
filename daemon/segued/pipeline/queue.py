"""The queue of files: bounded, by priority, one entry a path.

It is a window on the files that are PENDING on record, so losing it loses
nothing. It knows what is in flight, so that no file is worked on twice at
once. Files that are imported, of which only more is to be known, are worked on
while nobody else waits, and make way as soon as somebody does.
"""

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from segued.model import AudioFile

__all__ = ["Flight", "Priority", "WorkQueue"]


class Priority(IntEnum):
    """Who goes first: what was just dropped in, the backlog, what is imported."""

    DROPPED = 0
    BACKLOG = 1
    IMPORTED = 2


@dataclass(order=True, slots=True)
class _Entry:
    priority: Priority
    turn: int
    file: AudioFile = field(compare=False)


@dataclass(eq=False, slots=True)
class Flight:
    """A file that has a worker.

    Attributes:
        makes_way: Set when somebody waits who goes first; it is offered again.
    """

    file: AudioFile
    priority: Priority
    makes_way: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class WorkQueue:
    """Files waiting for a worker, and those that have one."""

    def __init__(self, length: int) -> None:
        self._queue: Final = asyncio.PriorityQueue[_Entry](length)
        self._turns: Final = itertools.count()
        self._waiting: Final[dict[bytes, _Entry]] = {}
        self._since: Final[dict[bytes, float]] = {}  # the longest wait comes first
        self._in_flight: Final[dict[bytes, Flight]] = {}
        self._takers = 0
        self._idle: Final = asyncio.Event()
        self._idle.set()
        self._moved = asyncio.Event()
        # Of all these, those that are imported; never many.
        self._imported_waiting: Final[set[bytes]] = set()
        self._imported_flights: Final[set[Flight]] = set()

    async def offer(
        self, file: AudioFile, priority: Priority = Priority.BACKLOG
    ) -> bool:
        """Queue a file, waiting for room; return whether it was taken.

        A path that waits already keeps its place, with the newer entry. One
        in flight is not taken: it is PENDING on record if it is needed again.
        """
        flight = self._in_flight.get(file.path)
        while flight is not None and flight.priority is Priority.IMPORTED > priority:
            flight.makes_way.set()
            await flight.over.wait()
            flight = self._in_flight.get(file.path)
        if flight is not None:
            return False
        waiting = self._waiting.get(file.path)
        if waiting is not None and waiting.priority <= priority:
            waiting.file = file
            return False
        entry = _Entry(priority, next(self._turns), file)
        self._wait(entry)
        try:
            await self._queue.put(entry)
        except asyncio.CancelledError:
            self._leave(file.path)
            raise
        return True

    async def offer_imported(self, file: AudioFile, most: int) -> bool:
        """Queue a file that is imported, once nobody else waits.

        Args:
            file: The file.
            most: So many of them may wait or have a worker.

        Returns:
            Whether it was taken.
        """

        def free() -> bool:
            there = len(self._imported_waiting) + len(self._imported_flights)
            return self.resting and there < most

        await self.until(free)
        return await self.offer(file, Priority.IMPORTED)

    def clear_imported(self) -> None:
        """Have all files that are imported make way, and those that wait forgotten."""
        for path in list(self._imported_waiting):
            self._leave(path)
        for flight in self._imported_flights:
            flight.makes_way.set()

    async def take(self) -> Flight:
        """Return the next file, from now on in flight, waiting for one."""
        self._takers += 1
        try:
            while True:
                entry = await self._queue.get()
                # Another for its path may have overtaken it.
                if self._waiting.get(entry.file.path) is entry:
                    break
        finally:
            self._takers -= 1
        flight = Flight(entry.file, entry.priority)
        self._in_flight[entry.file.path] = flight
        if flight.priority is Priority.IMPORTED:
            self._imported_flights.add(flight)
        self._leave(entry.file.path)
        return flight

    def done(self, flight: Flight) -> None:
        """Say that a file is not worked on any more, whatever came of it."""
        self._in_flight.pop(flight.file.path, None)
        self._imported_flights.discard(flight)
        flight.over.set()
        self._look()

    @property
    def resting(self) -> bool:
        """Whether no file that is to be imported waits or is in flight."""
        return self._idle.is_set()

    @property
    def quiet(self) -> bool:
        """Whether no file at all waits or is in flight."""
        return not self._waiting and not self._in_flight

    @property
    def oldest_seconds(self) -> float:
        """How long the file has waited that has waited longest."""
        since = next(iter(self._since.values()), None)
        return 0.0 if since is None else time.monotonic() - since

    async def idle(self) -> None:
        """Wait until the queue is resting."""
        await self._idle.wait()

    async def until(self, so: Callable[[], bool]) -> None:
        """Wait until something holds that only changes as files come and go."""
        while not so():
            await self._moved.wait()

    def __len__(self) -> int:
        """How many files wait."""
        return len(self._waiting)

    def _wait(self, entry: _Entry) -> None:
        path = entry.file.path
        self._waiting[path] = entry
        self._since[path] = time.monotonic()
        if entry.priority is Priority.IMPORTED:
            self._imported_waiting.add(path)
        else:
            self._imported_waiting.discard(path)
        self._look()

    def _leave(self, path: bytes) -> None:
        self._waiting.pop(path, None)
        self._since.pop(path, None)
        self._imported_waiting.discard(path)
        self._look()

    def _look(self) -> None:
        """See who has to make way, and tell those who wait for a change."""
        waiting = len(self._waiting) - len(self._imported_waiting)
        working = len(self._in_flight) - len(self._imported_flights)
        if waiting or working:
            self._idle.clear()
        else:
            self._idle.set()
        make_way = {each for each in self._imported_flights if each.makes_way.is_set()}
        others = iter(self._imported_flights - make_way)
        for flight in itertools.islice(
            others, max(0, waiting - self._takers - len(make_way))
        ):
            flight.makes_way.set()
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
