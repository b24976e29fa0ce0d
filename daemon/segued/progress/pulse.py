"""How long the event loop was ever held up."""

import asyncio
import time
from typing import Final

from segued.units import Seconds

__all__ = ["Pulse"]

BEAT_SECONDS: Final = 0.01


class Pulse:
    """Beats a hundred times a second, and remembers the longest miss."""

    def __init__(self) -> None:
        self.longest_stall = Seconds(0.0)

    async def beat(self) -> None:
        """Beat until cancelled."""
        while True:
            due = time.monotonic() + BEAT_SECONDS
            await asyncio.sleep(BEAT_SECONDS)
            late = Seconds(time.monotonic() - due)
            self.longest_stall = max(self.longest_stall, late)
