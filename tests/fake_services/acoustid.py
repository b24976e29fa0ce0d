"""AcoustID: which recordings a fingerprint may be of.

    POST /v2/lookup

As its server does: a fingerprint in a batch that cannot be looked up is left
out of the answer, and an error only if none is left; without `batch`, the first
one is answered; without `meta`, results have no recordings.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Final

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
"""A fingerprint begins with its algorithm and, in three bytes, its length."""


@dataclass(frozen=True, slots=True)
class FingerprintQuery:
    """One fingerprint of a request; `number` is None for one without."""

    number: int | None
    fingerprint: str


class LookupRefusedError(Exception):
    """Why a lookup is not answered."""

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
        refused_fingerprints: Those that it cannot decode, although they look
            like any other.
        text_indexes: Whether an index is answered as text; if not, as a number.
            The server has done both.
    """

    answers: Answers
    keys: set[str] = field(default_factory=lambda: {"test-key"})
    refused_fingerprints: set[str] = field(default_factory=set)
    text_indexes: bool = True

    @property
    def name(self) -> ServiceName:
        """Its name, which begins the path of its base URL."""
        return "acoustid"

    def item_count(self, question: ServiceRequest) -> int:
        """Return how many fingerprints are asked for."""
        return len(_numbers(question.values))

    def respond(self, question: ServiceRequest) -> ServiceResponse:
        """Answer a lookup."""
        if question.path != ("v2", "lookup"):
            return ServiceResponse(404, b"Not Found", {"Content-Type": "text/plain"})
        try:
            return ServiceResponse.from_json(
                {"status": "ok", **self._look_up(question.values)}
            )
        except LookupRefusedError as error:
            return _error(error.code, error.message, error.status)

    def over_limit(self, wait_seconds: float) -> ServiceResponse:
        """Answer one who asks too often; when to come back it does not say."""
        del wait_seconds
        message = f"rate limit ({PER_SECOND} requests per second) exceeded"
        return _error(14, message, 429)

    def quota_headers(self, standing: QuotaState) -> dict[str, str]:
        """Return no headers: it does not say what is left."""
        del standing
        return {}

    def _look_up(self, values: dict[str, str]) -> Document:
        form = values.get("format", "json")
        if form != "json":
            raise LookupRefusedError(1, f'unknown format "{form}"')
        if not values.get("client"):
            raise _missing("client")
        if values["client"] not in self.keys:
            raise LookupRefusedError(4, "invalid API key")
        pieces = self._parse_queries(values)
        batch = values.get("batch", "0") not in {"", "0"}
        pieces = pieces if batch else pieces[:1]
        if len(pieces) > FINGERPRINTS_MAX:
            raise LookupRefusedError(19, "request too large", 413)

        meta = set(values.get("meta", "").split())
        results = [self._results(piece.fingerprint, meta) for piece in pieces]
        if not batch:
            return {"results": results[0]}
        indexes = [self._index(piece) for piece in pieces]
        found = zip(indexes, results, strict=True)
        return {"fingerprints": [{"index": i, "results": each} for i, each in found]}

    def _parse_queries(self, values: dict[str, str]) -> list[FingerprintQuery]:
        numbers = _numbers(values)
        if not numbers:
            raise _missing("fingerprint")
        pieces: list[FingerprintQuery] = []
        for number in numbers:
            try:
                pieces.append(self._parse_query(values, number))
            except LookupRefusedError:
                if not pieces and number == numbers[-1]:
                    raise
        return pieces

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
        results: list[Document] = [] if content is None else json.loads(content)
        return [_select_fields(result, meta) for result in results[:RESULTS_MAX]]

    def _index(self, piece: FingerprintQuery) -> str | int | None:
        if not self.text_indexes:
            return piece.number
        return "" if piece.number is None else str(piece.number)


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
    """Say whether a fingerprint is one, and has anything in it."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+=*", fingerprint):
        return False
    text = fingerprint.rstrip("=")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return False
    return len(raw) >= HEADER_BYTES and any(raw[1:HEADER_BYTES])


def _select_fields(result: Document, meta: set[str]) -> Document:
    """Return a result with what `meta` asks for."""
    if not meta & {"recordings", "recordingids"}:
        return {name: result[name] for name in ("id", "score") if name in result}
    if "recordings" not in result:
        return result
    unwanted = {"sources", "releasegroups", "releases"} - meta
    wanted = [
        {name: recording[name] for name in recording if name not in unwanted}
        if "recordings" in meta
        else {"id": recording["id"]}
        for recording in result["recordings"]
    ]
    return {**result, "recordings": wanted}
