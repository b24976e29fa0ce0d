"""A patrol: one music folder, kept watch over for months.

Events say where to look, and looking says what is there. What events do not
tell is found by a walk now and then, and a folder whose disk is away is left
as it is until it is back.
"""

import asyncio
import os
import stat
import time
from contextlib import suppress
from functools import partial
from typing import Final

import structlog

from segued.config.sections import Watching
from segued.intake.debounce import Settling
from segued.intake.event_source import Hearing
from segued.intake.filters import IGNORE_MARKERS, Filters
from segued.intake.scan import Part, Swept, sweep
from segued.intake.state import Grounds
from segued.media.disk_calls import LOOK_LIMIT, look
from segued.model import Found
from segued.paths import is_within, shown
from segued.progress.status import FolderLine
from segued.store.database import Store
from segued.units import Seconds

__all__ = ["Patrol"]

log: Final = structlog.get_logger()

LOOK_SECONDS: Final = 0.5
"""How soon a place is looked at after the first event there."""

BUSY_FACTOR: Final = 20.0
"""A place that takes long to look at is looked at less often."""

SILENT: Final = "its disk does not answer"

FULL_EVERY: Final = 12
"""Each so many walks, all folders are compared with the library again."""


class Patrol:
    """Keeps watch over one music folder until cancelled.

    Attributes:
        walked: Set when it has been walked for the first time, or is offline.
    """

    def __init__(
        self,
        root: bytes,
        filters: Filters,
        store: Store,
        grounds: Grounds,
        limits: Watching,
    ) -> None:
        """Prepare.

        Args:
            root: The folder, as `roots_of` returns it.
            filters: Which names count.
            store: The library.
            grounds: What the parts of the intake tell each other.
            limits: How long is waited for what.
        """
        self.root: Final = root
        self.walked: Final = asyncio.Event()
        self._filters: Final = filters
        self._store: Final = store
        self._grounds: Final = grounds
        self._limits: Final = limits
        self._settling: Final = Settling(
            quiet=Seconds(limits.settle_seconds),
            patience=Seconds(limits.folder_seconds),
        )
        self._hearing: Final = Hearing(root)
        self._state = "scanning"
        self._away_for: str | None = None
        self._identity: tuple[int, int] | None = None
        self._strange = False  # whether another disk may be in its place
        self._dirty: dict[tuple[bytes, bool], float] = {}
        self._marks: dict[bytes, int] = {}
        self._sweeps = 0
        self._sweep_at = self._check_at = self._listen_at = 0.0
        self._pause = LOOK_SECONDS
        self._unreadable: tuple[str, ...] = ()

    def report(self) -> FolderLine:
        """Return how it stands."""
        limit = Seconds(self._limits.restless_seconds)
        restless = self._settling.restless(time.monotonic(), limit)
        return FolderLine(
            shown(self.root),
            self._state,
            self._away_for if self._state == "offline" else self._hearing.why,
            len(self._settling),
            tuple(shown(path) for path in restless),
            self._unreadable,
        )

    @property
    def watches(self) -> int:
        """How many folders are watched for events."""
        return self._hearing.watches

    def sweep_soon(self) -> None:
        """Walk all of the folder at the next occasion, because somebody asked."""
        self._marks.clear()
        self._sweep_at = 0.0
        self._hearing.stirred.set()

    def look_soon(self, place: bytes) -> bool:
        """Look at a folder and all below it, because somebody asked.

        Returns:
            Whether it is one that is looked into, by its name.
        """
        if not self._filters.wants_place(self.root, place):
            return False
        self._dirty[place, True] = 0.0
        self._hearing.stirred.set()
        return True

    async def run(self) -> None:
        """Watch the folder, walk it, and keep watch until cancelled."""
        try:
            try:
                await self._check()
                if self._state != "offline":
                    await self._sweep()
            except TimeoutError:
                await self._go_offline(SILENT)
            self.walked.set()
            while True:
                try:
                    await self._turn()
                except TimeoutError:
                    await self._go_offline(SILENT)
        finally:
            await self._hearing.end()

    async def _turn(self) -> None:
        due = [self._check_at, self._sweep_at]
        if self._state != "offline":
            due += [*self._dirty.values(), *self._settling.due().values()]
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(due) - time.monotonic())):
                await self._hearing.stirred.wait()
        self._gather()
        if time.monotonic() >= self._check_at:
            await self._check()
        if time.monotonic() >= self._sweep_at:
            await self._sweep()
        elif self._state != "offline":
            await self._look_around()

    def _gather(self) -> None:
        """Turn what was heard into places to look at."""
        heard, lost = self._hearing.take()
        if lost:
            log.info("events.lost", folder=shown(self.root))
            self.sweep_soon()
        now = time.monotonic()
        for path, is_folder in heard:
            place, deep = (path, True) if is_folder else (os.path.dirname(path), False)
            if not is_within(place, self.root):
                continue
            if not self._filters.wants_place(self.root, place):
                continue
            if not is_folder:
                name = os.path.basename(path)
                deep = name in IGNORE_MARKERS
                if not deep and not self._filters.wants_file(name):
                    continue
                if self._settling.stirred(path, now):
                    continue  # it will be looked at when it is quiet
            self._dirty.setdefault((place, deep), now + self._pause)

    async def _look_around(self) -> None:
        """Look at every place whose time has come."""
        now = time.monotonic()
        dues = [*self._dirty.items()]
        dues += [((each, False), due) for each, due in self._settling.due().items()]
        places = dict.fromkeys(place for place, due in dues if due <= now)
        for place, deep in places:
            self._dirty.pop((place, deep), None)
            started = time.monotonic()
            whole = partial(self._settling.is_whole, now=started)
            swept = await self._swept(Part(place, deep, whole))
            took = time.monotonic() - started
            self._pause = max(LOOK_SECONDS, BUSY_FACTOR * took)
            if swept.offline:
                await self._go_offline()
                return
            if swept.unreadable:
                swept.seen.update(each.path for each in swept.unreadable)
            await self._settled({place, *swept.seen}, swept)
            if deep and not await self._hearing.reaches(swept.seen):
                self._state = "polling"
                self._sweep_at = time.monotonic() + self._limits.poll_seconds

    async def _settled(self, places: set[bytes], swept: Swept) -> None:
        for _ in self._settling.looking(places, swept.unsettled, time.monotonic()):
            await asyncio.sleep(0)  # there may be hundreds of thousands
        if self.walked.is_set():
            # What the first walk finds is the backlog.
            self._grounds.dropped.update(dict.fromkeys(swept.fresh))
        if swept.fresh or swept.missing:
            self._grounds.news.set()

    async def _swept(self, part: Part) -> Swept:
        where = self.root, self._filters, self._store, self._grounds.news
        return await sweep(*where, part=part)

    async def _sweep(self) -> None:
        """Walk all of the folder."""
        first = self._sweeps == 0
        if self._sweeps % FULL_EVERY == 0 or self._state == "offline":
            self._marks.clear()
        self._sweeps += 1
        self._dirty.clear()
        now = time.monotonic()
        # A file that was changed a moment ago may be changing still.
        lately = time.time_ns() - round(self._limits.settle_seconds * 1e9)

        def whole(found: Found) -> bool:
            if not first:
                return self._settling.is_whole(found, now)
            return not lately <= found.signature.mtime_ns <= time.time_ns()

        swept = await self._swept(
            Part(whole=whole, strange=self._strange, marks=self._marks)
        )
        every = self._limits.reconcile_seconds
        if self._hearing.why:
            every = min(every, self._limits.poll_seconds)
        self._sweep_at = time.monotonic() + every
        if swept.offline or not swept.seen:
            await self._go_offline()
            return
        self._unreadable = tuple(
            f"{shown(each.path)}: {each.reason.lower()}" for each in swept.unreadable
        )
        await self._settled(swept.seen, swept)
        for folder in self._settling.folders:
            self._marks.pop(folder, None)
        if not await self._hearing.reaches(swept.seen):
            self._sweep_at = time.monotonic() + self._limits.poll_seconds
        self._strange = False
        self._state = "watching" if self._hearing.why is None else "polling"
        if self.root in self._grounds.away:
            self._grounds.away.discard(self.root)
            self._grounds.news.set()

    async def _go_offline(self, why: str | None = None) -> None:
        if self._state != "offline":
            log.warning("root.offline", folder=shown(self.root), reason=why)
        self._state, self._away_for = "offline", why
        # Not before its time: what hangs would be asked again and again.
        self._check_at = time.monotonic() + self._limits.check_seconds
        self._sweep_at = time.monotonic() + self._limits.reconcile_seconds
        self._grounds.away.add(self.root)
        self._marks.clear()

    async def _check(self) -> None:
        """See that the folder is the one that is watched, and the watch alive."""
        self._check_at = time.monotonic() + self._limits.check_seconds
        identity = await look(self.root, LOOK_LIMIT, _identity, self.root)
        if identity is None:
            await self._go_offline()
            self._sweep_at = time.monotonic() + self._limits.reconcile_seconds
            return
        if identity != self._identity or self._hearing.lame:
            self._strange = self._identity not in (None, identity)
            self._identity = identity
            await self._listen()
        elif self._state == "offline" or self.root in self._grounds.away:
            self._sweep_at = 0.0
        elif self._hearing.may_pass and time.monotonic() >= self._listen_at:
            await self._listen()

    async def _listen(self) -> None:
        """Watch for events from the beginning, and walk the folder then."""
        self._listen_at = time.monotonic() + self._limits.reconcile_seconds
        await self._hearing.begin()
        self._sweep_at = 0.0


def _identity(root: bytes) -> tuple[int, int] | None:
    """Return what tells a folder from another one at its place; None if none is."""
    try:
        status = os.stat(root)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None
