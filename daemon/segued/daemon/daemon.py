"""The daemon: watches music folders, imports new files, handles commands."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

import structlog

from segued.clients.clock import Clock
from segued.compute.pools import ProcessPools
from segued.config.config import Settings
from segued.daemon.backup_schedule import run_backups
from segued.daemon.cluster_service import ClusterService
from segued.daemon.import_loop import ImportLoop, RunConfig
from segued.daemon.served_folders import with_chosen_folders
from segued.errors import (
    InternalError,
    SeguedError,
    StoreCorruptError,
    StoreDiskError,
    StoreError,
    StoreFullError,
    StoreLockedError,
)
from segued.intake.folder_watcher import (
    FolderWatchers,
    create_watchers,
    run_watchers,
)
from segued.intake.state import IntakeState
from segued.model import SessionState
from segued.pipeline.outbox_dispatcher import OutboxDispatcher
from segued.pipeline.pipeline import ImportPipeline, ImportResources, first_error
from segued.pipeline.session import SessionRecorder
from segued.progress.loop_monitor import LoopMonitor
from segued.progress.progress import Progress
from segued.store import requeue, sessions, settings
from segued.store.database import Store

__all__ = ["Daemon"]

log: Final = structlog.get_logger()

BACKOFF_SECONDS: Final = (5.0, 60.0)
"""The first and the longest wait before another try after an error."""

HALT_SECONDS: Final = 1.0
RESPONSE_SECONDS: Final = 1.2
"""A pause or cancel waits this long for its effect: it must respond in two seconds."""


class Daemon:
    """Keeps music folders imported into one library until it is stopped.

    Attributes:
        run_config: The current configuration and music folders.
        settings: The settings in force; the defaults until the library is open.
        progress: The state of the session, the workers and the counters.
        trouble: Why nothing can be imported at the moment; None if it can.
        watchers: One watcher for each music folder.
        store: The library.
        compute: The child processes that decode and analyze.
        cluster: The other machines that analyze.
        events: Delivers events to other programs.
        recorder: Stores the session.
    """

    def __init__(self, run_config: RunConfig, clock: Clock | None = None) -> None:
        self.run_config = run_config
        self.settings = Settings()
        self.progress: Final = Progress()
        self.loop_monitor: Final = LoopMonitor(0.25)
        self.trouble: SeguedError | None = None
        self.watchers: FolderWatchers = []
        self._clock: Final = clock or Clock()
        config = run_config.config
        self.store: Final = Store(config.database, config.store)
        self.compute: Final = ProcessPools.from_config(config)
        self.cluster: Final = ClusterService(self.compute)
        self.events: Final = OutboxDispatcher(self.store, forgets_others=True)
        self.recorder: Final = SessionRecorder(self.store, self.progress)
        self._import_loop: ImportLoop | None = None
        self._import_task: asyncio.Task[None] | None = None
        self._may_work: Final = asyncio.Event()
        self._change: Final = asyncio.Event()
        self._stopping = False
        self._fatal_error: SeguedError | None = None
        self._background_tasks: Final[set[asyncio.Task[None]]] = set()
        self._backoff_seconds = BACKOFF_SECONDS[0]
        self._intake_state = IntakeState(())

    @property
    def pipeline(self) -> ImportPipeline | None:
        """The import pipeline; None before the first session."""
        return self._import_loop.pipeline if self._import_loop else None

    async def run(
        self,
        on_ready: Callable[[], Awaitable[None]],
        on_waiting: Callable[[str], None] = lambda _why: None,
    ) -> None:
        """Run until `stop`.

        Args:
            on_ready: Called when the library is open and interrupted work is reset.
            on_waiting: Called with the reason while the library is locked or full.

        Raises:
            StoreError: The library cannot be opened, or was removed or replaced.
            ConfigError: A stored setting is out of range.
        """
        await self._retry_while_unavailable(self.store.open, on_waiting)
        try:
            await self._retry_while_unavailable(self._recover, on_waiting)
            if self.recorder.session_id is None:
                self._may_work.set()
            else:
                self.progress.set_state(SessionState.PAUSED)
            await on_ready()
            while not self._stopping:
                self._change.clear()
                await self._run_with_current_config()
        finally:
            self.compute.close()
            await self.cluster.close()
            await self._record_shutdown()
            await self.events.close()
            await self.store.close()

    async def _retry_while_unavailable(
        self,
        operation: Callable[[], Awaitable[None]],
        on_waiting: Callable[[str], None],
    ) -> None:
        """Run an operation; repeat it while the library is locked or its disk is full.

        Raises:
            StoreError: Another segued holds the library, or it cannot be used at all.
        """
        while True:
            try:
                await operation()
            except (StoreLockedError, StoreFullError, StoreDiskError) as error:
                # A backup or a full disk passes; another segued stays.
                if self._stopping or isinstance(error.__cause__, BlockingIOError):
                    raise
                log.warning(
                    "daemon.library_unavailable", code=error.code, reason=str(error)
                )
                on_waiting(str(error))
                await self._sleep_or_change(BACKOFF_SECONDS[0])
            else:
                return

    async def _recover(self) -> None:
        """Reset files and the session that an earlier process left unfinished."""
        failed = await self.store.do(requeue.count_crashes)
        interrupted = await self.store.do(requeue.reset_interrupted)
        await self._load_settings(self.run_config)
        self.recorder.session_id = await self.store.do(sessions.find_paused)
        log.info("daemon.recovered", left=interrupted, set_aside=failed)

    async def _sleep_or_change(self, seconds: float) -> None:
        """Sleep for `seconds`, or until a stop or a new configuration is requested."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._change.wait()

    def stop(self) -> None:
        """Stop the daemon; work that is already stored stays."""
        self._stopping = True
        self._change.set()

    async def reconfigure(self, run_config: RunConfig) -> None:
        """Restart with another configuration or other music folders.

        Raises:
            ConfigError: The music folders that were chosen are invalid with it.
        """
        await self._load_settings(run_config)
        self._change.set()

    async def use_stored_settings(self) -> None:
        """Apply the settings that the library stores now.

        Raises:
            ConfigError: The music folders are invalid with the configuration.
        """
        before = self.settings.music_folders
        await self._load_settings(self.run_config)
        if self.settings.music_folders != before:
            self._change.set()
        else:
            await self.restart_loop()

    async def _load_settings(self, run_config: RunConfig) -> None:
        stored = await self.store.do(settings.load, run_config.config.pinned)
        self.run_config = await asyncio.to_thread(
            with_chosen_folders, run_config, stored.music_folders
        )
        self.settings = stored

    async def pause(self) -> None:
        """Stop working until `resume`, also after a restart of the process."""
        self._may_work.clear()
        self.progress.set_state(SessionState.PAUSED)

        async def stop_and_record() -> None:
            await self._halt()
            await self.recorder.start(self.run_config.roots)
            await self.recorder.set_state(SessionState.PAUSED)

        await self._run_shielded(stop_and_record())

    async def cancel(self) -> None:
        """End the session, and start no other until `resume`."""
        self._may_work.clear()
        self.progress.set_state(SessionState.CANCELLED)

        async def stop_and_record() -> None:
            await self._halt()
            await self.recorder.finish(SessionState.CANCELLED)

        await self._run_shielded(stop_and_record())

    def resume(self) -> None:
        """Start or continue working."""
        if not self._may_work.is_set():
            self.progress.set_state(SessionState.PROCESSING)
        self._may_work.set()

    async def start_session(self) -> None:
        """Start a session, unless one is running or paused; a cancelled daemon resumes.

        Raises:
            StoreError: The library cannot be written.
        """
        await self.recorder.start(self.run_config.roots)
        if self.progress.state is SessionState.CANCELLED:
            self.resume()
        self.wake()

    async def restart_loop(self) -> None:
        """Restart the import loop, which reads the settings again."""
        await self._run_shielded(self._halt())

    async def _run_shielded(self, operation: Coroutine[Any, Any, None]) -> None:
        """Start `operation` as a task and wait at most RESPONSE_SECONDS for it.

        It continues in the background if that is not enough.
        """
        task = asyncio.create_task(operation)
        self._background_tasks.add(task)
        task.add_done_callback(self._background_tasks.discard)
        done, _ = await asyncio.wait({task}, timeout=RESPONSE_SECONDS)
        if done:
            task.result()
        else:
            # The library may be locked; the import loop reports that as `trouble`.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def wake(self) -> None:
        """Make the import loop check for PENDING files."""
        self._intake_state.work_available.set()

    async def _run_with_current_config(self) -> None:
        """Watch and import with the current configuration until it changes."""
        config = self.run_config.config
        self.compute.set_cpu_share(config.flavoring.cpu_share)
        self._intake_state = intake_state = IntakeState(
            self.run_config.roots, is_watched=True
        )
        self.watchers = watchers = create_watchers(config, self.store, intake_state)
        try:
            await self.events.configure(config)
            await self.cluster.configure(config, self.run_config.roots)
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self.loop_monitor.run()),
                    group.create_task(
                        run_watchers(
                            watchers, intake_state, self._clear_trouble_if_stopped
                        )
                    ),
                    group.create_task(self._run_when_allowed(intake_state)),
                    group.create_task(self._guard_library()),
                    group.create_task(run_backups(config, self.events.tell)),
                ]
                await self._change.wait()
                for task in tasks:
                    task.cancel()
        except StoreError as error:
            await self._back_off(error)
        except BaseExceptionGroup as failures:
            await self._back_off(first_error(failures))

    def _clear_trouble_if_stopped(self) -> None:
        if not self._may_work.is_set():
            self._clear_trouble()

    async def _run_when_allowed(self, intake_state: IntakeState) -> None:
        """Run the import loop whenever the daemon is neither paused nor cancelled."""
        while True:
            while not self._may_work.is_set():
                await self._may_work.wait()
            run_config, resources = self.run_config, self._resources()
            self._import_loop = ImportLoop(
                run_config, resources, intake_state, self.recorder, self._clear_trouble
            )
            self._import_task = asyncio.create_task(self._import_loop.run())
            try:
                await self._import_task
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                # `_halt` cancelled it; `_may_work` decides whether it runs again.

    async def _halt(self) -> None:
        """Cancel the import loop, and make files in progress PENDING again."""
        import_task = self._import_task
        if import_task is not None and not import_task.done():
            import_task.cancel()
            await asyncio.wait({import_task}, timeout=HALT_SECONDS)
        with suppress(StoreError):
            await self.store.do(requeue.reset_interrupted)

    def _resources(self) -> ImportResources:
        config = self.run_config.config
        return ImportResources(
            config,
            self.store,
            self.compute,
            self.progress,
            self._clock,
            self.cluster.remote,
        )

    def _clear_trouble(self) -> None:
        self.trouble = None
        self._backoff_seconds = BACKOFF_SECONDS[0]

    async def _guard_library(self) -> None:
        """Check periodically that the library is still in place.

        Raises:
            StoreCorruptError: The library was removed or replaced.
        """
        while True:
            await asyncio.sleep(self.run_config.config.watching.check_seconds)
            if not await asyncio.to_thread(self.store.is_in_place):
                self._fatal_error = StoreCorruptError(
                    f"{self.store.path}: the library was removed or replaced while "
                    "segued used it"
                )
                raise self._fatal_error

    async def _back_off(self, error: BaseException) -> None:
        """Report an error and wait before the next try; the API stays available."""
        if isinstance(error, asyncio.CancelledError):
            raise error
        if not isinstance(error, SeguedError):
            log.error("session.crashed", exc_info=error)
            error = InternalError(f"{type(error).__name__}: {error}")
        if self._fatal_error is not None:
            raise self._fatal_error
        is_new = self.trouble is None or self.trouble.code != error.code
        self.trouble = error
        log.error("session.failed", code=error.code, reason=str(error))
        if is_new:
            facts = {"code": error.code, "reason": str(error)}
            await self.events.tell("library.trouble", error.code, facts)
        if self._stopping:
            return
        if self._may_work.is_set():
            # A paused or cancelled daemon keeps its state.
            self.progress.set_state(SessionState.FAILED)
            with suppress(StoreError):
                await self.recorder.finish(SessionState.FAILED, str(error))
            self.recorder.session_id = None
        await self._sleep_or_change(self._backoff_seconds)
        self._backoff_seconds = min(2 * self._backoff_seconds, BACKOFF_SECONDS[1])

    async def _record_shutdown(self) -> None:
        """Store that the session was stopped, unless it is paused."""
        with suppress(StoreError):
            await self.store.do(requeue.reset_interrupted)
            if self.progress.state is not SessionState.PAUSED:
                await self.recorder.finish(SessionState.CANCELLED, "segued was stopped")
