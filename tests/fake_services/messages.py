"""Requests, responses, and the list entry made of each request."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from aiohttp import web

from tests.fake_services.rate_limits import QuotaState

__all__ = [
    "JSON",
    "FakeService",
    "RecordedRequest",
    "ServiceName",
    "ServiceRequest",
    "ServiceResponse",
    "parse_request",
    "send_response",
]

ServiceName: TypeAlias = Literal["acoustid", "musicbrainz", "acousticbrainz"]

JSON = "application/json; charset=utf-8"

CHUNK_BYTES = 65_536
MASK = "***"


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """A parsed request. Its path starts below the service's base URL."""

    method: str
    path: tuple[str, ...]
    query: dict[str, str]
    form: dict[str, str]
    accept: str
    user_agent: str

    @property
    def values(self) -> dict[str, str]:
        """The query and the form together."""
        return {**self.query, **self.form}


@dataclass(frozen=True, slots=True)
class ServiceResponse:
    """The response of a service, before a fault changes it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: object, status: int = 200) -> "ServiceResponse":
        """Return a response with a value as JSON."""
        return cls(status, json.dumps(value).encode(), {"Content-Type": JSON})

    def with_headers(self, headers: dict[str, str]) -> "ServiceResponse":
        """Return the same response with more headers."""
        return ServiceResponse(self.status, self.body, {**self.headers, **headers})

    @property
    def json(self) -> Any:  # noqa: ANN401
        """The body, parsed as JSON."""
        return json.loads(self.body)


class FakeService(Protocol):
    """One of the three services, without sockets: maps requests to responses."""

    @property
    def name(self) -> ServiceName:
        """The service's name, the first segment of its base URL's path."""

    def item_count(self, request: ServiceRequest) -> int:
        """Return how many items one request is for."""

    def respond(self, request: ServiceRequest) -> ServiceResponse:
        """Return the response to a request."""

    def over_limit(self, wait_seconds: float) -> ServiceResponse:
        """Return the response to a request that came `wait_seconds` too early."""

    def quota_headers(self, quota: QuotaState) -> dict[str, str]:
        """Return the headers with the remaining quota, if the service sends any."""


@dataclass(slots=True)
class RecordedRequest:
    """A received request and the status of its response.

    Attributes:
        path: The full path, without the query.
        query: With the API key masked.
        form: With the API key masked.
        at: When it was received, in seconds of the services' clock.
        item_count: How many fingerprints or ids it requested.
        status: None until headers are sent, and if none were.
        rate_limited: Whether it was refused for its rate.
    """

    service: ServiceName
    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    at: float
    user_agent: str
    item_count: int
    status: int | None = None
    rate_limited: bool = False


def mask_api_keys(values: dict[str, str]) -> dict[str, str]:
    """Return values with the API key masked."""
    return {n: MASK if n == "client" else value for n, value in values.items()}


async def parse_request(request: web.Request, service: ServiceName) -> ServiceRequest:
    """Read a request with its body."""
    posted = await request.post() if request.method == "POST" else {}
    form = {name: value for name, value in posted.items() if isinstance(value, str)}
    below = request.path.removeprefix(f"/{service}").strip("/")
    return ServiceRequest(
        method=request.method,
        path=tuple(below.split("/")),
        query=dict(request.query),
        form=form,
        accept=request.headers.get("Accept", ""),
        user_agent=request.headers.get("User-Agent", ""),
    )


async def send_response(
    request: web.Request, answer: ServiceResponse
) -> web.StreamResponse:
    """Send a response in chunks; ignore that the client disconnects."""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(answer.body)
    try:
        await response.prepare(request)
        for start in range(0, len(answer.body), CHUNK_BYTES):
            await response.write(answer.body[start : start + CHUNK_BYTES])
        await response.write_eof()
    except ConnectionError:
        pass  # the client has disconnected
    return response
