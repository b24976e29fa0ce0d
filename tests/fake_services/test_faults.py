"""Planned faults happen, and nothing else goes wrong."""

import asyncio
import gzip
import json
import re

import aiohttp
import pytest

from tests.fake_services import (
    BUSY,
    INTERNAL_ERROR,
    INVALID_KEY,
    SERVICE_UNAVAILABLE,
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
    ServiceName,
    SlowBodyFault,
    StalledBodyFault,
    StatusFault,
    WrongTypesFault,
)
from tests.fake_services.client import (
    CD,
    FINGERPRINT,
    LOW_TIDE,
    RELEASE_PATH,
    USER_AGENT,
    Client,
    ClientResponse,
    ManualClock,
)
from tests.fake_services.response_faults import WrongKind
from tests.limits import WAIT_SECONDS


@pytest.mark.parametrize(
    ("service", "fault", "status", "code"),
    [
        ("acoustid", INVALID_KEY, 400, 4),
        ("acoustid", INTERNAL_ERROR, 500, 5),
        ("acoustid", SERVICE_UNAVAILABLE, 503, 13),
    ],
)
async def test_errors_can_be_staged(
    client: Client, service: ServiceName, fault: Fault, status: int, code: int
) -> None:
    """A planned error happens `times` times, and does not count as rate-limited."""
    client.fake_services.add_fault(service, fault, times=2)

    got = [
        await client.lookup(fingerprint=FINGERPRINT, duration="201") for _ in range(3)
    ]

    assert [each.status for each in got] == [status, status, 200]
    assert got[0].json["error"]["code"] == code
    assert client.fake_services.rate_limited_requests == []
    assert [request.status for request in client.fake_services.requests] == [
        status,
        status,
        200,
    ]


async def test_faults_come_in_their_order(client: Client, clock: ManualClock) -> None:
    """In the order added; the last stays until the faults are cleared."""
    fake_services = client.fake_services
    fake_services.add_fault("musicbrainz", BUSY)
    fake_services.add_fault(
        "musicbrainz", StatusFault(502, {"X-Test": "yes"}, b"no"), times=2
    )
    fake_services.add_fault("musicbrainz", StatusFault(410), times=None)
    got = []
    for _ in range(6):
        got.append(await client.release())
        clock.now += 1
    other = await client.high_level(LOW_TIDE)
    fake_services.clear_faults("musicbrainz")
    healed = await client.release()

    assert [each.status for each in got] == [503, 502, 502, 410, 410, 410]
    assert got[0].headers["Retry-After"] == "5"
    assert (got[1].headers["X-Test"], got[1].body) == ("yes", b"no")
    assert (other.status, healed.status) == (200, 200)


@pytest.mark.parametrize(
    ("fault", "content_type", "body"),
    [
        (GarbageFault(b"\xff{"), "application/json; charset=utf-8", rb"\xff\{"),
        (EmptyFault(), "application/json; charset=utf-8", rb""),
        (HtmlFault(), "text/html; charset=utf-8", rb"<!DOCTYPE html>.*"),
        (DeepJsonFault(), "application/json; charset=utf-8", rb"\[{60000}\]{60000}"),
    ],
)
async def test_wrong_bodies(
    client: Client, fault: Fault, content_type: str, body: bytes
) -> None:
    """Each has status 200."""
    client.fake_services.add_fault("musicbrainz", fault)

    got = await client.release()

    assert got.status == 200
    assert got.headers["Content-Type"] == content_type
    assert re.fullmatch(body, got.body)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("score", '"score": "high"'),
        ("recordings", '"recordings": null'),
        ("ids", '"id": 4711'),
        ("results", '"results": {}'),
        ("lengths", '"duration": "long"'),
        ("titles", '"title": 7'),
        ("everything", '"results": null'),
    ],
)
async def test_wrong_types(client: Client, kind: WrongKind, wrong: str) -> None:
    """The right structure with values of a wrong type."""
    client.fake_services.add_fault("acoustid", WrongTypesFault(kind))

    spoilt = await client.lookup(fingerprint=FINGERPRINT, duration="201")
    proper = await client.lookup(fingerprint=FINGERPRINT, duration="201")

    assert wrong in spoilt.body.decode()
    assert wrong not in proper.body.decode()


async def test_wrong_types_of_the_other_services(client: Client) -> None:
    """Values are replaced at any depth."""
    client.fake_services.add_fault("musicbrainz", WrongTypesFault("media"))
    client.fake_services.add_fault("acousticbrainz", WrongTypesFault("highlevel"))
    client.fake_services.add_fault("acoustid", WrongTypesFault("status"))

    release = (await client.release()).json
    intact = (await client.high_level(LOW_TIDE)).json
    lookup = (await client.lookup(fingerprint=FINGERPRINT, duration="201")).json

    assert release["media"] == {}
    assert intact[LOW_TIDE]["0"]["highlevel"] == []
    assert list(lookup) == ["results"]


