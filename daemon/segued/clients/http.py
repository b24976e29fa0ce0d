"""One request to a service, and its answer, neither of them trusted.

Nobody else here speaks HTTP. What can go wrong on the way becomes one of a few
errors that say how long it lasts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from urllib.parse import urljoin, urlsplit

from segued.clients.unpacking import BodyError, BoundedDecoder
from segued.config.sections import ServicesSection
from segued.errors import ServiceAnswerError, ServiceError, ServiceUnavailableError

if TYPE_CHECKING:
    # Loaded where it is first needed: a tenth of a second that nobody has to
    # wait for who asks nobody.
    import aiohttp

__all__ = [
    "HttpSession",
    "Request",
    "Response",
    "TransientError",
    "open_session",
    "send_request",
]

HttpSession: TypeAlias = "aiohttp.ClientSession"
"""What all services are asked through."""

REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
METHOD_KEEPING_STATUSES: Final = frozenset({307, 308})


@dataclass(frozen=True, slots=True)
class Response:
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
class Request:
    """A request, with its query in the URL. What is secret is in the body."""

    method: Literal["GET", "POST"]
    url: str
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    def redirected(self, response: Response) -> "Request | None":
        """Return the question to where an answer sends it on.

        The question itself if it does not; None if it is sent to another host,
        port or scheme, or would not be the same question there.
        """
        if response.status not in REDIRECT_STATUSES:
            return self
        url = urljoin(self.url, response.headers.get("Location", ""))
        keeps_method = (
            self.method == "GET" or response.status in METHOD_KEEPING_STATUSES
        )
        if not keeps_method or url == self.url or not _same_origin(url, self.url):
            return None
        return replace(self, url=url)


class TransientError(Exception):
    """What the next try may not meet; `final_error` is the error if it does."""

    def __init__(self, final_error: ServiceError) -> None:
        super().__init__(str(final_error))
        self.final_error: Final = final_error


def open_session(services: ServicesSection, version: str) -> HttpSession:
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


async def send_request(
    session: HttpSession, service: str, request: Request, *, bytes_max: int
) -> Response:
    """Ask once, and read the answer; of `bytes_max` bytes, unpacked, at most.

    Raises:
        PassingError: The connection broke, or time was up.
        ServiceAnswerError: The answer is too large, or no HTTP.
        ServiceAwayError: There is no connection to be had.
    """
    import aiohttp  # noqa: PLC0415

    try:
        async with session.request(
            request.method,
            request.url,
            data=request.body,
            headers=request.headers,
            allow_redirects=False,
        ) as http_response:
            result = Response(http_response.status, headers=http_response.headers)
            if not result.is_success and not result.is_refusal:
                return result
            encoding = http_response.headers.get("Content-Encoding", "")
            decoder = BoundedDecoder(encoding, bytes_max)
            async for piece in http_response.content.iter_any():
                decoder.feed(piece)
            return replace(result, body=decoder.finish())
    except BodyError as error:
        raise ServiceAnswerError(service, str(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise _connection_error(service, error) from error


def _same_origin(url: str, other: str) -> bool:
    """Say whether two URLs have scheme, host and port in common, and no more."""
    try:
        one, two = urlsplit(url), urlsplit(other)
        origins = [(each.scheme, each.hostname, each.port) for each in (one, two)]
    except ValueError:
        return False
    return origins[0] == origins[1] and "@" not in one.netloc


def _connection_error(service: str, error: Exception) -> Exception:
    """Return what became of a request that got no answer.

    What aiohttp says is not repeated but where it is the system's word: it may
    quote what was sent.
    """
    import aiohttp  # noqa: PLC0415

    match error:
        case TimeoutError():
            detail, is_transient = "does not answer in time", True
        case aiohttp.ClientConnectorCertificateError():
            detail, is_transient = "shows a TLS certificate that is not valid", False
        case aiohttp.ClientSSLError():
            detail, is_transient = "cannot be reached securely: TLS fails", False
        case aiohttp.ClientConnectorDNSError():
            detail, is_transient = "cannot be found by its name", False
        case aiohttp.ClientConnectorError():
            detail, is_transient = f"cannot be reached: {error.strerror}", False
        case aiohttp.ClientResponseError():
            return ServiceAnswerError(service, "does not speak HTTP")
        case _:
            detail, is_transient = "breaks the connection", True
    away = ServiceUnavailableError(service, detail)
    return TransientError(away) if is_transient else away
