"""A port that a service listens on, and at times does not."""

import socket

from aiohttp import web

from tests.world.desk import Desk

__all__ = ["HOST", "Door"]

HOST = "127.0.0.1"

GRACE_SECONDS = 0.1
"""How long a request in flight is given when the door shuts; twice."""


class Door:
    """One service's port. Shut, it refuses connections and keeps its number."""

    def __init__(self, desk: Desk, port: int) -> None:
        self._desk = desk
        self._runner: web.AppRunner | None = None
        # A socket that is bound and never listens: the number stays ours, and
        # is not given to a connection that anybody makes meanwhile.
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind((HOST, port))

    @property
    def port(self) -> int:
        """Its number."""
        return int(self._held.getsockname()[1])

    async def open(self) -> None:
        """Listen. Nothing happens if it does already."""
        if self._runner is not None:
            return
        self._runner = web.AppRunner(
            self._desk.application(),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=GRACE_SECONDS,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self.port, reuse_address=True)
        await site.start()

    async def shut(self) -> None:
        """Refuse connections, and close those there are."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def give_up(self) -> None:
        """Let others have the number."""
        self._held.close()
