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
from segued.daemon.daemon import Alive
from segued.daemon.import_loop import Orders
from segued.daemon.metrics_source import readings
from segued.daemon.operations import obeying, status, status_line
from segued.errors import ConfigError, SeguedError
from segued.exit_codes import Exit
from segued.intake.walk import grounds_of, keep_apart
from segued.web import application
from segued.web.access import Guard, check_page
from segued.web.events import Stream
from segued.web.route import Inside
from segued.web.server import Doors

__all__ = ["run"]

log: Final = structlog.get_logger()

TICK_SECONDS: Final = 5.0
ASLEEP_SECONDS: Final = 10.0
"""A tick that is so late slept, and missed what happened meanwhile."""

GRACE_SECONDS: Final = 60.0
"""A phase may take so much longer than a child may, before it counts as stuck."""

OPENING_USEC: Final = 600_000_000

TELLING_SECONDS: Final = 0.5

END_SECONDS: Final = 8.0
"""Told to stop, the process ends by itself, or is ended, within this time."""


def run(given: argparse.Namespace, read: Callable[[], Config]) -> int:
    """Serve until told to stop; return the exit code.

    Args:
        given: The command line.
        read: Reads the configuration, each time anew.
    """
    process = _Process(given, read)
    return asyncio.run(process.serve())


@dataclass
class _Process:
    """The daemon's outside: signals, sockets, systemd."""

    given: argparse.Namespace
    read: Callable[[], Config]
    _alive: Alive = field(init=False)
    _doors: Doors = field(init=False)
    _guard: Guard = field(default_factory=Guard)
    _leaving: bool = False
    _reading: asyncio.Future[None] | None = None

    async def serve(self) -> int:
        # An older library is brought up to date first, and that may take a while.
        patience = f"EXTEND_TIMEOUT_USEC={OPENING_USEC}"
        systemd.notify("STATUS=Opening the library", patience)
        orders = self._orders()
        path = control_socket(orders.config.library.control_socket)
        given = systemd.listening()
        self._alive = alive = Alive(orders)
        stream = Stream(partial(status, alive))
        app = application(self._inside(stream), self._guard, stream)
        self._doors = doors = Doors(app)
        alive.page = lambda: doors.page
        if not given:
            await asyncio.to_thread(doors.claim, path)
        self._listen_to_signals()

        async def ready() -> None:
            await doors.open(path, given)
            await self._show()
            systemd.notify("READY=1", f"STATUS={status_line(alive)}")
            log.info("daemon.ready", socket=str(path))

        ticking = asyncio.create_task(self._tick())
        try:
            await alive.live(ready, _waiting)
        finally:
            systemd.notify("STOPPING=1", "STATUS=Stopping")
            ticking.cancel()
            await doors.close()
            await asyncio.to_thread(systemd.told_all, TELLING_SECONDS)
        log.info("daemon.stopped")
        return Exit.ALL_DONE

    def _inside(self, stream: Stream) -> Inside:
        alive = self._alive
        return Inside(
            obey=obeying(alive),
            status=partial(status, alive),
            readings=lambda: readings(alive, stream.listeners),
            library=alive.store.path,
            roots=lambda: tuple(alive.orders.roots),
        )

    async def _show(self) -> None:
        """Show the page as the configuration says now."""
        page = self._alive.orders.config.page
        self._guard.follow(page)
        await self._doors.show(page)

    def _orders(self) -> Orders:
        try:
            config = self.read()
            check_page(config.page)
            roots = grounds_of(self.given.folders or config.library.folders)
            keep_apart(config.database, roots)
        except (RuntimeError, ValueError) as error:
            # A home that nobody has, or a name that no file can have.
            raise ConfigError(f"a path makes no sense: {error}") from error
        return Orders(config, roots, self.given.offline)

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._leave)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        # What every thread is at, for whoever wonders.
        with suppress(AttributeError, ValueError, OSError):
            faulthandler.register(signal.SIGUSR1)

    def _leave(self) -> None:
        """Stop; told a second time, at once."""
        if self._leaving:
            os._exit(Exit.CANCELLED)
        self._leaving = True
        systemd.notify("STOPPING=1", "STATUS=Stopping")
        # A dead network folder, or a library that is locked, holds nobody up.
        limit = threading.Timer(END_SECONDS, self._end_now)
        limit.daemon = True
        limit.start()
        self._alive.leave()

    def _end_now(self) -> None:
        self._doors.leave_nothing()
        self._alive.store.let_go()
        os._exit(Exit.ALL_DONE)

    def _reload(self) -> None:
        self._reading = asyncio.ensure_future(self._read_anew(self._reading))

    async def _read_anew(self, before: asyncio.Future[None] | None) -> None:
        """Read the configuration anew; one that makes no sense changes nothing."""
        if before is not None:
            await asyncio.wait({before})
        systemd.reloading()
        try:
            orders = await asyncio.to_thread(self._orders)
            if orders.config.database != self._alive.orders.config.database:
                raise ConfigError("another library takes a restart")
        except SeguedError as error:
            log.error("config.refused", reason=str(error))  # noqa: TRY400
        else:
            shown = self._alive.orders.config.page
            self._alive.follow(orders)
            if orders.config.page != shown:
                await self._show()
            log.info("config.read")
        finally:
            systemd.notify("READY=1")

    async def _tick(self) -> None:
        """Tell systemd how it stands, and that all is well, for as long as it is."""
        wanted = systemd.watchdog_seconds()
        every = min(TICK_SECONDS, wanted / 3) if wanted else TICK_SECONDS
        told = ""
        while True:
            before = _awake_seconds()
            await asyncio.sleep(every)
            if _awake_seconds() - before > every + ASLEEP_SECONDS:
                log.info("daemon.woke")
                for patrol in self._alive.patrols:
                    patrol.sweep_soon()
                # Connections do not live through it.
                await self._alive.refresh()
            line = status_line(self._alive)
            lines = [] if line == told else [f"STATUS={line}"]
            told = line
            if wanted and self._all_moves():
                lines.append("WATCHDOG=1")
            if lines:
                systemd.notify(*lines)

    def _all_moves(self) -> bool:
        """Return whether no worker is stuck.

        One that waits for its turn among many is not, as long as turns end.
        """
        limit = self._alive.orders.config.file_limit + GRACE_SECONDS
        workers = self._alive.board.snapshot().workers
        slow = any(line.seconds >= limit for line in workers)
        return not slow or self._alive.compute.still_seconds < limit


def _awake_seconds() -> float:
    """Return a clock that goes on while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _waiting(why: str) -> None:
    """Tell systemd that the start takes longer, and why."""
    systemd.notify(f"STATUS=Waiting: {why}", f"EXTEND_TIMEOUT_USEC={OPENING_USEC}")
