"""Server-sent events: complete for each subscriber, and never blocking others."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from segued.config.sections import PageSection
from segued.web.connections import ConnectionLimits
from segued.web.events import SUBSCRIBERS_MAX, EventStream, StreamTiming
from segued.web.server import WebServer
from segued.web.status import Status
from tests.end_to_end.running_daemon import (
    running_daemon,
    write_noise_mp3,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner
from tests.limits import WAIT_SECONDS
from tests.web.web_client import WebClient, open_event_stream


@dataclass
class StatusSource:
    """A source whose status changes at each call."""

    status: Status
    calls: int = 0

    def __call__(self) -> Status:
        """Return the status, with the number of calls as a counter."""
        self.calls += 1
        counters = {**self.status.counters, "new": {"calls": self.calls}}
        return msgspec.structs.replace(self.status, counters=counters)


def blank_status(**fields: Any) -> Status:  # noqa: ANN401
    """Return a status with empty fields, except for the given ones."""
    empty: dict[Any, Any] = {str: "", int: 0, float: 0.0}
    return Status(
        **{
            each.name: empty.get(each.type, {} if "dict" in str(each.type) else [])
            for each in msgspec.structs.fields(Status)
        }
        | fields
    )


@dataclass
class ServedStream:
    """A served stream, its port and the connections to it."""

    stream: EventStream
    port: int
    connections: list[socket.socket] = field(default_factory=list)

    def connect(self, headers: str = "") -> socket.socket:
        """Return a connection on which the events are requested."""
        connection = socket.create_connection(("127.0.0.1", self.port), WAIT_SECONDS)
        connection.sendall(
            f"GET / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()
        )
        self.connections.append(connection)
        return connection


@asynccontextmanager
async def serve_stream(stream: EventStream) -> AsyncIterator[ServedStream]:
    """Serve a stream over HTTP while the context lasts."""
    app = web.Application()
    app.router.add_get("/", stream.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served = ServedStream(stream, runner.addresses[0][1])
    try:
        yield served
    finally:
        stream.close()
        for connection in served.connections:
            connection.close()
        await runner.cleanup()


async def wait_until(predicate: Callable[[], bool]) -> None:
    """Wait until the predicate holds, checking every 10 ms."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not predicate():  # noqa: ASYNC110  (no event for it)
            await asyncio.sleep(0.01)


def test_snapshot_then_changes(segued: SeguedRunner, tmp_path: Path) -> None:
    """The snapshot has the whole status; events are numbered and have changes only."""
    music = tmp_path / "music"
    write_noise_wav(music / "one.wav", 1)
    with running_daemon(segued, music, page=True) as daemon:
        web_client = WebClient.for_daemon(daemon)
        daemon.wait_until_done(1)
        with open_event_stream(web_client.host, web_client.port) as events:
            first = next(events)
            assert first.kind == "snapshot"
            whole = daemon.status()
            assert set(whole) - set(first.data) == {"text", "process"}
            assert (first.data["files_done"], first.data["state"]) == (1, "COMPLETED")

            write_noise_wav(music / "two.wav", 2)
            state, ids = dict(first.data), [first.id]
            while (state["state"], state["files_done"]) != ("COMPLETED", 2):
                event = next(events)
                assert event.kind == "change"
                assert all(state[name] != value for name, value in event.data.items())
                state.update(event.data)
                ids.append(event.id)
            assert len(set(ids)) == len(ids)
            workers = daemon.status()["workers"]
            assert state["workers"] == workers == []


