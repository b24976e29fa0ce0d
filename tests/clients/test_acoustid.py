"""AcoustID: batches of queries, their answers, and their errors."""

import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from segued.clients.acoustid import (
    AcoustId,
    FingerprintQuery,
    QueryOutcome,
    parse_candidates,
)
from segued.clients.service_client import ServiceClient
from segued.errors import (
    GarbledAnswerError,
    ServiceAnswerError,
    ServiceAuthError,
    ServiceBusyError,
    ServiceError,
    ServiceRefusedError,
    ServiceUnavailableError,
)
from segued.matching.evidence import Candidate
from tests.fake_services import (
    INTERNAL_ERROR,
    INVALID_KEY,
    SERVICE_UNAVAILABLE,
    FakeServices,
    Fault,
    HtmlFault,
    HugeFault,
    StatusFault,
    WrongTypesFault,
)
from tests.fake_services.client import (
    FINGERPRINT,
    GROUP,
    LOW_TIDE,
    UNKNOWN_FINGERPRINT,
    WITHOUT_CONTENT,
)

KNOWN = FingerprintQuery(FINGERPRINT, 201)
UNKNOWN = FingerprintQuery(UNKNOWN_FINGERPRINT, 100)
BAD = FingerprintQuery(WITHOUT_CONTENT, 100)


def error_response(code: int, status: int = 400) -> StatusFault:
    """Return an answer with an error code."""
    body = {"status": "error", "error": {"code": code, "message": "test-key?"}}
    return StatusFault(status, body=json.dumps(body).encode())


def usable(outcome: QueryOutcome) -> bytes:
    """Return the results of a query that succeeded."""
    assert isinstance(outcome, bytes)
    return outcome


def empty_results(*indexes: Any) -> StatusFault:  # noqa: ANN401
    """Return an answer with no results for each of these indexes."""
    found = [{"index": index, "results": []} for index in indexes]
    body = {"status": "ok", "fingerprints": found}
    return StatusFault(200, body=json.dumps(body).encode())


@pytest.mark.parametrize("as_text", [True, False])
async def test_batch_answers_go_to_the_right_query(
    acoustid: AcoustId, fake_services: FakeServices, *, as_text: bool
) -> None:
    """An unknown fingerprint gives an empty list; an index is text or a number."""
    fake_services.acoustid.text_indexes = as_text

    first, second, third = await acoustid.lookup([UNKNOWN, KNOWN, UNKNOWN])

    assert (first, third) == (b"[]", b"[]")
    candidates = parse_candidates(usable(second))
    assert [each.recording_mbid for each in candidates] == [LOW_TIDE]
    assert len(fake_services.requests) == 1


async def test_batch_answers_are_matched_by_index(
    acoustid: AcoustId, fake_services: FakeServices
) -> None:
    """The order of the answers does not matter."""
    results = [{"id": "x", "score": 0.5}]
    found = [{"index": "1", "results": []}, {"index": 0, "results": results}]
    body = {"status": "ok", "fingerprints": found}
    fake_services.add_fault(
        "acoustid", StatusFault(200, body=json.dumps(body).encode())
    )

    first, second = await acoustid.lookup([KNOWN, UNKNOWN])
    assert json.loads(usable(first)) == results
    assert second == b"[]"


async def test_refused_fingerprint_does_not_affect_others(
    acoustid: AcoustId, fake_services: FakeServices
) -> None:
    """It is missing in the batch, sent alone, and then rejected for good."""
    found = await acoustid.lookup([KNOWN, BAD, UNKNOWN])

    assert found[0]
    assert found[1:] == [None, b"[]"]
    assert [request.item_count for request in fake_services.requests] == [3, 1]
    assert fake_services.rate_limited_requests == []


@pytest.mark.parametrize(
    "refusal", [error_response(3), error_response(19, 413), StatusFault(413)]
)
async def test_a_refused_batch_is_split(
    acoustid: AcoustId, fake_services: FakeServices, refusal: StatusFault
) -> None:
    """Into halves, repeatedly."""
    fake_services.add_fault("acoustid", refusal, times=2)

    found = await acoustid.lookup([UNKNOWN] * 3 + [KNOWN])

    assert found[:3] == [b"[]"] * 3
    assert found[3]
    assert [request.item_count for request in fake_services.requests] == [4, 2, 1, 1, 2]


async def test_all_may_be_refused(acoustid: AcoustId) -> None:
    """Each result is None then, without an error."""
    assert await acoustid.lookup([BAD, BAD]) == [None, None]
    assert await acoustid.lookup([]) == []
    with pytest.raises(ValueError, match="at most 20"):
        await acoustid.lookup([KNOWN] * 21)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (INVALID_KEY, ServiceAuthError),
        (error_response(17), ServiceAuthError),
        (INTERNAL_ERROR, ServiceUnavailableError),
        (SERVICE_UNAVAILABLE, ServiceBusyError),
        (error_response(14, 429), ServiceBusyError),
        (error_response(13), ServiceBusyError),
        (error_response(12), ServiceRefusedError),
        (StatusFault(403, body=b"<html>"), ServiceRefusedError),
        (HtmlFault(), GarbledAnswerError),
    ],
    ids=repr,
)
async def test_every_fault_is_an_error(
    acoustid: AcoustId,
    fake_services: FakeServices,
    fault: Fault,
    error: type[ServiceError],
) -> None:
    """Each fault raises its own error; none, no log and no URL contains the key."""
    fake_services.add_fault("acoustid", fault, times=None)

    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(ServiceError) as raised:
                await acoustid.lookup([KNOWN])
            assert type(raised.value) in {
                error,
                ServiceUnavailableError,
                ServiceBusyError,
            }
            report = "".join(traceback.format_exception(raised.value))
            assert "test-key" not in report + repr(raised.value.__dict__)
    assert "test-key" not in repr(logs)
    assert fake_services.keys_in_urls == []


