"""segued alive: it keeps watch, imports what arrives, and obeys, for months."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

import structlog

from segued.clients.rate_limit import Clock
from segued.compute.pools import Compute
from segued.daemon.import_loop import Orders, Shift
from segued.errors import (
    SeguedError,
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    UnforeseenError,
)
from segued.intake.rounds import Patrols, keep_watch, patrols_of
from segued.intake.state import Grounds
from segued.model import SessionState
from segued.pipeline.pipeline import Plant, Works, first_of
from segued.pipeline.session import Roll
from segued.progress.loop_monitor import Pulse
from segued.progress.progress import Board
from segued.store import requeue, sessions, settings
from segued.store.database import Store

__all__ = ["Alive"]

log: Final = structlog.get_logger()

HOLD_SECONDS: Final = (5.0, 60.0)
"""How long it waits to try again after the library failed: first, and at most."""

HALT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 1.2  # whoever cancels waits less than two


class Alive:
    """Keeps music folders imported into one library until told to leave."""

    def __init__(self, orders: Orders, clock: Clock | None = None) -> None:
        self.orders = orders
        self.board: Final = Board()
        self.pulse: Final = Pulse(0.25)
        self.trouble: SeguedError | None = None
        self.patrols: Patrols = []
        self.page: Callable[[], str] = lambda: ""  # where it is, or why nowhere
        self._clock: Final = clock or Clock()
        config = orders.config
        self.store: Final = Store(config.database, config.store)
        self.compute: Final = Compute.of(config)
        self.roll: Final = Roll(self.store, self.board)
        self._shift: Shift | None = None
        self._working: asyncio.Task[None] | None = None
        self._may_work: Final = asyncio.Event()
        self._change: Final = asyncio.Event()
        self._leaving = False
        self._fatal: SeguedError | None = None
        self._unfinished: Final[set[asyncio.Task[None]]] = set()
        self._hold_seconds = HOLD_SECONDS[0]
        self._grounds = Grounds(())

    @property
    def works(self) -> Works | None:
        """What does the work, once there was any."""
        return self._shift.works if self._shift else None

    async def live(
        self,
        ready: Callable[[], Awaitable[None]],
        waiting: Callable[[str], None] = lambda _why: None,
    ) -> None:
        """Live until `leave`.

        Args:
            ready: Called when what an earlier life left is in order again.
            waiting: Called, with the reason, while the library cannot be had yet.

        Raises:
            StoreError: The library cannot be opened, or is not ours any more.
            ConfigError: A stored setting is out of range.
        """
        await self._patiently(self.store.open, waiting)
        try:
            await self._patiently(self._recover, waiting)
            if self.roll.session is None:
                self._may_work.set()
            else:
                self.board.turn(SessionState.PAUSED)
            await ready()
            while not self._leaving:
                self._change.clear()
                await self._be_there()
        finally:
            self.compute.close()
            await self._part()
            await self.store.close()

    async def _patiently(
        self, work: Callable[[], Awaitable[None]], waiting: Callable[[str], None]
    ) -> None:
        """Do what the library must be had for, however long that takes.

        Raises:
            StoreError: It is another segued's, or cannot be used at all.
        """
        while True:
            try:
                await work()
            except (StoreLockedError, StoreFullError) as error:
                # Another segued is no passing thing, as a backup or a full disk is.
                if self._leaving or isinstance(error.__cause__, BlockingIOError):
                    raise
                log.warning("daemon.waits", code=error.code, reason=str(error))
                waiting(str(error))
                await self._pass(HOLD_SECONDS[0])
            else:
                return

    async def _recover(self) -> None:
        """Put in order what an earlier life left."""
        failed = await self.store.do(requeue.note_crashes)
        left = await self.store.do(requeue.recover)
        await self.store.do(settings.load, self.orders.config.settings)
        self.roll.session = await self.store.do(sessions.paused)
        log.info("daemon.recovered", left=left, set_aside=failed)

    async def _pass(self, seconds: float) -> None:
        """Let time go by, unless something is to be changed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._change.wait()

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
        self.board.turn(SessionState.PAUSED)

        async def put() -> None:
            await self._halt()
            await self.roll.begin(self.orders.roots)
            await self.roll.move(SessionState.PAUSED)

        await self._soon(put())

    async def cancel(self) -> None:
        """End the session, and work no more until told to."""
        self._may_work.clear()
        self.board.turn(SessionState.CANCELLED)

        async def put() -> None:
            await self._halt()
            await self.roll.end(SessionState.CANCELLED)

        await self._soon(put())

    def resume(self) -> None:
        """Work again."""
        if not self._may_work.is_set():
            self.board.turn(SessionState.PROCESSING)
        self._may_work.set()

    async def refresh(self) -> None:
        """Go on by the settings as they are now, from the beginning."""
        await self._soon(self._halt())

    async def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something, and wait for it as long as somebody waits for us."""
        task = asyncio.create_task(work)
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)
        done, _ = await asyncio.wait({task}, timeout=ANSWER_SECONDS)
        if done:
            task.result()
        else:
            # Its store is locked, say. Whether it fails says `trouble`.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def news(self) -> None:
        """Look whether there is something to do."""
        self._grounds.news.set()

    async def _be_there(self) -> None:
        """Watch and work by the orders as they are, until they change."""
        config = self.orders.config
        self.compute.share(config.flavoring.cpu_share)
        self._grounds = grounds = Grounds(self.orders.roots)
        self.patrols = patrols = patrols_of(config, self.store, grounds)
        try:
            async with asyncio.TaskGroup() as group:
                lasting = [
                    group.create_task(self.pulse.beat()),
                    group.create_task(keep_watch(patrols, grounds, self._walked)),
                    group.create_task(self._work(grounds)),
                    group.create_task(self._guard_library()),
                ]
                await self._change.wait()
                for task in lasting:
                    task.cancel()
        except BaseExceptionGroup as failures:
            await self._hold(first_of(failures))

    def _walked(self) -> None:
        if not self._may_work.is_set():
            self._went_well()

    async def _work(self, grounds: Grounds) -> None:
        """Work whenever it may."""
        while True:
            while not self._may_work.is_set():
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
            await self.store.do(requeue.recover)

    def _plant(self) -> Plant:
        config = self.orders.config
        return Plant(config, self.store, self.compute, self.board, self._clock)

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
                self._fatal = StoreCorruptError(
                    f"{self.store.path}: the library was removed or replaced while "
                    "segued used it"
                )
                raise self._fatal

    async def _hold(self, error: BaseException) -> None:
        """Wait, and answer, until it makes sense to try again."""
        if isinstance(error, asyncio.CancelledError):
            raise error
        if not isinstance(error, SeguedError):
            log.error("session.broke", exc_info=error)
            error = UnforeseenError(f"{type(error).__name__}: {error}")
        if self._fatal is not None:
            raise self._fatal
        self.trouble = error
        log.error("session.failed", code=error.code, reason=str(error))
        if self._leaving:
            return
        if self._may_work.is_set():
            # Paused or cancelled, it stays so.
            self.board.turn(SessionState.FAILED)
            with suppress(StoreError):
                await self.roll.end(SessionState.FAILED, str(error))
            self.roll.session = None
        await self._pass(self._hold_seconds)
        self._hold_seconds = min(2 * self._hold_seconds, HOLD_SECONDS[1])

    async def _part(self) -> None:
        """Put on record how it stands when we go."""
        with suppress(StoreError):
            await self.store.do(requeue.recover)
            if self.board.state is not SessionState.PAUSED:
                await self.roll.end(SessionState.CANCELLED, "segued was stopped")
