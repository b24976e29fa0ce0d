"""Every fault of a service becomes a ServiceError, in time, within the rate limit."""

import asyncio
import contextlib
import itertools
import socket
import time
import tracemalloc
from collections.abc import Callable
from email.utils import formatdate

import msgspec
import pytest
from aiohttp import ClientSession, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from structlog.testing import capture_logs

from segued.clients.clock import Clock
from segued.clients.http import HttpSession, open_session
from segued.clients.musicbrainz import MusicBrainz
from segued.clients.service_client import ServiceClient
from segued.errors import (
    GarbledAnswerError,
    ServiceAnswerError,
    ServiceBusyError,
    ServiceError,
    ServiceRefusedError,
    ServiceUnavailableError,
)
from tests.clients.conftest import LIMITS, FakeClock
from tests.fake_services import (
    BUSY,
    AnswersOnDisk,
    ConnectionResetFault,
    DeepJsonFault,
    DelayFault,
    EmptyFault,
    FakeServices,
    Fault,
    GarbageFault,
    GzipBombFault,
    HtmlFault,
    HugeFault,
    RedirectFault,
    SlowBodyFault,
    StalledBodyFault,
    StatusFault,
    WrongTypesFault,
)
from tests.fake_services.client import ANSWERS, CD, VINYL
from tests.limits import WAIT_SECONDS


@pytest.mark.parametrize(
    ("fault", "error", "tries"),
    [
        (StatusFault(500), ServiceUnavailableError, 3),
        (StatusFault(501), ServiceUnavailableError, 1),
        (StatusFault(502), ServiceUnavailableError, 3),
        (StatusFault(504), ServiceUnavailableError, 3),
        (ConnectionResetFault(), ServiceUnavailableError, 3),
        (ConnectionResetFault(after_headers=False), ServiceUnavailableError, 3),
        (StatusFault(503), ServiceBusyError, 3),
        (StatusFault(429), ServiceBusyError, 3),
        (StatusFault(400), ServiceAnswerError, 1),
        (StatusFault(403), ServiceRefusedError, 1),
        (StatusFault(204), GarbledAnswerError, 1),
        (EmptyFault(), GarbledAnswerError, 1),
        (HtmlFault(), GarbledAnswerError, 1),
        (GarbageFault(), GarbledAnswerError, 1),
        (DeepJsonFault(), ServiceAnswerError, 1),
        (HugeFault(1 << 20), ServiceAnswerError, 1),
        (GzipBombFault(100), ServiceAnswerError, 1),
        (RedirectFault("https://127.0.0.1/"), GarbledAnswerError, 1),
        (RedirectFault("http://127.0.0.1:1/"), GarbledAnswerError, 1),
        (RedirectFault("http://127.0.0.1:99999999/"), GarbledAnswerError, 1),
        (RedirectFault("http://other.example/"), GarbledAnswerError, 1),
        (RedirectFault("file:///etc/passwd"), GarbledAnswerError, 1),
        (RedirectFault(""), GarbledAnswerError, 1),
        (RedirectFault("/a"), GarbledAnswerError, 2),
        (WrongTypesFault("everything"), ServiceAnswerError, 1),
        (WrongTypesFault("ids"), ServiceAnswerError, 1),
        (WrongTypesFault("lengths"), ServiceAnswerError, 1),
        (WrongTypesFault("titles"), ServiceAnswerError, 1),
        (WrongTypesFault("media"), ServiceAnswerError, 1),
        (WrongTypesFault("recordings"), ServiceAnswerError, 1),
    ],
    ids=repr,
)
async def test_every_fault_is_an_error(
    musicbrainz: MusicBrainz,
    fake_services: FakeServices,
    fault: Fault,
    error: type[ServiceError],
    tries: int,
) -> None:
    """Each fault raises its own error, after the right number of tries."""
    fake_services.add_fault("musicbrainz", fault, times=None)

    with pytest.raises(error) as raised:
        await musicbrainz.release(CD)

    assert type(raised.value) is error
    assert len(fake_services.requests) == tries
    assert fake_services.rate_limited_requests == []


