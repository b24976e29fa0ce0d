"""The daemon as a process: signals, sockets, and notifications to systemd."""

import asyncio
import faulthandler
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog

from segued.config.default_paths import control_socket
from segued.daemon import systemd
from segued.daemon.daemon import Daemon
from segued.daemon.import_loop import RunConfig
from segued.daemon.operations import Operations
from segued.daemon.status_source import build_status, status_line
from segued.errors import ConfigError, SeguedError
from segued.exit_codes import ExitCode
from segued.web.access import Guard
from segued.web.app import create_app
from segued.web.events import EventStream
from segued.web.server import WebServer
from segued.web.status import Status

__all__ = ["DaemonProcess"]

log: Final = structlog.get_logger()

TICK_SECONDS: Final = 5.0
SUSPENDED_SECONDS: Final = 10.0
"""A tick this late means that the machine was suspended and events were missed."""

STUCK_GRACE_SECONDS: Final = 60.0
"""A worker counts as stuck this long after a job's time limit."""

START_TIMEOUT_USEC: Final = 600_000_000

NOTIFY_FLUSH_SECONDS: Final = 0.5

FRAME_SECONDS: Final = 0.25

SHUTDOWN_SECONDS: Final = 8.0
"""After a stop the process ends by itself, or is ended, within this time."""


@dataclass
class DaemonProcess:
    """The life of the daemon process, from its start to its end.

    Attributes:
        load_run_config: Reads the configuration; called at the start and on SIGHUP.
        show: Shows the status in a terminal; called several times a second.
    """

    load_run_config: Callable[[], RunConfig]
    show: Callable[[Status], None] | None = None
    _daemon: Daemon = field(init=False)
    _operations: Operations = field(init=False)
    _server: WebServer = field(init=False)
    _guard: Guard = field(default_factory=Guard)
    _stopping: bool = False
    _reload_task: asyncio.Future[None] | None = None

    async def serve(self) -> int:
        """Run the daemon until a signal stops it; return the exit code."""
        # Migrating an older library comes first, and may take minutes.
        extend_timeout = f"EXTEND_TIMEOUT_USEC={START_TIMEOUT_USEC}"
        systemd.notify("STATUS=Opening the library", extend_timeout)
        run_config = self.load_run_config()
        path = control_socket(run_config.config.library.control_socket)
        activated_sockets = systemd.activation_sockets()
        self._daemon = daemon = Daemon(run_config)
        self._server = server = self._create_server()
        if not activated_sockets:
            await asyncio.to_thread(server.lock_socket, path)
        self._register_signals()

        async def on_ready() -> None:
            await server.listen(path, activated_sockets)
            await self._serve_page()
            systemd.notify("READY=1", f"STATUS={status_line(daemon)}")
            log.info("daemon.ready", socket=str(path))

        tasks = [asyncio.create_task(self._tick_loop())]
        if self.show is not None:
            tasks.append(asyncio.create_task(self._show_loop(self.show)))
        try:
            await daemon.run(on_ready, _notify_waiting)
        finally:
            systemd.notify("STOPPING=1", "STATUS=Stopping")
            for task in tasks:
                task.cancel()
            await self._operations.close()
            await server.close()
            await asyncio.to_thread(systemd.flush, NOTIFY_FLUSH_SECONDS)
        log.info("daemon.stopped")
        return ExitCode.ALL_DONE

    def _create_server(self) -> WebServer:
        self._operations = operations = Operations(self._daemon)
        stream = EventStream(operations.status)
        server = WebServer(create_app(operations, self._guard, stream))
        operations.page_status = lambda: server.page_status
        operations.subscriber_count = lambda: stream.subscriber_count
        return server

    async def _serve_page(self) -> None:
        """Serve the page as the current configuration says."""
        page = self._daemon.run_config.config.page
        self._guard.reconfigure(page)
        await self._server.serve_page(page)

    def _register_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        # SIGUSR1 prints the stack of every thread, for debugging.
        with suppress(AttributeError, ValueError, OSError):
            faulthandler.register(signal.SIGUSR1)

    def _stop(self) -> None:
        """Stop; a second signal ends the process at once."""
        if self._stopping:
            os._exit(ExitCode.CANCELLED)
        self._stopping = True
        systemd.notify("STOPPING=1", "STATUS=Stopping")
        # A dead network folder or a locked library must not delay the end.
        limit = threading.Timer(SHUTDOWN_SECONDS, self._exit_now)
        limit.daemon = True
        limit.start()
        self._daemon.stop()

    def _exit_now(self) -> None:
        self._server.cleanup()
        self._daemon.store.release_lock()
        os._exit(ExitCode.ALL_DONE)

    def _reload(self) -> None:
        self._reload_task = asyncio.ensure_future(
            self._reload_config(self._reload_task)
        )

    async def _reload_config(self, previous: asyncio.Future[None] | None) -> None:
        """Read the configuration again; an invalid one changes nothing."""
        if previous is not None:
            await asyncio.wait({previous})
        systemd.notify_reloading()
        try:
            run_config = await asyncio.to_thread(self.load_run_config)
            if run_config.config.database != self._daemon.run_config.config.database:
                raise ConfigError("changing the library needs a restart")
            previous_page = self._daemon.run_config.config.page
            await self._daemon.reconfigure(run_config)
        except SeguedError as error:
            log.error("config.refused", reason=str(error))  # noqa: TRY400
        else:
            if run_config.config.page != previous_page:
                await self._serve_page()
            log.info("config.read")
        finally:
            systemd.notify("READY=1")

    async def _tick_loop(self) -> None:
        """Send the status to systemd, and the watchdog signal while all is well."""
        watchdog_seconds = systemd.watchdog_seconds()
        interval = (
            min(TICK_SECONDS, watchdog_seconds / 3)
            if watchdog_seconds
            else TICK_SECONDS
        )
        reported = ""
        while True:
            before = _clock_with_suspend()
            await asyncio.sleep(interval)
            if _clock_with_suspend() - before > interval + SUSPENDED_SECONDS:
                log.info("daemon.resumed_from_suspend")
                for watcher in self._daemon.watchers:
                    watcher.request_scan()
                # Network connections do not survive a suspend.
                await self._daemon.restart_loop()
            line = status_line(self._daemon)
            lines = [] if line == reported else [f"STATUS={line}"]
            reported = line
            if watchdog_seconds and self._no_worker_is_stuck():
                lines.append("WATCHDOG=1")
            if lines:
                systemd.notify(*lines)

    async def _show_loop(self, show: Callable[[Status], None]) -> None:
        """Show the status in the terminal that the daemon was started from."""
        while True:
            show(build_status(self._daemon, self._server.page_status))
            await asyncio.sleep(FRAME_SECONDS)

    def _no_worker_is_stuck(self) -> bool:
        """Return whether no worker is stuck.

        A worker that waits for a free child process is not, while jobs still end.
        """
        limit = self._daemon.run_config.config.file_limit + STUCK_GRACE_SECONDS
        workers = self._daemon.progress.snapshot().workers
        slow = any(line.seconds >= limit for line in workers)
        return not slow or self._daemon.compute.idle_seconds < limit


def _clock_with_suspend() -> float:
    """Return a clock in seconds that goes on while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _notify_waiting(reason: str) -> None:
    """Tell systemd that the start takes longer, and why."""
    systemd.notify(
        f"STATUS=Waiting: {reason}", f"EXTEND_TIMEOUT_USEC={START_TIMEOUT_USEC}"
    )
