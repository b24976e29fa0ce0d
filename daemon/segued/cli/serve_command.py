"""`segued serve`: the daemon as a process, by systemd or by hand."""

import argparse
import asyncio
import faulthandler
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog

from segued.config.config import Config
from segued.config.default_paths import control_socket
from segued.daemon import systemd
from segued.daemon.daemon import Daemon
from segued.daemon.import_loop import RunConfig
from segued.daemon.metrics_source import collect_readings
from segued.daemon.operations import make_command_handler, status, status_line
from segued.errors import ConfigError, SeguedError
from segued.exit_codes import ExitCode
from segued.intake.walk import check_library_outside_music, normalized_roots
from segued.web import create_app
from segued.web.access import Guard, check_page
from segued.web.events import EventStream
from segued.web.route import DaemonApi
from segued.web.server import WebServer

__all__ = ["run"]

log: Final = structlog.get_logger()

TICK_SECONDS: Final = 5.0
SUSPENDED_SECONDS: Final = 10.0
"""A tick that is so late slept, and missed what happened meanwhile."""

STUCK_GRACE_SECONDS: Final = 60.0
"""A phase may take so much longer than a child may, before it counts as stuck."""

START_TIMEOUT_USEC: Final = 600_000_000

NOTIFY_FLUSH_SECONDS: Final = 0.5

SHUTDOWN_SECONDS: Final = 8.0
"""Told to stop, the process ends by itself, or is ended, within this time."""


def run(args: argparse.Namespace, read_config: Callable[[], Config]) -> int:
    """Serve until told to stop; return the exit code.

    Args:
        args: The command line.
        read_config: Reads the configuration, each time anew.
    """
    process = DaemonProcess(args, read_config)
    return asyncio.run(process.serve())


@dataclass
class DaemonProcess:
    """The daemon's outside: signals, sockets, systemd."""

    args: argparse.Namespace
    read_config: Callable[[], Config]
    _daemon: Daemon = field(init=False)
    _server: WebServer = field(init=False)
    _guard: Guard = field(default_factory=Guard)
    _stopping: bool = False
    _reload_task: asyncio.Future[None] | None = None

    async def serve(self) -> int:
        # An older library is brought up to date first, and that may take a while.
        extend_timeout = f"EXTEND_TIMEOUT_USEC={START_TIMEOUT_USEC}"
        systemd.notify("STATUS=Opening the library", extend_timeout)
        run_config = self._load_run_config()
        path = control_socket(run_config.config.library.control_socket)
        activated_sockets = systemd.activation_sockets()
        self._daemon = daemon = Daemon(run_config)
        stream = EventStream(partial(status, daemon))
        app = create_app(self._daemon_api(stream), self._guard, stream)
        self._server = server = WebServer(app)
        daemon.page_status = lambda: server.page_status
        if not activated_sockets:
            await asyncio.to_thread(server.lock_socket, path)
        self._register_signals()

        async def on_ready() -> None:
            await server.listen(path, activated_sockets)
            await self._serve_page()
            systemd.notify("READY=1", f"STATUS={status_line(daemon)}")
            log.info("daemon.ready", socket=str(path))

        ticking = asyncio.create_task(self._tick_loop())
        try:
            await daemon.run(on_ready, _notify_waiting)
        finally:
            systemd.notify("STOPPING=1", "STATUS=Stopping")
            ticking.cancel()
            await server.close()
            await asyncio.to_thread(systemd.flush, NOTIFY_FLUSH_SECONDS)
        log.info("daemon.stopped")
        return ExitCode.ALL_DONE

    def _daemon_api(self, stream: EventStream) -> DaemonApi:
        daemon = self._daemon
        return DaemonApi(
            handle_command=make_command_handler(daemon),
            status=partial(status, daemon),
            readings=lambda: collect_readings(daemon, stream.subscriber_count),
            database=daemon.store.path,
            roots=lambda: tuple(daemon.run_config.roots),
        )

    async def _serve_page(self) -> None:
        """Show the page as the configuration says now."""
        page = self._daemon.run_config.config.page
        self._guard.reconfigure(page)
        await self._server.serve_page(page)

    def _load_run_config(self) -> RunConfig:
        try:
            config = self.read_config()
            check_page(config.page)
            roots = normalized_roots(self.args.folders or config.library.folders)
            check_library_outside_music(config.database, roots)
        except (RuntimeError, ValueError) as error:
            # A home that nobody has, or a name that no file can have.
            raise ConfigError(f"a path makes no sense: {error}") from error
        return RunConfig(config, roots, self.args.offline)

    def _register_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        # What every thread is at, for whoever wonders.
        with suppress(AttributeError, ValueError, OSError):
            faulthandler.register(signal.SIGUSR1)

    def _stop(self) -> None:
        """Stop; told a second time, at once."""
        if self._stopping:
            os._exit(ExitCode.CANCELLED)
        self._stopping = True
        systemd.notify("STOPPING=1", "STATUS=Stopping")
        # A dead network folder, or a library that is locked, holds nobody up.
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
        """Read the configuration anew; one that makes no sense changes nothing."""
        if previous is not None:
            await asyncio.wait({previous})
        systemd.notify_reloading()
        try:
            run_config = await asyncio.to_thread(self._load_run_config)
            if run_config.config.database != self._daemon.run_config.config.database:
                raise ConfigError("another library takes a restart")
        except SeguedError as error:
            log.error("config.refused", reason=str(error))  # noqa: TRY400
        else:
            previous_page = self._daemon.run_config.config.page
            self._daemon.reconfigure(run_config)
            if run_config.config.page != previous_page:
                await self._serve_page()
            log.info("config.read")
        finally:
            systemd.notify("READY=1")

    async def _tick_loop(self) -> None:
        """Tell systemd how it stands, and that all is well, for as long as it is."""
        watchdog_seconds = systemd.watchdog_seconds()
        interval = (
            min(TICK_SECONDS, watchdog_seconds / 3)
            if watchdog_seconds
            else TICK_SECONDS
        )
        reported = ""
        while True:
            before = _awake_seconds()
            await asyncio.sleep(interval)
            if _awake_seconds() - before > interval + SUSPENDED_SECONDS:
                log.info("daemon.woke")
                for patrol in self._daemon.watchers:
                    patrol.request_rescan()
                # Connections do not live through it.
                await self._daemon.restart_loop()
            line = status_line(self._daemon)
            lines = [] if line == reported else [f"STATUS={line}"]
            reported = line
            if watchdog_seconds and self._no_worker_is_stuck():
                lines.append("WATCHDOG=1")
            if lines:
                systemd.notify(*lines)

    def _no_worker_is_stuck(self) -> bool:
        """Return whether no worker is stuck.

        One that waits for its turn among many is not, as long as turns end.
        """
        limit = self._daemon.run_config.config.file_limit + STUCK_GRACE_SECONDS
        workers = self._daemon.progress.snapshot().workers
        slow = any(line.seconds >= limit for line in workers)
        return not slow or self._daemon.compute.idle_seconds < limit


def _awake_seconds() -> float:
    """Return a clock that goes on while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _notify_waiting(reason: str) -> None:
    """Tell systemd that the start takes longer, and why."""
    systemd.notify(
        f"STATUS=Waiting: {reason}", f"EXTEND_TIMEOUT_USEC={START_TIMEOUT_USEC}"
    )
