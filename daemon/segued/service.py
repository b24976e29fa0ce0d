"""The composition root: what an import is made of, and its life."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from segued import __version__
from segued.clients.http import open_session
from segued.clients.pace import Clock
from segued.compute import Compute
from segued.config import Config, Settings
from segued.errors import (
    SeguedError,
    StoreError,
    StoreUnwritableError,
    UnforeseenError,
    shown,
)
from segued.intake.feed import feed
from segued.intake.filters import Filters
from segued.intake.grounds import Grounds
from segued.intake.sweep import Swept, sweep
from segued.media import essentia, fingerprint
from segued.model import SessionState
from segued.phases import PHASES
from segued.phases.contract import Tools
from segued.phases.p09_flavor import SPOOLED
from segued.pipeline.desks import Desk, desks
from segued.pipeline.enquiry import Enquiry
from segued.pipeline.pool import run_workers
from segued.progress.board import Board
from segued.progress.pulse import Pulse
from segued.store import lookups, reopen, reports, sessions, settings
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
        away: Folders whose disk went away while they were imported.
        services: How each outside service was in the end, in words.
        loop_stall_ms: Longest time the event loop was held up.
    """

    state: SessionState
    error: SeguedError | None = None
    swept: dict[str, Swept] = field(default_factory=dict)
    away: frozenset[bytes] = frozenset()
    services: dict[str, str] = field(default_factory=dict)
    loop_stall_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class _Work:
    """What a session is to do: which folders, by which settings, how many at once."""

    roots: Sequence[bytes]
    held: Settings
    workers: int


