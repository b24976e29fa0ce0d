"""Turns come evenly spaced, in order, and later when somebody asks to wait."""

import asyncio
import time

import pytest

from segued.clients.rate_limit import PAUSE_SECONDS_MAX, RateLimiter
from segued.clock import Clock
from tests.clients.conftest import FakeClock


async def start_times(
    limiter: RateLimiter, hours: FakeClock, count: int
) -> list[float]:
    """Take turns, and return when each began."""
    begun = []
    for _ in range(count):
        assert await limiter.acquire()
        begun.append(hours.now)
    return begun


async def test_turns_are_evenly_spaced(fake_clock: FakeClock) -> None:
    """Three a second are one every third of a second."""
    begun = await start_times(RateLimiter(4.0, fake_clock.clock), fake_clock, 5)

    assert begun == [1_000.0, 1_000.25, 1_000.5, 1_000.75, 1_001.0]


async def test_no_burst_after_idle_time(fake_clock: FakeClock) -> None:
    """Turns that nobody took are lost."""
    limiter = RateLimiter(1.0, fake_clock.clock)
    await limiter.acquire()
    fake_clock.now += 100

    assert await start_times(limiter, fake_clock, 3) == [1_100.0, 1_101.0, 1_102.0]


async def test_pause_delays_all_requests(fake_clock: FakeClock) -> None:
    """A longer pause stands, and none is longer than an hour."""
    limiter = RateLimiter(1.0, fake_clock.clock)
    limiter.pause(30)
    limiter.pause(5)
    begun = await start_times(limiter, fake_clock, 2)
    limiter.pause(1e300)

    assert begun == [1_030.0, 1_031.0]
    assert limiter.paused_seconds == PAUSE_SECONDS_MAX


async def test_waiting_longer_than_the_limit_is_an_error(fake_clock: FakeClock) -> None:
    """Whoever would wait too long is told at once, wherever in the line."""
    limiter = RateLimiter(1.0, fake_clock.clock)
    limiter.pause(11)

    assert await asyncio.gather(*(limiter.acquire(10) for _ in range(3))) == [False] * 3
    assert fake_clock.sleeps == []


async def test_a_pause_while_waiting(fake_clock: FakeClock) -> None:
    """It holds for those who are in the line already."""
    limiter = RateLimiter(1.0, fake_clock.clock)
    await limiter.acquire()
    line = [asyncio.create_task(limiter.acquire(10)) for _ in range(2)]
    await asyncio.sleep(0)
    limiter.pause(60)

    assert await asyncio.gather(*line) == [False, False]


async def test_cancelled_waiter_keeps_the_order(fake_clock: FakeClock) -> None:
    """The turn of one who is cancelled goes to the next."""
    limiter = RateLimiter(1.0, fake_clock.clock)
    order: list[int] = []

    async def take(number: int) -> None:
        await limiter.acquire()
        order.append(number)

    tasks = [asyncio.create_task(take(number)) for number in range(5)]
    await tasks[0]
    tasks[1].cancel()
    tasks[3].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert order == [0, 2, 4]
    assert fake_clock.now <= 1_003.0


def test_no_rate_is_no_rate(fake_clock: FakeClock) -> None:
    """At least something happens in a second."""
    with pytest.raises(ValueError, match="rate"):
        RateLimiter(0.0, fake_clock.clock)


async def test_a_faster_clock() -> None:
    """An hour of it takes no hour."""
    clock = Clock.scaled(100_000)
    before, started = clock.now(), time.monotonic()
    await clock.sleep(3_600)

    assert clock.now() - before >= 3_599
    assert time.monotonic() - started < 5
