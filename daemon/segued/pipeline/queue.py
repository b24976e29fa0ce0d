"""The work queue: bounded, ordered by priority, one entry a path.

It holds a part of the files that are PENDING in the library, so a crash loses
nothing. It knows the files in flight, so that no file has two workers at once.
Imported files, which await only analysis, get a worker while no file to import
waits, and are preempted as soon as one does. Those that other machines analyze have
workers of their own, which never wait for the import.
"""

import asyncio
import itertools
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from segued.model import AudioFile

__all__ = ["InFlight", "Priority", "WorkQueue"]


TURN_SECONDS: Final = 60.0
"""How long a file waits at most for others that may be equal: their disk may not
answer."""


class Priority(IntEnum):
    """The order of files: new ones, the backlog, imported ones that await analysis.

    The last are those that await analysis by another machine.
    """

    NEW = 0
    BACKLOG = 1
    IMPORTED = 2
    REMOTE = 3


@dataclass(order=True, slots=True)
class _Entry:
    priority: Priority
    sequence: int
    file: AudioFile = field(compare=False)


@dataclass(eq=False, slots=True)
class InFlight:
    """A file that has a worker.

    Attributes:
        preempted: Set when a file to import needs the worker; this one is offered
            again later.
        done: Set when the worker has left the file.
        content_hash: Its hash, once it is known.
        is_hashed: Whether its hash is stored, or was before.
    """

    file: AudioFile
    priority: Priority
    preempted: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    content_hash: str | None = None
    is_hashed: bool = False


