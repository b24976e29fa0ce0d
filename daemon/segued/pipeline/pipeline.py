"""The import pipeline: a queue, its workers, and the dispatcher for lookups."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from segued import __version__
from segued.clients.clock import Clock
from segued.clients.http import open_session
from segued.cluster.remote_analysis import RemoteAnalysis
from segued.compute.fork_server import remove_old_socket_folders
from segued.compute.pools import ProcessPools
from segued.config.config import Config, Settings
from segued.config.default_paths import spool_folder
from segued.errors import ElsewhereError, StoreUnwritableError
from segued.intake.state import IntakeState
from segued.media import fingerprint
from segued.model import (
    AudioFile,
    FileId,
    Need,
    Service,
)
from segued.phases import PHASES
from segued.phases.base import PhaseContext
from segued.phases.flavor import results
from segued.phases.flavor.installed import installed_analyzers
from segued.phases.flavor.local import SPOOL_PREFIX
from segued.pipeline.feeder import feed, feed_analysis
from segued.pipeline.lookup_dispatcher import LookupDispatcher
from segued.pipeline.lookup_services import LookupService, lookup_services
from segued.pipeline.queue import WorkQueue
from segued.pipeline.remote_workers import (
    AnalysisPlaces,
    context_here,
    may_analyze_here,
    run_remote_workers,
    workers_by_work,
)
from segued.pipeline.schedule import ActiveHours
from segued.pipeline.worker import Worker, run_workers
from segued.progress.progress import Progress
from segued.store import due_lookups, requeue
from segued.store.database import Store
from segued.store.reading import reports

__all__ = ["ImportPipeline", "ImportResources", "first_error", "open_lookup_services"]

log: Final = structlog.get_logger()

CHECK_SECONDS: Final = 10.0
"""How long an analysis may outlast the active hours, and a file that failed for a cause
outside its bytes the end of its pause."""


@dataclass(frozen=True, slots=True)
class ImportResources:
    """What every import needs: of one run, or of the daemon.

    Attributes:
        remote: The other machines that analyze; None if there are none.
    """

    config: Config
    store: Store
    compute: ProcessPools
    progress: Progress
    clock: Clock
    remote: RemoteAnalysis | None = None


@asynccontextmanager
async def open_lookup_services(
    resources: ImportResources, settings: Settings, *, offline: bool
) -> AsyncIterator[tuple[LookupService, ...]]:
    """Yield the lookup services, on one HTTP session; none if `offline`."""
    if offline:
        yield ()
        return
    services = resources.config.services
    async with open_session(services, __version__, settings.contact) as session:
        yield lookup_services(
            session,
            services,
            settings.acoustid_api_key,
            resources.clock,
            with_acousticbrainz="acousticbrainz" in resources.config.flavoring.sources,
        )


class ImportPipeline:
    """Imports PENDING files below the music folders until the context is left.

    Attributes:
        lookup_services: The services for lookups.
        queue: The files that wait for a worker, or have one.
        worker_count: How many files are imported at once.
        active_hours: When imported files may be analyzed.
    """

    def __init__(
        self,
        resources: ImportResources,
        intake_state: IntakeState,
        services: Sequence[LookupService],
        settings: Settings,
        worker_count: int,
    ) -> None:
        """Create the queue; workers and lookups start in `running`.

        Args:
            resources: The configuration, the library, the process pools and more.
            intake_state: The music folders and the state of their scans.
            services: The services for lookups; empty when offline.
            settings: The settings that the library stores.
            worker_count: How many files are imported at once.
        """
        self._resources: Final = resources
        self._intake_state: Final = intake_state
        self.lookup_services: Final = services
        self._settings: Final = settings
        self.worker_count: Final = worker_count
        self.queue: Final = WorkQueue(resources.config.importing.queue_length)
        self.active_hours: Final = ActiveHours(resources.config.flavoring.hours)
        self._places: Final = AnalysisPlaces(
            resources.compute,
            lambda: self.active_hours.is_open,
            resources.remote,
            is_used_here=may_analyze_here(resources.config.cluster),
        )
        self._analysis_wakeup: Final = asyncio.Event()
        self._analysis_task: asyncio.Task[None]
        self._has_local_flavor = False  # whether an installed analyzer gives a flavor
        self._fallen_back: Final[set[FileId]] = set()
        self._dispatcher: LookupDispatcher

    @property
    def service_states(self) -> dict[str, str]:
        """The state of each lookup service, in words."""
        return {service.name: service.state for service in self.lookup_services}

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ImportPipeline"]:
        """Run workers, lookups and background analysis while the context is open.

        Raises:
            StoreError: The library cannot be used any more.
            ComputeError: No child process can be started.
        """
        resources, intake_state = self._resources, self._intake_state
        roots = await asyncio.to_thread(
            _roots_filter, resources.config.database, intake_state.roots
        )
        self._dispatcher = dispatcher = LookupDispatcher(
            resources.store,
            self.lookup_services,
            clock=resources.clock,
            progress=resources.progress,
            roots=roots,
            work_available=intake_state.work_available,
            imports_idle=lambda: (
                self.queue.imports_idle and intake_state.first_scan_done.is_set()
            ),
        )
        context = await self._phase_context(dispatcher)
        await self._recover_and_requeue(context)
        resources.progress.unanalyzed_before = await resources.store.do(
            requeue.count_unanalyzed, roots
        )
        try:
            async with asyncio.TaskGroup() as group:
                worker_pool = run_workers(
                    self.worker_count,
                    self.queue,
                    context_here(context, resources.remote),
                    resources.progress,
                    intake_state,
                )
                background_tasks = (
                    group.create_task(worker_pool),
                    group.create_task(dispatcher.run()),
                    group.create_task(self._check_regularly()),
                )
                self._analysis_task = group.create_task(self._analysis_loop())
                remote_task = group.create_task(self._run_remote_workers(context))
                yield self
                for task in (*background_tasks, self._analysis_task, remote_task):
                    task.cancel()
        except BaseExceptionGroup as failures:
            raise first_error(failures) from failures

    async def run_until_idle(self) -> None:
        """Import until no file is PENDING and no lookup can be answered now."""
        await feed(self._intake_state, self._resources.store, self.queue)
        while (
            await self._dispatcher.wait_for_requeue()
            or await self._fall_back_from_acousticbrainz()
        ):
            await feed(self._intake_state, self._resources.store, self.queue)

    async def run_analysis_until_idle(self) -> None:
        """Analyze imported files until none is left, or the active hours end."""
        self._analysis_task.cancel()
        await asyncio.wait({self._analysis_task})
        await self.queue.wait_for(lambda: self.queue.is_empty)
        await self._feed_analysis()
        await self.queue.wait_for(lambda: self.queue.is_empty)

    async def _analysis_loop(self) -> None:
        """Analyze imported files within the active hours, until cancelled."""
        await self._intake_state.first_scan_done.wait()
        while True:
            self._analysis_wakeup.clear()
            await self._feed_analysis()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._places.poll_seconds):
                    await self._analysis_wakeup.wait()

    async def _check_regularly(self) -> None:
        """Stop analyses outside the active hours, and retry files; until cancelled."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            if not self.active_hours.is_open:
                self.queue.clear_imported()
            self.queue.notify()
            await self._requeue_due_retries()

    async def _feed_analysis(self) -> None:
        await feed_analysis(
            self._intake_state, self._resources.store, self.queue, self._places
        )

    async def _run_remote_workers(self, context: PhaseContext) -> None:
        """Run the workers of other machines, if there are any; until cancelled."""
        remote = self._resources.remote
        if remote is None:
            return
        worker = Worker(
            self.worker_count + 1,
            self.queue,
            context,
            self._resources.progress,
            self._intake_state.offline_roots,
            stale_counts=self._intake_state.stale_counts,
        )
        workers = workers_by_work(worker, remote, self._keep_here)
        await run_remote_workers(
            remote.nodes, self.queue, workers, self._analysis_wakeup.set
        )

    def _keep_here(self, file: AudioFile, error: ElsewhereError) -> None:
        if error.is_lasting:
            self._places.keep_here(file)
        self._analysis_wakeup.set()

    async def _fall_back_from_acousticbrainz(self) -> int:
        """Requeue files whose flavor waits for a service that is away.

        Only if they can be analyzed here instead, and each at most once until all
        services are back. Their questions stay stored.

        Returns:
            How many files were requeued.
        """
        away = [
            service
            for service in (Service.ACOUSTICBRAINZ, Service.ACOUSTID)
            if not self._dispatcher.is_available(service)
        ]
        if not away:
            self._fallen_back.clear()
        if not self._has_local_flavor:
            return 0
        store, roots = self._resources.store, self._intake_state.roots
        count = 0
        for service in away:
            files = await store.do(
                requeue.requeue_without_service,
                service,
                roots,
                exclude=frozenset(self._fallen_back),
            )
            self._fallen_back.update(files)
            count += len(files)
        return count

    def _wake(self) -> None:
        """Wake the lookup dispatcher and the analysis loop; a file waits for one."""
        self._dispatcher.wake()
        self._analysis_wakeup.set()

    async def _phase_context(self, dispatcher: LookupDispatcher) -> PhaseContext:
        config, compute = self._resources.config, self._resources.compute
        capabilities = set()
        analyzers = await asyncio.to_thread(installed_analyzers, config)
        self._has_local_flavor = bool(analyzers.keys() - {results.LOUDNESS})
        if self._has_local_flavor:
            capabilities.add(Need.FLAVOR_SOURCE)
        if await compute.run_short(None, fingerprint.is_available, b"/"):
            capabilities.add(Need.CHROMAPRINT)
        return PhaseContext(
            config=config,
            settings=self._settings,
            store=self._resources.store,
            compute=compute,
            spool=await asyncio.to_thread(_prepare_spool, config.database),
            capabilities=frozenset(capabilities),
            analyzers=analyzers,
            service_available=dispatcher.is_available,
            wake_lookups=self._wake,
        )

    async def _recover_and_requeue(self, context: PhaseContext) -> None:
        """Requeue interrupted files, and those that would now give another result."""
        roots, store = self._intake_state.roots, self._resources.store
        recipes = [(phase.number, phase.recipe(context)) for phase in PHASES]
        capabilities = sorted(context.capabilities)
        interrupted = await store.do(requeue.reset_interrupted)
        stale = await self._requeue_in_batches(
            await store.do(requeue.files_with_stale_checkpoints, recipes)
        )
        deferred = await self._requeue_in_batches(
            await store.do(requeue.deferred_files, capabilities)
        )
        deferred += await store.do(due_lookups.requeue_all_answered, roots)
        retried = await self._requeue_due_retries(all_retries=True)
        log.info(
            "session.started",
            left=interrupted,
            stale=stale,
            deferred=deferred,
            retried=retried,
        )

    async def _requeue_due_retries(self, *, all_retries: bool = False) -> int:
        """Requeue failed files that may succeed now; return how many."""
        store, roots = self._resources.store, self._intake_state.roots
        count = 0
        while some := await store.do(
            requeue.requeue_due_retries, roots, all_retries=all_retries
        ):
            count += some
        if count:
            self._intake_state.work_available.set()
        return count

    async def _requeue_in_batches(self, files: Sequence[FileId]) -> int:
        """Requeue files in several short transactions; others must not wait long."""
        store, roots = self._resources.store, self._intake_state.roots
        batch_size = requeue.FILES_AT_ONCE
        batches = [
            files[start : start + batch_size]
            for start in range(0, len(files), batch_size)
        ]
        return sum(
            [
                await store.do(requeue.requeue_finished, roots, batch)
                for batch in batches
            ]
        )


def _roots_filter(database: Path, roots: Sequence[bytes]) -> Sequence[bytes]:
    """Return the roots to filter by; empty if the library has no others."""
    others = set(reports.roots(database)) - set(roots)
    return roots if others else ()


def _prepare_spool(database: Path) -> Path:
    """Create the library's folder for temporary audio and remove what a kill left.

    Only segued's own entries are removed: the folder may be shared by mistake.

    Raises:
        StoreUnwritableError: The folder cannot be created or cleared.
    """
    spool = spool_folder(database)
    try:
        spool.mkdir(mode=0o700, exist_ok=True)
        for leftover in spool.glob(f"{SPOOL_PREFIX}*"):
            shutil.rmtree(leftover)
        remove_old_socket_folders(spool)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreUnwritableError(f"{spool}: cannot be used: {reason}") from error
    return spool


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a group, however deeply nested."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