@pytest.mark.parametrize(
    "fault", [DelayFault(3_600), StalledBodyFault(), SlowBodyFault(1)], ids=repr
)
async def test_slow_answer_is_an_error(
    fake_services: FakeServices, fake_clock: FakeClock, fault: Fault
) -> None:
    """After three tries, none of which takes longer than the limit."""
    fake_services.add_fault("musicbrainz", fault, times=None)
    limits = msgspec.structs.replace(LIMITS, total_seconds=0.5)
    async with open_session(limits, "1.2.3") as session:
        musicbrainz = scaled_client(fake_services, session, fake_clock.clock)
        with pytest.raises(ServiceUnavailableError, match="does not answer in time"):
            await musicbrainz.release(CD)

    assert musicbrainz.service.requests_sent == 3
    assert fake_services.rate_limited_requests == []


async def test_transient_error_is_retried(
    musicbrainz: MusicBrainz, fake_services: FakeServices
) -> None:
    """A fault that is over at the next try raises and logs nothing."""
    for fault in (StatusFault(502), ConnectionResetFault()):
        fake_services.add_fault("musicbrainz", fault)
    with capture_logs() as logs:
        assert await musicbrainz.release(CD)

    assert len(fake_services.requests) == 3
    assert logs == []
    assert fake_services.rate_limited_requests == []


async def test_retries_go_through_the_rate_limiter(
    session: HttpSession,
    make_client: Callable[..., ServiceClient],
    fake_services: FakeServices,
    fake_clock: FakeClock,
) -> None:
    """A GET on a reused connection that breaks is not resent by aiohttp itself."""
    musicbrainz = MusicBrainz(make_client("musicbrainz"))
    assert await musicbrainz.release(CD)
    fake_services.add_fault(
        "musicbrainz", ConnectionResetFault(after_headers=False), times=1
    )
    slept = len(fake_clock.sleeps)
    assert await musicbrainz.release(CD)

    times = [request.at for request in fake_services.requests]
    assert len(times) == 3
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.999
    assert len(fake_clock.sleeps) > slept
    assert session._retry_connection is False


async def test_a_bomb_takes_no_memory(
    musicbrainz: MusicBrainz, fake_services: FakeServices
) -> None:
    """It is decompressed only up to the size limit."""
    fake_services.add_fault("musicbrainz", GzipBombFault(100), times=2)
    with pytest.raises(ServiceAnswerError):
        await musicbrainz.release(CD)  # the fake service has created its bomb now

    assert await peak_bytes(musicbrainz) < 4 << 20


