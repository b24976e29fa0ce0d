"""A rate limiter: space requests evenly, and pause when a service requires it."""

import asyncio
import math
from typing import Final

from segued.clients.clock import Clock

__all__ = ["PAUSE_SECONDS_MAX", "RateLimiter"]

PAUSE_SECONDS_MAX: Final = 3_600.0
"""Longer pauses that a service requests are cut to this."""


class RateLimiter:
    """Grants turns in order of request, at most `rate` per second.

    Unused turns are not saved up: there is never a burst after an idle time.
    """

    def __init__(self, rate: float, clock: Clock) -> None:
        if not rate > 0:
            raise ValueError(f"the rate must be positive: {rate}")
        self._spacing = 1 / rate
        self._clock = clock
        self._next_at = -math.inf
        self._paused_until = -math.inf
        # An asyncio lock is granted in order of request, and cancelling a waiter
        # does not affect the others.
        self._turn_lock = asyncio.Lock()

    async def acquire(self, wait_seconds_max: float = math.inf) -> bool:
        """Wait for a turn, and take it.

        Returns:
            False, without a turn, as soon as more than `wait_seconds_max` are left
            of a pause.
        """
        async with self._turn_lock:
            while self.paused_seconds <= wait_seconds_max:
                now = self._clock.now()
                wait_seconds = max(self._next_at, self._paused_until) - now
                if wait_seconds <= 0:
                    self._next_at = now + self._spacing
                    return True
                await self._clock.sleep(wait_seconds)
        return False

    def pause(self, seconds: float) -> None:
        """Grant no turn for `seconds`, at most an hour; never shorten a pause."""
        until = self._clock.now() + min(seconds, PAUSE_SECONDS_MAX)
        self._paused_until = max(self._paused_until, until)

    @property
    def paused_seconds(self) -> float:
        """Seconds left of the current pause; 0 if there is none."""
        return max(0.0, self._paused_until - self._clock.now())
