"""What takes files through the phases: a queue, workers, and who asks outside."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from segued import __version__
from segued.clients.http import open_session
from segued.clients.rate_limit import Clock
from segued.compute.pools import Compute
from segued.config.config import Config, Settings
from segued.errors import StoreUnwritableError
from segued.intake.state import Grounds
from segued.media import fingerprint
from segued.model import FileId
from segued.phases import PHASES
from segued.phases.base import Tools
from segued.phases.flavor import local, results
from segued.phases.flavor.local import SPOOLED
from segued.pipeline.feeder import feed, feed_imported
from segued.pipeline.lookup_dispatcher import Enquiry
from segued.pipeline.lookup_services import Desk, desks
from segued.pipeline.pool import run_workers
from segued.pipeline.queue import WorkQueue
from segued.pipeline.schedule import Leisure
from segued.progress.progress import Board
from segued.store import lookups, requeue
from segued.store.database import Store
from segued.store.reading import reports

__all__ = ["Plant", "Works", "first_of", "outside"]

log: Final = structlog.get_logger()

HOURS_SECONDS: Final = 10.0

LOOK_SECONDS: Final = 60.0
"""How soon it is seen that there is time, or something that nobody announced."""


@dataclass(frozen=True, slots=True)
class Plant:
    """What an import needs, whichever way its files arrive."""

    config: Config
    store: Store
    compute: Compute
    board: Board
    clock: Clock


@asynccontextmanager
async def outside(
    plant: Plant, held: Settings, *, offline: bool
) -> AsyncIterator[tuple[Desk, ...]]:
    """Yield the desks of the services to ask; none when `offline`."""
    if offline:
        yield ()
        return
    services = plant.config.services
    async with open_session(services, __version__) as session:
        yield desks(
            session,
            services,
            held.acoustid_api_key,
            plant.clock,
            flavor="acousticbrainz" in plant.config.flavoring.sources,
        )


class Works:
    """Imports what is PENDING on the grounds, for as long as it is run.

    Attributes:
        desks: The services that are asked.
        queue: The files that wait for a worker.
        workers: How many files are worked on at once.
        leisure: When there is time for what can wait.
    """

    def __init__(
        self,
        plant: Plant,
        grounds: Grounds,
        services: Sequence[Desk],
        held: Settings,
        workers: int,
    ) -> None:
        """Prepare.

        Args:
            plant: What an import needs.
            grounds: The music folders, and what is new in them.
            services: Whom to ask; nobody when offline.
            held: The settings of the library.
            workers: How many files are worked on at once.
        """
        self._plant: Final = plant
        self._grounds: Final = grounds
        self.desks: Final = services
        self._held: Final = held
        self.workers: Final = workers
        self.queue: Final = WorkQueue(plant.config.importing.queue_length)
        self.leisure: Final = Leisure(plant.config.flavoring.hours)
        self._imported: Final = asyncio.Event()
        self._analysing: asyncio.Task[None]
        self._hears = False  # whether anything can be heard here
        self._enquiry: Enquiry

    @property
    def services(self) -> dict[str, str]:
        """How each outside service is, in words."""
        return {desk.name: desk.state for desk in self.desks}

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Works"]:
        """Work, within this context.

        Raises:
            StoreError: The library cannot be used any more.
            ComputeError: No child process can be had.
        """
        plant, grounds = self._plant, self._grounds
        roots = await asyncio.to_thread(_part, plant.config.database, grounds.roots)
        self._enquiry = enquiry = Enquiry(
            plant.store,
            self.desks,
            clock=plant.clock,
            board=plant.board,
            roots=roots,
            news=grounds.news,
            resting=lambda: self.queue.resting and grounds.scanned.is_set(),
        )
        tools = await self._tools(enquiry)
        await self._take_up(tools)
        plant.board.unanalysed = await plant.store.do(requeue.unanalysed, roots)
        try:
            async with asyncio.TaskGroup() as group:
                pool = run_workers(
                    self.workers, self.queue, tools, plant.board, grounds.away
                )
                lasting = (
                    group.create_task(pool),
                    group.create_task(enquiry.run()),
                    group.create_task(self._keep_hours()),
                )
                self._analysing = group.create_task(self._analyse())
                yield self
                for task in (*lasting, self._analysing):
                    task.cancel()
        except BaseExceptionGroup as failures:
            raise first_of(failures) from failures

    async def finish(self) -> None:
        """Work until nothing is left that can be done now."""
        await feed(self._grounds, self._plant.store, self.queue)
        while await self._enquiry.answered() or await self._given_up():
            await feed(self._grounds, self._plant.store, self.queue)

    async def analyse(self) -> None:
        """Analyse what is imported until nothing is left that can be done now."""
        self._analysing.cancel()
        await asyncio.wait({self._analysing})
        await self.queue.until(lambda: self.queue.quiet)
        if self._may_analyse():
            await self._feed_imported()
        await self.queue.until(lambda: self.queue.quiet)

    async def _analyse(self) -> None:
        """Analyse what is imported whenever there is time, until cancelled."""
        while True:
            self._imported.clear()
            if self._may_analyse() and self._grounds.scanned.is_set():
                await self._feed_imported()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._imported.wait()

    async def _keep_hours(self) -> None:
        """Let nothing be analysed outside the hours for it."""
        while True:
            await asyncio.sleep(HOURS_SECONDS)
            if not self.leisure.is_now:
                self.queue.clear_imported()

    async def _feed_imported(self) -> None:
        await feed_imported(
            self._grounds,
            self._plant.store,
            self.queue,
            most=self._plant.compute.spares,
            may=self._may_analyse,
        )

    def _may_analyse(self) -> bool:
        return self.leisure.is_now

    async def _given_up(self) -> int:
        """Take up what waits for a source of flavor that is away, if there is another.

        What was asked stays asked.
        """
        asking = map(self._enquiry.asking, ("acousticbrainz", "acoustid"))
        if not self._hears or all(asking):
            return 0
        store, roots = self._plant.store, self._grounds.roots
        return await store.do(requeue.go_on_without, "acousticbrainz", roots)

    def _asked(self) -> None:
        """Take note that a file waits for somebody: a service, or leisure."""
        self._enquiry.asked()
        self._imported.set()

    async def _tools(self, enquiry: Enquiry) -> Tools:
        config = self._plant.config
        available = set()
        hears = await asyncio.to_thread(local.ears, config)
        self._hears = bool(hears)
        if hears.keys() - {results.LOUDNESS}:
            available.add("essentia")
        if fingerprint.available():
            available.add("chromaprint")
        return Tools(
            config=config,
            settings=self._held,
            store=self._plant.store,
            compute=self._plant.compute,
            spool=await asyncio.to_thread(_spool, config.database),
            available=frozenset(available),
            hears=hears,
            asking=enquiry.asking,
            asked=self._asked,
        )

    async def _take_up(self, tools: Tools) -> None:
        """Take back what an earlier run left, and what may be seen anew."""
        roots, store = self._grounds.roots, self._plant.store
        recipes = [(phase.number, phase.recipe(tools)) for phase in PHASES]
        waiting = sorted(tools.available)
        left = await store.do(requeue.recover)
        stale = await self._reopen(await store.do(requeue.stale, recipes))
        deferred = await self._reopen(await store.do(requeue.deferred, waiting))
        deferred += await store.do(lookups.settle_all, roots)
        log.info("session.started", left=left, stale=stale, deferred=deferred)

    async def _reopen(self, files: Sequence[FileId]) -> int:
        """Take files up, not too many at once: others want the library as well."""
        store, roots, most = (
            self._plant.store,
            self._grounds.roots,
            requeue.FILES_AT_ONCE,
        )
        parts = [files[start : start + most] for start in range(0, len(files), most)]
        return sum([await store.do(requeue.reopen, roots, part) for part in parts])


def _part(database: Path, roots: Sequence[bytes]) -> Sequence[bytes]:
    """Return `roots` if the library has others as well; else none."""
    others = set(reports.roots(database)) - set(roots)
    return roots if others else ()


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


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a group; one is as fatal as many."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
