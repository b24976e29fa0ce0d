"""AcoustID: candidate recordings for a fingerprint.

    POST /v2/lookup

Like the real server: an invalid fingerprint in a batch is left out of the
response, which is an error only if no valid one is left; without `batch`, only
the first one is answered; without `meta`, results have no recordings.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fake_services.answers import Answers, Document, fingerprint_path
from tests.fake_services.messages import ServiceName, ServiceRequest, ServiceResponse
from tests.fake_services.rate_limits import QuotaState
from tests.fake_services.response_faults import StatusFault

__all__ = [
    "INTERNAL_ERROR",
    "INVALID_KEY",
    "PER_SECOND",
    "SERVICE_UNAVAILABLE",
    "AcoustID",
]

PER_SECOND: Final = 3
FINGERPRINTS_MAX: Final = 20
RESULTS_MAX: Final = 10

HEADER_BYTES: Final = 4
"""A fingerprint starts with its algorithm and, in three bytes, its length."""


@dataclass(frozen=True, slots=True)
class FingerprintQuery:
    """One fingerprint of a request; `number` is None for one without an index."""

    number: int | None
    fingerprint: str


class LookupRefusedError(Exception):
    """A lookup that is answered with an error."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(slots=True)
class AcoustID:
    """The service.

    Attributes:
        keys: The API keys that are valid.
        refused_fingerprints: Well-formed fingerprints that it reports as invalid.
        text_indexes: Whether an index is sent as text; if not, as a number. The
            real server has done both.
    """

    answers: Answers
    keys: set[str] = field(default_factory=lambda: {"test-key"})
    refused_fingerprints: set[str] = field(default_factory=set)
    text_indexes: bool = True

    @property
    def name(self) -> ServiceName:
        """The service's name, the first segment of its base URL's path."""
        return "acoustid"

    def item_count(self, request: ServiceRequest) -> int:
        """Return how many fingerprints are requested."""
        return len(_numbers(request.values))

    def respond(self, request: ServiceRequest) -> ServiceResponse:
        """Answer a lookup."""
        if request.path != ("v2", "lookup"):
            return ServiceResponse(404, b"Not Found", {"Content-Type": "text/plain"})
        try:
            return ServiceResponse.from_json(
                {"status": "ok", **self._look_up(request.values)}
            )
        except LookupRefusedError as error:
            return _error(error.code, error.message, error.status)

    def over_limit(self, wait_seconds: float) -> ServiceResponse:
        """Return the response to an early request; it has no Retry-After."""
        del wait_seconds
        message = f"rate limit ({PER_SECOND} requests per second) exceeded"
        return _error(14, message, 429)

    def quota_headers(self, quota: QuotaState) -> dict[str, str]:
        """Return no headers: AcoustID does not send the quota."""
        del quota
        return {}

    def _look_up(self, values: dict[str, str]) -> Document:
        form = values.get("format", "json")
        if form != "json":
            raise LookupRefusedError(1, f'unknown format "{form}"')
        if not values.get("client"):
            raise _missing("client")
        if values["client"] not in self.keys:
            raise LookupRefusedError(4, "invalid API key")
        queries = self._parse_queries(values)
        batch = values.get("batch", "0") not in {"", "0"}
        queries = queries if batch else queries[:1]
        if len(queries) > FINGERPRINTS_MAX:
            raise LookupRefusedError(19, "request too large", 413)

        meta = set(values.get("meta", "").split())
        results = [self._results(query.fingerprint, meta) for query in queries]
        if not batch:
            return {"results": results[0]}
        indexes = [self._index(query) for query in queries]
        indexed = zip(indexes, results, strict=True)
        return {"fingerprints": [{"index": i, "results": each} for i, each in indexed]}

    def _parse_queries(self, values: dict[str, str]) -> list[FingerprintQuery]:
        numbers = _numbers(values)
        if not numbers:
            raise _missing("fingerprint")
        queries: list[FingerprintQuery] = []
        for number in numbers:
            try:
                queries.append(self._parse_query(values, number))
            except LookupRefusedError:
                if not queries and number == numbers[-1]:
                    raise
        return queries

    def _parse_query(
        self, values: dict[str, str], number: int | None
    ) -> FingerprintQuery:
        ending = "" if number is None else f".{number}"
        duration = values.get(f"duration{ending}", "")
        if not re.fullmatch(r"-?\d+", duration) or int(duration) == 0:
            raise _missing(f"duration{ending}")
        fingerprint = values.get(f"fingerprint{ending}")
        if not fingerprint:
            raise _missing(f"fingerprint{ending}")
        if (
            not _is_valid_fingerprint(fingerprint)
            or fingerprint in self.refused_fingerprints
        ):
            raise LookupRefusedError(3, "invalid fingerprint")
        return FingerprintQuery(number, fingerprint)

    def _results(self, fingerprint: str, meta: set[str]) -> list[Document]:
        content = self.answers.read(fingerprint_path(fingerprint))
        results: list[Any] = [] if content is None else json.loads(content)
        return [_select_fields(result, meta) for result in results[:RESULTS_MAX]]

    def _index(self, query: FingerprintQuery) -> str | int | None:
        if not self.text_indexes:
            return query.number
        return "" if query.number is None else str(query.number)


def _error(code: int, message: str, status: int) -> ServiceResponse:
    error = {"code": code, "message": message}
    return ServiceResponse.from_json({"status": "error", "error": error}, status)


def _as_fault(code: int, message: str, status: int) -> StatusFault:
    answer = _error(code, message, status)
    return StatusFault(answer.status, answer.headers, answer.body)


INVALID_KEY: Final = _as_fault(4, "invalid API key", 400)
INTERNAL_ERROR: Final = _as_fault(5, "internal error", 500)
SERVICE_UNAVAILABLE: Final = _as_fault(13, "service currently unavailable", 503)


def _missing(name: str) -> LookupRefusedError:
    return LookupRefusedError(2, f'missing required parameter "{name}"')


def _numbers(values: dict[str, str]) -> list[int | None]:
    """Return the numbers of the fingerprints, ascending, None first."""
    endings = [name.removeprefix("fingerprint.") for name in values]
    numbers = sorted({int(ending) for ending in endings if _is_number(ending)})
    return [*([None] if "fingerprint" in values else []), *numbers]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_valid_fingerprint(fingerprint: str) -> bool:
    """Return whether a fingerprint is well-formed and not empty."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+=*", fingerprint):
        return False
    text = fingerprint.rstrip("=")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return False
    return len(raw) >= HEADER_BYTES and any(raw[1:HEADER_BYTES])


def _select_fields(result: Any, meta: set[str]) -> Any:  # noqa: ANN401
    """Return a result with the fields that `meta` requests; an odd one as it is."""
    if not isinstance(result, dict):
        return result
    if not meta & {"recordings", "recordingids"}:
        return {name: result[name] for name in ("id", "score") if name in result}
    if "recordings" not in result:
        return result
    omitted = {"sources", "releasegroups", "releases"} - meta
    recordings = [
        {name: recording[name] for name in recording if name not in omitted}
        if "recordings" in meta
        else {"id": recording["id"]}
        for recording in result["recordings"]
    ]
    return {**result, "recordings": recordings}