class WorkQueue:
    """Files waiting for a worker, and those that have one."""

    def __init__(self, length: int) -> None:
        self._queue: Final = asyncio.PriorityQueue[_Entry](length)
        self._remote_queue: Final = asyncio.Queue[
            _Entry
        ]()  # `offer_imported` limits it
        self._sequence: Final = itertools.count()
        self._waiting: Final[dict[bytes, _Entry]] = {}
        # The longest wait comes first.
        self._waiting_since: Final[dict[bytes, float]] = {}
        self._in_flight: Final[dict[bytes, InFlight]] = {}
        self._waiting_workers = 0
        self._imports_idle: Final = asyncio.Event()
        self._imports_idle.set()
        self._changed = asyncio.Event()
        # The imported ones among all these; `offer_imported` limits their number.
        self._imported_waiting: Final[set[bytes]] = set()
        self._imported_in_flight: Final[set[InFlight]] = set()
        # Those for other machines.
        self._remote_waiting: Final[set[bytes]] = set()
        self._remote_in_flight: Final[set[InFlight]] = set()

    async def offer(
        self, file: AudioFile, priority: Priority = Priority.BACKLOG
    ) -> bool:
        """Queue a file, waiting for room; return whether it was added.

        A path that already waits keeps its place and gets the newer `file`. A path in
        flight is not added: its file is PENDING in the library if it must run again.
        """
        in_flight = self._in_flight.get(file.path)
        while (
            in_flight is not None and in_flight.priority >= Priority.IMPORTED > priority
        ):
            in_flight.preempted.set()
            await in_flight.done.wait()
            in_flight = self._in_flight.get(file.path)
        if in_flight is not None:
            return False
        waiting = self._waiting.get(file.path)
        if waiting is not None and waiting.priority <= priority:
            waiting.file = file
            return False
        entry = _Entry(priority, next(self._sequence), file)
        self._add_waiting(entry)
        if priority is Priority.REMOTE:
            self._remote_queue.put_nowait(entry)
            return True
        try:
            await self._queue.put(entry)
        except asyncio.CancelledError:
            self._remove_waiting(file.path)
            raise
        return True

    async def offer_imported(
        self,
        file: AudioFile,
        limit: Callable[[], int],
        remote_limit: Callable[[], int] = lambda: 0,
    ) -> bool:
        """Queue an imported file, once another machine or this one has room for it.

        This one has while no file to import waits or is in flight.

        Args:
            file: The file.
            limit: Returns how many imported files may wait or have a worker at once.
            remote_limit: Returns the same for the workers of other machines.

        Returns:
            Whether it was added.
        """

        def room() -> Priority | None:
            remote = len(self._remote_waiting) + len(self._remote_in_flight)
            if remote < remote_limit():
                return Priority.REMOTE
            count = len(self._imported_waiting) + len(self._imported_in_flight)
            return Priority.IMPORTED if self.imports_idle and count < limit() else None

        await self.wait_for(lambda: room() is not None)
        return await self.offer(file, room() or Priority.IMPORTED)

    def notify(self) -> None:
        """Make all who wait for a condition test it: a limit has changed."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def clear_imported(self) -> None:
        """Preempt all imported files in flight, and remove those that wait."""
        for path in list(self._imported_waiting):
            self._remove_waiting(path)
        for in_flight in self._imported_in_flight:
            in_flight.preempted.set()

    async def take_remote(self) -> InFlight:
        """Return the next file for another machine; it is in flight from now on."""
        while True:
            entry = await self._remote_queue.get()
            if self._waiting.get(entry.file.path) is entry:
                in_flight = InFlight(entry.file, entry.priority, is_hashed=True)
                self._in_flight[entry.file.path] = in_flight
                self._remote_in_flight.add(in_flight)
                self._remove_waiting(entry.file.path)
                return in_flight

    async def take(self) -> InFlight:
        """Return the next file, waiting for one; it is in flight from now on."""
        self._waiting_workers += 1
        try:
            while True:
                entry = await self._queue.get()
                # Stale if the path was queued again with a higher priority.
                if self._waiting.get(entry.file.path) is entry:
                    break
        finally:
            self._waiting_workers -= 1
        in_flight = InFlight(entry.file, entry.priority)
        self._in_flight[entry.file.path] = in_flight
        if in_flight.priority is Priority.IMPORTED:
            in_flight.is_hashed = True
            self._imported_in_flight.add(in_flight)
        self._remove_waiting(entry.file.path)
        return in_flight

    def done(self, in_flight: InFlight) -> None:
        """Remove a file from those in flight, whatever its outcome."""
        self._in_flight.pop(in_flight.file.path, None)
        self._imported_in_flight.discard(in_flight)
        self._remote_in_flight.discard(in_flight)
        in_flight.done.set()
        self._preempt_and_notify()

    def mark_hashed(self, in_flight: InFlight) -> None:
        """Let equal files that were taken later claim their content."""
        if not in_flight.is_hashed:
            in_flight.is_hashed = True
            self.notify()

    async def wait_for_turn(self, in_flight: InFlight, content_hash: str) -> None:
        """Wait until no file that was taken earlier may turn out to be equal to this.

        If workers import equal files at the same time, the first one taken from the
        queue becomes the original, however fast each is hashed. Only files of the same
        size can be equal.
        """
        in_flight.content_hash = content_hash
        self.notify()
        size = in_flight.file.signature.size_bytes

        def is_first() -> bool:
            # In the order in which they were taken.
            for each in self._in_flight.values():
                if each is in_flight:
                    break
                has_other_bytes = each.file.signature.size_bytes != size or (
                    each.content_hash not in (None, content_hash)
                )
                if not each.is_hashed and not has_other_bytes:
                    return False
            return True

        with suppress(TimeoutError):
            async with asyncio.timeout(TURN_SECONDS):
                await self.wait_for(is_first)

    @property
    def imports_idle(self) -> bool:
        """Whether no file to import waits or is in flight."""
        return self._imports_idle.is_set()

    @property
    def is_empty(self) -> bool:
        """Whether no file waits or is in flight, imported ones included."""
        return not self._waiting and not self._in_flight

    @property
    def oldest_seconds(self) -> float:
        """How long the file that was queued first has waited; 0 if none waits."""
        since = next(iter(self._waiting_since.values()), None)
        return 0.0 if since is None else time.monotonic() - since

    async def wait_imports_idle(self) -> None:
        """Wait until no file to import waits or is in flight."""
        await self._imports_idle.wait()

    async def wait_for(self, predicate: Callable[[], bool]) -> None:
        """Wait until `predicate` holds; it is tested whenever the queue changes."""
        while not predicate():
            await self._changed.wait()

    def __len__(self) -> int:
        """Return how many files wait."""
        return len(self._waiting)

    def _add_waiting(self, entry: _Entry) -> None:
        path = entry.file.path
        self._waiting[path] = entry
        self._waiting_since[path] = time.monotonic()
        self._imported_waiting.discard(path)
        self._remote_waiting.discard(path)
        if entry.priority is Priority.IMPORTED:
            self._imported_waiting.add(path)
        elif entry.priority is Priority.REMOTE:
            self._remote_waiting.add(path)
        self._preempt_and_notify()

    def _remove_waiting(self, path: bytes) -> None:
        self._waiting.pop(path, None)
        self._waiting_since.pop(path, None)
        self._imported_waiting.discard(path)
        self._remote_waiting.discard(path)
        self._preempt_and_notify()

    def _preempt_and_notify(self) -> None:
        """Preempt imported files if workers are needed, and wake `wait_for`."""
        waiting = len(self._waiting) - len(self._imported_waiting)
        waiting -= len(self._remote_waiting)
        working = len(self._in_flight) - len(self._imported_in_flight)
        working -= len(self._remote_in_flight)
        if waiting or working:
            self._imports_idle.clear()
        else:
            self._imports_idle.set()
        preempted = {
            each for each in self._imported_in_flight if each.preempted.is_set()
        }
        candidates = iter(self._imported_in_flight - preempted)
        for in_flight in itertools.islice(
            candidates, max(0, waiting - self._waiting_workers - len(preempted))
        ):
            in_flight.preempted.set()
        self.notify()
