"""Rate limits of the fake services.

Time is an argument, so that a test can use a faster clock or one that it
advances itself.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["QuotaState", "RateLimit", "RateRule", "SlidingWindow", "TokenBucket"]


@dataclass(frozen=True, slots=True)
class QuotaState:
    """The quota in response headers: limit, remaining requests, time to the reset."""

    limit: int
    remaining: int
    reset_seconds: float


class RateRule(Protocol):
    """One rate rule. All times are the clock's, in seconds."""

    def wait_seconds(self, now: float) -> float:
        """Return the seconds until a request is allowed; 0 if it is now."""

    def spend(self, now: float) -> None:
        """Count a request."""

    def quota(self, now: float) -> QuotaState:
        """Return the quota."""


class SlidingWindow:
    """At most `count` requests in any period of `seconds`."""

    def __init__(self, count: int, seconds: float) -> None:
        self._count = count
        self._seconds = seconds
        self._times: deque[float] = deque()

    def wait_seconds(self, now: float) -> float:
        """Return the seconds until a request is allowed; 0 if it is now."""
        self._forget(now)
        if len(self._times) < self._count:
            return 0.0
        return self._times[-self._count] + self._seconds - now

    def spend(self, now: float) -> None:
        """Count a request."""
        self._times.append(now)

    def quota(self, now: float) -> QuotaState:
        """Return the quota; it resets when the last request leaves the window."""
        self._forget(now)
        remaining = max(0, self._count - len(self._times))
        reset = self._times[-1] + self._seconds - now if self._times else 0.0
        return QuotaState(self._count, remaining, reset)

    def _forget(self, now: float) -> None:
        while self._times and self._times[0] + self._seconds <= now:
            self._times.popleft()


class TokenBucket:
    """`per_second` requests on average, `capacity` of them at once."""

    def __init__(self, capacity: int, per_second: float) -> None:
        self._capacity = capacity
        self._per_second = per_second
        self._tokens = float(capacity)
        self._at: float | None = None

    def wait_seconds(self, now: float) -> float:
        """Return the seconds until a request is allowed; 0 if it is now."""
        return max(0.0, 1.0 - self._level(now)) / self._per_second

    def spend(self, now: float) -> None:
        """Count a request."""
        self._tokens = self._level(now) - 1.0

    def quota(self, now: float) -> QuotaState:
        """Return the quota."""
        level = self._level(now)
        full_in = (self._capacity - level) / self._per_second
        return QuotaState(self._capacity, max(0, int(level)), full_in)

    def _level(self, now: float) -> float:
        elapsed = 0.0 if self._at is None else now - self._at
        self._at = now
        refilled = self._tokens + elapsed * self._per_second
        self._tokens = min(float(self._capacity), refilled)
        return self._tokens


class RateLimit:
    """The rate limits of a service: for each client, and for all together.

    Args:
        each: Returns a new rule for one client, which is an IP address.
        shared: The rules for all clients together.
        clock: Returns seconds from any fixed moment.
        jitter_seconds: How much too early a request may come: requests sent in
            time may arrive closer together.
    """

    def __init__(
        self,
        each: Callable[[], RateRule],
        shared: Sequence[RateRule] = (),
        *,
        clock: Callable[[], float],
        jitter_seconds: float = 0.0,
    ) -> None:
        self._each = each
        self._shared = tuple(shared)
        self._clock = clock
        self._jitter = jitter_seconds
        self._clients: dict[str, RateRule] = {}

    def admit(self, client: str) -> float:
        """Count a request, and return 0; or return how long it must wait.

        A request that must wait is not counted.
        """
        now = self._clock()
        rules = (*self._shared, self._rule(client))
        wait = max(rule.wait_seconds(now) for rule in rules)
        if wait > self._jitter:
            return wait
        for rule in rules:
            rule.spend(now)
        return 0.0

    def quota(self, client: str) -> QuotaState:
        """Return the quota: that of the first shared rule, or else the client's."""
        rule = self._shared[0] if self._shared else self._rule(client)
        return rule.quota(self._clock())

    def _rule(self, client: str) -> RateRule:
        return self._clients.setdefault(client, self._each())
