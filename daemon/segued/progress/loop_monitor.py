"""How long the event loop was ever held up."""

import asyncio
import time
from typing import Final

from segued.units import Seconds

__all__ = ["LoopMonitor"]

INTERVAL_SECONDS: Final = 0.01
"""For an import that is watched; something that lives for months beats slower."""


class LoopMonitor:
    """Beats steadily, and remembers the last beat and the longest miss.

    Attributes:
        lag: How late it was the last time.
        longest_stall: How late it ever was.
    """

    def __init__(self, interval: float = INTERVAL_SECONDS) -> None:
        self.longest_stall = Seconds(0.0)
        self.lag = Seconds(0.0)
        self._interval: Final = interval

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            due = time.monotonic() + self._interval
            await asyncio.sleep(self._interval)
            late = Seconds(time.monotonic() - due)
            self.lag = late
            self.longest_stall = max(self.longest_stall, late)
