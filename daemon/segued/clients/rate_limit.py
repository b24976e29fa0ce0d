"""When the next request may start: evenly spaced, and later if asked to wait."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["PAUSE_SECONDS_MAX", "Clock", "RateLimiter"]

PAUSE_SECONDS_MAX: Final = 3_600.0
"""Nobody is obeyed who asks for more."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Time that only ever goes forward.

    Attributes:
        now: Seconds from any moment on.
        sleep: Waits so many of these seconds.
    """

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @classmethod
    def scaled(cls, factor: float) -> "Clock":
        """Return a clock whose seconds pass so many times as fast."""
        return cls(
            now=lambda: time.monotonic() * factor,
            sleep=lambda seconds: asyncio.sleep(seconds / factor),
        )


class RateLimiter:
    """Gives turns, at most `rate` a second, in the order they are asked for.

    Time that nobody used is lost: there is never a burst after a silence.
    """

    def __init__(self, rate: float, clock: Clock) -> None:
        if not rate > 0:
            raise ValueError(f"a rate is more than nothing: {rate}")
        self._spacing = 1 / rate
        self._clock = clock
        self._next_at = -math.inf
        self._paused_until = -math.inf
        # An asyncio lock is handed on in the order of asking, and one who is
        # cancelled in the line only leaves it.
        self._turn_lock = asyncio.Lock()

    async def acquire(self, wait_seconds_max: float = math.inf) -> bool:
        """Wait for a turn, and take it.

        Returns:
            False, without a turn, as soon as there is a pause with more than
            `wait_seconds_max` to go.
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
        """Give no turn for so long, an hour at most; a longer pause stands."""
        until = self._clock.now() + min(seconds, PAUSE_SECONDS_MAX)
        self._paused_until = max(self._paused_until, until)

    @property
    def paused_seconds(self) -> float:
        """How much of a pause is left."""
        return max(0.0, self._paused_until - self._clock.now())
