"""AcoustID is asked for many at once, and each gets its own answer."""

import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from segued.clients.acoustid import AcoustId, Asked, candidates
from segued.clients.service_client import Service
from segued.errors import (
    ServiceAnswerError,
    ServiceAwayError,
    ServiceBusyError,
    ServiceError,
    ServiceKeyError,
    ServiceRefusedError,
)
from segued.matching.evidence import Candidate
from tests.world import (
    INTERNAL_ERROR,
    INVALID_KEY,
    SERVICE_UNAVAILABLE,
    Fault,
    Status,
    World,
    WrongTypes,
)
from tests.world.client import (
    FINGERPRINT,
    GROUP,
    LOW_TIDE,
    UNKNOWN_FINGERPRINT,
    WITHOUT_CONTENT,
)

KNOWN = Asked(FINGERPRINT, 201)
UNKNOWN = Asked(UNKNOWN_FINGERPRINT, 100)
BAD = Asked(WITHOUT_CONTENT, 100)


def error_of(code: int, status: int = 400) -> Status:
    """Return a refusal with a code."""
    body = {"status": "error", "error": {"code": code, "message": "test-key?"}}
    return Status(status, body=json.dumps(body).encode())


def shuffled(*indexes: Any) -> Status:  # noqa: ANN401
    """Return an answer with these indexes, each of which nothing is known of."""
    found = [{"index": index, "results": []} for index in indexes]
    body = {"status": "ok", "fingerprints": found}
    return Status(200, body=json.dumps(body).encode())


@pytest.mark.parametrize("as_text", [True, False])
async def test_each_gets_its_own(
    acoustid: AcoustId, world: World, *, as_text: bool
) -> None:
    """Nothing found is an empty list; an index is text or a number."""
    world.acoustid.text_indexes = as_text

    first, second, third = await acoustid.lookup([UNKNOWN, KNOWN, UNKNOWN])

    assert (first, third) == (b"[]", b"[]")
    assert second is not None
    assert [each.recording_mbid for each in candidates(second)] == [LOW_TIDE]
    assert len(world.requests) == 1


async def test_answers_in_any_order(acoustid: AcoustId, world: World) -> None:
    """It is the index that counts."""
    results = [{"id": "x", "score": 0.5}]
    found = [{"index": "1", "results": []}, {"index": 0, "results": results}]
    body = {"status": "ok", "fingerprints": found}
    world.fail("acoustid", Status(200, body=json.dumps(body).encode()))

    first, second = await acoustid.lookup([KNOWN, UNKNOWN])
    assert json.loads(first or b"") == results
    assert second == b"[]"


async def test_one_that_is_refused_costs_itself(
    acoustid: AcoustId, world: World
) -> None:
    """It is left out, asked alone, and refused for good."""
    found = await acoustid.lookup([KNOWN, BAD, UNKNOWN])

    assert found[0]
    assert found[1:] == [None, b"[]"]
    assert [request.pieces for request in world.requests] == [3, 1]
    assert world.refusals == []


@pytest.mark.parametrize("refusal", [error_of(3), error_of(19, 413), Status(413)])
async def test_a_refused_batch_is_split(
    acoustid: AcoustId, world: World, refusal: Status
) -> None:
    """In halves, as often as it takes."""
    world.fail("acoustid", refusal, times=2)

    found = await acoustid.lookup([UNKNOWN] * 3 + [KNOWN])

    assert found[:3] == [b"[]"] * 3
    assert found[3]
    assert [request.pieces for request in world.requests] == [4, 2, 1, 1, 2]


async def test_all_may_be_refused(acoustid: AcoustId) -> None:
    """Then there is nothing, and no error."""
    assert await acoustid.lookup([BAD, BAD]) == [None, None]
    assert await acoustid.lookup([]) == []
    with pytest.raises(ValueError, match="at most 20"):
        await acoustid.lookup([KNOWN] * 21)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (INVALID_KEY, ServiceKeyError),
        (error_of(17), ServiceKeyError),
        (INTERNAL_ERROR, ServiceAwayError),
        (error_of(5), ServiceAwayError),
        (error_of(5, 200), ServiceAwayError),
        (SERVICE_UNAVAILABLE, ServiceBusyError),
        (error_of(14, 429), ServiceBusyError),
        (error_of(13), ServiceBusyError),
        (error_of(12), ServiceRefusedError),
        (Status(403, body=b"<html>"), ServiceRefusedError),
        (shuffled(), ServiceAnswerError),
        (shuffled(1), ServiceAnswerError),
        (shuffled(0, 0), ServiceAnswerError),
        (shuffled(-1), ServiceAnswerError),
        (shuffled("one"), ServiceAnswerError),
        (shuffled(None), ServiceAnswerError),
        (WrongTypes("score"), ServiceAnswerError),
        (WrongTypes("recordings"), ServiceAnswerError),
        (WrongTypes("ids"), ServiceAnswerError),
        (WrongTypes("results"), ServiceAnswerError),
        (WrongTypes("lengths"), ServiceAnswerError),
        (WrongTypes("titles"), ServiceAnswerError),
        (WrongTypes("status"), ServiceAnswerError),
        (WrongTypes("everything"), ServiceAnswerError),
    ],
    ids=repr,
)
async def test_every_fault_is_an_error(
    acoustid: AcoustId, world: World, fault: Fault, error: type[ServiceError]
) -> None:
    """The right one; and the key is in none, nor in a log, nor in an address."""
    world.fail("acoustid", fault, times=None)

    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(ServiceError) as raised:
                await acoustid.lookup([KNOWN])
            assert type(raised.value) in {error, ServiceAwayError, ServiceBusyError}
            told = "".join(traceback.format_exception(raised.value))
            assert "test-key" not in told + repr(raised.value.__dict__)
    assert "test-key" not in repr(logs)
    assert world.keys_in_urls == []


async def test_a_wrong_key_is_sent_once(
    service: Callable[..., Service], world: World
) -> None:
    """And none is not sent at all; the service is none the worse for it."""
    wrong, none = (AcoustId(service("acoustid"), key) for key in ("wrong", None))
    for each in (wrong, wrong, none):
        with pytest.raises(ServiceKeyError):
            await each.lookup([KNOWN])

    assert len(world.requests) == 1
    assert wrong.service.state == "up"


def test_candidates_are_read() -> None:
    """Several results may name one recording; some name none."""

    def recording(mbid: str, **more: object) -> dict[str, object]:
        return {"id": mbid, **more}

    artists = [{"name": "A", "joinphrase": " feat. "}, {"name": "B"}]
    other = LOW_TIDE.replace("1", "9")
    raw = json.dumps(
        [
            {"id": "1", "score": 0.4, "recordings": [recording(LOW_TIDE, sources=3)]},
            {"id": "2", "score": 7, "recordings": [recording(other)]},
            {"id": "3", "score": 0.99},
            {
                "id": "4",
                "score": 0.9,
                "recordings": [
                    recording(
                        LOW_TIDE.upper(),
                        sources=4,
                        title="T",
                        artists=artists,
                        duration=12.5,
                        releasegroups=[{"id": GROUP, "type": "Album"}],
                    )
                ],
            },
        ]
    ).encode()

    best, second = candidates(raw)

    assert best == Candidate(other, 1.0)
    assert second == Candidate(
        *(LOW_TIDE, 0.9, 7, "T", "A feat. B", second.seconds, (GROUP,))
    )
    assert second.seconds == 12.5
    assert candidates(b"[]") == ()
    with pytest.raises(ServiceAnswerError):
        candidates(b"{}")
