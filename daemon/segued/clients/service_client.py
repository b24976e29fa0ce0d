"""A service as its clients know it: asked in its time and at its pace.

A file never fails for a service. Failures in a row, a pause that it asks for,
an answer without sense: each becomes an error that says how long it lasts, and
until then nothing is sent.
"""

import gzip
import random
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias
from urllib.parse import urlencode

import structlog

from segued.clients.circuit_breaker import CircuitBreaker, Permit
from segued.clients.http import (
    HttpSession,
    Request,
    Response,
    TransientError,
    send_request,
)
from segued.clients.rate_limit import Clock, RateLimiter
from segued.clients.retry_after import reset_after_seconds, retry_after_seconds
from segued.config.sections import ServicesSection
from segued.errors import (
    ServiceAnswerError,
    ServiceBusyError,
    ServiceRefusedError,
    ServiceUnavailableError,
)

__all__ = ["ResponseCheck", "ServiceClient"]

log: Final = structlog.get_logger()

TRIES_MAX: Final = 3

WAIT_SECONDS_MAX: Final = 10.0
"""Whoever is to wait longer is told so, instead of waiting."""

BUSY_SECONDS_MAX: Final = 300.0
"""The longest pause after refusals that name none."""

NOT_FOUND: Final = 404
BUSY_STATUSES: Final = frozenset({429, 503})
TRANSIENT_STATUSES: Final = frozenset({500, 502, 504})
SERVER_ERROR_STATUSES: Final = range(500, 600)

JITTER: Final = random.SystemRandom()

ResponseCheck: TypeAlias = Callable[[bytes], object]
"""Reads an answer; raises ServiceAnswerError if it makes no sense."""


class ServiceClient:
    """One service, and how it is at the moment.

    Attributes:
        rate: Requests that may be started in a second.
        requests_sent: Requests that were sent.

    Args:
        name: As errors and logs call it.
        base_url: What every path is appended to.
        rate: Requests that may be started in a second.
        session: From `open_session`; its time limits hold for each try.
        clock: What paces and pauses go by.
        limits: Says how large an answer may be.
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
    ) -> None:
        self.name: Final = name
        self._base_url = base_url.rstrip("/")
        self._session = session
        self._clock = clock
        self._bytes_max = int(limits.answer_mib * (1 << 20))
        self._limiter = RateLimiter(rate, clock)
        self._breaker = CircuitBreaker(clock.now)
        self.rate: Final = rate
        self.requests_sent = 0
        self._busy_in_a_row = 0  # for its being busy, in a row
        self._last_error = ""
        self._logged_state: str = "up"

    @property
    def state(self) -> Literal["up", "away", "busy"]:
        """How it is, in a word."""
        if self._breaker.is_open:
            return "away"
        return "busy" if self._limiter.paused_seconds > WAIT_SECONDS_MAX else "up"

    @property
    def is_available(self) -> bool:
        """Whether it is worth asking now: it may be there, and has the time."""
        paused = self._limiter.paused_seconds > WAIT_SECONDS_MAX
        return not self._breaker.wait_seconds and not paused

    @property
    def wait_seconds(self) -> float:
        """How long it will be left alone."""
        return max(self._breaker.wait_seconds, self._limiter.paused_seconds)

    async def get(
        self, path: str, params: Mapping[str, str], check: ResponseCheck
    ) -> bytes | None:
        """Ask for what is at a path.

        Returns:
            The answer, checked; None if it has nothing there.

        Raises:
            ServiceError: Any of them, but for its key.
        """
        url = f"{self._base_url}{path}?{urlencode(params)}"
        response = await self._request(Request("GET", url), check)
        if response.status == NOT_FOUND:
            return None
        if response.is_refusal:
            raise ServiceRefusedError(self.name, f"refuses: HTTP {response.status}")
        return response.body

    async def post(
        self, path: str, form: Mapping[str, str], check: ResponseCheck
    ) -> Response:
        """Send a form, compressed; nothing of it is in the address.

        Returns:
            The answer: a success that was checked, or a refusal (HTTP 4xx),
            which only the caller can read.

        Raises:
            ServiceError: Any of them, but for its key and for refusals.
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
                check(response.body)
        except (ServiceUnavailableError, ServiceAnswerError) as error:
            self._breaker.record_failure(permit)
            self._last_error = error.detail
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
        redirected = request.redirected(response)
        if redirected is None:
            raise ServiceAnswerError(self.name, "sends us elsewhere")
        if redirected is not request:
            response = await self._send_in_turn(redirected, permit)
        if response.status in BUSY_STATUSES:
            raise self._pause_and_make_error(response)
        if (pause_seconds := reset_after_seconds(response.headers)) is not None:
            self._limiter.pause(pause_seconds)
        if response.is_success or response.is_refusal:
            return response
        if response.status not in SERVER_ERROR_STATUSES:
            detail = f"answers otherwise: HTTP {response.status}"
            raise ServiceAnswerError(self.name, detail)
        away = ServiceUnavailableError(self.name, f"fails: HTTP {response.status}")
        raise TransientError(away) if response.status in TRANSIENT_STATUSES else away

    async def _send_in_turn(self, request: Request, permit: Permit) -> Response:
        if not await self._limiter.acquire(WAIT_SECONDS_MAX):
            raise self._busy_error()
        if self._breaker.is_open and not permit.probe:
            raise self._away_error()  # that was found out while this one waited
        self.requests_sent += 1
        return await send_request(
            self._session, self.name, request, bytes_max=self._bytes_max
        )

    def _pause_and_make_error(self, response: Response) -> Exception:
        """Pause as long as it asks for, and return the error for that."""
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
        return ServiceBusyError(self.name, f"asks to be left alone for {seconds:.0f} s")

    def _away_error(self) -> ServiceUnavailableError:
        return ServiceUnavailableError(self.name, self._last_error)

    def _log_state_change(self) -> None:
        """Log how it is, if that is news."""
        state = self.state
        if state == self._logged_state:
            return
        self._logged_state = state
        wait_ms = round(1_000 * self.wait_seconds)
        match state:
            case "up":
                log.info("service.back", service=self.name)
            case "busy":
                log.warning("service.slowed", service=self.name, wait_ms=wait_ms)
            case "away":
                detail = self._last_error
                log.warning(
                    "service.failed", service=self.name, detail=detail, wait_ms=wait_ms
                )
