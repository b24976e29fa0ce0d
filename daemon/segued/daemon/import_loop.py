"""A shift: work on what arrives, session after session, by settings as they are."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from segued.config.config import Config
from segued.intake.state import Grounds
from segued.model import SessionState
from segued.pipeline.pipeline import Plant, Works, outside
from segued.pipeline.queue import WorkQueue
from segued.pipeline.session import Roll
from segued.progress.progress import Standing
from segued.store import inventory, settings
from segued.store.reading import reports

__all__ = ["Orders", "Shift"]

log: Final = structlog.get_logger()

COUNT_SECONDS: Final = 1.0

REST_SECONDS: Final = 60.0
"""After so long without work the child processes are sent home."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What the daemon is to do: by which configuration, in which folders."""

    config: Config
    roots: Sequence[bytes]
    offline: bool = False


class Shift:
    """Works on the grounds until cancelled.

    Attributes:
        works: What does the work, once it has begun.
    """

    def __init__(
        self,
        orders: Orders,
        plant: Plant,
        grounds: Grounds,
        roll: Roll,
        went_well: Callable[[], None],
    ) -> None:
        """Prepare.

        Args:
            orders: What to do.
            plant: What an import needs.
            grounds: The music folders, and what is new in them.
            roll: Where sessions are put on record.
            went_well: Called at the end of a session.
        """
        self._orders: Final = orders
        self._plant: Final = plant
        self._grounds: Final = grounds
        self._roll: Final = roll
        self._went_well: Final = went_well
        self.works: Works | None = None

    async def work(self) -> None:
        """Work by the settings as they are, session after session.

        Raises:
            StoreError: The library cannot be used any more.
            ComputeError: No child process can be had.
        """
        config = self._orders.config
        held = await self._plant.store.do(settings.load, config.settings)
        plant = self._plant
        async with outside(plant, held, offline=self._orders.offline) as services:
            count = held.ai_processing_thread_count
            self.works = works = Works(plant, self._grounds, services, held, count)
            async with works.running():
                while True:
                    await self._see_through(works)
                    await self._until_work(works.queue)

    async def _see_through(self, works: Works) -> None:
        """Work through one session."""
        await self._roll.begin(self._orders.roots)
        self._plant.board.begin()
        async with asyncio.TaskGroup() as group:
            counting = group.create_task(self._count_on())
            await works.finish()
            counting.cancel()
        await self._count()
        await self._roll.end(SessionState.COMPLETED)
        self._went_well()

    async def _count_on(self) -> None:
        """Count the files of a session while it lasts."""
        await self._roll.move(SessionState.SCANNING)
        while True:
            scanning = self._plant.board.state is SessionState.SCANNING
            if scanning and self._grounds.scanned.is_set():
                await self._roll.move(SessionState.PROCESSING)
            await self._count()
            await asyncio.sleep(COUNT_SECONDS)

    async def _count(self) -> None:
        database, roots = self._orders.config.database, self._orders.roots
        counted = await asyncio.to_thread(reports.standing, database, roots)
        self._plant.board.recount(Standing(*counted))

    async def _until_work(self, queue: WorkQueue) -> None:
        """Wait until there is something to import; what is, is analysed meanwhile."""
        async with asyncio.TaskGroup() as group:
            seeing = group.create_task(self._see_to(queue))
            await self._until_backlog()
            seeing.cancel()

    async def _see_to(self, queue: WorkQueue) -> None:
        """Count what is analysed; send the children home when nothing is."""
        while True:
            try:
                async with asyncio.timeout(REST_SECONDS):
                    await queue.until(lambda: not queue.quiet)
            except TimeoutError:
                await self._plant.compute.rest()
                await queue.until(lambda: not queue.quiet)
            while not queue.quiet:
                await self._count()
                await asyncio.sleep(COUNT_SECONDS)
            await self._count()

    async def _until_backlog(self) -> None:
        while True:
            await self._grounds.news.wait()
            self._grounds.news.clear()
            for root in set(self._grounds.roots) - self._grounds.away:
                if await self._plant.store.do(
                    inventory.backlog, root, root=root, after=b"", limit=1
                ):
                    self._grounds.news.set()
                    return
            await self._count()
