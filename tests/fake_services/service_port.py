"""A port that a service listens on, and at times does not."""

import socket

from aiohttp import web

from tests.fake_services.service_app import ServiceApp

__all__ = ["HOST", "ServicePort"]

HOST = "127.0.0.1"

GRACE_SECONDS = 0.1
"""How long a request in flight is given when the door shuts; twice."""


class ServicePort:
    """One service's port. Shut, it refuses connections and keeps its number."""

    def __init__(self, desk: ServiceApp, port: int) -> None:
        self._app = desk
        self._runner: web.AppRunner | None = None
        # A socket that is bound and never listens: the number stays ours, and
        # is not given to a connection that anybody makes meanwhile.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind((HOST, port))

    @property
    def port(self) -> int:
        """Its number."""
        return int(self._reserved.getsockname()[1])

    async def open(self) -> None:
        """Listen. Nothing happens if it does already."""
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
        """Refuse connections, and close those there are."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def release(self) -> None:
        """Let others have the number."""
        self._reserved.close()
