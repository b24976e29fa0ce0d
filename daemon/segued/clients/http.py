"""One request to a service, and its answer, neither of them trusted.

Nobody else here speaks HTTP. What can go wrong on the way becomes one of a few
errors that say how long it lasts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from urllib.parse import urljoin, urlsplit

from segued.clients.unpacking import Unpacking, UnpackingError
from segued.config.sections import Services
from segued.errors import ServiceAnswerError, ServiceAwayError, ServiceError

if TYPE_CHECKING:
    # Loaded where it is first needed: a tenth of a second that nobody has to
    # wait for who asks nobody.
    import aiohttp

__all__ = ["Answer", "PassingError", "Question", "Session", "exchange", "open_session"]

Session: TypeAlias = "aiohttp.ClientSession"
"""What all services are asked through."""

MOVED: Final = frozenset({301, 302, 303, 307, 308})
MOVED_AS_IT_IS: Final = frozenset({307, 308})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; the body of a success or a refusal only, unpacked."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        """Whether it is what was asked for."""
        return self.status == 200  # noqa: PLR2004

    @property
    def is_refusal(self) -> bool:
        """Whether the question is to blame, and not how often it is asked."""
        return 400 <= self.status < 500 and self.status != 429  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Question:
    """A request, with its query in the URL. What is secret is in the body."""

    method: Literal["GET", "POST"]
    url: str
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    def moved(self, answer: Answer) -> "Question | None":
        """Return the question to where an answer sends it on.

        The question itself if it does not; None if it is sent to another host,
        port or scheme, or would not be the same question there.
        """
        if answer.status not in MOVED:
            return self
        url = urljoin(self.url, answer.headers.get("Location", ""))
        as_it_is = self.method == "GET" or answer.status in MOVED_AS_IT_IS
        if not as_it_is or url == self.url or not _same_place(url, self.url):
            return None
        return replace(self, url=url)


class PassingError(Exception):
    """What the next try may not meet; `verdict` is the error if it does."""

    def __init__(self, verdict: ServiceError) -> None:
        super().__init__(str(verdict))
        self.verdict: Final = verdict


def open_session(services: Services, version: str) -> Session:
    """Return what all services are asked through; an async context manager."""
    import aiohttp  # noqa: PLC0415

    contact = services.contact.strip() or "no contact given"
    session = aiohttp.ClientSession(
        headers={
            "User-Agent": f"segued/{version} ( {contact} )",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        },
        timeout=aiohttp.ClientTimeout(
            total=services.total_seconds, connect=services.connect_seconds
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )
    # aiohttp repeats a GET by itself when a connection breaks before the
    # headers: a request more than the limiter knows of. No public switch.
    session._retry_connection = False  # noqa: SLF001
    return session


async def exchange(
    session: Session, service: str, question: Question, *, bytes_max: int
) -> Answer:
    """Ask once, and read the answer; of `bytes_max` bytes, unpacked, at most.

    Raises:
        PassingError: The connection broke, or time was up.
        ServiceAnswerError: The answer is too large, or no HTTP.
        ServiceAwayError: There is no connection to be had.
    """
    import aiohttp  # noqa: PLC0415

    try:
        async with session.request(
            question.method,
            question.url,
            data=question.body,
            headers=question.headers,
            allow_redirects=False,
        ) as response:
            answer = Answer(response.status, headers=response.headers)
            if not answer.is_success and not answer.is_refusal:
                return answer
            encoding = response.headers.get("Content-Encoding", "")
            unpacking = Unpacking(encoding, bytes_max)
            async for piece in response.content.iter_any():
                unpacking.add(piece)
            return replace(answer, body=unpacking.whole())
    except UnpackingError as error:
        raise ServiceAnswerError(service, str(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise _failure(service, error) from error


def _same_place(url: str, other: str) -> bool:
    """Say whether two URLs have scheme, host and port in common, and no more."""
    try:
        one, two = urlsplit(url), urlsplit(other)
        places = [(each.scheme, each.hostname, each.port) for each in (one, two)]
    except ValueError:
        return False
    return places[0] == places[1] and "@" not in one.netloc


def _failure(service: str, error: Exception) -> Exception:
    """Return what became of a request that got no answer.

    What aiohttp says is not repeated but where it is the system's word: it may
    quote what was sent.
    """
    import aiohttp  # noqa: PLC0415

    match error:
        case TimeoutError():
            detail, passing = "does not answer in time", True
        case aiohttp.ClientConnectorCertificateError():
            detail, passing = "shows a TLS certificate that is not valid", False
        case aiohttp.ClientSSLError():
            detail, passing = "cannot be reached securely: TLS fails", False
        case aiohttp.ClientConnectorDNSError():
            detail, passing = "cannot be found by its name", False
        case aiohttp.ClientConnectorError():
            detail, passing = f"cannot be reached: {error.strerror}", False
        case aiohttp.ClientResponseError():
            return ServiceAnswerError(service, "does not speak HTTP")
        case _:
            detail, passing = "breaks the connection", True
    away = ServiceAwayError(service, detail)
    return PassingError(away) if passing else away
