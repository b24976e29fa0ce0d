"""The one-shot import: scan the folders, import, analyze, and end."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from segued.clients.clock import Clock
from segued.compute.pools import ProcessPools
from segued.config.config import Config, Settings
from segued.errors import InternalError, SeguedError, StoreError
from segued.intake.filters import Filters
from segued.intake.links import followed_links
from segued.intake.scan import ScanResult, ScanScope, scan_folder
from segued.intake.state import IntakeState
from segued.model import SessionState
from segued.paths import shown
from segued.pipeline.library_counter import COUNT_SECONDS, LibraryCounter
from segued.pipeline.lookup_services import LookupService
from segued.pipeline.outbox_dispatcher import OutboxDispatcher
from segued.pipeline.pipeline import (
    ImportPipeline,
    ImportResources,
    first_error,
    open_lookup_services,
)
from segued.pipeline.session import SessionRecorder
from segued.progress.loop_monitor import LoopMonitor
from segued.progress.progress import Progress
from segued.store import requeue, settings
from segued.store.database import Store

__all__ = ["ImportResult", "OneShotImport"]

log: Final = structlog.get_logger()

EVENTS_SECONDS: Final = 5.0
"""Events that are not taken so long after the import wait for the next one."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The end of a session.

    Attributes:
        error: The error that ended it, if its state is FAILED.
        scans: The result of each music folder's scan, by path.
        offline_roots: Folders whose disk went away during the import.
        service_states: The state of each service at the end, in words.
        loop_stall_ms: Longest time for which the event loop was blocked.
    """

    state: SessionState
    error: SeguedError | None = None
    scans: dict[str, ScanResult] = field(default_factory=dict)
    offline_roots: frozenset[bytes] = frozenset()
    service_states: dict[str, str] = field(default_factory=dict)
    loop_stall_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class _ImportRequest:
    """The folders, the settings and the number of workers of a session."""

    roots: Sequence[bytes]
    settings: Settings
    worker_count: int


class OneShotImport:
    """Imports music folders into one library, once."""

    def __init__(self, config: Config, clock: Clock | None = None) -> None:
        self.config: Final = config
        self._service_states: dict[str, str] = {}
        self.progress: Final = Progress()
        self._store: Final = Store(config.database, config.store)
        self._compute: Final = ProcessPools.from_config(config)
        self._resources: Final = ImportResources(
            config, self._store, self._compute, self.progress, clock or Clock()
        )
        self._events: Final = OutboxDispatcher(self._store)
        self._recorder: Final = SessionRecorder(self._store, self.progress)
        self._loop_monitor: Final = LoopMonitor()
        self._scans: Final[dict[str, ScanResult]] = {}
        self._offline_roots: Final[set[bytes]] = set()
        self._import_done = False

    async def run(
        self,
        roots: Sequence[bytes],
        *,
        workers: int | None,
        offline: bool = False,
        rematch: bool = False,
    ) -> ImportResult:
        """Import all files below `roots` that are new or unfinished, then return.

        Cancelling the task that runs this cancels the session; everything committed
        until then is kept, and the next run goes on from there.

        Args:
            roots: The music folders, as `existing_roots` returns them.
            workers: How many files are imported at once; None for the stored setting.
            offline: Whether to send no questions to services. Otherwise the import
                waits for as long as a service answers.
            rematch: Whether to match all songs again, from the stored answers.

        Raises:
            StoreError: The library cannot be opened.
            ConfigError: A stored setting is out of range.
        """
        error: SeguedError | None = None
        state = SessionState.COMPLETED
        try:
            await self._store.open()
            await self._events.configure(self.config)
            stored_settings = await self._store.do(settings.load, self.config.pinned)
            await self._recorder.start(roots)
            if rematch:
                await self._store.do(requeue.requeue_for_matching, roots)
            request = _ImportRequest(
                roots,
                stored_settings,
                workers or stored_settings.ai_processing_thread_count,
            )
            async with open_lookup_services(
                self._resources, stored_settings, offline=offline
            ) as services:
                await self._import(request, services)
        except asyncio.CancelledError:
            # Cancelling the analysis that follows the import is no failure.
            if not self._import_done:
                state = SessionState.CANCELLED
        except SeguedError as fatal:
            if self._recorder.session_id is None:
                raise
            state, error = SessionState.FAILED, fatal
        except Exception as bug:  # nothing above this records the session's end
            log.exception("session.crashed")
            state = SessionState.FAILED
            error = InternalError(f"{type(bug).__name__}: {bug}")
        finally:
            self._compute.close()
            await self._record_end(state, error)
            await self._events.finish(EVENTS_SECONDS)
            await self._store.close()
        return self._result(state, error)

    def _result(self, state: SessionState, error: SeguedError | None) -> ImportResult:
        return ImportResult(
            state=state,
            error=error,
            scans=self._scans,
            offline_roots=frozenset(self._offline_roots),
            service_states=self._service_states,
            loop_stall_ms=round(1_000 * self._loop_monitor.longest_stall, 1),
        )

    async def _record_end(self, state: SessionState, error: SeguedError | None) -> None:
        """Store the session's end, if the library can still be written."""
        self.progress.set_state(state)
        if self._recorder.session_id is None:
            return
        try:
            await self._store.do(requeue.reset_interrupted)
            await self._recorder.finish(state, str(error) if error else None)
        except StoreError as store_error:
            log.warning("session.record_failed", detail=str(store_error))

    async def _import(
        self, request: _ImportRequest, services: Sequence[LookupService]
    ) -> None:
        """Run the pipeline until all files are imported and analyzed."""
        intake_state = IntakeState(request.roots, self._offline_roots)
        pipeline = ImportPipeline(
            self._resources,
            intake_state,
            services,
            request.settings,
            request.worker_count,
        )
        try:
            async with pipeline.running(), asyncio.TaskGroup() as group:
                monitoring = group.create_task(self._loop_monitor.run())
                counter = LibraryCounter(
                    self.config.database, request.roots, self.progress
                )
                counting = group.create_task(self._count(counter))
                group.create_task(self._scan(intake_state))
                await pipeline.run_until_idle()
                self._import_done = True
                await pipeline.run_analysis_until_idle()
                counting.cancel()
                await counter.update_by_phase(is_last=True)
                monitoring.cancel()
        except BaseExceptionGroup as failures:
            raise first_error(failures) from failures
        finally:
            self._service_states = pipeline.service_states

    async def _count(self, counter: LibraryCounter) -> None:
        while True:
            await asyncio.sleep(COUNT_SECONDS)
            await counter.update_by_phase()

    async def _scan(self, intake_state: IntakeState) -> None:
        """Scan the music folders, one after another."""
        filters = Filters.of(self.config.scanning)
        for root in intake_state.roots:
            try:
                scan_result = await scan_folder(
                    root,
                    filters,
                    self._store,
                    intake_state.work_available,
                    progress=self.progress,
                    scope=ScanScope(links=followed_links(filters, intake_state.roots)),
                )
            except TimeoutError:
                scan_result = ScanResult(offline=True)
            if scan_result.offline:
                log.warning("folder.offline", folder=shown(root))
                facts = {"folder": shown(root), "reason": None}
                await self._events.tell("folder.offline", shown(root), facts)
            self._scans[shown(root)] = scan_result
        await self._recorder.set_state(SessionState.PROCESSING)
        intake_state.first_scan_done.set()
        intake_state.work_available.set()