async def test_an_endless_answer_takes_no_memory(
    make_client: Callable[..., ServiceClient],
) -> None:
    """It is read only up to the size limit."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b" " * 65_536)
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        talker = MusicBrainz(make_client("musicbrainz", f"http://127.0.0.1:{port}"))
        assert await peak_bytes(talker) < 4 << 20


async def peak_bytes(musicbrainz: MusicBrainz) -> int:
    """Return the peak memory while an answer that is too large is read."""
    tracemalloc.start()
    try:
        with pytest.raises(ServiceAnswerError, match="larger than 262,144 bytes"):
            await musicbrainz.release(CD)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_same_host_redirect_is_followed_once(
    musicbrainz: MusicBrainz, fake_services: FakeServices
) -> None:
    """The redirected request takes a turn of its own."""
    fake_services.add_fault(
        "musicbrainz", RedirectFault(f"/musicbrainz/ws/2/release/{VINYL}?fmt=json")
    )

    found = await musicbrainz.release(CD)

    assert found is not None
    assert VINYL.encode() in found
    assert fake_services.requests[1].at - fake_services.requests[0].at >= 0.999


@pytest.mark.parametrize("as_date", [False, True])
async def test_a_short_pause_is_waited_for(
    musicbrainz: MusicBrainz,
    fake_services: FakeServices,
    fake_clock: FakeClock,
    *,
    as_date: bool,
) -> None:
    """In seconds or as a date."""
    now = time.time()
    after = formatdate(now + 7, usegmt=True) if as_date else "7"
    headers = {"Retry-After": after, "Date": formatdate(now, usegmt=True)}
    fake_services.add_fault("musicbrainz", StatusFault(503, headers))

    assert await musicbrainz.release(CD)
    assert fake_clock.now == pytest.approx(1_007, abs=1.1)
    assert len(fake_services.requests) == 2


async def test_a_long_pause_is_an_error_at_once(
    musicbrainz: MusicBrainz, fake_services: FakeServices, fake_clock: FakeClock
) -> None:
    """It applies to all requests; afterwards the service is as before."""
    service = musicbrainz.service
    fake_services.add_fault(
        "musicbrainz", StatusFault(503, {"Retry-After": "99999999999"})
    )
    with capture_logs() as logs:
        for _ in range(2):
            with pytest.raises(ServiceBusyError):
                await musicbrainz.release(CD)
        assert (service.state, service.is_available) == ("busy", False)
        assert service.wait_seconds == 3_600
        assert fake_clock.sleeps == []
        assert len(fake_services.requests) == 1

        fake_clock.now += 3_600
        assert await musicbrainz.release(CD)

    assert [each["event"] for each in logs] == ["service.busy", "service.up"]
    assert (service.state, service.is_available, service.wait_seconds) == (
        "up",
        True,
        0,
    )


async def test_busy_without_retry_after_backs_off(
    musicbrainz: MusicBrainz, fake_services: FakeServices, fake_clock: FakeClock
) -> None:
    """Without a time, or with the same short one repeatedly, pauses grow."""
    fake_services.add_fault(
        "musicbrainz", StatusFault(503, {"Retry-After": "1"}), times=None
    )
    for _ in range(10):
        with pytest.raises(ServiceBusyError):
            await musicbrainz.release(CD)
        fake_clock.now += musicbrainz.service.wait_seconds

    assert fake_clock.now > 1_000 + 600
    assert fake_services.rate_limited_requests == []


async def test_musicbrainz_busy_status_pauses(
    musicbrainz: MusicBrainz, fake_services: FakeServices
) -> None:
    """MusicBrainz requests five seconds, and the client waits for them."""
    fake_services.add_fault("musicbrainz", BUSY)

    assert await musicbrainz.release(CD)
    assert fake_services.requests[1].at - fake_services.requests[0].at >= 5


async def test_exhausted_rate_limit_is_waited_for(
    musicbrainz: MusicBrainz, fake_services: FakeServices
) -> None:
    """The headers of an answer can announce that the quota is used up."""
    left = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-In": "6"}
    fake_services.add_fault("musicbrainz", StatusFault(404, left))

    assert await musicbrainz.release(CD) is None
    assert await musicbrainz.release(CD)
    assert fake_services.requests[1].at - fake_services.requests[0].at >= 6


@pytest.mark.parametrize("fault", [StatusFault(501), HtmlFault()])
async def test_open_circuit_fails_fast(
    musicbrainz: MusicBrainz,
    fake_services: FakeServices,
    fake_clock: FakeClock,
    fault: Fault,
) -> None:
    """Requests fail without being sent, until one success."""
    service = musicbrainz.service
    fake_services.add_fault("musicbrainz", fault, times=4)
    with capture_logs() as logs:
        for _ in range(5):
            with pytest.raises(ServiceError):
                await musicbrainz.release(CD)
        assert len(fake_services.requests) == 3
        assert (service.state, service.is_available) == ("away", False)

        fake_clock.now += service.wait_seconds
        assert service.is_available
        with pytest.raises(ServiceError):
            await musicbrainz.release(CD)
        assert service.wait_seconds == pytest.approx(10)
        fake_clock.now += service.wait_seconds
        assert await musicbrainz.release(CD)

    assert service.state == "up"
    assert [each["event"] for each in logs] == ["service.failed", "service.up"]
    assert logs[0]["service"] == "musicbrainz"
    assert logs[0]["wait_ms"] == 5_000


@pytest.mark.parametrize(
    "fault", [HugeFault(1 << 20), WrongTypesFault("ids"), StatusFault(400)], ids=repr
)
async def test_an_unusable_answer_is_no_outage(
    musicbrainz: MusicBrainz, fake_services: FakeServices, fault: Fault
) -> None:
    """It concerns its query alone: the next one is sent, and answered."""
    fake_services.add_fault("musicbrainz", fault, times=5)
    with capture_logs() as logs:
        for _ in range(5):
            with pytest.raises(ServiceAnswerError):
                await musicbrainz.release(VINYL)
        assert await musicbrainz.release(CD)

    assert logs == []
    assert musicbrainz.service.state == "up"


async def test_unreachable_service_is_unavailable(
    musicbrainz: MusicBrainz, fake_services: FakeServices
) -> None:
    """It is available again once it is reachable."""
    await fake_services.stop("musicbrainz")
    with pytest.raises(ServiceUnavailableError, match="cannot be reached"):
        await musicbrainz.release(CD)
    await fake_services.start("musicbrainz")

    assert await musicbrainz.release(CD)


async def test_unknown_host_is_unavailable(
    make_client: Callable[..., ServiceClient],
) -> None:
    """A host name that does not resolve."""
    musicbrainz = MusicBrainz(make_client("musicbrainz", "http://nowhere.invalid"))

    with pytest.raises(ServiceUnavailableError):
        await musicbrainz.release(CD)


class FailingResolver(AbstractResolver):
    """A resolver that fails for every name, and records the look-ups."""

    def __init__(self) -> None:
        self.lookups: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Record the look-up, and fail."""
        del port, family
        self.lookups.append(host)
        raise OSError(socket.EAI_AGAIN, "Temporary failure in name resolution")

    async def close(self) -> None:
        """Do nothing."""


