"""A monotonic clock that tests and benchmarks can replace or speed up."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

__all__ = ["Clock"]


@dataclass(frozen=True, slots=True)
class Clock:
    """Monotonic time, and a way to wait in it.

    Attributes:
        now: Returns seconds since an arbitrary moment.
        sleep: Waits for that many of these seconds.
    """

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @classmethod
    def scaled(cls, factor: float) -> "Clock":
        """Return a clock that runs `factor` times as fast."""
        return cls(
            now=lambda: time.monotonic() * factor,
            sleep=lambda seconds: asyncio.sleep(seconds / factor),
        )
