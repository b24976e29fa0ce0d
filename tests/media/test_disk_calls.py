"""Calls on disks that do not respond: `segued.media.disk_calls`."""

import asyncio
import threading

import pytest

from segued.media.disk_calls import STUCK_CALLS_MAX, call_disk
from segued.units import Seconds
from tests.limits import WAIT_SECONDS

HUNG_DISK, GOOD_DISK = b"/dead", b"/well"


async def test_hung_disk_does_not_block_others() -> None:
    """After a few stuck calls, further ones fail at once until the disk responds."""
    responding = threading.Event()

    def hang() -> str:
        responding.wait()
        return "late"

    for _ in range(STUCK_CALLS_MAX):
        with pytest.raises(TimeoutError):
            await call_disk(HUNG_DISK, Seconds(0.01), hang)
    with pytest.raises(TimeoutError):
        await call_disk(HUNG_DISK, Seconds(60), hang)
    assert await call_disk(GOOD_DISK, Seconds(60), str.upper, "well") == "WELL"

    responding.set()
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            try:
                assert await call_disk(HUNG_DISK, Seconds(60), hang) == "late"
            except TimeoutError:
                await asyncio.sleep(0)
            else:
                break


async def test_errors_are_passed_through() -> None:
    """An error of the function is raised by the call."""
    with pytest.raises(ValueError, match="invalid literal"):
        await call_disk(GOOD_DISK, Seconds(60), int, "no number")


async def test_calls_one_after_another_share_a_thread() -> None:
    """To start one takes as long as a call; one that still runs gets no other."""
    responding = threading.Event()
    with pytest.raises(TimeoutError):
        await call_disk(b"/slow", Seconds(0.01), responding.wait)

    threads = [
        await call_disk(GOOD_DISK, Seconds(60), threading.get_ident) for _ in range(3)
    ]
    responding.set()

    assert len(set(threads)) == 1
