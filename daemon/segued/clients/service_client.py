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

from segued.clients.circuit_breaker import Breaker, Permit
from segued.clients.http import Answer, PassingError, Question, Session, exchange
from segued.clients.rate_limit import Clock, Limiter
from segued.clients.retry_after import pause_asked, pause_until_reset
from segued.config.sections import Services
from segued.errors import (
    ServiceAnswerError,
    ServiceAwayError,
    ServiceBusyError,
    ServiceRefusedError,
)

__all__ = ["Check", "Service"]

log: Final = structlog.get_logger()

TRIES: Final = 3

PATIENCE_SECONDS: Final = 10.0
"""Whoever is to wait longer is told so, instead of waiting."""

BUSY_SECONDS_MAX: Final = 300.0
"""The longest pause after refusals that name none."""

NOT_FOUND: Final = 404
BUSY: Final = frozenset({429, 503})
PASSING: Final = frozenset({500, 502, 504})
FAILURES: Final = range(500, 600)

DICE: Final = random.SystemRandom()

Check: TypeAlias = Callable[[bytes], object]
"""Reads an answer; raises ServiceAnswerError if it makes no sense."""


class Service:
    """One service, and how it is at the moment.

    Attributes:
        rate: Requests that may be started in a second.
        sent: Requests that were sent.

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
        session: Session,
        clock: Clock,
        limits: Services,
    ) -> None:
        self.name: Final = name
        self._base_url = base_url.rstrip("/")
        self._session = session
        self._clock = clock
        self._bytes_max = int(limits.answer_mib * (1 << 20))
        self._limiter = Limiter(rate, clock)
        self._breaker = Breaker(clock.now)
        self.rate: Final = rate
        self.sent = 0
        self._refusals = 0  # for its being busy, in a row
        self._trouble = ""
        self._told: str = "up"

    @property
    def state(self) -> Literal["up", "away", "busy"]:
        """How it is, in a word."""
        if self._breaker.is_open:
            return "away"
        return "busy" if self._limiter.paused_seconds > PATIENCE_SECONDS else "up"

    @property
    def usable(self) -> bool:
        """Whether it is worth asking now: it may be there, and has the time."""
        paused = self._limiter.paused_seconds > PATIENCE_SECONDS
        return not self._breaker.wait_seconds and not paused

    @property
    def waits_seconds(self) -> float:
        """How long it will be left alone."""
        return max(self._breaker.wait_seconds, self._limiter.paused_seconds)

    async def get(
        self, path: str, params: Mapping[str, str], check: Check
    ) -> bytes | None:
        """Ask for what is at a path.

        Returns:
            The answer, checked; None if it has nothing there.

        Raises:
            ServiceError: Any of them, but for its key.
        """
        url = f"{self._base_url}{path}?{urlencode(params)}"
        answer = await self._ask(Question("GET", url), check)
        if answer.status == NOT_FOUND:
            return None
        if answer.is_refusal:
            raise ServiceRefusedError(self.name, f"refuses: HTTP {answer.status}")
        return answer.body

    async def post(self, path: str, form: Mapping[str, str], check: Check) -> Answer:
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
        question = Question("POST", f"{self._base_url}{path}", body, headers)
        return await self._ask(question, check)

    async def _ask(self, question: Question, check: Check) -> Answer:
        permit = self._breaker.ask()
        if permit.wait_seconds:
            raise self._still_away()
        try:
            answer = await self._tried(question, permit)
            if answer.is_success:
                check(answer.body)
        except (ServiceAwayError, ServiceAnswerError) as error:
            self._breaker.failed(permit)
            self._trouble = error.detail
            raise
        except BaseException:
            self._breaker.withdrawn(permit)
            raise
        else:
            self._breaker.succeeded()
            self._refusals = 0
            return answer
        finally:
            self._tell()

    async def _tried(self, question: Question, permit: Permit) -> Answer:
        tries = 1 if permit.probe else TRIES
        for number in range(1, tries):
            try:
                return await self._try(question, permit)
            except PassingError:
                await self._clock.sleep(DICE.uniform(0.5, 1.0) * 2 ** (number - 1))
        try:
            return await self._try(question, permit)
        except PassingError as error:
            raise error.verdict from error

    async def _try(self, question: Question, permit: Permit) -> Answer:
        answer = await self._exchange(question, permit)
        moved = question.moved(answer)
        if moved is None:
            raise ServiceAnswerError(self.name, "sends us elsewhere")
        if moved is not question:
            answer = await self._exchange(moved, permit)
        if answer.status in BUSY:
            raise self._refused_for_now(answer)
        if (pause_seconds := pause_until_reset(answer.headers)) is not None:
            self._limiter.pause(pause_seconds)
        if answer.is_success or answer.is_refusal:
            return answer
        if answer.status not in FAILURES:
            detail = f"answers otherwise: HTTP {answer.status}"
            raise ServiceAnswerError(self.name, detail)
        away = ServiceAwayError(self.name, f"fails: HTTP {answer.status}")
        raise PassingError(away) if answer.status in PASSING else away

    async def _exchange(self, question: Question, permit: Permit) -> Answer:
        if not await self._limiter.turn(PATIENCE_SECONDS):
            raise self._busy()
        if self._breaker.is_open and not permit.probe:
            raise self._still_away()  # that was found out while this one waited
        self.sent += 1
        return await exchange(
            self._session, self.name, question, bytes_max=self._bytes_max
        )

    def _refused_for_now(self, answer: Answer) -> Exception:
        """Pause as long as it asks for, and return the error for that."""
        seconds = pause_asked(answer.headers)
        if seconds is None or self._refusals >= TRIES:
            guess = min(BUSY_SECONDS_MAX, 2.0 ** min(self._refusals + 1, 10))
            seconds = max(guess, seconds or 0.0)
        self._refusals += 1
        self._limiter.pause(seconds)
        return (
            self._busy() if seconds > PATIENCE_SECONDS else PassingError(self._busy())
        )

    def _busy(self) -> ServiceBusyError:
        seconds = self._limiter.paused_seconds
        return ServiceBusyError(self.name, f"asks to be left alone for {seconds:.0f} s")

    def _still_away(self) -> ServiceAwayError:
        return ServiceAwayError(self.name, self._trouble)

    def _tell(self) -> None:
        """Log how it is, if that is news."""
        state = self.state
        if state == self._told:
            return
        self._told = state
        wait_ms = round(1_000 * self.waits_seconds)
        match state:
            case "up":
                log.info("service.back", service=self.name)
            case "busy":
                log.warning("service.slowed", service=self.name, wait_ms=wait_ms)
            case "away":
                detail = self._trouble
                log.warning(
                    "service.failed", service=self.name, detail=detail, wait_ms=wait_ms
                )
