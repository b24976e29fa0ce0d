"""What comes in, what goes out, and the record of both."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from aiohttp import web

from tests.world.limits import Standing

__all__ = [
    "JSON",
    "Answer",
    "Question",
    "Request",
    "Service",
    "ServiceName",
    "question_of",
    "send",
]

ServiceName: TypeAlias = Literal["acoustid", "musicbrainz", "acousticbrainz"]

JSON = "application/json; charset=utf-8"

CHUNK_BYTES = 65_536
MASK = "***"


@dataclass(frozen=True, slots=True)
class Question:
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
class Answer:
    """What a service answers, before anything goes wrong with it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: object, status: int = 200) -> "Answer":
        """Return an answer that says a value in JSON."""
        return cls(status, json.dumps(value).encode(), {"Content-Type": JSON})

    def with_headers(self, headers: dict[str, str]) -> "Answer":
        """Return the same answer with more headers."""
        return Answer(self.status, self.body, {**self.headers, **headers})

    @property
    def json(self) -> Any:  # noqa: ANN401
        """The body, as JSON."""
        return json.loads(self.body)


class Service(Protocol):
    """One of the three, without sockets: questions in, answers out."""

    @property
    def name(self) -> ServiceName:
        """Its name, which begins the path of its base URL."""

    def pieces(self, question: Question) -> int:
        """Return how many things are asked for in one request."""

    def answer(self, question: Question) -> Answer:
        """Answer."""

    def over_limit(self, wait_seconds: float) -> Answer:
        """Answer one who asks too often, and may again after that time."""

    def standing_headers(self, standing: Standing) -> dict[str, str]:
        """Return the headers that say what is left; none if it does not say."""


@dataclass(slots=True)
class Request:
    """A request that came in, and what became of it.

    Attributes:
        path: All of it, without the query.
        query: With the API key masked.
        form: With the API key masked.
        at: When it came, on the world's clock.
        pieces: How many fingerprints or ids it asked for.
        status: None until headers are sent; for ever, if none were.
        limited: Whether it was refused for coming too soon.
    """

    service: ServiceName
    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    at: float
    user_agent: str
    pieces: int
    status: int | None = None
    limited: bool = False


def masked(values: dict[str, str]) -> dict[str, str]:
    """Return values with the API key masked."""
    return {n: MASK if n == "client" else value for n, value in values.items()}


async def question_of(request: web.Request, service: ServiceName) -> Question:
    """Read a request to its end."""
    posted = await request.post() if request.method == "POST" else {}
    form = {name: value for name, value in posted.items() if isinstance(value, str)}
    below = request.path.removeprefix(f"/{service}").strip("/")
    return Question(
        method=request.method,
        path=tuple(below.split("/")),
        query=dict(request.query),
        form=form,
        accept=request.headers.get("Accept", ""),
        user_agent=request.headers.get("User-Agent", ""),
    )


async def send(request: web.Request, answer: Answer) -> web.StreamResponse:
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
