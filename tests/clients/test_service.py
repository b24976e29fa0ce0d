"""Whatever a service does, it is one of a few errors, in time, and politely."""

import asyncio
import contextlib
import itertools
import socket
import time
import tracemalloc
from collections.abc import Callable
from email.utils import formatdate

import pytest
from aiohttp import ClientSession, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from structlog.testing import capture_logs

from segued.clients.http import Session
from segued.clients.musicbrainz import MusicBrainz
from segued.clients.rate_limit import Clock
from segued.clients.service_client import Service
from segued.errors import (
    ServiceAnswerError,
    ServiceAwayError,
    ServiceBusyError,
    ServiceError,
    ServiceRefusedError,
)
from tests.clients.conftest import LIMITS, Hours
from tests.world import (
    BUSY,
    DeepJson,
    Drip,
    Empty,
    Fault,
    Garbage,
    GzipBomb,
    Html,
    Huge,
    OnDisk,
    Redirect,
    Reset,
    Stall,
    StallBody,
    Status,
    World,
    WrongTypes,
)
from tests.world.client import ANSWERS, CD, VINYL


@pytest.mark.parametrize(
    ("fault", "error", "tries"),
    [
        (Status(500), ServiceAwayError, 3),
        (Status(501), ServiceAwayError, 1),
        (Status(502), ServiceAwayError, 3),
        (Status(504), ServiceAwayError, 3),
        (Reset(), ServiceAwayError, 3),
        (Reset(after_headers=False), ServiceAwayError, 3),
        (Stall(30), ServiceAwayError, 3),
        (StallBody(), ServiceAwayError, 3),
        (Drip(100), ServiceAwayError, 3),
        (Status(503), ServiceBusyError, 3),
        (Status(429), ServiceBusyError, 3),
        (Status(400), ServiceRefusedError, 1),
        (Status(403), ServiceRefusedError, 1),
        (Status(204), ServiceAnswerError, 1),
        (Empty(), ServiceAnswerError, 1),
        (Html(), ServiceAnswerError, 1),
        (Garbage(), ServiceAnswerError, 1),
        (DeepJson(), ServiceAnswerError, 1),
        (Huge(1 << 20), ServiceAnswerError, 1),
        (GzipBomb(100), ServiceAnswerError, 1),
        (Redirect("https://127.0.0.1/"), ServiceAnswerError, 1),
        (Redirect("http://127.0.0.1:1/"), ServiceAnswerError, 1),
        (Redirect("http://127.0.0.1:99999999/"), ServiceAnswerError, 1),
        (Redirect("http://other.example/"), ServiceAnswerError, 1),
        (Redirect("file:///etc/passwd"), ServiceAnswerError, 1),
        (Redirect(""), ServiceAnswerError, 1),
        (Redirect("/a"), ServiceAnswerError, 2),
        (WrongTypes("everything"), ServiceAnswerError, 1),
        (WrongTypes("ids"), ServiceAnswerError, 1),
        (WrongTypes("lengths"), ServiceAnswerError, 1),
        (WrongTypes("titles"), ServiceAnswerError, 1),
        (WrongTypes("media"), ServiceAnswerError, 1),
        (WrongTypes("recordings"), ServiceAnswerError, 1),
    ],
    ids=repr,
)
async def test_every_fault_is_an_error(
    musicbrainz: MusicBrainz,
    world: World,
    fault: Fault,
    error: type[ServiceError],
    tries: int,
) -> None:
    """The right one, in time, after as many tries as make sense."""
    world.fail("musicbrainz", fault, times=None)
    started = time.monotonic()

    with pytest.raises(error) as raised:
        await musicbrainz.release(CD)

    assert type(raised.value) is error
    assert len(world.requests) == tries
    assert time.monotonic() - started < tries * 0.5 + 5
    assert world.refusals == []


async def test_what_passes_is_tried_again(
    musicbrainz: MusicBrainz, world: World
) -> None:
    """Nobody hears of a fault that is over the next time."""
    for fault in (Status(502), Reset()):
        world.fail("musicbrainz", fault)
    with capture_logs() as logs:
        assert await musicbrainz.release(CD)

    assert len(world.requests) == 3
    assert logs == []
    assert world.refusals == []


async def test_nothing_is_sent_behind_the_limiters_back(
    session: Session, service: Callable[..., Service], world: World, hours: Hours
) -> None:
    """On a connection that was kept, a GET that breaks is not sent twice."""
    musicbrainz = MusicBrainz(service("musicbrainz"))
    assert await musicbrainz.release(CD)
    world.fail("musicbrainz", Reset(after_headers=False), times=1)
    slept = len(hours.sleeps)
    assert await musicbrainz.release(CD)

    times = [request.at for request in world.requests]
    assert len(times) == 3
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.999
    assert len(hours.sleeps) > slept
    assert session._retry_connection is False


