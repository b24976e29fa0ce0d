"""The clock can run faster than real time."""

import asyncio

from segued.clients.clock import Clock
from tests.limits import WAIT_SECONDS


async def test_scaled_clock_runs_faster() -> None:
    """An hour of it passes in milliseconds."""
    clock = Clock.scaled(100_000)
    before = clock.now()
    async with asyncio.timeout(WAIT_SECONDS):
        await clock.sleep(3_600)

    assert clock.now() - before >= 3_599