async def test_too_much_to_read(client: Client, clock: ManualClock) -> None:
    """Huge white space is valid JSON, compressed or not."""
    fake_services = client.fake_services
    fake_services.add_fault("musicbrainz", HugeFault(5_000_000))
    fake_services.add_fault("musicbrainz", GzipBombFault(16))
    async with client.session.get(
        fake_services.musicbrainz_url + RELEASE_PATH, auto_decompress=False
    ) as response:
        huge = ClientResponse(response, await response.read())
    async with aiohttp.ClientSession(
        headers={"User-Agent": USER_AGENT}, auto_decompress=False
    ) as plain:
        packed = await Client(fake_services, plain).release()
    clock.now += 1
    unpacked = gzip.decompress(packed.body)

    assert (len(huge.body), huge.json["id"]) == (5_000_000, CD)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.body) < 40_000
    assert len(unpacked) == (16 << 20) + 2
    assert json.loads(unpacked) == {}


async def test_redirects(client: Client) -> None:
    """The Location is the given URL."""
    client.fake_services.add_fault(
        "musicbrainz", RedirectFault("file:///etc/hostname", code=307)
    )

    got = await client.release()

    assert (got.status, got.headers["Location"]) == (307, "file:///etc/hostname")


async def test_a_connection_is_reset(
    client: Client, fake_services: FakeServices, caplog: pytest.LogCaptureFixture
) -> None:
    """In the middle of a response; the next one is complete."""
    fake_services.add_fault("musicbrainz", ConnectionResetFault())

    with pytest.raises(aiohttp.ClientPayloadError):
        await client.release()
    healed = await client.release()

    assert healed.status == 200
    assert [request.status for request in fake_services.requests] == [200, 200]
    assert caplog.records == []


async def test_a_connection_is_reset_before_an_answer(
    client: Client, fake_services: FakeServices, caplog: pytest.LogCaptureFixture
) -> None:
    """Without any response; aiohttp repeats idempotent requests once."""
    fake_services.add_fault("acoustid", ConnectionResetFault(after_headers=False))
    fake_services.add_fault("musicbrainz", ConnectionResetFault(after_headers=False))

    with pytest.raises(aiohttp.ClientOSError):
        await client.lookup(fingerprint=FINGERPRINT, duration="201")
    second = await client.release()

    assert second.status == 200
    assert [request.status for request in fake_services.requests] == [None, None, 200]
    assert caplog.records == []


async def test_a_late_answer(client: Client, fake_services: FakeServices) -> None:
    """Nothing for a while, then the proper response."""
    fake_services.add_fault("acousticbrainz", DelayFault(0.2))
    fake_services.add_fault("acousticbrainz", DelayFault(3_600))
    loop = asyncio.get_running_loop()
    started = loop.time()
    late = await client.high_level(LOW_TIDE)
    elapsed = loop.time() - started

    waiting = asyncio.create_task(client.high_level(LOW_TIDE))
    async with asyncio.timeout(WAIT_SECONDS):
        while len(fake_services.requests) < 2:  # noqa: ASYNC110  (no event for it)
            await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert LOW_TIDE in late.json
    assert elapsed >= 0.2
    assert [request.status for request in fake_services.requests] == [200, None]


async def test_an_answer_without_an_end(
    client: Client, fake_services: FakeServices
) -> None:
    """Headers, and nothing after them."""
    fake_services.add_fault("musicbrainz", StalledBodyFault())

    async with client.session.get(
        fake_services.musicbrainz_url + RELEASE_PATH
    ) as response:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.read(), 0.1)
    assert response.status == 200
    assert fake_services.requests[0].status == 200


async def test_an_answer_that_drips(
    client: Client, fake_services: FakeServices
) -> None:
    """It is complete in the end if the client waits."""
    fake_services.add_fault("acousticbrainz", SlowBodyFault(bytes_per_second=4_000))
    fake_services.add_fault("acousticbrainz", SlowBodyFault(bytes_per_second=1))
    loop = asyncio.get_running_loop()
    started = loop.time()
    slow = await client.high_level(LOW_TIDE)
    elapsed = loop.time() - started

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.high_level(LOW_TIDE), 0.2)
    assert LOW_TIDE in slow.json
    assert elapsed >= 0.9 * len(slow.body) / 4_000


async def test_a_service_can_be_off(
    client: Client, fake_services: FakeServices
) -> None:
    """It refuses connections, the others do not; it restarts at the same URL."""
    url = fake_services.musicbrainz_url
    await client.release()
    await fake_services.stop("musicbrainz")
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.release()
    other = await client.high_level(LOW_TIDE)
    await fake_services.start("musicbrainz")
    back = await client.release()

    assert (other.status, back.status) == (200, 200)
    assert fake_services.musicbrainz_url == url


async def test_all_services_can_be_stopped(
    client: Client, fake_services: FakeServices
) -> None:
    """All refuse connections until they are started again."""
    await fake_services.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.release()
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.high_level(LOW_TIDE)
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.lookup(fingerprint=FINGERPRINT, duration="201")
    await fake_services.start()
    await fake_services.start()

    assert (await client.release()).status == 200