def test_reconnecting_client_gets_missed_events(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """By the last id; an unknown id, as of an earlier daemon, gets a snapshot."""
    music = tmp_path / "music"
    music.mkdir()
    write_noise_mp3(music / "long.mp3", 8.0)
    with running_daemon(segued, music, page=True) as daemon:
        web_client = WebClient.for_daemon(daemon)
        with open_event_stream(web_client.host, web_client.port) as first_stream:
            first = next(first_stream)
            with open_event_stream(web_client.host, web_client.port) as events:
                next(events)
                seen = [next(events) for _ in range(3)]
            headers = {"Last-Event-ID": seen[0].id}
            with open_event_stream(web_client.host, web_client.port, headers) as again:
                assert [next(again) for _ in range(2)] == seen[1:]
            for unknown_id in ("0a0b0c0d-1", "nonsense", f"{first.id}999999", "-"):
                with open_event_stream(
                    web_client.host, web_client.port, {"Last-Event-ID": unknown_id}
                ) as new:
                    assert next(new).kind == "snapshot"


async def test_stalled_client_is_disconnected() -> None:
    """The other subscribers get all events; the stalled one is disconnected."""
    long = {str(number): {"name" * 200: number} for number in range(100)}
    stream = EventStream(
        StatusSource(blank_status(counters=long)),
        StreamTiming(poll_seconds=0.001, send_timeout_seconds=1.0),
    )
    async with serve_stream(stream) as served:
        served.connect()
        healthy = served.connect()
        healthy.setblocking(False)  # noqa: FBT003
        received = bytearray()
        async with asyncio.timeout(WAIT_SECONDS):
            while stream.subscriber_count != 1:
                received += await asyncio.get_running_loop().sock_recv(healthy, 1 << 20)
        assert received.count(b"event: ") > 100


async def test_slow_client_gets_a_snapshot() -> None:
    """The number of events queued for a slow client is limited."""
    long = {str(number): {"name" * 200: number} for number in range(100)}
    counting = StatusSource(blank_status(counters=long))
    stream = EventStream(counting, StreamTiming(poll_seconds=0.001))
    loop = asyncio.get_running_loop()
    async with serve_stream(stream) as served:
        slow = served.connect()
        slow.setblocking(False)  # noqa: FBT003
        await wait_until(lambda: counting.calls > 500)
        received = bytearray()
        async with asyncio.timeout(WAIT_SECONDS):
            while received.count(b"event: snapshot") < 2:
                received += await loop.sock_recv(slow, 1 << 20)
        assert received.count(b"event: ") < 400


async def test_closed_client_is_removed() -> None:
    """At the next event; without subscribers the status is not polled."""
    counting = StatusSource(blank_status())
    stream = EventStream(counting, StreamTiming(poll_seconds=0.01))
    async with serve_stream(stream) as served:
        connections = [served.connect() for _ in range(20)]
        await wait_until(lambda: stream.subscriber_count == 20)
        for connection in connections:
            connection.close()
        await wait_until(lambda: stream.subscriber_count == 0)
        calls = counting.calls
        await asyncio.sleep(0.1)
        assert counting.calls == calls


async def test_subscriber_count_is_limited() -> None:
    """Further subscribers get 503 with Retry-After."""
    stream = EventStream(StatusSource(blank_status()))
    async with serve_stream(stream) as served:
        for _ in range(SUBSCRIBERS_MAX):
            served.connect()
        await wait_until(lambda: stream.subscriber_count == SUBSCRIBERS_MAX)
        late = served.connect("Connection: close\r\n")
        late.setblocking(False)  # noqa: FBT003
        received = await asyncio.get_running_loop().sock_recv(late, 4_096)
        assert received.startswith(b"HTTP/1.1 503")
        assert b"Retry-After: 2" in received


async def test_keepalive_comments_are_sent() -> None:
    """Without changes a heartbeat comment is sent."""

    def unchanged() -> Status:
        return blank_status()

    stream = EventStream(unchanged, StreamTiming(heartbeat_seconds=0.1))
    async with serve_stream(stream) as served:
        connection = served.connect()
        connection.setblocking(False)  # noqa: FBT003
        received = b""
        async with asyncio.timeout(WAIT_SECONDS):
            while received.count(b": heartbeat\n\n") < 3:
                received += await asyncio.get_running_loop().sock_recv(
                    connection, 4_096
                )
        assert received.count(b"event: ") == 1


async def test_idle_connections_are_closed(tmp_path: Path) -> None:
    """With or without an incomplete request."""
    server = WebServer(web.Application(), limits=ConnectionLimits(idle_seconds=0.3))
    await server.listen(tmp_path / "control.sock", ())
    await server.serve_page(PageSection(port=0))
    try:
        port = urlsplit(server.page_status).port
        for request in (b"", b"GET / HTTP/1.1\r\nHost: loc"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            async with asyncio.timeout(WAIT_SECONDS):
                assert await reader.read() == b""
            writer.close()
    finally:
        await server.close()


def test_subscribers_do_not_delay_shutdown(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """The daemon stops by itself, although event streams are open."""
    music = tmp_path / "music"
    write_noise_wav(music / "one.wav", 1)
    with running_daemon(segued, music, page=True) as daemon:
        web_client = WebClient.for_daemon(daemon)
        with (
            open_event_stream(web_client.host, web_client.port) as one,
            open_event_stream(web_client.host, web_client.port),
        ):
            next(one)
            assert daemon.stop() == 0
            assert daemon.log_entries("daemon.stopped")
