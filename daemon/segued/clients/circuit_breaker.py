"""A circuit breaker: stop sending requests to a service that keeps failing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["FAILURES_MAX", "CircuitBreaker", "Permit"]

FAILURES_MAX: Final = 3
"""Failures in a row that open the breaker."""

PROBE_SECONDS_MIN: Final = 5.0
PROBE_SECONDS_MAX: Final = 300.0

PROBING_SECONDS: Final = 1.0
"""The least wait reported while a probe is running; its duration is unknown."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Permission to send a request, or the time to wait for it.

    Attributes:
        wait_seconds: 0 if the request may be sent; else the time after which to
            try again.
        probe: Whether this request tests a failed service; only one at a time does.
    """

    wait_seconds: float = 0.0
    probe: bool = False


class CircuitBreaker:
    """Opens after failures in a row; then allows one probe at a time, ever rarer.

    The caller reports the outcome of each permitted request: `record_success`,
    `record_failure`, or `release` if the outcome does not depend on the service.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._failures = 0
        self._gap_seconds = 0.0
        self._probe_at = 0.0
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether requests other than probes are blocked."""
        return self._gap_seconds > 0

    @property
    def wait_seconds(self) -> float:
        """Seconds until the next request is permitted; 0 if it is now."""
        if not self.is_open:
            return 0.0
        wait_seconds = max(0.0, self._probe_at - self._now())
        return max(wait_seconds, PROBING_SECONDS) if self._probing else wait_seconds

    def acquire(self) -> Permit:
        """Return a permit to send now, or the time to wait."""
        wait_seconds = self.wait_seconds
        if wait_seconds or not self.is_open:
            return Permit(wait_seconds)
        self._probing = True
        return Permit(probe=True)

    def record_success(self) -> None:
        """Close the breaker: the service answered."""
        self._failures = 0
        self._gap_seconds = 0.0
        self._probing = False

    def record_failure(self, permit: Permit) -> None:
        """Count a failure; open the breaker, or double its wait after a probe.

        A request permitted before the breaker opened has no further effect.
        """
        if self.is_open:
            if permit.probe:
                self._probing = False
                self._open_for(2 * self._gap_seconds)
            return
        self._failures += 1
        if self._failures >= FAILURES_MAX:
            self._open_for(PROBE_SECONDS_MIN)

    def release(self, permit: Permit) -> None:
        """Return a permit without an outcome; the next request can be the probe."""
        if permit.probe:
            self._probing = False

    def _open_for(self, seconds: float) -> None:
        self._gap_seconds = min(seconds, PROBE_SECONDS_MAX)
        self._probe_at = self._now() + self._gap_seconds
