"""The fake AcousticBrainz answers like the real one."""

import json
import uuid

import pytest

from tests.fake_services import FakeServices
from tests.fake_services.answers import high_level_path
from tests.fake_services.client import ANSWERS, LANTERNS, LOW_TIDE, Client, ManualClock


async def test_recordings_have_high_level_data(
    client: Client, fake_services: FakeServices
) -> None:
    """Existing documents, by recording id and document number."""
    response = (await client.high_level(LOW_TIDE.upper(), f"{LANTERNS}:0")).json

    expected = json.loads((ANSWERS / high_level_path(LOW_TIDE)).read_bytes())
    assert response == {"mbid_mapping": {}, LOW_TIDE: {"0": expected}}
    assert fake_services.requests[0].item_count == 2


@pytest.mark.parametrize(
    ("ids", "status"),
    [
        ([str(uuid.UUID(int=number)) for number in range(25)], 200),
        ([str(uuid.UUID(int=number)) for number in range(26)], 400),
        (["12345"], 400),
        ([], 400),
    ],
)
async def test_twenty_five_recordings_are_enough(
    client: Client, ids: list[str], status: int
) -> None:
    """More are refused, and so are values that are no ids."""
    got = await client.high_level(*ids)

    assert got.status == status
    assert ("message" in got.json) == (status == 400)


async def test_acousticbrainz_takes_ten_in_ten_seconds(
    client: Client, fake_services: FakeServices, clock: ManualClock
) -> None:
    """The next request gets a Retry-After."""
    got = []
    for _ in range(11):
        got.append(await client.high_level(LOW_TIDE))
        clock.now += 0.5
    clock.now += 4.5
    later = await client.high_level(LOW_TIDE)

    assert [each.status for each in got] == [200] * 10 + [429]
    assert got[0].headers["X-RateLimit-Limit"] == "10"
    assert got[0].headers["X-RateLimit-Remaining"] == "9"
    assert got[10].headers["X-RateLimit-Remaining"] == "0"
    assert got[10].headers["Retry-After"] == "5"
    assert later.status == 200
    assert len(fake_services.rate_limited_requests) == 1
