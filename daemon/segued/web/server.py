"""The web server: listens on the control socket and on the page's address."""

import asyncio
import errno
import fcntl
import os
import socket
import stat
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web

from segued.config.sections import PageSection
from segued.errors import ConfigError, StoreLockedError
from segued.web.connections import Connection, ConnectionLimits, ConnectionTable
from segued.web.responses import respond

__all__ = ["WebServer"]

log: Final = structlog.get_logger()

BACKLOG: Final = 64
"""How many connections asyncio accepts at once, before anything else runs."""

QUEUE_LENGTH: Final = 1_024
"""How many page connections the system keeps until they are accepted. A client that
finds the queue full tries again only after a second."""

CLOSING_SECONDS: Final = 1.0

RETRY_SECONDS: Final = 5.0
"""The interval between attempts to listen on an address that is in use."""

HEAD_LINES_MAX: Final = 64
HEAD_BYTES_MAX: Final = 8_190


class WebServer:
    """Serves the application on the control socket and on the page's address.

    Attributes:
        page_status: The URL of the page, or the reason why it is not served.
    """

    def __init__(
        self,
        app: web.Application,
        *,
        limits: ConnectionLimits | None = None,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        """Create a server that does not listen yet.

        Args:
            app: The application with all routes.
            limits: The limits of page connections.
            retry_seconds: The interval between attempts to listen on an address
                that is not available.
        """
        self.page_status = "not shown"
        self._runner: Final = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=CLOSING_SECONDS,
            handler_cancellation=True,
        )
        self._limits: Final = limits or ConnectionLimits()
        self._table: Final = ConnectionTable(self._limits)
        self._control_servers: Final[list[asyncio.Server]] = []
        self._retry_seconds: Final = retry_seconds
        self._page_task: asyncio.Task[None] | None = None
        self._created_socket: tuple[Path, int] | None = None
        self._lock_descriptor: int | None = None

    def lock_socket(self, path: Path) -> None:
        """Lock the path of the control socket until `cleanup` or the process's end.

        Raises:
            StoreLockedError: Another daemon has locked it or listens on it.
            ConfigError: A control socket cannot be created there.
        """
        try:
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            lock_path = path.with_name(f"{path.name}.lock")
            self._lock_descriptor = os.open(
                lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
            fcntl.flock(self._lock_descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreLockedError(
                f"{path}: another daemon is using this control socket"
            ) from error
        except OSError as error:
            raise _socket_error(path, error) from error
        if _is_listening_at(path):
            raise StoreLockedError(
                f"{path}: another process is listening on this socket"
            )

    async def listen(
        self, path: Path, activated_sockets: Sequence[socket.socket]
    ) -> None:
        """Listen on the sockets that systemd passed, else on a new one at `path`.

        Raises:
            ConfigError: The socket cannot be created at `path`.
        """
        await self._runner.setup()
        server = self._runner.server
        if server is not None:
            # All errors become JSON, also those before the application's middlewares.
            server.request_handler = _run_on_connection(server.request_handler)
        sockets = list(activated_sockets) or [self._bind_socket(path)]
        for sock in sockets:
            sock.setblocking(False)  # noqa: FBT003
            table = None if sock.family == socket.AF_UNIX else self._table
            self._control_servers.append(
                await asyncio.get_running_loop().create_server(
                    partial(self._new_connection, table), sock=sock, backlog=BACKLOG
                )
            )

    async def serve_page(self, page: PageSection) -> None:
        """Serve the page at the configured address, or stop serving it.

        Closes all page connections, because they were accepted under the old
        configuration.
        """
        page_task, self._page_task = self._page_task, None
        if page_task is not None:
            page_task.cancel()
            await asyncio.wait({page_task})
        for connection in self._table.connections():
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
        """Serve the page until cancelled; retry while the address is unavailable."""
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
        """Listen on the page's address; return None if it is not available."""
        try:
            server = await asyncio.get_running_loop().create_server(
                partial(self._new_connection, self._table),
                page.address,
                page.port,
                backlog=BACKLOG,
            )
        except (OSError, ValueError) as error:
            status = f"not shown: {_failure_text(page, error)}"
            if status != self.page_status:
                log.warning("page.closed", reason=status)
            self.page_status = status
            return None
        for each in server.sockets:
            with each.dup() as listening:
                listening.listen(QUEUE_LENGTH)
        port = server.sockets[0].getsockname()[1]
        host = f"[{page.address}]" if ":" in page.address else page.address
        self.page_status = f"http://{host}:{port}/"
        log.info("page.shown", address=self.page_status, token=bool(page.token))
        return server

    def _new_connection(self, table: ConnectionTable | None) -> asyncio.Protocol:
        """Return the protocol of a new connection; without a table, for control."""
        server = self._runner.server
        if server is None:
            return _RejectingProtocol()
        return Connection(
            server,
            table,
            asyncio.get_running_loop(),
            access_log=None,
            keepalive_timeout=self._limits.idle_seconds,
            max_line_size=HEAD_BYTES_MAX,
            max_field_size=HEAD_BYTES_MAX,
            max_headers=HEAD_LINES_MAX,
        )

    async def close(self) -> None:
        """Stop listening, close all connections and clean up."""
        if self._page_task is not None:
            self._page_task.cancel()
        for server in self._control_servers:
            server.close()
        self._table.close()
        await self._runner.cleanup()
        self.cleanup()

    def cleanup(self) -> None:
        """Remove the socket file if this server created it; release the lock."""
        if self._created_socket is not None:
            path, inode = self._created_socket
            with suppress(OSError):
                if path.lstat().st_ino == inode:
                    path.unlink()
        if self._lock_descriptor is not None:
            # Not left to the process's end, which a thread that waits for a dead
            # disk can delay.
            os.close(self._lock_descriptor)
            self._lock_descriptor = None

    def _bind_socket(self, path: Path) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with suppress(FileNotFoundError):
                if stat.S_ISSOCK(os.lstat(path).st_mode):
                    path.unlink()  # left by a daemon that was killed
            umask = os.umask(0o117)
            try:
                sock.bind(os.fspath(path))
            finally:
                os.umask(umask)
        except OSError as error:
            sock.close()
            raise _socket_error(path, error) from error
        self._created_socket = path, path.lstat().st_ino
        return sock


def _socket_error(path: Path, error: OSError) -> ConfigError:
    reason = error.strerror or str(error)
    return ConfigError(f"{path}: cannot create the control socket: {reason}")


def _is_listening_at(path: Path) -> bool:
    """Return whether a process may be listening on the socket at `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(CLOSING_SECONDS)
        try:
            sock.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False  # no socket, or one left by a daemon that was killed
        except OSError:
            return stat.S_ISSOCK(path.lstat().st_mode)
        return True


class _RejectingProtocol(asyncio.Protocol):
    """Aborts a connection at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.abort()


def _run_on_connection(
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """Return a handler that lets the connection of a request run `handler`."""

    async def run(request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        if isinstance(connection, Connection):
            return await connection.run(request, handler)
        return await respond(request, handler)

    return run


def _failure_text(page: PageSection, error: OSError | ValueError) -> str:
    """Return why the server cannot listen on the page's address."""
    endpoint = f"{page.address}:{page.port}"
    if not isinstance(error, OSError):
        return f"{endpoint}: invalid address"
    if error.errno == errno.EADDRINUSE:
        return f"{endpoint} is in use by another program"
    return f"{endpoint}: {error.strerror or error}"
