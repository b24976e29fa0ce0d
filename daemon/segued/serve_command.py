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
from typing import Final

import structlog

from segued import sdnotify
from segued.alive import Alive, grounds_of
from segued.config import Config, control_socket
from segued.errors import ConfigError, SeguedError, StoreLockedError
from segued.exits import Exit
from segued.intake.scan import keep_apart
from segued.obeying import obeying, status_line
from segued.shift import Orders
from segued.views.web import Doors, answers_at, application

__all__ = ["run"]

log: Final = structlog.get_logger()

TICK_SECONDS: Final = 5.0
ASLEEP_SECONDS: Final = 30.0
"""A tick that is so late slept, and missed what happened meanwhile."""

GRACE_SECONDS: Final = 60.0
"""A phase may take so much longer than a child may, before it counts as stuck."""

OPENING_USEC: Final = 600_000_000

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
    _leaving: bool = False
    _reading: asyncio.Future[None] | None = None

    async def serve(self) -> int:
        # An older library is brought up to date first, and that may take a while.
        patience = f"EXTEND_TIMEOUT_USEC={OPENING_USEC}"
        sdnotify.notify("STATUS=Opening the library", patience)
        orders = self._orders()
        path = control_socket(orders.config)
        given = sdnotify.listening()
        if not given and await asyncio.to_thread(answers_at, path):
            raise StoreLockedError(f"{path}: another segued answers there")
        self._alive = alive = Alive(orders)
        doors = Doors(application(obeying(alive)))
        self._listen_to_signals()

        async def ready() -> None:
            await doors.open(path, given)
            sdnotify.notify("READY=1", f"STATUS={status_line(alive)}")
            log.info("daemon.ready", socket=str(path))

        ticking = asyncio.create_task(self._tick())
        try:
            await alive.live(ready)
        finally:
            sdnotify.notify("STOPPING=1", "STATUS=Stopping")
            ticking.cancel()
            await doors.close()
        log.info("daemon.stopped")
        return Exit.ALL_DONE

    def _orders(self) -> Orders:
        config = self.read()
        roots = grounds_of(self.given.folders or config.library.folders)
        keep_apart(config.database, roots)
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
        sdnotify.notify("STOPPING=1", "STATUS=Stopping")
        # A dead network folder, or a library that is locked, holds nobody up.
        limit = threading.Timer(END_SECONDS, os._exit, (Exit.ALL_DONE,))
        limit.daemon = True
        limit.start()
        self._alive.leave()

    def _reload(self) -> None:
        self._reading = asyncio.ensure_future(self._read_anew())

    async def _read_anew(self) -> None:
        """Read the configuration anew; one that makes no sense changes nothing."""
        sdnotify.reloading()
        try:
            orders = await asyncio.to_thread(self._orders)
            if orders.config.database != self._alive.orders.config.database:
                raise ConfigError("another library takes a restart")
        except SeguedError as error:
            log.error("config.refused", reason=str(error))  # noqa: TRY400
        else:
            self._alive.follow(orders)
            log.info("config.read")
        sdnotify.notify("READY=1")

    async def _tick(self) -> None:
        """Tell systemd how it stands, and that all is well, for as long as it is."""
        wanted = sdnotify.watchdog_seconds()
        every = min(TICK_SECONDS, wanted / 3) if wanted else TICK_SECONDS
        told = ""
        while True:
            before = time.monotonic()
            await asyncio.sleep(every)
            if time.monotonic() - before > every + ASLEEP_SECONDS:
                log.info("daemon.woke")
                for patrol in self._alive.patrols:
                    patrol.sweep_soon()
            line = status_line(self._alive)
            lines = [] if line == told else [f"STATUS={line}"]
            told = line
            if wanted and self._all_moves():
                lines.append("WATCHDOG=1")
            if lines:
                sdnotify.notify(*lines)

    def _all_moves(self) -> bool:
        """Return whether no worker is stuck."""
        limit = self._alive.orders.config.file_limit + GRACE_SECONDS
        workers = self._alive.board.snapshot().workers
        return all(line.seconds < limit for line in workers)
