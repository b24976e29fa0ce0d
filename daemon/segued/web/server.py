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

from segued.config.sections import PageSection
from segued.errors import ConfigError, StoreLockedError

__all__ = ["WebServer"]

log: Final = structlog.get_logger()

BACKLOG: Final = 64
CLOSING_SECONDS: Final = 1.0

KEEPALIVE_SECONDS: Final = 30.0

CONNECTIONS_MAX: Final = 256
"""Connections to the page at once. More are cut off, for they take descriptors."""

RETRY_SECONDS: Final = 5.0
"""How often an address is tried that another program has."""

HEAD_LINES_MAX: Final = 64
HEAD_BYTES_MAX: Final = 8_190


class WebServer:
    """Where the routes can be reached.

    Attributes:
        page_status: Where the page is, or why it is nowhere.
    """

    def __init__(
        self,
        app: web.Application,
        *,
        keepalive_seconds: float = KEEPALIVE_SECONDS,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        """Prepare.

        Args:
            app: All there is to ask.
            keepalive_seconds: Who connects and asks nothing for so long is cut off.
            retry_seconds: How often an address is tried that cannot be had.
        """
        self.page_status = "not shown"
        self._runner: Final = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=CLOSING_SECONDS,
            keepalive_timeout=keepalive_seconds,
            max_line_size=HEAD_BYTES_MAX,
            max_field_size=HEAD_BYTES_MAX,
            max_headers=HEAD_LINES_MAX,
            handler_cancellation=True,
        )
        self._retry_seconds: Final = retry_seconds
        self._page_task: asyncio.Task[None] | None = None
        self._created_socket: tuple[Path, int] | None = None
        self._lock_descriptor: int | None = None

    def lock_socket(self, path: Path) -> None:
        """Take a place for a socket, for as long as this process lives.

        Raises:
            StoreLockedError: Another segued has it, or somebody listens there.
            ConfigError: There can be no socket there.
        """
        try:
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            lock_path = path.with_name(f"{path.name}.lock")
            self._lock_descriptor = os.open(
                lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
            fcntl.flock(self._lock_descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreLockedError(f"{path}: another segued answers there") from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(f"{path}: no control socket there: {reason}") from error
        if _is_listening_at(path):
            raise StoreLockedError(f"{path}: somebody listens there already")

    async def listen(
        self, path: Path, activated_sockets: Sequence[socket.socket]
    ) -> None:
        """Listen on sockets that were given, else on a new one at `path`.

        Raises:
            ConfigError: The socket cannot be made there.
        """
        await self._runner.setup()
        sockets = list(activated_sockets) or [self._bind_socket(path)]
        for sock in sockets:
            sock.setblocking(False)  # noqa: FBT003
            await web.SockSite(self._runner, sock, backlog=BACKLOG).start()

    async def serve_page(self, page: PageSection) -> None:
        """Show the page where the configuration says, from now on, or not at all.

        Who was connected, under whatever rules, must come again.
        """
        page_task, self._page_task = self._page_task, None
        if page_task is not None:
            page_task.cancel()
            await asyncio.wait({page_task})
        for connection in self._connections():
            connection.force_close()
        self.page_status = "not shown"
        if page.shown:
            tried = asyncio.Event()
            self._page_task = asyncio.create_task(
                self._serve_until_cancelled(page, tried)
            )
            await tried.wait()

    async def _serve_until_cancelled(
        self, page: PageSection, tried: asyncio.Event
    ) -> None:
        """Show the page until cancelled; tried again while it cannot be."""
        server = None
        try:
            while server is None:
                server = await self._try_listen(page)
                tried.set()
                if server is None:
                    await asyncio.sleep(self._retry_seconds)
            await asyncio.Event().wait()
        finally:
            if server is not None:
                server.close()

    async def _try_listen(self, page: PageSection) -> asyncio.Server | None:
        """Listen where the page is to be; None if that cannot be."""
        try:
            server = await asyncio.get_running_loop().create_server(
                self._create_protocol, page.address, page.port, backlog=BACKLOG
            )
        except (OSError, ValueError) as error:
            previous, why = self.page_status, f"not shown: {_failure_text(page, error)}"
            self.page_status = why
            if why != previous:
                log.warning("page.closed", reason=why)
            return None
        port = server.sockets[0].getsockname()[1]
        host = f"[{page.address}]" if ":" in page.address else page.address
        self.page_status = f"http://{host}:{port}/"
        log.info("page.shown", address=self.page_status, token=bool(page.token))
        return server

    def _create_protocol(self) -> asyncio.Protocol:
        """Return who talks with one that connects to the page."""
        server = self._runner.server
        if server is None or len(server.connections) >= CONNECTIONS_MAX:
            return _RejectingProtocol()
        return server()

    def _connections(self) -> list[web.RequestHandler]:
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
        if self._page_task is not None:
            self._page_task.cancel()
        await self._runner.cleanup()
        self.cleanup()

    def cleanup(self) -> None:
        """Remove the socket that we made, if it still is; give up its place."""
        if self._created_socket is not None:
            path, inode = self._created_socket
            with suppress(OSError):
                if path.lstat().st_ino == inode:
                    path.unlink()
        if self._lock_descriptor is not None:
            # Not left to the end: a thread may sleep in a dead disk beyond that.
            os.close(self._lock_descriptor)
            self._lock_descriptor = None

    def _bind_socket(self, path: Path) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with suppress(FileNotFoundError):
                if stat.S_ISSOCK(os.lstat(path).st_mode):
                    path.unlink()  # of one that was killed; nobody answers there
            umask = os.umask(0o117)
            try:
                sock.bind(os.fspath(path))
            finally:
                os.umask(umask)
        except OSError as error:
            sock.close()
            reason = error.strerror or str(error)
            raise ConfigError(f"{path}: no control socket there: {reason}") from error
        self._created_socket = path, path.lstat().st_ino
        return sock


def _is_listening_at(path: Path) -> bool:
    """Return whether somebody may be listening on the socket at `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(CLOSING_SECONDS)
        try:
            sock.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False  # nothing, or left by one that was killed
        except OSError:
            return stat.S_ISSOCK(path.lstat().st_mode)
        return True


class _RejectingProtocol(asyncio.Protocol):
    """Ends a connection at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.abort()


def _failure_text(page: PageSection, error: OSError | ValueError) -> str:
    """Return why there can be no page."""
    where = f"{page.address}:{page.port}"
    if not isinstance(error, OSError):
        return f"{where}: there is no such address"
    if error.errno == errno.EADDRINUSE:
        return f"another program has {where}"
    return f"{where}: {error.strerror or error}"
