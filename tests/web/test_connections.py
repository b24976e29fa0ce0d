"""Limits of page connections: `segued.web.connections`, and `server` that uses it.

Each address of 127.0.0.0/8 stands for another peer here; really, all accounts of the
machine share them (see `test_peers`; `tests/end_to_end/attack.py` uses two accounts).
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from segued.config.sections import PageSection
from segued.web import connections
from segued.web.connections import ConnectionLimits
from segued.web.fairness import PeerLimits
from segued.web.server import WebServer
from tests.limits import WAIT_SECONDS

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
PERSON = "127.0.0.2"
ATTACKER = "127.0.0.3"
LARGE_BYTES = 32 << 20


@pytest.fixture(autouse=True)
def _peers_by_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def address(connection: socket.socket) -> str:
        return str(connection.getpeername()[0])

    monkeypatch.setattr(connections, "peer_of", address)


@dataclass
class Served:
    """A server, and the connections to it.

    Attributes:
        slow_requests: Has an item for each slow request that is being handled.
    """

    port: int
    control_path: Path
    slow_requests: asyncio.Queue[None]
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self, peer: str) -> Streams:
        """Open a connection as a peer."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(peer, 0)
        )
        self.writers.append(writer)
        return reader, writer

    async def connect_to_control(self) -> Streams:
        """Open a connection to the control socket."""
        reader, writer = await asyncio.open_unix_connection(self.control_path)
        self.writers.append(writer)
        return reader, writer


@asynccontextmanager
async def serving(folder: Path, limits: ConnectionLimits) -> AsyncIterator[Served]:
    """Serve a short, a large and a slow response while the context lasts."""
    slow_requests: asyncio.Queue[None] = asyncio.Queue()

    async def short(_request: web.Request) -> web.Response:
        return web.Response(text="short")

    async def large(_request: web.Request) -> web.Response:
        return web.Response(body=bytes(LARGE_BYTES))

    async def slow(_request: web.Request) -> web.Response:
        slow_requests.put_nowait(None)
        await asyncio.sleep(WAIT_SECONDS)
        return web.Response()

    app = web.Application()
    for path, handler in (("/", short), ("/large", large), ("/slow", slow)):
        app.router.add_get(path, handler)
    server = WebServer(app, limits=limits)
    control_path = folder / "control.sock"
    await server.listen(control_path, ())
    await server.serve_page(PageSection(port=0))
    port = int(server.page_status.rstrip("/").rpartition(":")[2])
    served = Served(port, control_path, slow_requests)
    try:
        yield served
    finally:
        for writer in served.writers:
            writer.transport.abort()
        await server.close()


async def is_served(streams: Streams) -> bool:
    """Return whether a connection still gets a response."""
    reader, writer = streams
    try:
        writer.write(REQUEST)
        async with asyncio.timeout(WAIT_SECONDS):
            return (await reader.readuntil(b"short")).startswith(b"HTTP/1.1 200")
    except (ConnectionError, asyncio.IncompleteReadError):
        return False


async def wait_for_end(reader: asyncio.StreamReader) -> None:
    """Wait until the server has closed or aborted the connection."""
    async with asyncio.timeout(WAIT_SECONDS):
        try:
            while await reader.read(1 << 16):
                pass
        except ConnectionError:
            pass


async def count_until_end(client: socket.socket) -> int:
    """Return how many bytes are received before the server ends the connection."""
    received = 0
    with suppress(ConnectionResetError):
        while data := await asyncio.get_running_loop().sock_recv(client, 1 << 20):
            received += len(data)
    return received


async def test_idle_connections_do_not_lock_others_out(tmp_path: Path) -> None:
    """A person is served whatever number of connections another peer opens."""
    limits = ConnectionLimits(total=8, per_peer=6)
    async with serving(tmp_path, limits) as served:
        person = await served.connect(PERSON)
        assert await is_served(person)
        for number in range(40):
            _, writer = await served.connect(ATTACKER)
            if number % 2:
                writer.write(b"GET / HT")
        for number in range(4, 8):
            await served.connect(f"127.0.0.{number}")

        assert await is_served(await served.connect(PERSON))
        assert await is_served(person)


async def test_peer_replaces_its_own_idle_connections(tmp_path: Path) -> None:
    """Its new connection is served, and its longest idle one is closed."""
    limits = ConnectionLimits(total=8, per_peer=3)
    async with serving(tmp_path, limits) as served:
        streams = [await served.connect(PERSON) for _ in range(3)]
        for each in (*streams[1:], streams[0]):
            assert await is_served(each)

        assert await is_served(await served.connect(PERSON))

        await wait_for_end(streams[1][0])
        assert await is_served(streams[0])
        assert await is_served(streams[2])