class ImportService:
    """Imports music folders into one library."""

    def __init__(self, config: Config, clock: Clock | None = None) -> None:
        self.config: Final = config
        self._clock: Final = clock or Clock()
        self._services: dict[str, str] = {}
        self.board: Final = Board()
        self._store: Final = Store(config.database, config.store)
        self._compute: Final = Compute(
            processes=config.processes,
            memory_mib=config.compute.memory_mib,
            file_limit=config.file_limit,
        )
        self._pulse: Final = Pulse()
        self._swept: Final[dict[str, Swept]] = {}
        self._away: Final[set[bytes]] = set()
        self._session: str | None = None

    async def run(
        self,
        roots: Sequence[bytes],
        *,
        workers: int | None,
        offline: bool = False,
        rematch: bool = False,
    ) -> Ended:
        """Import everything below `roots` that needs it, then return.

        Unless `offline`, outside services are asked meanwhile, and what waits
        for them is gone on with for as long as they answer. With `rematch` all
        songs are matched anew, from the answers that are kept.

        Cancelling the task that runs this cancels the session; everything
        committed until then is kept, and the next run goes on from there.

        Raises:
            StoreError: The library could not even be opened.
            ConfigError: A stored setting is out of range.
        """
        error: SeguedError | None = None
        state = SessionState.COMPLETED
        try:
            await self._store.open()
            held = await self._store.do(settings.load, self.config.settings)
            self._session = await self._store.do(
                sessions.start, [shown(root) for root in roots]
            )
            if rematch:
                await self._store.do(reopen.rematch, roots)
            work = _Work(roots, held, workers or held.ai_processing_thread_count)
            async with self._outside(held, offline=offline) as desks:
                await self._import(work, desks)
        except asyncio.CancelledError:
            state = SessionState.CANCELLED
        except SeguedError as fatal:
            if self._session is None:
                raise
            state, error = SessionState.FAILED, fatal
        except Exception as bug:  # the last place that can end the session
            log.exception("session.broke")
            state = SessionState.FAILED
            error = UnforeseenError(f"{type(bug).__name__}: {bug}")
        finally:
            self._compute.close()
            await self._record(state, error)
            await self._store.close()
        stall_ms = round(1_000 * self._pulse.longest_stall, 1)
        away = frozenset(self._away)
        return Ended(state, error, self._swept, away, self._services, stall_ms)

    async def _record(self, state: SessionState, error: SeguedError | None) -> None:
        """Put on record how the session ended, if the library still takes it."""
        self.board.state = state
        if self._session is None:
            return
        reason = str(error) if error else None
        try:
            await self._store.do(reopen.recover)
            await self._store.do(sessions.count, self._session, self.board.snapshot())
            await self._store.do(sessions.move, self._session, state, reason)
        except StoreError as again:
            log.warning("session.unrecorded", detail=str(again))
        log.info("session.ended", state=state.value, reason=reason)

    @asynccontextmanager
    async def _outside(
        self, held: Settings, *, offline: bool
    ) -> AsyncIterator[tuple[Desk, ...]]:
        """Yield the desks of the services to ask; none when `offline`."""
        if offline:
            yield ()
            return
        services = self.config.services
        async with open_session(services, __version__) as session:
            yield desks(session, services, held.acoustid_api_key, self._clock)

    async def _import(self, work: "_Work", services: Sequence[Desk]) -> None:
        queue = WorkQueue(self.config.importing.queue_length)
        grounds = Grounds(work.roots, self._away)
        enquiry = Enquiry(
            self._store,
            services,
            clock=self._clock,
            board=self.board,
            roots=await asyncio.to_thread(self._part, work.roots),
            news=grounds.news,
            resting=lambda: queue.resting and grounds.scanned.is_set(),
        )
        tools = await self._tools(work.held, enquiry)
        await self._take_up(work.roots, tools)

        try:
            async with asyncio.TaskGroup() as group:
                pool = run_workers(work.workers, queue, tools, self.board, self._away)
                lasting = (
                    group.create_task(self._pulse.beat()),
                    group.create_task(pool),
                    group.create_task(enquiry.run()),
                )
                group.create_task(self._scan(grounds))
                await feed(grounds, self._store, queue)
                while await enquiry.answered():
                    await feed(grounds, self._store, queue)
                for task in lasting:
                    task.cancel()
        except BaseExceptionGroup as failures:
            raise _first(failures) from failures
        finally:
            self._services = {desk.name: desk.state for desk in services}

    async def _scan(self, grounds: Grounds) -> None:
        filters = Filters.of(self.config.scanning)
        for root in grounds.roots:
            self._swept[shown(root)] = await sweep(
                root, filters, self._store, self.board, grounds.news
            )
        self.board.state = SessionState.PROCESSING
        session = str(self._session)
        await self._store.do(sessions.move, session, self.board.state)
        await self._store.do(sessions.count, session, self.board.snapshot())
        grounds.scanned.set()
        grounds.news.set()

    def _part(self, roots: Sequence[bytes]) -> Sequence[bytes]:
        """Return `roots` if the library has others as well; else none."""
        others = set(reports.roots(self.config.database)) - set(roots)
        return roots if others else ()

    async def _tools(self, held: Settings, enquiry: Enquiry) -> Tools:
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
            spool=await asyncio.to_thread(_spool, self.config.database),
            available=frozenset(available),
            asking=enquiry.asking,
        )

    async def _take_up(self, roots: Sequence[bytes], tools: Tools) -> None:
        """Take back what an earlier run left, and what may be seen anew."""
        recipes = [(phase.number, phase.recipe(tools)) for phase in PHASES]
        waiting = sorted(tools.available)
        left = await self._store.do(reopen.recover)
        stale = await self._store.do(reopen.reopen_stale, roots, recipes)
        deferred = await self._store.do(reopen.reopen_deferred, roots, waiting)
        deferred += await self._store.do(lookups.settle_all, roots)
        log.info("session.started", left=left, stale=stale, deferred=deferred)


def _spool(database: Path) -> Path:
    """Return the library's folder for temporary sound, cleared of what a kill left.

    Only what has our name is removed: the folder may be shared by mistake.

    Raises:
        StoreUnwritableError: It cannot be made or cleared.
    """
    spool = database.with_name(f"{database.name}.spool")
    try:
        spool.mkdir(mode=0o700, exist_ok=True)
        for left in spool.glob(f"{SPOOLED}*"):
            shutil.rmtree(left)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreUnwritableError(f"{spool}: cannot be used: {reason}") from error
    return spool


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a group; one is as fatal as many."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