@pytest.mark.parametrize(
    "fault",
    [
        error_response(5),
        error_response(5, 200),
        empty_results(),
        empty_results(1),
        empty_results(0, 0),
        empty_results(-1),
        empty_results("one"),
        empty_results(None),
        *(WrongTypesFault(kind) for kind in ("score", "recordings", "ids", "results")),
        *(WrongTypesFault(kind) for kind in ("status", "everything")),
        HugeFault(1 << 20),
    ],
    ids=repr,
)
async def test_an_unusable_answer_is_no_outage(
    acoustid: AcoustId, fake_services: FakeServices, fault: Fault
) -> None:
    """It is the outcome of its query, however often; the service stays available."""
    fake_services.add_fault("acoustid", fault, times=None)

    for _ in range(4):
        (outcome,) = await acoustid.lookup([KNOWN])
        assert type(outcome) is ServiceAnswerError
        assert "test-key" not in str(outcome)
    assert acoustid.service.state == "up"


@pytest.mark.parametrize(
    "odd",
    [
        [None],
        [{"id": "x", "score": None}],
        [{"id": "x", "score": 0.9, "recordings": [None]}],
        [{"id": "x", "score": 0.9, "recordings": [{"id": None}]}],
        None,
        "none",
    ],
    ids=repr,
)
async def test_an_odd_answer_costs_only_its_own_query(
    acoustid: AcoustId, fake_services: FakeServices, odd: object
) -> None:
    """The other answers of the batch are used, and nothing is sent again."""
    results = [{"id": "x", "score": 0.9, "recordings": [{"id": LOW_TIDE}]}]
    found = [
        None,
        {"index": 0, "results": results},
        {"index": 1, "results": odd},
        {"index": 2, "results": results},
        {"index": 7, "results": results},
    ]
    body = json.dumps({"status": "ok", "fingerprints": found}).encode()
    fake_services.add_fault("acoustid", StatusFault(200, body=body))

    first, second, third = await acoustid.lookup([KNOWN, UNKNOWN, KNOWN])

    assert [json.loads(usable(each)) for each in (first, third)] == [results] * 2
    assert isinstance(second, ServiceAnswerError)
    assert len(fake_services.requests) == 1


def test_odd_recordings_and_fields_are_left_out() -> None:
    """What is well-formed is used: other recordings, and the id beside an odd field."""
    other = LOW_TIDE.replace("1", "9")
    recordings = [
        None,
        {"id": 7},
        {"id": LOW_TIDE, "title": None, "artists": None, "releasegroups": None},
        {"id": other, "title": 7, "duration": "long"},
    ]
    odd_results = [None, {"score": "high"}, {"score": 0.9, "recordings": recordings}]

    found = parse_candidates(json.dumps(odd_results).encode())

    assert found == (Candidate(LOW_TIDE, 0.9), Candidate(other, 0.9))


async def test_a_batch_with_an_unusable_answer_is_split(
    acoustid: AcoustId, fake_services: FakeServices
) -> None:
    """Until the query is alone that the answer is too large for, or fails for."""
    fake_services.add_fault("acoustid", HugeFault(1 << 20), times=3)

    first, *others = await acoustid.lookup([KNOWN, UNKNOWN, UNKNOWN, UNKNOWN])

    assert isinstance(first, ServiceAnswerError)
    assert others == [b"[]"] * 3
    assert acoustid.service.state == "up"


async def test_a_wrong_key_is_sent_once(
    make_client: Callable[..., ServiceClient], fake_services: FakeServices
) -> None:
    """Without a key nothing is sent; neither counts as a failure of the service."""
    wrong, none = (AcoustId(make_client("acoustid"), key) for key in ("wrong", None))
    for each in (wrong, wrong, none):
        with pytest.raises(ServiceAuthError):
            await each.lookup([KNOWN])

    assert len(fake_services.requests) == 1
    assert wrong.service.state == "up"


def test_candidates_are_parsed() -> None:
    """Several results can name one recording; some name none."""

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

    best, second = parse_candidates(raw)

    assert best == Candidate(other, 1.0)
    assert second == Candidate(
        LOW_TIDE,
        0.9,
        7,
        "T",
        "A feat. B",
        second.seconds,
        (GROUP,),
    )
    assert second.seconds == 12.5
    assert parse_candidates(b"[]") == ()
    with pytest.raises(ServiceAnswerError):
        parse_candidates(b"{}")