async def test_failed_dns_lookup_is_not_repeated_per_request(
    fake_clock: FakeClock,
) -> None:
    """One request per second for an hour: 3 look-ups, later one every 5 minutes."""
    resolver = FailingResolver()
    connector = TCPConnector(resolver=resolver)
    async with ClientSession(connector=connector) as session:
        service = ServiceClient(
            "musicbrainz",
            "https://musicbrainz.invalid",
            rate=LIMITS.musicbrainz_rate,
            session=session,
            clock=fake_clock.clock,
            limits=LIMITS,
        )
        musicbrainz = MusicBrainz(service)
        for _ in range(3_600):
            with pytest.raises(ServiceUnavailableError, match="host name not found"):
                await musicbrainz.release(CD)
            fake_clock.now += 1

    # 3 until the circuit opens, 6 with intervals from 5 to 160 s, 11 with 300 s.
    assert 3 + 6 + 10 <= len(resolver.lookups) <= 3 + 6 + 12
    assert set(resolver.lookups) == {"musicbrainz.invalid"}


async def test_plain_server_behind_https_is_refused(
    make_client: Callable[..., ServiceClient], fake_services: FakeServices
) -> None:
    """The client does not fall back to HTTP without TLS."""
    https_url = fake_services.musicbrainz_url.replace("http://", "https://")
    musicbrainz = MusicBrainz(make_client("musicbrainz", https_url))

    with pytest.raises(ServiceUnavailableError, match="TLS failure"):
        await musicbrainz.release(CD)
    assert fake_services.requests == []


async def test_cancelled_request_leaves_no_trace(
    musicbrainz: MusicBrainz, fake_services: FakeServices
) -> None:
    """It affects neither the service's state nor the next request."""
    fake_services.add_fault("musicbrainz", DelayFault(3_600))
    request = asyncio.create_task(musicbrainz.release(CD))
    async with asyncio.timeout(WAIT_SECONDS):
        while not fake_services.requests:  # noqa: ASYNC110  (no event for it)
            await asyncio.sleep(0.01)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request

    assert await musicbrainz.release(CD)
    assert musicbrainz.service.state == "up"


def scaled_client(
    fake_services: FakeServices, session: HttpSession, clock: Clock
) -> MusicBrainz:
    """Return a client with a clock that advances by itself."""
    service = ServiceClient(
        "musicbrainz",
        fake_services.musicbrainz_url,
        rate=LIMITS.musicbrainz_rate,
        session=session,
        clock=clock,
        limits=LIMITS,
    )
    return MusicBrainz(service)


async def test_concurrent_requests_keep_the_rate_limit(session: HttpSession) -> None:
    """They start one per second, and none is refused."""
    clock = Clock.scaled(10)
    async with FakeServices(
        AnswersOnDisk(ANSWERS), clock=clock.now, jitter_seconds=0.5
    ) as fake_services:
        musicbrainz = scaled_client(fake_services, session, clock)
        found = await asyncio.gather(*(musicbrainz.release(CD) for _ in range(8)))

    assert all(found)
    assert len(fake_services.requests) == 8
    assert fake_services.rate_limited_requests == []
    agents = {request.user_agent for request in fake_services.requests}
    assert agents == {"segued/1.2.3 ( tests@example.org )"}


async def test_waiting_request_fails_when_circuit_opens(session: HttpSession) -> None:
    """It is not sent when others have failed meanwhile."""
    async with FakeServices(AnswersOnDisk(ANSWERS), limits=False) as fake_services:
        fake_services.add_fault("musicbrainz", StatusFault(501), times=None)
        musicbrainz = scaled_client(fake_services, session, Clock.scaled(10))
        requests = (musicbrainz.release(CD) for _ in range(10))
        errors = await asyncio.gather(*requests, return_exceptions=True)

    assert {type(error) for error in errors} == {ServiceUnavailableError}
    assert 3 <= len(fake_services.requests) < 10
