"""Disks that do not answer: `segued.media.disk_calls`."""

import asyncio
import threading

import pytest

from segued.media.disk_calls import STUCK_MAX, look
from segued.units import Seconds

DEAD, WELL = b"/dead", b"/well"


async def test_a_disk_that_does_not_answer_holds_up_nobody_else() -> None:
    """It is asked a few times, then no more, until it answers again."""
    answers = threading.Event()

    def hang() -> str:
        answers.wait()
        return "late"

    for _ in range(STUCK_MAX):
        with pytest.raises(TimeoutError):
            await look(DEAD, Seconds(0.01), hang)
    with pytest.raises(TimeoutError):
        await look(DEAD, Seconds(60), hang)
    assert await look(WELL, Seconds(60), str.upper, "well") == "WELL"

    answers.set()
    async with asyncio.timeout(10):
        while True:
            try:
                assert await look(DEAD, Seconds(60), hang) == "late"
            except TimeoutError:
                await asyncio.sleep(0)
            else:
                break


async def test_errors_are_those_of_the_look() -> None:
    """Also a timeout of the file system's own."""
    with pytest.raises(ValueError, match="invalid literal"):
        await look(WELL, Seconds(60), int, "no number")