async def test_busy_connections_are_not_replaced(tmp_path: Path) -> None:
    """A peer whose connections all wait for a response gets no further one."""
    limits = ConnectionLimits(total=8, per_peer=2)
    async with serving(tmp_path, limits) as served:
        for _ in range(2):
            _, writer = await served.connect(ATTACKER)
            writer.write(REQUEST.replace(b"/ ", b"/slow ", 1))
            async with asyncio.timeout(WAIT_SECONDS):
                await served.slow_requests.get()

        reader, _ = await served.connect(ATTACKER)
        await wait_for_end(reader)

        assert not any(writer.is_closing() for writer in served.writers[:2])


async def test_slow_head_is_closed_before_an_idle_connection(tmp_path: Path) -> None:
    """Each further byte of a head does not extend its time."""
    limits = ConnectionLimits(head_seconds=0.3, check_seconds=0.05)
    async with serving(tmp_path, limits) as served:
        idle = await served.connect(PERSON)
        reader, writer = await served.connect(ATTACKER)

        async def send_slowly() -> None:
            for byte in REQUEST[:-2] + b"X: " + b"y" * 1_000:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.05)

        sending = asyncio.create_task(send_slowly())
        await wait_for_end(reader)
        assert not sending.done()
        sending.cancel()

        assert await is_served(idle)


async def test_client_that_reads_nothing_is_aborted(tmp_path: Path) -> None:
    """Its response does not stay in memory."""
    limits = ConnectionLimits(send_seconds=0.3, check_seconds=0.05)
    async with serving(tmp_path, limits) as served:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.connect(("127.0.0.1", served.port))
            client.setblocking(False)  # noqa: FBT003
            client.sendall(REQUEST.replace(b"/ ", b"/large ", 1))
            await asyncio.sleep(1.0)
            assert await count_until_end(client) < LARGE_BYTES


async def test_flood_is_delayed_for_its_peer_only(tmp_path: Path) -> None:
    """Pipelined requests beyond the pace wait; another peer is served at once."""
    limits = ConnectionLimits(peer=PeerLimits(burst=20, per_second=20))
    async with serving(tmp_path, limits) as served:
        reader, writer = await served.connect(ATTACKER)
        writer.write(REQUEST * 1_000)
        await asyncio.sleep(1.0)

        started = time.monotonic()
        assert await is_served(await served.connect(PERSON))
        # The other peer's requests take 50 seconds.
        assert time.monotonic() - started < 20

        responses = 0
        async with asyncio.timeout(WAIT_SECONDS):
            while responses < 60:
                responses += (await reader.read(1 << 16)).count(b"short")
        # 20 at once, then 20 per second.
        assert time.monotonic() - started > 0.5


@pytest.mark.parametrize("burst", [20, 0])
async def test_unread_body_is_not_received_at_full_speed(
    tmp_path: Path, burst: int
) -> None:
    """Bytes count as well, also on a new connection of a peer that is behind."""
    limits = ConnectionLimits(peer=PeerLimits(burst=burst, per_second=20))
    async with serving(tmp_path, limits) as served:
        _, writer = await served.connect(ATTACKER)
        writer.write(
            b"POST /nothing HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: 1000000000\r\n\r\n"
        )
        sent = 0
        until = time.monotonic() + 1.0
        while time.monotonic() < until and not writer.is_closing():
            writer.write(bytes(1 << 20))
            try:
                async with asyncio.timeout(0.1):
                    await writer.drain()
                sent += 1 << 20
            except (TimeoutError, ConnectionError):
                await asyncio.sleep(0.05)
        assert sent < 64 << 20


async def test_control_socket_has_no_limits(tmp_path: Path) -> None:
    """Its clients are trusted, and are served during a flood."""
    limits = ConnectionLimits(
        total=2, per_peer=2, peer=PeerLimits(burst=1, per_second=1)
    )
    async with serving(tmp_path, limits) as served:
        _, flood = await served.connect(ATTACKER)
        flood.write(REQUEST * 100)
        started = time.monotonic()
        for _ in range(50):
            streams = await served.connect_to_control()
            assert await is_served(streams)
        # At the pace of the page, 50 requests take 50 seconds.
        assert time.monotonic() - started < 25
