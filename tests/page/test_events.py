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

from segued.config.sections import Page
from segued.web.events import LISTENERS_MAX, Beat, Stream
from segued.web.server import Doors
from segued.web.status import Status
from tests.page.asking import Shown, events
from tests.stories.living import living, noise, tune
from tests.stories.program import Segued


@dataclass
class Counting:
    """A daemon that has more to tell whenever it is asked."""

    told: Status
    asked: int = 0

    def __call__(self) -> Status:
        """Return how everything stands."""
        self.asked += 1
        counters = {**self.told.counters, "new": {"asked": self.asked}}
        return msgspec.structs.replace(self.told, counters=counters)


def blank(**known: Any) -> Status:  # noqa: ANN401
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
class Served:
    """A stream that is served, and where."""

    stream: Stream
    port: int
    lines: list[socket.socket] = field(default_factory=list)

    def connected(self, headers: str = "") -> socket.socket:
        """Return a line on which events were asked for."""
        line = socket.create_connection(("127.0.0.1", self.port), 10)
        line.sendall(f"GET / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
        self.lines.append(line)
        return line


@asynccontextmanager
async def served(stream: Stream) -> AsyncIterator[Served]:
    """Serve a stream."""
    app = web.Application()
    app.router.add_get("/", stream.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    there = Served(stream, runner.addresses[0][1])
    try:
        yield there
    finally:
        stream.close()
        for line in there.lines:
            line.close()
        await runner.cleanup()


async def until(what: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not what():  # noqa: ASYNC110  (it tells nobody)
            await asyncio.sleep(0.01)


def test_first_a_snapshot_then_what_changes(segued: Segued, tmp_path: Path) -> None:
    """Of all that is told elsewhere, numbered, and only what is new."""
    music = tmp_path / "music"
    tune(music / "one.wav", 1)
    with living(segued, music, page=True) as alive:
        shown = Shown.by(alive)
        alive.until_done(1)
        with events(shown.host, shown.port) as heard:
            first = next(heard)
            assert first.kind == "snapshot"
            whole = alive.status()
            assert set(whole) - set(first.data) == {"text", "process"}
            assert (first.data["files_done"], first.data["state"]) == (1, "COMPLETED")

            tune(music / "two.wav", 2)
            state, ids = dict(first.data), [first.id]
            while (state["state"], state["files_done"]) != ("COMPLETED", 2):
                event = next(heard)
                assert event.kind == "change"
                assert all(state[name] != value for name, value in event.data.items())
                state.update(event.data)
                ids.append(event.id)
            assert len(set(ids)) == len(ids)
            workers = alive.status()["workers"]
            assert state["workers"] == workers == []


def test_who_comes_back_gets_what_was_missed(segued: Segued, tmp_path: Path) -> None:
    """By the last id; whoever comes from another life of the daemon, all of it."""
    music = tmp_path / "music"
    music.mkdir()
    noise(music / "long.mp3", 8.0)
    with living(segued, music, page=True) as alive:
        shown = Shown.by(alive)
        with events(shown.host, shown.port) as listening:
            first = next(listening)
            with events(shown.host, shown.port) as heard:
                next(heard)
                seen = [next(heard) for _ in range(3)]
            back = {"Last-Event-ID": seen[0].id}
            with events(shown.host, shown.port, back) as again:
                assert [next(again) for _ in range(2)] == seen[1:]
            for strange in ("0a0b0c0d-1", "nonsense", f"{first.id}999999", "-"):
                with events(shown.host, shown.port, {"Last-Event-ID": strange}) as new:
                    assert next(new).kind == "snapshot"


async def test_who_does_not_listen_is_not_waited_for() -> None:
    """The others hear all the same; and he is cut off, with nothing left of him."""
    long = {str(number): {"name" * 200: number} for number in range(100)}
    stream = Stream(Counting(blank(counters=long)), Beat(look=0.001, taking=1.0))
    async with served(stream) as there:
        there.connected()
        listener = there.connected()
        listener.setblocking(False)  # noqa: FBT003
        heard = bytearray()
        async with asyncio.timeout(30):
            while stream.listeners != 1:
                heard += await asyncio.get_running_loop().sock_recv(listener, 1 << 20)
        assert heard.count(b"event: ") > 100


async def test_who_is_slow_misses_changes_and_gets_the_whole() -> None:
    """What waits for him is bounded."""
    long = {str(number): {"name" * 200: number} for number in range(100)}
    counting = Counting(blank(counters=long))
    stream = Stream(counting, Beat(look=0.001))
    loop = asyncio.get_running_loop()
    async with served(stream) as there:
        slow = there.connected()
        slow.setblocking(False)  # noqa: FBT003
        await until(lambda: counting.asked > 500)
        heard = bytearray()
        async with asyncio.timeout(10):
            while heard.count(b"event: snapshot") < 2:
                heard += await loop.sock_recv(slow, 1 << 20)
        assert heard.count(b"event: ") < 400


async def test_who_is_gone_is_forgotten() -> None:
    """As soon as there is something to tell; and nobody looks any more."""
    counting = Counting(blank())
    stream = Stream(counting, Beat(look=0.01))
    async with served(stream) as there:
        lines = [there.connected() for _ in range(20)]
        await until(lambda: stream.listeners == 20)
        for line in lines:
            line.close()
        await until(lambda: stream.listeners == 0)
        asked = counting.asked
        await asyncio.sleep(0.1)
        assert counting.asked == asked


async def test_only_so_many_may_listen() -> None:
    """The others are told when to come again."""
    stream = Stream(Counting(blank()))
    async with served(stream) as there:
        for _ in range(LISTENERS_MAX):
            there.connected()
        await until(lambda: stream.listeners == LISTENERS_MAX)
        late = there.connected("Connection: close\r\n")
        late.setblocking(False)  # noqa: FBT003
        said = await asyncio.get_running_loop().sock_recv(late, 4_096)
        assert said.startswith(b"HTTP/1.1 503")
        assert b"Retry-After: 2" in said


async def test_a_silent_daemon_still_breathes() -> None:
    """A comment now and then tells that it is there."""

    def still() -> Status:
        return blank()

    stream = Stream(still, Beat(heartbeat=0.1))
    async with served(stream) as there:
        line = there.connected()
        line.setblocking(False)  # noqa: FBT003
        said = b""
        async with asyncio.timeout(5):
            while said.count(b": still here\n\n") < 3:
                said += await asyncio.get_running_loop().sock_recv(line, 4_096)
        assert said.count(b"event: ") == 1


async def test_silent_connections_end(tmp_path: Path) -> None:
    """Whether they began a question or not."""
    doors = Doors(web.Application(), silent_seconds=0.3)
    await doors.open(tmp_path / "control.sock", ())
    await doors.show(Page(port=0))
    try:
        port = urlsplit(doors.page).port
        for said in (b"", b"GET / HTTP/1.1\r\nHost: loc"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            async with asyncio.timeout(5):
                assert await reader.read() == b""
            writer.close()
    finally:
        await doors.close()


def test_listeners_end_with_the_daemon(segued: Segued, tmp_path: Path) -> None:
    """They do not hold it up."""
    music = tmp_path / "music"
    tune(music / "one.wav", 1)
    with living(segued, music, page=True) as alive:
        shown = Shown.by(alive)
        with events(shown.host, shown.port) as one, events(shown.host, shown.port):
            next(one)
            begun = time.monotonic()
            assert alive.ended() == 0
            assert time.monotonic() - begun < 5