async def test_a_bomb_takes_no_memory(musicbrainz: MusicBrainz, world: World) -> None:
    """It is unpacked as far as an answer may be large."""
    world.fail("musicbrainz", GzipBomb(100), times=2)
    with pytest.raises(ServiceAnswerError):
        await musicbrainz.release(CD)  # the world has made its bomb now

    assert await peak_bytes(musicbrainz) < 4 << 20


async def test_an_endless_answer_takes_no_memory(
    service: Callable[..., Service],
) -> None:
    """It is read as far as an answer may be long."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b" " * 65_536)
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        talker = MusicBrainz(service("musicbrainz", f"http://127.0.0.1:{port}"))
        assert await peak_bytes(talker) < 4 << 20


async def peak_bytes(musicbrainz: MusicBrainz) -> int:
    """Return how much memory an answer takes that is too large."""
    tracemalloc.start()
    try:
        with pytest.raises(ServiceAnswerError, match="more than 262,144 bytes"):
            await musicbrainz.release(CD)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_a_near_redirect_is_followed_once(
    musicbrainz: MusicBrainz, world: World
) -> None:
    """On the same host, and in its own turn."""
    world.fail("musicbrainz", Redirect(f"/musicbrainz/ws/2/release/{VINYL}?fmt=json"))

    found = await musicbrainz.release(CD)

    assert found is not None
    assert VINYL.encode() in found
    assert world.requests[1].at - world.requests[0].at >= 0.999


@pytest.mark.parametrize("as_date", [False, True])
async def test_a_short_pause_is_waited_for(
    musicbrainz: MusicBrainz, world: World, hours: Hours, *, as_date: bool
) -> None:
    """Whether it is said in seconds or as a date."""
    now = time.time()
    after = formatdate(now + 7, usegmt=True) if as_date else "7"
    headers = {"Retry-After": after, "Date": formatdate(now, usegmt=True)}
    world.fail("musicbrainz", Status(503, headers))

    assert await musicbrainz.release(CD)
    assert hours.now == pytest.approx(1_007, abs=1.1)
    assert len(world.requests) == 2


async def test_a_long_pause_is_an_error_at_once(
    musicbrainz: MusicBrainz, world: World, hours: Hours
) -> None:
    """And is kept for everybody; then the service is as before."""
    service = musicbrainz.service
    world.fail("musicbrainz", Status(503, {"Retry-After": "99999999999"}))
    with capture_logs() as logs:
        for _ in range(2):
            with pytest.raises(ServiceBusyError):
                await musicbrainz.release(CD)
        assert (service.state, service.usable) == ("busy", False)
        assert service.waits_seconds == 3_600
        assert hours.sleeps == []
        assert len(world.requests) == 1

        hours.now += 3_600
        assert await musicbrainz.release(CD)

    assert [each["event"] for each in logs] == ["service.slowed", "service.back"]
    assert (service.state, service.usable, service.waits_seconds) == ("up", True, 0)


async def test_busy_without_a_word_is_left_alone_for_longer_and_longer(
    musicbrainz: MusicBrainz, world: World, hours: Hours
) -> None:
    """Who says nothing, or the same short time for ever, is not believed."""
    world.fail("musicbrainz", Status(503, {"Retry-After": "1"}), times=None)
    for _ in range(10):
        with pytest.raises(ServiceBusyError):
            await musicbrainz.release(CD)
        hours.now += musicbrainz.service.waits_seconds

    assert hours.now > 1_000 + 600
    assert world.refusals == []


async def test_its_own_word_for_busy(musicbrainz: MusicBrainz, world: World) -> None:
    """MusicBrainz asks for five seconds, and gets them."""
    world.fail("musicbrainz", BUSY)

    assert await musicbrainz.release(CD)
    assert world.requests[1].at - world.requests[0].at >= 5


async def test_nothing_left_is_waited_for(
    musicbrainz: MusicBrainz, world: World
) -> None:
    """A success may say that the next would be one too many."""
    left = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-In": "6"}
    world.fail("musicbrainz", Status(404, left))

    assert await musicbrainz.release(CD) is None
    assert await musicbrainz.release(CD)
    assert world.requests[1].at - world.requests[0].at >= 6


@pytest.mark.parametrize("fault", [Status(501), Html()])
async def test_who_fails_is_left_alone(
    musicbrainz: MusicBrainz, world: World, hours: Hours, fault: Fault
) -> None:
    """Errors come without asking, and one success ends it."""
    service = musicbrainz.service
    world.fail("musicbrainz", fault, times=4)
    with capture_logs() as logs:
        for _ in range(5):
            with pytest.raises(ServiceError):
                await musicbrainz.release(CD)
        assert len(world.requests) == 3
        assert (service.state, service.usable) == ("away", False)

        hours.now += service.waits_seconds
        assert service.usable
        with pytest.raises(ServiceError):
            await musicbrainz.release(CD)
        assert service.waits_seconds == pytest.approx(10)
        hours.now += service.waits_seconds
        assert await musicbrainz.release(CD)

    assert service.state == "up"
    assert [each["event"] for each in logs] == ["service.failed", "service.back"]
    assert logs[0]["service"] == "musicbrainz"
    assert logs[0]["wait_ms"] == 5_000


async def test_a_service_that_is_off(musicbrainz: MusicBrainz, world: World) -> None:
    """It is away, and the rest of what can be asked is."""
    await world.off("musicbrainz")
    with pytest.raises(ServiceAwayError, match="cannot be reached"):
        await musicbrainz.release(CD)
    await world.on("musicbrainz")

    assert await musicbrainz.release(CD)


async def test_a_name_that_is_not_known(service: Callable[..., Service]) -> None:
    """No host, no answer."""
    nowhere = MusicBrainz(service("musicbrainz", "http://nowhere.invalid"))

    with pytest.raises(ServiceAwayError):
        await nowhere.release(CD)


class Nameless(AbstractResolver):
    """A resolver that knows no name, and counts who asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Know nothing."""
        del port, family
        self.asked.append(host)
        raise OSError(socket.EAI_AGAIN, "Temporary failure in name resolution")

    async def close(self) -> None:
        """Have nothing to close."""


async def test_a_name_that_is_not_found_is_not_looked_up_for_each_question(
    hours: Hours,
) -> None:
    """A question a second for an hour: three look-ups, then one every 5 minutes."""
    nameless = Nameless()
    connector = TCPConnector(resolver=nameless)
    async with ClientSession(connector=connector) as session:
        service = Service(
            "musicbrainz",
            "https://musicbrainz.invalid",
            rate=LIMITS.musicbrainz_rate,
            session=session,
            clock=hours.clock,
            limits=LIMITS,
        )
        musicbrainz = MusicBrainz(service)
        for _ in range(3_600):
            with pytest.raises(ServiceAwayError, match="cannot be found by its name"):
                await musicbrainz.release(CD)
            hours.now += 1

    # 3 until it is left alone, 6 at pauses from 5 to 160 s, 11 at 300.
    assert 3 + 6 + 10 <= len(nameless.asked) <= 3 + 6 + 12
    assert set(nameless.asked) == {"musicbrainz.invalid"}


async def test_what_is_not_secure_is_not_asked(
    service: Callable[..., Service], world: World
) -> None:
    """A server without TLS behind https is not asked without."""
    secure = world.musicbrainz_url.replace("http://", "https://")
    musicbrainz = MusicBrainz(service("musicbrainz", secure))

    with pytest.raises(ServiceAwayError, match="securely"):
        await musicbrainz.release(CD)
    assert world.requests == []


async def test_who_is_cancelled_costs_nothing(
    musicbrainz: MusicBrainz, world: World
) -> None:
    """Neither the service's standing nor the next one's turn."""
    world.fail("musicbrainz", Stall(30))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await musicbrainz.release(CD)

    assert await musicbrainz.release(CD)
    assert musicbrainz.service.state == "up"


def paced(world: World, session: Session, clock: Clock) -> MusicBrainz:
    """Return a client whose time passes by itself."""
    service = Service(
        *("musicbrainz", world.musicbrainz_url),
        rate=LIMITS.musicbrainz_rate,
        session=session,
        clock=clock,
        limits=LIMITS,
    )
    return MusicBrainz(service)


async def test_many_at_once_keep_the_pace(session: Session) -> None:
    """However many ask, they start one a second, and none is refused."""
    clock = Clock.faster(10)
    async with World(OnDisk(ANSWERS), clock=clock.now, jitter_seconds=0.5) as world:
        musicbrainz = paced(world, session, clock)
        found = await asyncio.gather(*(musicbrainz.release(CD) for _ in range(8)))

    assert all(found)
    assert len(world.requests) == 8
    assert world.refusals == []
    agents = {request.user_agent for request in world.requests}
    assert agents == {"segued/1.2.3 ( tests@example.org )"}


async def test_who_waits_in_line_hears_that_it_is_away(session: Session) -> None:
    """What was about to be sent is not, when others have failed meanwhile."""
    async with World(OnDisk(ANSWERS), limits=False) as world:
        world.fail("musicbrainz", Status(501), times=None)
        musicbrainz = paced(world, session, Clock.faster(10))
        asking = (musicbrainz.release(CD) for _ in range(10))
        errors = await asyncio.gather(*asking, return_exceptions=True)

    assert {type(error) for error in errors} == {ServiceAwayError}
    assert 3 <= len(world.requests) < 10
