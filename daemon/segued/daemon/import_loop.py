"""The import loop: runs sessions, one after the other, with the current settings."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from segued.config.config import Config
from segued.intake.state import IntakeState
from segued.model import SessionState
from segued.pipeline.library_counter import COUNT_SECONDS, LibraryCounter
from segued.pipeline.pipeline import (
    ImportPipeline,
    ImportResources,
    open_lookup_services,
)
from segued.pipeline.queue import WorkQueue
from segued.pipeline.session import SessionRecorder
from segued.store import settings, waiting_files

__all__ = ["ImportLoop", "RunConfig"]

log: Final = structlog.get_logger()

RELEASE_AFTER_SECONDS: Final = 60.0
"""After so long without work all child processes are stopped."""


@dataclass(frozen=True, slots=True)
class RunConfig:
    """The configuration and the music folders that the daemon runs with.

    Attributes:
        offline: Whether no service is asked.
        folders_fixed_by: What fixes the music folders, as text; empty if those that
            the library stores precede them.
    """

    config: Config
    roots: Sequence[bytes]
    offline: bool = False
    folders_fixed_by: str = "the command line"


class ImportLoop:
    """Imports PENDING files below the music folders until cancelled.

    Attributes:
        pipeline: The import pipeline; None before `run` has created it.
    """

    def __init__(
        self,
        run_config: RunConfig,
        resources: ImportResources,
        intake_state: IntakeState,
        recorder: SessionRecorder,
        on_session_completed: Callable[[], None],
    ) -> None:
        """Prepare.

        Args:
            run_config: The configuration and the music folders.
            resources: The store, the child processes and the progress.
            intake_state: The music folders, and whether they have new files.
            recorder: Stores the sessions.
            on_session_completed: Called at the end of each session.
        """
        self._run_config: Final = run_config
        self._resources: Final = resources
        self._intake_state: Final = intake_state
        self._recorder: Final = recorder
        self._on_session_completed: Final = on_session_completed
        self._counter: Final = LibraryCounter(
            run_config.config.database, run_config.roots, resources.progress
        )
        self.pipeline: ImportPipeline | None = None

    async def run(self) -> None:
        """Read the settings, then run one session after the other.

        Raises:
            StoreError: The library cannot be used anymore.
            ComputeError: No child process can be started.
        """
        config = self._run_config.config
        stored_settings = await self._resources.store.do(settings.load, config.pinned)
        resources = self._resources
        async with open_lookup_services(
            resources, stored_settings, offline=self._run_config.offline
        ) as services:
            worker_count = stored_settings.ai_processing_thread_count
            self.pipeline = pipeline = ImportPipeline(
                resources, self._intake_state, services, stored_settings, worker_count
            )
            async with pipeline.running():
                while True:
                    await self._run_session(pipeline)
                    await self._wait_for_work(pipeline.queue)

    async def _run_session(self, pipeline: ImportPipeline) -> None:
        """Run one session: import until no file is PENDING, and requested scans end."""
        await self._recorder.start(self._run_config.roots)
        self._resources.progress.start_session()
        async with asyncio.TaskGroup() as group:
            reporting = group.create_task(self._report_progress())
            await pipeline.run_until_idle()
            reporting.cancel()
        while self._intake_state.requested_scans:  # a scan joined the session meanwhile
            await pipeline.run_until_idle()
        await self._counter.update(is_last=True)
        await self._recorder.finish(SessionState.COMPLETED)
        self._on_session_completed()

    async def _report_progress(self) -> None:
        """Update the state and the counts of the session while it runs."""
        await self._recorder.set_state(SessionState.SCANNING)
        while True:
            scanning = self._resources.progress.state is SessionState.SCANNING
            if scanning and self._intake_state.all_scanned:
                await self._recorder.set_state(SessionState.PROCESSING)
            await self._counter.update()
            await asyncio.sleep(COUNT_SECONDS)

    async def _wait_for_work(self, queue: WorkQueue) -> None:
        """Wait until a file is PENDING; imported files are analyzed meanwhile."""
        async with asyncio.TaskGroup() as group:
            monitoring = group.create_task(self._monitor_analysis(queue))
            await self._wait_for_pending()
            monitoring.cancel()

    async def _monitor_analysis(self, queue: WorkQueue) -> None:
        """Update the counts during analysis; stop the child processes without work."""
        while True:
            try:
                async with asyncio.timeout(RELEASE_AFTER_SECONDS):
                    await queue.wait_for(lambda: not queue.is_empty)
            except TimeoutError:
                await self._resources.compute.release_processes()
                await queue.wait_for(lambda: not queue.is_empty)
            while not queue.is_empty:
                await self._counter.update()
                await asyncio.sleep(COUNT_SECONDS)
            await self._counter.update(is_last=True)

    async def _wait_for_pending(self) -> None:
        # A requested scan has started a session, which runs even if it finds nothing.
        while self._recorder.session_id is None:
            await self._intake_state.work_available.wait()
            self._intake_state.work_available.clear()
            for root in (
                set(self._intake_state.roots) - self._intake_state.offline_roots
            ):
                if await self._resources.store.do(
                    waiting_files.pending_files, root, root=root, after=b"", limit=1
                ):
                    self._intake_state.work_available.set()
                    return
            await self._counter.update()
