"""The fake AcoustID answers like the real one."""

import gzip
from urllib.parse import urlencode

import pytest

from tests.fake_services import FakeServices
from tests.fake_services.client import (
    FINGERPRINT,
    LOW_TIDE,
    META,
    UNKNOWN_FINGERPRINT,
    WITHOUT_CONTENT,
    Client,
    ManualClock,
)


async def test_a_fingerprint_is_looked_up(client: Client) -> None:
    """One fingerprint without `batch` gets `results`."""
    response = (await client.lookup(fingerprint=FINGERPRINT, duration="201")).json

    assert response["status"] == "ok"
    assert [result["score"] for result in response["results"]] == [0.974]
    assert response["results"][0]["recordings"][0]["id"] == LOW_TIDE


async def test_a_batch_is_answered_by_index(
    client: Client, fake_services: FakeServices
) -> None:
    """Indexes are in ascending order; without a match, `results` is empty."""
    response = (await client.batch(_12=FINGERPRINT, _3=UNKNOWN_FINGERPRINT)).json

    fingerprints = [
        (each["index"], len(each["results"])) for each in response["fingerprints"]
    ]
    assert fingerprints == [("3", 0), ("12", 1)]
    assert fake_services.requests[0].item_count == 2


async def test_indexes_may_be_numbers(
    client: Client, fake_services: FakeServices
) -> None:
    """The real server has sent text, and has sent numbers."""
    fake_services.acoustid.text_indexes = False

    response = (await client.batch(_12=FINGERPRINT)).json
    assert response["fingerprints"][0]["index"] == 12


async def test_a_lookup_may_be_compressed(
    client: Client, fake_services: FakeServices
) -> None:
    """A gzipped form is accepted."""
    form = {"client": "test-key", "batch": "1", "meta": META}
    form |= {"fingerprint.0": FINGERPRINT, "duration.0": "201"}
    async with client.session.post(
        f"{fake_services.acoustid_url}/v2/lookup",
        data=gzip.compress(urlencode(form).encode()),
        headers={
            "Content-Encoding": "gzip",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    ) as response:
        body = await response.json()

    assert [each["index"] for each in body["fingerprints"]] == ["0"]
    assert fake_services.requests[0].form["fingerprint.0"] == FINGERPRINT


async def test_a_lookup_that_cannot_be_unpacked(client: Client) -> None:
    """A body declared as gzip that is not is a bad request."""
    async with client.session.post(
        f"{client.fake_services.acoustid_url}/v2/lookup",
        data=b"no gzip",
        headers={"Content-Encoding": "gzip"},
    ) as response:
        assert response.status == 400


@pytest.mark.parametrize(
    ("meta", "names"),
    [
        ("", None),
        ("recordingids", {"id"}),
        ("recordings", {"id", "title", "duration", "artists"}),
        ("recordings sources", {"id", "title", "duration", "artists", "sources"}),
    ],
)
async def test_meta_selects_the_fields(
    client: Client, meta: str, names: set[str] | None
) -> None:
    """Without `meta` there are no recordings, without `sources` no sources."""
    got = await client.lookup(fingerprint=FINGERPRINT, duration="201", meta=meta)

    recordings = got.json["results"][0].get("recordings")
    assert (recordings and set(recordings[0])) == names


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"fingerprint": FINGERPRINT, "duration": "9", "format": "yaml"}, 400, 1),
        ({"fingerprint": FINGERPRINT, "duration": "9", "client": ""}, 400, 2),
        ({"duration": "9"}, 400, 2),
        ({"fingerprint": "", "duration": "9"}, 400, 2),
        ({"fingerprint": FINGERPRINT}, 400, 2),
        ({"fingerprint": FINGERPRINT, "duration": "0"}, 400, 2),
        ({"fingerprint": "not base64!", "duration": "9"}, 400, 3),
        ({"fingerprint": WITHOUT_CONTENT, "duration": "9"}, 400, 3),
        ({"fingerprint": UNKNOWN_FINGERPRINT, "duration": "9"}, 400, 3),
        ({"fingerprint": FINGERPRINT, "duration": "9", "client": "x"}, 400, 4),
    ],
)
async def test_errors_have_codes(
    client: Client,
    fake_services: FakeServices,
    form: dict[str, str],
    status: int,
    code: int,
) -> None:
    """Errors have AcoustID's codes and messages."""
    fake_services.refused_fingerprints.add(UNKNOWN_FINGERPRINT)

    got = await client.lookup(**form)

    assert (got.status, got.json["status"]) == (status, "error")
    assert got.json["error"]["code"] == code
    assert got.json["error"]["message"]


async def test_a_bad_fingerprint_is_left_out_of_a_batch(client: Client) -> None:
    """Only it is left out; the batch fails only if it has no other."""
    some = await client.batch(_0="?!", _1=FINGERPRINT)
    none = await client.batch(_0="?!", _1=WITHOUT_CONTENT)

    assert [each["index"] for each in some.json["fingerprints"]] == ["1"]
    assert none.json["error"]["code"] == 3


async def test_twenty_fingerprints_are_enough(client: Client) -> None:
    """A request with 21 is refused."""
    fingerprints = {f"_{number}": FINGERPRINT for number in range(21)}

    refused = await client.batch(**fingerprints)
    del fingerprints["_20"]
    accepted = await client.batch(**fingerprints)

    assert (refused.status, refused.json["error"]["code"]) == (413, 19)
    assert len(accepted.json["fingerprints"]) == 20


async def test_keys_can_change(client: Client, fake_services: FakeServices) -> None:
    """A key is valid while it is in the set."""
    fake_services.keys.clear()
    before = await client.lookup(fingerprint=FINGERPRINT, duration="9", client="new")
    fake_services.keys.add("new")
    after = await client.lookup(fingerprint=FINGERPRINT, duration="9", client="new")

    assert (before.status, after.status) == (400, 200)


async def test_api_key_in_a_url_is_recorded(
    client: Client, fake_services: FakeServices
) -> None:
    """The lookup works, and the request is recorded with the key masked."""
    query = urlencode(
        {"client": "test-key", "fingerprint": FINGERPRINT, "duration": "201"}
    )
    got = await client.get(f"{fake_services.acoustid_url}/v2/lookup?{query}")
    await client.lookup(fingerprint=FINGERPRINT, duration="201")

    assert got.json["status"] == "ok"
    assert fake_services.keys_in_urls == fake_services.requests[:1]
    assert "test-key" not in repr(fake_services.requests)


async def test_acoustid_takes_three_a_second(
    client: Client, fake_services: FakeServices, clock: ManualClock
) -> None:
    """The fourth within a second is refused; a second later it is accepted."""
    got = []
    for _ in range(4):
        got.append(await client.lookup(fingerprint=FINGERPRINT, duration="201"))
        clock.now += 0.25
    clock.now += 0.5
    later = await client.lookup(fingerprint=FINGERPRINT, duration="201")

    assert [each.status for each in got] == [200, 200, 200, 429]
    assert got[3].json["error"]["code"] == 14
    assert later.status == 200
    assert fake_services.rate_limited_requests == [fake_services.requests[3]]
