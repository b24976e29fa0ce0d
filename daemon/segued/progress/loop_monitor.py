"""Measure how long the event loop is blocked."""

import asyncio
import time
from typing import Final

from segued.units import Seconds

__all__ = ["LoopMonitor"]

INTERVAL_SECONDS: Final = 0.01
"""For a one-shot import; the daemon, which runs for months, measures less often."""


class LoopMonitor:
    """Sleeps for a fixed interval again and again, and measures how late it wakes.

    Attributes:
        lag: How late it woke the last time.
        longest_stall: The greatest lag so far.
    """

    def __init__(self, interval: float = INTERVAL_SECONDS) -> None:
        self.longest_stall = Seconds(0.0)
        self.lag = Seconds(0.0)
        self._interval: Final = interval

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due = time.monotonic() + self._interval
            await asyncio.sleep(self._interval)
            late = Seconds(time.monotonic() - due)
            self.lag = late
            self.longest_stall = max(self.longest_stall, late)
