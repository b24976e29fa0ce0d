"""Turns come evenly spaced, in order, and later when somebody asks to wait."""

import asyncio
import time

import pytest

from segued.clients.rate_limit import PAUSE_SECONDS_MAX, Clock, Limiter
from tests.clients.conftest import Hours


async def starts(limiter: Limiter, hours: Hours, count: int) -> list[float]:
    """Take turns, and return when each began."""
    begun = []
    for _ in range(count):
        assert await limiter.turn()
        begun.append(hours.now)
    return begun


async def test_turns_are_evenly_spaced(hours: Hours) -> None:
    """Three a second are one every third of a second."""
    begun = await starts(Limiter(4.0, hours.clock), hours, 5)

    assert begun == [1_000.0, 1_000.25, 1_000.5, 1_000.75, 1_001.0]


async def test_no_burst_follows_a_silence(hours: Hours) -> None:
    """Turns that nobody took are lost."""
    limiter = Limiter(1.0, hours.clock)
    await limiter.turn()
    hours.now += 100

    assert await starts(limiter, hours, 3) == [1_100.0, 1_101.0, 1_102.0]


async def test_a_pause_postpones_all(hours: Hours) -> None:
    """A longer pause stands, and none is longer than an hour."""
    limiter = Limiter(1.0, hours.clock)
    limiter.pause(30)
    limiter.pause(5)
    begun = await starts(limiter, hours, 2)
    limiter.pause(1e300)

    assert begun == [1_030.0, 1_031.0]
    assert limiter.paused_seconds == PAUSE_SECONDS_MAX


async def test_patience_has_an_end(hours: Hours) -> None:
    """Whoever would wait too long is told at once, wherever in the line."""
    limiter = Limiter(1.0, hours.clock)
    limiter.pause(11)

    assert await asyncio.gather(*(limiter.turn(10) for _ in range(3))) == [False] * 3
    assert hours.sleeps == []


async def test_a_pause_while_waiting(hours: Hours) -> None:
    """It holds for those who are in the line already."""
    limiter = Limiter(1.0, hours.clock)
    await limiter.turn()
    line = [asyncio.create_task(limiter.turn(10)) for _ in range(2)]
    await asyncio.sleep(0)
    limiter.pause(60)

    assert await asyncio.gather(*line) == [False, False]


async def test_who_leaves_the_line_leaves_the_others_in_order(hours: Hours) -> None:
    """The turn of one who is cancelled goes to the next."""
    limiter = Limiter(1.0, hours.clock)
    order: list[int] = []

    async def take(number: int) -> None:
        await limiter.turn()
        order.append(number)

    tasks = [asyncio.create_task(take(number)) for number in range(5)]
    await tasks[0]
    tasks[1].cancel()
    tasks[3].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert order == [0, 2, 4]
    assert hours.now <= 1_003.0


def test_no_rate_is_no_rate(hours: Hours) -> None:
    """At least something happens in a second."""
    with pytest.raises(ValueError, match="rate"):
        Limiter(0.0, hours.clock)


async def test_a_faster_clock() -> None:
    """An hour of it takes no hour."""
    clock = Clock.faster(100_000)
    before, started = clock.now(), time.monotonic()
    await clock.sleep(3_600)

    assert clock.now() - before >= 3_599
    assert time.monotonic() - started < 5
