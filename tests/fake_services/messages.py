"""What comes in, what goes out, and the record of both."""

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
    """A request as a service sees it. Its path begins below the base URL."""

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
    """What a service answers, before anything goes wrong with it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: object, status: int = 200) -> "ServiceResponse":
        """Return an answer that says a value in JSON."""
        return cls(status, json.dumps(value).encode(), {"Content-Type": JSON})

    def with_headers(self, headers: dict[str, str]) -> "ServiceResponse":
        """Return the same answer with more headers."""
        return ServiceResponse(self.status, self.body, {**self.headers, **headers})

    @property
    def json(self) -> Any:  # noqa: ANN401
        """The body, as JSON."""
        return json.loads(self.body)


class FakeService(Protocol):
    """One of the three, without sockets: questions in, answers out."""

    @property
    def name(self) -> ServiceName:
        """Its name, which begins the path of its base URL."""

    def item_count(self, question: ServiceRequest) -> int:
        """Return how many things are asked for in one request."""

    def respond(self, question: ServiceRequest) -> ServiceResponse:
        """Answer."""

    def over_limit(self, wait_seconds: float) -> ServiceResponse:
        """Answer one who asks too often, and may again after that time."""

    def quota_headers(self, standing: QuotaState) -> dict[str, str]:
        """Return the headers that say what is left; none if it does not say."""


@dataclass(slots=True)
class RecordedRequest:
    """A request that came in, and what became of it.

    Attributes:
        path: All of it, without the query.
        query: With the API key masked.
        form: With the API key masked.
        at: When it came, on the world's clock.
        item_count: How many fingerprints or ids it asked for.
        status: None until headers are sent; for ever, if none were.
        rate_limited: Whether it was refused for coming too soon.
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
    """Read a request to its end."""
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
    """Send an answer, piece by piece; a client may leave meanwhile."""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(answer.body)
    try:
        await response.prepare(request)
        for start in range(0, len(answer.body), CHUNK_BYTES):
            await response.write(answer.body[start : start + CHUNK_BYTES])
        await response.write_eof()
    except ConnectionError:
        pass  # nobody is left to tell
    return response
