"""The composition root: what an import is made of, and its life."""

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from segued.compute import Compute
from segued.config import Config, Settings
from segued.errors import StoreError, shown
from segued.intake.feed import feed
from segued.intake.filters import Filters
from segued.intake.sweep import Swept, sweep
from segued.media import essentia, fingerprint
from segued.model import SessionState
from segued.phases import PHASES
from segued.phases.contract import Tools
from segued.pipeline.pool import run_workers
from segued.progress.board import Board
from segued.progress.pulse import Pulse
from segued.store import intake, sessions, settings
from segued.store.database import Store
from segued.workqueue import WorkQueue

__all__ = ["Ended", "ImportService"]

log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a session ended.

    Attributes:
        error: What made it impossible to go on, when it FAILED.
        swept: What the sweep of each folder came upon.
        loop_stall_ms: Longest time the event loop was held up.
    """

    state: SessionState
    error: StoreError | None = None
    swept: dict[str, Swept] = field(default_factory=dict)
    loop_stall_ms: float = 0.0


class ImportService:
    """Imports music folders into one library."""

    def __init__(self, config: Config) -> None:
        self.config: Final = config
        self.board: Final = Board()
        self._store: Final = Store(config.database, config.store)
        self._compute: Final = Compute(
            processes=config.processes,
            memory_mib=config.compute.memory_mib,
            file_limit=config.file_limit,
        )
        self._pulse: Final = Pulse()
        self._swept: Final[dict[str, Swept]] = {}

    async def run(self, roots: Sequence[bytes], *, workers: int | None) -> Ended:
        """Import everything below `roots` that needs it, then return.

        Cancelling the task that runs this cancels the session; everything
        committed until then is kept, and the next run goes on from there.

        Raises:
            StoreError: The library could not even be opened.
            ConfigError: A stored setting is out of range.
        """
        await self._store.open()
        try:
            held = await self._store.do(settings.load, self.config.settings)
            session = await self._store.do(sessions.start, [shown(r) for r in roots])
            error: StoreError | None = None
            count = workers or held.ai_processing_thread_count
            try:
                await self._import(roots, held, count)
                state, reason = SessionState.COMPLETED, None
            except asyncio.CancelledError:
                state, reason = SessionState.CANCELLED, "cancelled"
            except StoreError as fatal:
                error = fatal
                state, reason = SessionState.FAILED, str(fatal)
            return await self._end(session, state, reason, error)
        finally:
            await asyncio.gather(self._compute.close(), self._store.close())

    async def _end(
        self,
        session: str,
        state: SessionState,
        reason: str | None,
        error: StoreError | None,
    ) -> Ended:
        self.board.state = state
        now = self.board.snapshot()
        try:
            await self._store.do(intake.recover)
            await self._store.do(
                sessions.count,
                session,
                total=now.total,
                done=now.done,
                failed=now.failed,
            )
            await self._store.do(sessions.move, session, state, reason)
        except StoreError as again:
            log.warning("session.unrecorded", detail=str(again))
        stall_ms = round(1_000 * self._pulse.longest_stall, 1)
        log.info("session.ended", state=state.value, reason=reason, stall_ms=stall_ms)
        return Ended(state, error, self._swept, stall_ms)

    async def _import(
        self, roots: Sequence[bytes], held: Settings, workers: int
    ) -> None:
        tools = self._tools(held)
        queue = WorkQueue(self.config.importing.queue_length)
        news, scanned = asyncio.Event(), asyncio.Event()
        await self._take_up(tools)

        async def scan() -> None:
            filters = Filters.of(self.config.scanning)
            for root in roots:
                self._swept[shown(root)] = await sweep(
                    root, filters, self._store, self.board, news
                )
            self.board.state = SessionState.PROCESSING
            scanned.set()
            news.set()

        try:
            async with asyncio.TaskGroup() as group:
                lasting = (
                    group.create_task(self._pulse.beat()),
                    group.create_task(run_workers(workers, queue, tools, self.board)),
                )
                group.create_task(scan())
                await feed(roots, self._store, queue, news=news, scanned=scanned)
                for task in lasting:
                    task.cancel()
        except BaseExceptionGroup as failures:
            raise _first(failures) from failures

    def _tools(self, held: Settings) -> Tools:
        spool = self.config.database.parent / "spool"
        # The library is ours alone by now, and so is what a kill left here.
        shutil.rmtree(spool, ignore_errors=True)
        spool.mkdir(mode=0o700)
        available = set()
        if "essentia" in self.config.flavoring.sources and essentia.available():
            available.add("essentia")
        if fingerprint.available():
            available.add("chromaprint")
        return Tools(
            config=self.config,
            settings=held,
            store=self._store,
            compute=self._compute,
            spool=spool,
            available=frozenset(available),
        )

    async def _take_up(self, tools: Tools) -> None:
        """Take back what an earlier run left, and what may be seen anew."""
        recipes = [(phase.number, phase.recipe(tools)) for phase in PHASES]
        left = await self._store.do(intake.recover)
        stale = await self._store.do(intake.reopen_stale, recipes)
        waiting = sorted(tools.available)
        deferred = await self._store.do(intake.reopen_deferred, waiting)
        log.info("session.started", left=left, stale=stale, deferred=deferred)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a group; one is as fatal as many."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
