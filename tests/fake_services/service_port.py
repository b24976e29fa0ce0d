"""A port on which a service can stop and start to listen."""

import socket

from aiohttp import web

from tests.fake_services.service_app import ServiceApp

__all__ = ["HOST", "ServicePort"]

HOST = "127.0.0.1"

GRACE_SECONDS = 0.1
"""How long `close` waits for requests in flight; aiohttp applies it twice."""


class ServicePort:
    """One service's port. While closed, it refuses connections and stays reserved."""

    def __init__(self, app: ServiceApp, port: int) -> None:
        self._app = app
        self._runner: web.AppRunner | None = None
        # Bound but never listening: the number stays reserved, and the system does
        # not assign it to another socket while the service is closed.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind((HOST, port))

    @property
    def port(self) -> int:
        """The port number."""
        return int(self._reserved.getsockname()[1])

    async def open(self) -> None:
        """Start to listen, unless it already does."""
        if self._runner is not None:
            return
        self._runner = web.AppRunner(
            self._app.application(),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=GRACE_SECONDS,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self.port, reuse_address=True)
        await site.start()

    async def close(self) -> None:
        """Refuse new connections, and close the open ones."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def release(self) -> None:
        """Release the port number."""
        self._reserved.close()
