"""The composition root: what an import is made of, and its life."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from segued.clients.rate_limit import Clock
from segued.compute.pools import Compute
from segued.config.config import Config, Settings
from segued.errors import SeguedError, StoreError, UnforeseenError
from segued.intake.filters import Filters
from segued.intake.scan import Swept, sweep
from segued.intake.state import Grounds
from segued.model import SessionState
from segued.paths import shown
from segued.pipeline.lookup_services import Desk
from segued.pipeline.pipeline import Plant, Works, first_of, outside
from segued.pipeline.session import Roll
from segued.progress.loop_monitor import Pulse
from segued.progress.progress import Board
from segued.store import requeue, settings
from segued.store.database import Store

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
        self._services: dict[str, str] = {}
        self.board: Final = Board()
        self._store: Final = Store(config.database, config.store)
        self._compute: Final = Compute.of(config)
        self._plant: Final = Plant(
            config, self._store, self._compute, self.board, clock or Clock()
        )
        self._roll: Final = Roll(self._store, self.board)
        self._pulse: Final = Pulse()
        self._swept: Final[dict[str, Swept]] = {}
        self._away: Final[set[bytes]] = set()
        self._imported = False

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
            await self._roll.begin(roots)
            if rematch:
                await self._store.do(requeue.rematch, roots)
            work = _Work(roots, held, workers or held.ai_processing_thread_count)
            async with outside(self._plant, held, offline=offline) as services:
                await self._import(work, services)
        except asyncio.CancelledError:
            # All is imported when only more was to be known.
            if not self._imported:
                state = SessionState.CANCELLED
        except SeguedError as fatal:
            if self._roll.session is None:
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
        self.board.turn(state)
        if self._roll.session is None:
            return
        try:
            await self._store.do(requeue.recover)
            await self._roll.end(state, str(error) if error else None)
        except StoreError as again:
            log.warning("session.unrecorded", detail=str(again))

    async def _import(self, work: "_Work", services: Sequence[Desk]) -> None:
        grounds = Grounds(work.roots, self._away)
        works = Works(self._plant, grounds, services, work.held, work.workers)
        try:
            async with works.running(), asyncio.TaskGroup() as group:
                beat = group.create_task(self._pulse.beat())
                group.create_task(self._scan(grounds))
                await works.finish()
                self._imported = True
                await works.analyse()
                beat.cancel()
        except BaseExceptionGroup as failures:
            raise first_of(failures) from failures
        finally:
            self._services = works.services

    async def _scan(self, grounds: Grounds) -> None:
        filters = Filters.of(self.config.scanning)
        for root in grounds.roots:
            try:
                swept = await sweep(
                    root, filters, self._store, grounds.news, board=self.board
                )
            except TimeoutError:
                swept = Swept(offline=True)
            if swept.offline:
                log.warning("root.offline", folder=shown(root))
            self._swept[shown(root)] = swept
        await self._roll.move(SessionState.PROCESSING)
        grounds.scanned.set()
        grounds.news.set()
