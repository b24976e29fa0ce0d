"""The connections of the server, and their limits.

Connections to the page's address are limited in number, time and pace, for each peer
and in all, so that no peer keeps the page from the others or takes the processor from
the import. Those of the control socket are not: its file mode limits access.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from aiohttp import web

from segued.web.access import SECURITY_HEADERS
from segued.web.fairness import FairSlots, PeerLimits, PeerPace
from segued.web.peers import CONTROL_PEER, peer_of
from segued.web.responses import error_response, respond

__all__ = [
    "Connection",
    "ConnectionLimits",
    "ConnectionTable",
    "StreamSlot",
    "begin_stream",
    "pace_stream",
]

log: Final = structlog.get_logger()

READ_BYTES: Final = 16_384
"""Receiving this much costs as much as a request."""

READ_COST: Final = 1 / 16
"""The cost of each receipt of data, however short."""

ERROR_COST: Final = 5
"""The cost of a request that is not HTTP, which ends its connection."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The limits of page connections.

    Attributes:
        total: The highest number of connections; each takes a descriptor.
        per_peer: The highest number of connections of one peer.
        idle_seconds: A connection without a request for so long is closed.
        head_seconds: The time within which the head of a request must arrive.
        send_seconds: The time within which a client must read a complete response.
        check_seconds: The interval between checks of these times.
        peer: The limits of the requests of one peer.
    """

    total: int = 256
    per_peer: int = 128
    idle_seconds: float = 30.0
    head_seconds: float = 10.0
    send_seconds: float = 60.0
    check_seconds: float = 1.0
    peer: PeerLimits = field(default_factory=PeerLimits)


class ConnectionTable:
    """All page connections, and the pace of each peer."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits: Final = limits
        self._slots: Final = FairSlots[Connection](limits.total, limits.per_peer)
        self._paces: Final[dict[str, PeerPace]] = {}
        self._check: asyncio.TimerHandle | None = None
        self._reported: Final[set[str]] = set()

    def connections(self) -> tuple["Connection", ...]:
        """Return the open page connections."""
        return self._slots.holders()

    def admit(self, connection: "Connection") -> PeerPace | None:
        """Count a new connection; return its peer's pace, or None to refuse it."""
        now = asyncio.get_running_loop().time()
        pace = self._paces.get(connection.peer)
        if pace is None:
            pace = self._paces[connection.peer] = PeerPace(self.limits.peer)
        if self._check is None:
            self._schedule_check()
        # A peer that is behind keeps its connections, which wait. Replacing them would
        # cost more than to refuse the new one.
        is_behind = pace.is_exhausted(now)
        if not self._slots.take(connection, may_replace_own=not is_behind):
            self.report(connection.peer, "too many connections")
            return None
        return pace

    def remove(self, connection: "Connection") -> None:
        """Count a connection no longer, which is closed."""
        self._slots.release(connection)

    def report(self, peer: str, reason: str) -> None:
        """Log that a peer is limited, once until it has been quiet for a while."""
        if peer not in self._reported:
            self._reported.add(peer)
            log.warning("page.limited", peer=peer, reason=reason)

    def close(self) -> None:
        """Stop checking."""
        if self._check is not None:
            self._check.cancel()
            self._check = None

    def _schedule_check(self) -> None:
        loop = asyncio.get_running_loop()
        self._check = loop.call_later(self.limits.check_seconds, self._check_all)

    def _check_all(self) -> None:
        """Abort connections past a time limit; forget peers that are gone."""
        now = asyncio.get_running_loop().time()
        for connection in self._slots.holders():
            if connection.is_overdue(now):
                connection.evict()
        for peer, pace in tuple(self._paces.items()):
            if pace.is_full(now) and not self._slots.has(peer):
                del self._paces[peer]
                self._reported.discard(peer)
        self._check = None
        if self._paces:
            self._schedule_check()


