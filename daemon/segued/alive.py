"""segued alive: it keeps watch, imports what arrives, and obeys, for months."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from segued.clients.pace import Clock
from segued.compute import Compute
from segued.errors import SeguedError, StoreCorruptError, StoreError, UnforeseenError
from segued.intake.filters import Filters
from segued.intake.grounds import Grounds
from segued.intake.patrol import Patrol
from segued.model import SessionState
from segued.progress.board import Board
from segued.progress.pulse import Pulse
from segued.shift import Orders, Roll, Shift
from segued.store import reopen, sessions, settings
from segued.store.database import Store
from segued.works import Plant, first_of

__all__ = ["Alive", "Orders", "grounds_of"]

log: Final = structlog.get_logger()

HOLD_SECONDS: Final = (5.0, 60.0)
"""How long it waits to try again after the library failed: first, and at most."""

HALT_SECONDS: Final = 1.5


class Alive:
    """Keeps music folders imported into one library until told to leave."""

    def __init__(self, orders: Orders, clock: Clock | None = None) -> None:
        self.orders = orders
        self.board: Final = Board()
        self.pulse: Final = Pulse(0.25)
        self.trouble: SeguedError | None = None
        self.patrols: list[Patrol] = []
        self._clock: Final = clock or Clock()
        config = orders.config
        self.store: Final = Store(config.database, config.store)
        self._compute: Final = Compute(
            processes=config.processes,
            memory_mib=config.compute.memory_mib,
            file_limit=config.file_limit,
        )
        self.roll: Final = Roll(self.store, self.board)
        self._shift: Shift | None = None
        self._working: asyncio.Task[None] | None = None
        self._may_work: Final = asyncio.Event()
        self._change: Final = asyncio.Event()
        self._leaving = False
        self._hold_seconds = HOLD_SECONDS[0]
        self._grounds = Grounds(())

    @property
    def services(self) -> dict[str, str]:
        """How each outside service is, in words."""
        return self._shift.services if self._shift else {}

    async def live(self, ready: Callable[[], Awaitable[None]]) -> None:
        """Live until `leave`.

        Args:
            ready: Called when what an earlier life left is in order again.

        Raises:
            StoreError: The library cannot be opened, or is not ours any more.
            ConfigError: A stored setting is out of range.
        """
        await self.store.open()
        try:
            failed = await self.store.do(reopen.note_crashes)
            left = await self.store.do(reopen.recover)
            log.info("daemon.recovered", left=left, set_aside=failed)
            await self.store.do(settings.load, self.orders.config.settings)
            self.roll.session = await self.store.do(sessions.paused)
            if self.roll.session is None:
                self._may_work.set()
            else:
                self.board.state = SessionState.PAUSED
            await ready()
            beat = asyncio.create_task(self.pulse.beat())
            try:
                while not self._leaving:
                    self._change.clear()
                    await self._be_there()
            finally:
                beat.cancel()
        finally:
            self._compute.close()
            await self._part()
            await self.store.close()

    def leave(self) -> None:
        """Stop; what is done stays done."""
        self._leaving = True
        self._change.set()

    def follow(self, orders: Orders) -> None:
        """Go on by other orders: other folders, other limits."""
        self.orders = orders
        self._change.set()

    async def pause(self) -> None:
        """Stop working until told to resume, also over a restart."""
        self._may_work.clear()
        await self._halt()
        await self.roll.begin(self.orders.roots)
        await self.roll.move(SessionState.PAUSED)

    async def cancel(self) -> None:
        """End the session, and work no more until told to."""
        self._may_work.clear()
        await self._halt()
        await self.roll.end(SessionState.CANCELLED)

    def resume(self) -> None:
        """Work again."""
        if not self._may_work.is_set():
            self.board.state = SessionState.PROCESSING
        self._may_work.set()

    async def refresh(self) -> None:
        """Go on by the settings as they are now."""
        await self._halt()

    def news(self) -> None:
        """Look whether there is something to do."""
        self._grounds.news.set()

    async def _be_there(self) -> None:
        """Watch and work by the orders as they are, until they change."""
        config = self.orders.config
        self._grounds = grounds = Grounds(self.orders.roots)
        filters = Filters.of(config.scanning)
        self.patrols = [
            Patrol(root, filters, self.store, grounds, config.watching)
            for root in grounds.roots
        ]
        try:
            async with asyncio.TaskGroup() as group:
                lasting = [
                    group.create_task(self._watch_over(grounds)),
                    group.create_task(self._work(grounds)),
                    group.create_task(self._guard_library()),
                ]
                await self._change.wait()
                for task in lasting:
                    task.cancel()
        except BaseExceptionGroup as failures:
            await self._hold(first_of(failures))

    async def _watch_over(self, grounds: Grounds) -> None:
        """Keep watch over all folders."""
        async with asyncio.TaskGroup() as group:
            for patrol in self.patrols:
                group.create_task(patrol.run())
            # Each puts its files on record as it goes; this is about the end.
            for patrol in self.patrols:
                await patrol.walked.wait()
            grounds.scanned.set()
            grounds.news.set()

    async def _work(self, grounds: Grounds) -> None:
        """Work whenever it may."""
        while True:
            await self._may_work.wait()
            orders, plant = self.orders, self._plant()
            self._shift = Shift(orders, plant, grounds, self.roll, self._went_well)
            self._working = asyncio.create_task(self._shift.work())
            try:
                await self._working
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                # It was halted; whether to go on says `_may_work`.

    async def _halt(self) -> None:
        """Stop what is being worked on, wherever it is."""
        working = self._working
        if working is not None and not working.done():
            working.cancel()
            await asyncio.wait({working}, timeout=HALT_SECONDS)
        with suppress(StoreError):
            await self.store.do(reopen.recover)

    def _plant(self) -> Plant:
        config = self.orders.config
        return Plant(config, self.store, self._compute, self.board, self._clock)

    def _went_well(self) -> None:
        self.trouble = None
        self._hold_seconds = HOLD_SECONDS[0]

    async def _guard_library(self) -> None:
        """End all if somebody takes the library away from under us.

        Raises:
            StoreCorruptError: It was removed or replaced.
        """
        while True:
            await asyncio.sleep(self.orders.config.watching.check_seconds)
            if not await asyncio.to_thread(self.store.is_in_place):
                self._leaving = True
                raise StoreCorruptError(
                    f"{self.store.path}: the library was removed or replaced while "
                    "segued used it"
                )

    async def _hold(self, error: BaseException) -> None:
        """Wait, and answer, until it makes sense to try again."""
        if isinstance(error, asyncio.CancelledError):
            raise error
        if not isinstance(error, SeguedError):
            log.error("session.broke", exc_info=error)
            error = UnforeseenError(f"{type(error).__name__}: {error}")
        if self._leaving:
            raise error
        self.trouble = error
        self.board.state = SessionState.FAILED
        log.error("session.failed", code=error.code, reason=str(error))
        with suppress(StoreError):
            await self.roll.end(SessionState.FAILED, str(error))
        self.roll.session = None
        with suppress(TimeoutError):
            async with asyncio.timeout(self._hold_seconds):
                await self._change.wait()
        self._hold_seconds = min(2 * self._hold_seconds, HOLD_SECONDS[1])

    async def _part(self) -> None:
        """Put on record how it stands when we go."""
        with suppress(StoreError):
            await self.store.do(reopen.recover)
            if self.board.state is not SessionState.PAUSED:
                await self.roll.end(SessionState.CANCELLED, "segued was stopped")


def grounds_of(folders: Sequence[str]) -> list[bytes]:
    """Return the folders to watch: absolute, none inside another.

    One that is not there is waited for.
    """
    paths = {
        os.path.realpath(os.fsencode(os.path.expanduser(each))) for each in folders
    }
    return [
        path
        for path in sorted(paths)
        if not any(
            path.startswith(other.rstrip(b"/") + b"/") for other in paths - {path}
        )
    ]
