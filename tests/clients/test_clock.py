"""The clock can run faster than real time."""

import time

from segued.clients.clock import Clock


async def test_scaled_clock_runs_faster() -> None:
    """An hour of it passes in milliseconds."""
    clock = Clock.scaled(100_000)
    before, started = clock.now(), time.monotonic()
    await clock.sleep(3_600)

    assert clock.now() - before >= 3_599
    assert time.monotonic() - started < 5
