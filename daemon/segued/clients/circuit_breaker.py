"""Whether it is worth asking a service at all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["FAILURES_MAX", "CircuitBreaker", "Permit"]

FAILURES_MAX: Final = 3
"""In a row; then the service is left alone."""

PROBE_SECONDS_MIN: Final = 5.0
PROBE_SECONDS_MAX: Final = 300.0

PROBING_SECONDS: Final = 1.0
"""How soon to ask again while somebody else tries; no more than a guess."""


@dataclass(frozen=True, slots=True)
class Permit:
    """The answer to one who wants to ask a service.

    Attributes:
        wait_seconds: 0 is yes; else no, and it may be yes after that time.
        probe: Whether he is the one who tries for all.
    """

    wait_seconds: float = 0.0
    probe: bool = False


class CircuitBreaker:
    """Opens after failures in a row; then lets one at a time try, ever later.

    Whoever was let through says how it ended: `record_success`, `record_failure`, or
    `release` when that says nothing about the service.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._failures = 0
        self._gap_seconds = 0.0
        self._probe_at = 0.0
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether the service is left alone."""
        return self._gap_seconds > 0

    @property
    def wait_seconds(self) -> float:
        """How long until somebody is let through; 0 is now."""
        if not self.is_open:
            return 0.0
        wait_seconds = max(0.0, self._probe_at - self._now())
        return max(wait_seconds, PROBING_SECONDS) if self._probing else wait_seconds

    def acquire(self) -> Permit:
        """Ask to be let through."""
        wait_seconds = self.wait_seconds
        if wait_seconds or not self.is_open:
            return Permit(wait_seconds)
        self._probing = True
        return Permit(probe=True)

    def record_success(self) -> None:
        """Note that the service answered: it is there for everybody."""
        self._failures = 0
        self._gap_seconds = 0.0
        self._probing = False

    def record_failure(self, permit: Permit) -> None:
        """Note that it did not.

        One who was let through before it was left alone changes nothing more.
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
        """Note that nothing was learnt; a probe is left to the next."""
        if permit.probe:
            self._probing = False

    def _open_for(self, seconds: float) -> None:
        self._gap_seconds = min(seconds, PROBE_SECONDS_MAX)
        self._probe_at = self._now() + self._gap_seconds
