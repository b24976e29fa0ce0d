"""The queue: `segued.workqueue`."""

import asyncio

import pytest

from segued.model import AudioFile, FileId, Signature
from segued.workqueue import Priority, WorkQueue


def file(name: str, *, size: int = 1) -> AudioFile:
    """Return a file by name."""
    path = f"/music/{name}".encode()
    return AudioFile(FileId(name), path, b"/music", Signature(size, 1, 1))


async def test_first_come_first_served() -> None:
    """Within one priority the order of offers is the order of takes."""
    queue = WorkQueue(10)
    for name in "abc":
        await queue.offer(file(name))

    assert [(await queue.take()).id for _ in range(3)] == ["a", "b", "c"]


async def test_what_was_dropped_in_overtakes() -> None:
    """The backlog waits."""
    queue = WorkQueue(10)
    await queue.offer(file("old"))
    await queue.offer(file("new"), Priority.DROPPED)

    assert (await queue.take()).id == "new"


async def test_one_entry_a_path_and_the_newest_wins() -> None:
    """A file offered twice is worked on once, as it was seen last."""
    queue = WorkQueue(10)
    assert await queue.offer(file("a", size=1))
    assert not await queue.offer(file("a", size=2))

    assert len(queue) == 1
    assert (await queue.take()).signature.size_bytes == 2


async def test_what_is_in_flight_is_not_taken_again() -> None:
    """Not before its worker is done with it."""
    queue = WorkQueue(10)
    await queue.offer(file("a"))
    taken = await queue.take()

    assert not await queue.offer(file("a"))
    queue.done(taken)
    assert await queue.offer(file("a"))


async def test_a_full_queue_makes_the_offer_wait() -> None:
    """It is bounded: memory does not grow with the library."""
    queue = WorkQueue(1)
    await queue.offer(file("a"))
    second = asyncio.create_task(queue.offer(file("b")))
    await asyncio.sleep(0)
    assert not second.done()

    await queue.take()

    assert await second


async def test_resting_means_nothing_waits_and_nothing_is_in_flight() -> None:
    """Only then has `idle` an end."""
    queue = WorkQueue(1)
    await queue.idle()
    await queue.offer(file("a"))
    assert not queue.resting
    taken = await queue.take()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.idle(), 0.01)

    queue.done(taken)

    await asyncio.wait_for(queue.idle(), 1)
    assert queue.resting


async def test_a_cancelled_offer_leaves_nothing_behind() -> None:
    """The path can be offered again, and the queue can come to rest."""
    queue = WorkQueue(1)
    await queue.offer(file("a"))
    second = asyncio.create_task(queue.offer(file("b")))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    queue.done(await queue.take())

    assert queue.resting
    assert await queue.offer(file("b"))
