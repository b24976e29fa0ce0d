"""Send requests to one service: rate limit, retries and circuit breaker.

No file fails because of a service. Repeated failures, a pause that the service
requests and an invalid answer each raise a ServiceError; while a pause or an open
breaker lasts, no request is sent.
"""

import asyncio
import gzip
import random
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias
from urllib.parse import urlencode

import structlog

from segued.clients.circuit_breaker import CircuitBreaker, Permit
from segued.clients.clock import Clock
from segued.clients.http import (
    HttpSession,
    Request,
    Response,
    TransientError,
    send_request,
)
from segued.clients.rate_limit import RateLimiter
from segued.clients.retry_after import reset_after_seconds, retry_after_seconds
from segued.config.sections import ServicesSection
from segued.errors import (
    GarbledAnswerError,
    ServiceAnswerError,
    ServiceBusyError,
    ServiceRefusedError,
    ServiceUnavailableError,
)

__all__ = ["Redirects", "ResponseCheck", "ServiceClient"]

log: Final = structlog.get_logger()

TRIES_MAX: Final = 3

WAIT_SECONDS_MAX: Final = 10.0
"""A request that has to wait longer fails at once with ServiceBusyError."""

BUSY_SECONDS_MAX: Final = 300.0
"""The longest pause after 429 or 503 answers that do not say how long to wait."""

NOT_FOUND: Final = 404
CLIENT_REFUSED_STATUSES: Final = frozenset({401, 403, 407, 451})
"""Answers that reject this client and all its requests."""
BUSY_STATUSES: Final = frozenset({429, 503})
TRANSIENT_STATUSES: Final = frozenset({500, 502, 504})
SERVER_ERROR_STATUSES: Final = range(500, 600)

JITTER: Final = random.SystemRandom()

ResponseCheck: TypeAlias = Callable[[bytes], object]
"""Parses an answer's body; raises ServiceAnswerError if it is invalid.

That of a large body runs in a thread.
"""


class Redirects(NamedTuple):
    """Which redirects a client follows.

    Attributes:
        count_max: How many, one after the other.
        is_trusted: Whether a URL of another origin may be requested.
    """

    count_max: int = 1
    is_trusted: Callable[[str], bool] = lambda _url: False


SAME_ORIGIN: Final = Redirects()

LARGE_BODY: Final = 1 << 18
"""Parsing a body of more bytes would block the event loop for milliseconds."""


