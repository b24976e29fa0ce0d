"""Send one HTTP request to a service and read its answer, within a size limit.

All requests to outside services go through this module. Every network failure
becomes a TransientError, a ServiceUnavailableError or a ServiceAnswerError.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from urllib.parse import urljoin, urlsplit

from segued.config.sections import ServicesSection
from segued.errors import (
    GarbledAnswerError,
    ServiceAnswerError,
    ServiceError,
    ServiceUnavailableError,
)

if TYPE_CHECKING:
    # Imported where it is first used: it takes 0.1 s, which offline runs save.
    import aiohttp

__all__ = [
    "BodyError",
    "BodyTooLargeError",
    "BoundedDecoder",
    "HttpSession",
    "Request",
    "Response",
    "TransientError",
    "open_session",
    "send_request",
]

HttpSession: TypeAlias = "aiohttp.ClientSession"
"""The connection pool that all services share."""

REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
METHOD_KEEPING_STATUSES: Final = frozenset({307, 308})


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; the decompressed body is read for successes and refusals only."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        """Whether the status is 200 OK."""
        return self.status == 200  # noqa: PLR2004

    @property
    def is_refusal(self) -> bool:
        """Whether the request itself is rejected (4xx), not its frequency (429)."""
        return 400 <= self.status < 500 and self.status != 429  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Request:
    """A request, with its query in the URL; secrets are in the body or a header."""

    method: Literal["GET", "POST"]
    url: str
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def redirected(
        self, response: Response, is_trusted: Callable[[str], bool] = lambda _url: False
    ) -> "Request | None":
        """Return this request with the target of a redirect.

        Args:
            response: The response to this request.
            is_trusted: Whether a URL of another host, port or scheme may be requested.

        Returns:
            This request itself if `response` is not a redirect; None if the target
            is of another origin that is not trusted, or the redirect changes the
            method.
        """
        if response.status not in REDIRECT_STATUSES:
            return self
        url = urljoin(self.url, response.headers.get("Location", ""))
        keeps_method = (
            self.method == "GET" or response.status in METHOD_KEEPING_STATUSES
        )
        if not keeps_method or url == self.url:
            return None
        if not _same_origin(url, self.url) and not is_trusted(url):
            return None
        return replace(self, url=url)


class TransientError(Exception):
    """A failure worth retrying; `final_error` is raised after the last try."""

    def __init__(self, final_error: ServiceError) -> None:
        super().__init__(str(final_error))
        self.final_error: Final = final_error


class BodyError(Exception):
    """An answer is not encoded as requested; the message says how."""


class BodyTooLargeError(BodyError):
    """An answer is larger than the limit."""


class BoundedDecoder:
    """The body of one answer, decompressed piece by piece.

    Holds at most `bytes_max` + 1 bytes, whatever size a piece decompresses to.
    """

    def __init__(self, encoding: str, bytes_max: int) -> None:
        self._body = bytearray()
        self._bytes_max = bytes_max
        self._gzip = None
        match encoding.strip().lower():
            case "" | "identity":
                pass
            case "gzip" | "x-gzip":
                self._gzip = zlib.decompressobj(16 + zlib.MAX_WBITS)
            case _:
                raise BodyError("answer has an unknown content encoding")

    def feed(self, piece: bytes) -> None:
        """Add the next piece of the body, as received.

        Raises:
            BodyTooLargeError: It exceeds the limit.
            BodyError: It cannot be decompressed.
        """
        bytes_left = self._bytes_max - len(self._body)
        if self._gzip is not None:
            try:
                piece = self._gzip.decompress(piece, bytes_left + 1)
            except zlib.error as error:
                raise BodyError("answer is not valid gzip") from error
            if self._gzip.unused_data:
                raise BodyError("answer has data after its gzip stream")
        if len(piece) > bytes_left:
            raise BodyTooLargeError(f"answer is larger than {self._bytes_max:,} bytes")
        self._body += piece

    def finish(self) -> bytes:
        """Return the whole body.

        Raises:
            BodyError: The end of the gzip stream is missing.
        """
        if self._gzip is not None and self._body and not self._gzip.eof:
            raise BodyError("answer is truncated")
        return bytes(self._body)


def open_session(
    services: ServicesSection, version: str, contact: str = ""
) -> HttpSession:
    """Return the HTTP session for all services; it is an async context manager.

    Args:
        services: The limits of requests.
        version: The version of segued.
        contact: How the services reach the person who runs this.
    """
    import aiohttp  # noqa: PLC0415

    contact = contact.strip() or services.contact.strip() or "no contact given"
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
    # aiohttp repeats a GET by itself when a connection breaks before the headers,
    # which would bypass the rate limiter. There is no public option to disable it.
    session._retry_connection = False  # noqa: SLF001
    return session


async def send_request(
    session: HttpSession, service: str, request: Request, *, bytes_max: int
) -> Response:
    """Send a request once, and read at most `bytes_max` decompressed bytes.

    Raises:
        TransientError: The connection broke, or timed out.
        ServiceAnswerError: The answer is too large.
        GarbledAnswerError: The answer is not HTTP, or not encoded as requested.
        ServiceUnavailableError: No connection could be made.
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
    except BodyTooLargeError as error:
        raise ServiceAnswerError(service, str(error)) from error
    except BodyError as error:
        raise GarbledAnswerError(service, str(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise _connection_error(service, error) from error


def _same_origin(url: str, other: str) -> bool:
    """Return whether two URLs share scheme, host and port, and `url` no login."""
    try:
        one, two = urlsplit(url), urlsplit(other)
        origins = [(each.scheme, each.hostname, each.port) for each in (one, two)]
    except ValueError:
        return False
    return origins[0] == origins[1] and "@" not in one.netloc


def _connection_error(service: str, error: Exception) -> Exception:
    """Return the error for a request that got no answer.

    Of aiohttp's messages only the system's error texts are used: others may quote
    the request, and with it the key.
    """
    import aiohttp  # noqa: PLC0415

    match error:
        case TimeoutError():
            detail, is_transient = "does not answer in time", True
        case aiohttp.ClientConnectorCertificateError():
            detail, is_transient = "has an invalid TLS certificate", False
        case aiohttp.ClientSSLError():
            detail, is_transient = "cannot be reached: TLS failure", False
        case aiohttp.ClientConnectorDNSError():
            detail, is_transient = "cannot be reached: host name not found", False
        case aiohttp.ClientConnectorError():
            detail, is_transient = f"cannot be reached: {error.strerror}", False
        case aiohttp.ClientResponseError():
            return GarbledAnswerError(service, "answer is not valid HTTP")
        case _:
            detail, is_transient = "connection was closed", True
    unavailable = ServiceUnavailableError(service, detail)
    return TransientError(unavailable) if is_transient else unavailable
