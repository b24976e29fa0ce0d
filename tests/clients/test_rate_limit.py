"""Turns are evenly spaced, in order, and delayed by pauses."""

import asyncio

import pytest

from segued.clients.rate_limit import PAUSE_SECONDS_MAX, RateLimiter
from tests.clients.conftest import FakeClock


async def start_times(
    limiter: RateLimiter, fake_clock: FakeClock, count: int
) -> list[float]:
    """Take turns, and return the start time of each."""
    times = []
    for _ in range(count):
        assert await limiter.acquire()
        times.append(fake_clock.now)
    return times


async def test_turns_are_evenly_spaced(fake_clock: FakeClock) -> None:
    """Four per second are one every quarter of a second."""
    times = await start_times(RateLimiter(4.0, fake_clock.clock), fake_clock, 5)

    assert times == [1_000.0, 1_000.25, 1_000.5, 1_000.75, 1_001.0]


async def test_no_burst_after_idle_time(fake_clock: FakeClock) -> None:
    """Unused turns are not saved up."""
    limiter = RateLimiter(1.0, fake_clock.clock)
    await limiter.acquire()
    fake_clock.now += 100

    assert await start_times(limiter, fake_clock, 3) == [1_100.0, 1_101.0, 1_102.0]


async def test_pause_delays_all_requests(fake_clock: FakeClock) -> None:
    """A shorter pause does not end a longer one, and none is longer than an hour."""
    limiter = RateLimiter(1.0, fake_clock.clock)
    limiter.pause(30)
    limiter.pause(5)
    times = await start_times(limiter, fake_clock, 2)
    limiter.pause(1e300)

    assert times == [1_030.0, 1_031.0]
    assert limiter.paused_seconds == PAUSE_SECONDS_MAX


async def test_waiting_longer_than_the_limit_is_an_error(fake_clock: FakeClock) -> None:
    """Every waiter whose wait would be too long fails at once."""
    limiter = RateLimiter(1.0, fake_clock.clock)
    limiter.pause(11)

    assert await asyncio.gather(*(limiter.acquire(10) for _ in range(3))) == [False] * 3
    assert fake_clock.sleeps == []


async def test_a_pause_while_waiting(fake_clock: FakeClock) -> None:
    """It applies to those that are already waiting."""
    limiter = RateLimiter(1.0, fake_clock.clock)
    await limiter.acquire()
    waiters = [asyncio.create_task(limiter.acquire(10)) for _ in range(2)]
    await asyncio.sleep(0)
    limiter.pause(60)

    assert await asyncio.gather(*waiters) == [False, False]


async def test_cancelled_waiter_keeps_the_order(fake_clock: FakeClock) -> None:
    """The turn of a cancelled waiter goes to the next one."""
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


def test_zero_rate_is_refused(fake_clock: FakeClock) -> None:
    """The rate must be positive."""
    with pytest.raises(ValueError, match="rate"):
        RateLimiter(0.0, fake_clock.clock)