class Connection(web.RequestHandler):
    """An HTTP connection of a peer.

    aiohttp closes an idle connection by itself, but not one whose client reads nothing
    of what is still to be sent.

    Attributes:
        peer: The name of the peer.
        is_busy: Whether a request is handled, or its response sent.
        active_at: When the connection was opened, or `is_busy` last changed.
    """

    def __init__(
        self,
        server: web.Server,
        table: ConnectionTable | None,
        loop: asyncio.AbstractEventLoop,
        **options: Any,  # noqa: ANN401
    ) -> None:
        """Create a connection that is not made yet.

        Args:
            server: The server of the application.
            table: The table that limits it; None for the control socket.
            loop: The event loop.
            options: The options of aiohttp's handler.
        """
        super().__init__(server, loop=loop, **options)
        self.peer = CONTROL_PEER
        self.is_busy = False
        self.active_at = loop.time()
        self._table: Final = table
        self._pace: PeerPace | None = None
        self._is_refused = False
        self._is_paced = False
        self._open_transport: asyncio.Transport | None = None
        self._head_since: float | None = None
        self._sending_since: float | None = None
        self._turn: _Turn | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit the connection, or abort it."""
        if self._table is not None:
            self.peer = peer_of(transport.get_extra_info("socket"))
            self._pace = self._table.admit(self)
            if self._pace is None and isinstance(transport, asyncio.Transport):
                self._is_refused = True
                transport.abort()
                return
        if isinstance(transport, asyncio.Transport):
            # aiohttp forgets its own reference when it closes the connection, which
            # then stays open until all is sent.
            self._open_transport = transport
        super().connection_made(transport)
        if self._pace is not None:
            # asyncio starts reading after this call, whether reading is paused or not.
            self._loop.call_soon(self._charge_reading, self._pace, 1)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count the connection no longer."""
        self._open_transport = None
        if self._table is not None:
            self._table.remove(self)
        if not self._is_refused:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take data from the client."""
        if self._is_refused:
            return
        if data and not self.is_busy and self._head_since is None:
            self._head_since = self._loop.time()
        super().data_received(data)
        if data and self._pace is not None:
            self._charge_reading(self._pace, READ_COST + len(data) / READ_BYTES)

    def _charge_reading(self, pace: PeerPace, cost: float) -> None:
        """Charge the peer, and read no more while it is behind."""
        delay = pace.charge(cost, self._loop.time())
        if delay and self._open_transport is not None:
            self._is_paced = True
            self._open_transport.pause_reading()
            self._loop.call_later(delay, self._end_pace)

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002
        """Read on, unless the peer is too fast."""
        super().resume_reading(resume_parser)
        if self._is_paced and self._open_transport is not None:
            self._open_transport.pause_reading()

    def _end_pace(self) -> None:
        self._is_paced = False
        # If aiohttp pauses reading as well, it resumes by itself.
        if not (self._reading_paused or self._buffer_paused):
            self._resume_transport_reading()

    async def run(
        self,
        request: web.BaseRequest,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Respond to a request when it is its peer's turn."""
        self.is_busy, self.active_at = True, self._loop.time()
        self._head_since = self._sending_since = None
        if self._pace is None:
            return await respond(request, handler)
        await self._wait(self._pace, 1)
        async with self._take_turn(self._pace):
            return await respond(request, handler)

    async def _wait(self, pace: PeerPace, cost: float) -> None:
        delay = pace.charge(cost, self._loop.time())
        if delay:
            if self._table is not None:
                self._table.report(self.peer, "too many requests")
            await asyncio.sleep(delay)

    @asynccontextmanager
    async def _take_turn(self, pace: PeerPace) -> AsyncIterator[None]:
        await pace.turns.acquire()
        turn = self._turn = _Turn(pace, self._loop.time())
        try:
            yield
        finally:
            turn.end(self._loop.time())

    def begin_stream(self) -> None:
        """End the turn of the current request, whose response is sent over minutes."""
        if self._turn is not None:
            self._turn.end(self._loop.time())

    async def pace_stream(self) -> None:
        """Wait until the peer may get another part of a stream."""
        if self._pace is not None:
            await self._wait(self._pace, 1)

    async def finish_response(
        self,
        request: web.BaseRequest,
        resp: web.StreamResponse,
        start_time: float | None,
    ) -> tuple[web.StreamResponse, bool]:
        """Send the response, or what is left of it."""
        self._sending_since = self._loop.time()
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self.is_busy, self.active_at = False, self._loop.time()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the response to a request that is not HTTP, as JSON.

        The application and its signals never see such a request.

        Raises:
            ConnectionError: A response is already being sent.
        """
        super().handle_error(request, status, exc, message)
        if self._pace is not None:
            self._pace.charge(ERROR_COST, self._loop.time())
        # Further lines quote the request, which may contain the token.
        reason = (message or "").partition("\n")[0].rstrip(": ") or "internal error"
        response = error_response(status, "request", f"invalid request: {reason}")
        response.headers.update(SECURITY_HEADERS)
        response.force_close()
        return response

    def is_overdue(self, now: float) -> bool:
        """Return whether the client has exceeded a time limit."""
        if self._table is None:
            return False
        limits = self._table.limits
        if self._sending_since is not None and self._is_sending():
            return now - self._sending_since > limits.send_seconds
        if self.is_busy:
            return False
        if (
            self._head_since is not None
            and now - self._head_since > limits.head_seconds
        ):
            return True
        return now - self.active_at > limits.idle_seconds

    def _is_sending(self) -> bool:
        """Return whether the client has not read all of a complete response."""
        transport = self._open_transport
        return transport is not None and transport.get_write_buffer_size() > 0

    def evict(self) -> None:
        """Abort the connection."""
        if self._open_transport is not None:
            self._open_transport.abort()


class _Turn:
    """The right of a request to be handled, of which a peer has few at a time."""

    def __init__(self, pace: PeerPace, started: float) -> None:
        self._pace: PeerPace | None = pace
        self._started: Final = started

    def end(self, now: float) -> None:
        """Give it back and charge the work; has no effect the second time."""
        pace, self._pace = self._pace, None
        if pace is not None:
            pace.charge(pace.work_cost(now - self._started), now)
            pace.turns.release()


class StreamSlot:
    """The slot of a long response, in the `FairSlots` of its kind.

    Attributes:
        peer: The name of the peer.
        is_busy: A stream is never idle.
        active_at: When it began.
    """

    is_busy = True

    def __init__(self, request: web.Request) -> None:
        connection = request.protocol
        self.peer = connection.peer if isinstance(connection, Connection) else ""
        self.active_at = asyncio.get_running_loop().time()
        self._request: Final = request

    def evict(self) -> None:
        """Abort its connection."""
        if self._request.transport is not None:
            self._request.transport.abort()


def begin_stream(request: web.Request) -> None:
    """End the turn of a request whose response is sent over minutes."""
    if isinstance(request.protocol, Connection):
        request.protocol.begin_stream()


async def pace_stream(request: web.Request) -> None:
    """Wait until the peer may get another part of a stream."""
    if isinstance(request.protocol, Connection):
        await request.protocol.pace_stream()