class ServiceClient:
    """Client of one service, and the service's current state.

    Attributes:
        rate: Requests per second that may be started.
        requests_sent: Number of requests sent, retries included.

    Args:
        name: Name of the service in errors and logs.
        base_url: URL that every path is appended to.
        rate: Requests per second that may be started.
        session: From `open_session`; its timeouts apply to each try.
        clock: Clock for the rate limit, pauses and retries.
        limits: Settings with the largest accepted answer.
        redirects: Which redirects are followed.
    """

    def __init__(  # noqa: PLR0913
        self,
        name: str,
        base_url: str,
        *,
        rate: float,
        session: HttpSession,
        clock: Clock,
        limits: ServicesSection,
        redirects: Redirects = SAME_ORIGIN,
    ) -> None:
        self.name: Final = name
        self._base_url = base_url.rstrip("/")
        self._session = session
        self._clock = clock
        self._bytes_max = int(limits.answer_mib * (1 << 20))
        self._redirects = redirects
        self._limiter = RateLimiter(rate, clock)
        self._breaker = CircuitBreaker(clock.now)
        self.rate: Final = rate
        self.requests_sent = 0
        self._busy_in_a_row = 0
        self._last_error = ""
        self._logged_state: str = "up"

    @property
    def state(self) -> Literal["up", "away", "busy"]:
        """Return "away" if the breaker is open, "busy" in a long pause, else "up"."""
        if self._breaker.is_open:
            return "away"
        return "busy" if self._limiter.paused_seconds > WAIT_SECONDS_MAX else "up"

    @property
    def is_available(self) -> bool:
        """Whether a request sent now would be neither blocked nor paused for long."""
        paused = self._limiter.paused_seconds > WAIT_SECONDS_MAX
        return not self._breaker.wait_seconds and not paused

    @property
    def wait_seconds(self) -> float:
        """Seconds until the next request can be sent; 0 if it is now."""
        return max(self._breaker.wait_seconds, self._limiter.paused_seconds)

    async def get(
        self,
        path: str,
        params: Mapping[str, str],
        check: ResponseCheck,
        accept: str = "application/json",
    ) -> bytes | None:
        """Send a GET request.

        Args:
            path: What is appended to the base URL.
            params: The parameters of the query.
            check: Parses the answer's body.
            accept: The type of the answer.

        Returns:
            The body, checked; None for 404 Not Found.

        Raises:
            ServiceError: Any kind except ServiceAuthError.
        """
        query = f"?{urlencode(params)}" if params else ""
        url = f"{self._base_url}{path}{query}"
        request = Request("GET", url, headers={"Accept": accept})
        response = await self._request(request, check)
        if response.status == NOT_FOUND:
            return None
        if response.is_refusal:
            detail = f"rejects the request: HTTP {response.status}"
            if response.status in CLIENT_REFUSED_STATUSES:
                raise ServiceRefusedError(self.name, detail)
            raise ServiceAnswerError(self.name, detail)
        return response.body

    async def post(
        self, path: str, form: Mapping[str, str], check: ResponseCheck
    ) -> Response:
        """Send a form as a gzip-compressed POST body; none of it is in the URL.

        Returns:
            The response: a checked success, or a refusal (HTTP 4xx), whose body
            only the caller can interpret.

        Raises:
            ServiceError: Any kind except ServiceAuthError and ServiceRefusedError.
        """
        headers = {
            "Content-Encoding": "gzip",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = gzip.compress(urlencode(form).encode())
        request = Request("POST", f"{self._base_url}{path}", body, headers)
        return await self._request(request, check)

    async def _request(self, request: Request, check: ResponseCheck) -> Response:
        permit = self._breaker.acquire()
        if permit.wait_seconds:
            raise self._away_error()
        try:
            response = await self._send_with_retries(request, permit)
            if response.is_success:
                await _check_body(response.body, check)
        except (ServiceUnavailableError, GarbledAnswerError) as error:
            self._breaker.record_failure(permit)
            self._last_error = error.detail
            raise
        except ServiceAnswerError:
            # The service is available; what it answers to others is no worse for it.
            self._breaker.record_success()
            raise
        except BaseException:
            self._breaker.release(permit)
            raise
        else:
            self._breaker.record_success()
            self._busy_in_a_row = 0
            return response
        finally:
            self._log_state_change()

    async def _send_with_retries(self, request: Request, permit: Permit) -> Response:
        tries = 1 if permit.probe else TRIES_MAX
        for number in range(1, tries):
            try:
                return await self._send_once(request, permit)
            except TransientError:
                await self._clock.sleep(JITTER.uniform(0.5, 1.0) * 2 ** (number - 1))
        try:
            return await self._send_once(request, permit)
        except TransientError as error:
            raise error.final_error from error

    async def _send_once(self, request: Request, permit: Permit) -> Response:
        response = await self._send_in_turn(request, permit)
        for _ in range(self._redirects.count_max):
            redirected = request.redirected(response, self._redirects.is_trusted)
            if redirected is None:
                raise GarbledAnswerError(self.name, "redirects to another origin")
            if redirected is request:
                break
            request = redirected
            response = await self._send_in_turn(request, permit)
        if response.status in BUSY_STATUSES:
            raise self._pause_and_make_error(response)
        if (pause_seconds := reset_after_seconds(response.headers)) is not None:
            self._limiter.pause(pause_seconds)
        if response.is_success or response.is_refusal:
            return response
        if response.status not in SERVER_ERROR_STATUSES:
            detail = f"unexpected status: HTTP {response.status}"
            raise GarbledAnswerError(self.name, detail)
        error = ServiceUnavailableError(self.name, f"fails: HTTP {response.status}")
        raise TransientError(error) if response.status in TRANSIENT_STATUSES else error

    async def _send_in_turn(self, request: Request, permit: Permit) -> Response:
        if not await self._limiter.acquire(WAIT_SECONDS_MAX):
            raise self._busy_error()
        if self._breaker.is_open and not permit.probe:
            raise self._away_error()  # the breaker opened while this request waited
        self.requests_sent += 1
        return await send_request(
            self._session, self.name, request, bytes_max=self._bytes_max
        )

    def _pause_and_make_error(self, response: Response) -> Exception:
        """Pause for as long as `response` requests, and return the matching error."""
        seconds = retry_after_seconds(response.headers)
        if seconds is None or self._busy_in_a_row >= TRIES_MAX:
            fallback_seconds = min(
                BUSY_SECONDS_MAX, 2.0 ** min(self._busy_in_a_row + 1, 10)
            )
            seconds = max(fallback_seconds, seconds or 0.0)
        self._busy_in_a_row += 1
        self._limiter.pause(seconds)
        return (
            self._busy_error()
            if seconds > WAIT_SECONDS_MAX
            else TransientError(self._busy_error())
        )

    def _busy_error(self) -> ServiceBusyError:
        seconds = self._limiter.paused_seconds
        detail = f"too many requests, retry in {seconds:.0f} s"
        return ServiceBusyError(self.name, detail)

    def _away_error(self) -> ServiceUnavailableError:
        return ServiceUnavailableError(self.name, self._last_error)

    def _log_state_change(self) -> None:
        """Log the service's state if it has changed since it was last logged."""
        state = self.state
        if state == self._logged_state:
            return
        self._logged_state = state
        wait_ms = round(1_000 * self.wait_seconds)
        match state:
            case "up":
                log.info("service.up", service=self.name)
            case "busy":
                log.warning("service.busy", service=self.name, wait_ms=wait_ms)
            case "away":
                detail = self._last_error
                log.warning(
                    "service.failed", service=self.name, detail=detail, wait_ms=wait_ms
                )


async def _check_body(body: bytes, check: ResponseCheck) -> None:
    if len(body) > LARGE_BODY:
        await asyncio.to_thread(check, body)
    else:
        check(body)
