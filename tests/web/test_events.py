"""Server-sent events: who listens is told, and holds up nobody."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from segued.config.sections import PageSection
from segued.web.events import SUBSCRIBERS_MAX, EventStream, StreamTiming
from segued.web.server import WebServer
from segued.web.status import Status
from tests.end_to_end.running_daemon import (
    running_daemon,
    write_noise_mp3,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner
from tests.web.web_client import WebClient, open_event_stream


@dataclass
class StatusSource:
    """A daemon that has more to tell whenever it is asked."""

    status: Status
    calls: int = 0

    def __call__(self) -> Status:
        """Return how everything stands."""
        self.calls += 1
        counters = {**self.status.counters, "new": {"asked": self.calls}}
        return msgspec.structs.replace(self.status, counters=counters)


def blank_status(**known: Any) -> Status:  # noqa: ANN401
    """Return a status of which little is known."""
    nothing: dict[Any, Any] = {str: "", int: 0, float: 0.0}
    return Status(
        **{
            each.name: nothing.get(each.type, {} if "dict" in str(each.type) else [])
            for each in msgspec.structs.fields(Status)
        }
        | known
    )


@dataclass
class ServedStream:
    """A stream that is served, and where."""

    stream: EventStream
    port: int
    connections: list[socket.socket] = field(default_factory=list)

    def connect(self, headers: str = "") -> socket.socket:
        """Return a line on which events were asked for."""
        line = socket.create_connection(("127.0.0.1", self.port), 10)
        line.sendall(f"GET / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
        self.connections.append(line)
        return line


@asynccontextmanager
async def serve_stream(stream: EventStream) -> AsyncIterator[ServedStream]:
    """Serve a stream."""
    app = web.Application()
    app.router.add_get("/", stream.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    there = ServedStream(stream, runner.addresses[0][1])
    try:
        yield there
    finally:
        stream.close()
        for line in there.connections:
            line.close()
        await runner.cleanup()


async def wait_until(what: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not what():  # noqa: ASYNC110  (it tells nobody)
            await asyncio.sleep(0.01)


def test_snapshot_then_changes(segued: SeguedRunner, tmp_path: Path) -> None:
    """Of all that is told elsewhere, numbered, and only what is new."""
    music = tmp_path / "music"
    write_noise_wav(music / "one.wav", 1)
    with running_daemon(segued, music, page=True) as daemon:
        web_client = WebClient.for_daemon(daemon)
        daemon.wait_until_done(1)
        with open_event_stream(web_client.host, web_client.port) as heard:
            first = next(heard)
            assert first.kind == "snapshot"
            whole = daemon.status()
            assert set(whole) - set(first.data) == {"text", "process"}
            assert (first.data["files_done"], first.data["state"]) == (1, "COMPLETED")

            write_noise_wav(music / "two.wav", 2)
            state, ids = dict(first.data), [first.id]
            while (state["state"], state["files_done"]) != ("COMPLETED", 2):
                event = next(heard)
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
    """By the last id; whoever comes from another life of the daemon, all of it."""
    music = tmp_path / "music"
    music.mkdir()
    write_noise_mp3(music / "long.mp3", 8.0)
    with running_daemon(segued, music, page=True) as daemon:
        web_client = WebClient.for_daemon(daemon)
        with open_event_stream(web_client.host, web_client.port) as listening:
            first = next(listening)
            with open_event_stream(web_client.host, web_client.port) as heard:
                next(heard)
                seen = [next(heard) for _ in range(3)]
            back = {"Last-Event-ID": seen[0].id}
            with open_event_stream(web_client.host, web_client.port, back) as again:
                assert [next(again) for _ in range(2)] == seen[1:]
            for strange in ("0a0b0c0d-1", "nonsense", f"{first.id}999999", "-"):
                with open_event_stream(
                    web_client.host, web_client.port, {"Last-Event-ID": strange}
                ) as new:
                    assert next(new).kind == "snapshot"


async def test_stalled_client_is_disconnected() -> None:
    """The others hear all the same; and he is cut off, with nothing left of him."""
    long = {str(number): {"name" * 200: number} for number in range(100)}
    stream = EventStream(
        StatusSource(blank_status(counters=long)),
        StreamTiming(poll_seconds=0.001, send_timeout_seconds=1.0),
    )
    async with serve_stream(stream) as there:
        there.connect()
        listener = there.connect()
        listener.setblocking(False)  # noqa: FBT003
        heard = bytearray()
        async with asyncio.timeout(30):
            while stream.subscriber_count != 1:
                heard += await asyncio.get_running_loop().sock_recv(listener, 1 << 20)
        assert heard.count(b"event: ") > 100


async def test_slow_client_gets_a_snapshot() -> None:
    """What waits for him is bounded."""
    long = {str(number): {"name" * 200: number} for number in range(100)}
    counting = StatusSource(blank_status(counters=long))
    stream = EventStream(counting, StreamTiming(poll_seconds=0.001))
    loop = asyncio.get_running_loop()
    async with serve_stream(stream) as there:
        slow = there.connect()
        slow.setblocking(False)  # noqa: FBT003
        await wait_until(lambda: counting.calls > 500)
        heard = bytearray()
        async with asyncio.timeout(10):
            while heard.count(b"event: snapshot") < 2:
                heard += await loop.sock_recv(slow, 1 << 20)
        assert heard.count(b"event: ") < 400


async def test_closed_client_is_removed() -> None:
    """As soon as there is something to tell; and nobody looks any more."""
    counting = StatusSource(blank_status())
    stream = EventStream(counting, StreamTiming(poll_seconds=0.01))
    async with serve_stream(stream) as there:
        lines = [there.connect() for _ in range(20)]
        await wait_until(lambda: stream.subscriber_count == 20)
        for line in lines:
            line.close()
        await wait_until(lambda: stream.subscriber_count == 0)
        asked = counting.calls
        await asyncio.sleep(0.1)
        assert counting.calls == asked


async def test_subscriber_count_is_limited() -> None:
    """The others are told when to come again."""
    stream = EventStream(StatusSource(blank_status()))
    async with serve_stream(stream) as there:
        for _ in range(SUBSCRIBERS_MAX):
            there.connect()
        await wait_until(lambda: stream.subscriber_count == SUBSCRIBERS_MAX)
        late = there.connect("Connection: close\r\n")
        late.setblocking(False)  # noqa: FBT003
        said = await asyncio.get_running_loop().sock_recv(late, 4_096)
        assert said.startswith(b"HTTP/1.1 503")
        assert b"Retry-After: 2" in said


async def test_keepalive_comments_are_sent() -> None:
    """A comment now and then tells that it is there."""

    def still() -> Status:
        return blank_status()

    stream = EventStream(still, StreamTiming(heartbeat_seconds=0.1))
    async with serve_stream(stream) as there:
        line = there.connect()
        line.setblocking(False)  # noqa: FBT003
        said = b""
        async with asyncio.timeout(5):
            while said.count(b": heartbeat\n\n") < 3:
                said += await asyncio.get_running_loop().sock_recv(line, 4_096)
        assert said.count(b"event: ") == 1


async def test_idle_connections_are_closed(tmp_path: Path) -> None:
    """Whether they began a question or not."""
    doors = WebServer(web.Application(), keepalive_seconds=0.3)
    await doors.listen(tmp_path / "control.sock", ())
    await doors.serve_page(PageSection(port=0))
    try:
        port = urlsplit(doors.page_status).port
        for said in (b"", b"GET / HTTP/1.1\r\nHost: loc"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            async with asyncio.timeout(5):
                assert await reader.read() == b""
            writer.close()
    finally:
        await doors.close()


def test_subscribers_do_not_delay_shutdown(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """They do not hold it up."""
    music = tmp_path / "music"
    write_noise_wav(music / "one.wav", 1)
    with running_daemon(segued, music, page=True) as daemon:
        web_client = WebClient.for_daemon(daemon)
        with (
            open_event_stream(web_client.host, web_client.port) as one,
            open_event_stream(web_client.host, web_client.port),
        ):
            next(one)
            begun = time.monotonic()
            assert daemon.stop() == 0
            assert time.monotonic() - begun < 5
