"""Where the daemon listens: the control socket, and the address of the page."""

import asyncio
import errno
import fcntl
import os
import socket
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web

from segued.config.sections import Page
from segued.errors import ConfigError, StoreLockedError

__all__ = ["Doors"]

log: Final = structlog.get_logger()

BACKLOG: Final = 64
CLOSING_SECONDS: Final = 1.0

SILENT_SECONDS: Final = 30.0

CALLERS_MAX: Final = 256
"""Connections to the page at once. More are cut off, for they take descriptors."""

AGAIN_SECONDS: Final = 5.0
"""How often an address is tried that another program has."""

HEAD_LINES_MAX: Final = 64
HEAD_BYTES_MAX: Final = 8_190


class Doors:
    """Where the routes can be reached.

    Attributes:
        page: Where the page is, or why it is nowhere.
    """

    def __init__(
        self,
        app: web.Application,
        *,
        silent_seconds: float = SILENT_SECONDS,
        again_seconds: float = AGAIN_SECONDS,
    ) -> None:
        """Prepare.

        Args:
            app: All there is to ask.
            silent_seconds: Who connects and asks nothing for so long is cut off.
            again_seconds: How often an address is tried that cannot be had.
        """
        self.page = "not shown"
        self._runner: Final = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=CLOSING_SECONDS,
            keepalive_timeout=silent_seconds,
            max_line_size=HEAD_BYTES_MAX,
            max_field_size=HEAD_BYTES_MAX,
            max_headers=HEAD_LINES_MAX,
            handler_cancellation=True,
        )
        self._again_seconds: Final = again_seconds
        self._showing: asyncio.Task[None] | None = None
        self._made: tuple[Path, int] | None = None
        self._lock: int | None = None

    def claim(self, path: Path) -> None:
        """Take a place for a socket, for as long as this process lives.

        Raises:
            StoreLockedError: Another segued has it, or somebody listens there.
            ConfigError: There can be no socket there.
        """
        try:
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            beside = path.with_name(f"{path.name}.lock")
            self._lock = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreLockedError(f"{path}: another segued answers there") from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(f"{path}: no control socket there: {reason}") from error
        if _answers_at(path):
            raise StoreLockedError(f"{path}: somebody listens there already")

    async def open(self, path: Path, given: Sequence[socket.socket]) -> None:
        """Listen on sockets that were given, else on a new one at `path`.

        Raises:
            ConfigError: The socket cannot be made there.
        """
        await self._runner.setup()
        lines = list(given) or [self._socket(path)]
        for line in lines:
            line.setblocking(False)  # noqa: FBT003
            await web.SockSite(self._runner, line, backlog=BACKLOG).start()

    async def show(self, page: Page) -> None:
        """Show the page where the configuration says, from now on, or not at all.

        Who was connected, under whatever rules, must come again.
        """
        showing, self._showing = self._showing, None
        if showing is not None:
            showing.cancel()
            await asyncio.wait({showing})
        for caller in self._callers():
            caller.force_close()
        self.page = "not shown"
        if page.shown:
            tried = asyncio.Event()
            self._showing = asyncio.create_task(self._show(page, tried))
            await tried.wait()

    async def _show(self, page: Page, tried: asyncio.Event) -> None:
        """Show the page until cancelled; tried again while it cannot be."""
        server = None
        try:
            while server is None:
                server = await self._listening(page)
                tried.set()
                if server is None:
                    await asyncio.sleep(self._again_seconds)
            await asyncio.Event().wait()
        finally:
            if server is not None:
                server.close()

    async def _listening(self, page: Page) -> asyncio.Server | None:
        """Listen where the page is to be; None if that cannot be."""
        try:
            server = await asyncio.get_running_loop().create_server(
                self._caller, page.address, page.port, backlog=BACKLOG
            )
        except (OSError, ValueError) as error:
            told, why = self.page, f"not shown: {_in_words(page, error)}"
            self.page = why
            if why != told:
                log.warning("page.closed", reason=why)
            return None
        port = server.sockets[0].getsockname()[1]
        host = f"[{page.address}]" if ":" in page.address else page.address
        self.page = f"http://{host}:{port}/"
        log.info("page.shown", address=self.page, token=bool(page.token))
        return server

    def _caller(self) -> asyncio.Protocol:
        """Return who talks with one that connects to the page."""
        server = self._runner.server
        if server is None or len(server.connections) >= CALLERS_MAX:
            return _CutOff()
        return server()

    def _callers(self) -> list[web.RequestHandler]:
        """Return those who talk with all that connected to the page."""
        server = self._runner.server
        return [
            each
            for each in (server.connections if server else ())
            if each.transport is not None
            and each.transport.get_extra_info("socket").family != socket.AF_UNIX
        ]

    async def close(self) -> None:
        """Listen no more, and leave no socket behind that we made."""
        if self._showing is not None:
            self._showing.cancel()
        await self._runner.cleanup()
        self.leave_nothing()

    def leave_nothing(self) -> None:
        """Remove the socket that we made, if it still is; give up its place."""
        if self._made is not None:
            path, inode = self._made
            with suppress(OSError):
                if path.lstat().st_ino == inode:
                    path.unlink()
        if self._lock is not None:
            # Not left to the end: a thread may sleep in a dead disk beyond that.
            os.close(self._lock)
            self._lock = None

    def _socket(self, path: Path) -> socket.socket:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with suppress(FileNotFoundError):
                if stat.S_ISSOCK(os.lstat(path).st_mode):
                    path.unlink()  # of one that was killed; nobody answers there
            before = os.umask(0o117)
            try:
                line.bind(os.fspath(path))
            finally:
                os.umask(before)
        except OSError as error:
            line.close()
            reason = error.strerror or str(error)
            raise ConfigError(f"{path}: no control socket there: {reason}") from error
        self._made = path, path.lstat().st_ino
        return line


def _answers_at(path: Path) -> bool:
    """Return whether somebody may be listening on the socket at `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(CLOSING_SECONDS)
        try:
            line.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False  # nothing, or left by one that was killed
        except OSError:
            return stat.S_ISSOCK(path.lstat().st_mode)
        return True


class _CutOff(asyncio.Protocol):
    """Ends a connection at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.abort()


def _in_words(page: Page, error: OSError | ValueError) -> str:
    """Return why there can be no page."""
    where = f"{page.address}:{page.port}"
    if not isinstance(error, OSError):
        return f"{where}: there is no such address"
    if error.errno == errno.EADDRINUSE:
        return f"another program has {where}"
    return f"{where}: {error.strerror or error}"
