"""The queue: `segued.pipeline.queue`."""

import asyncio

import pytest

from segued.model import AudioFile, FileId, Signature
from segued.pipeline.queue import Priority, WorkQueue


def file(name: str, *, size: int = 1) -> AudioFile:
    """Return a file by name."""
    path = f"/music/{name}".encode()
    return AudioFile(FileId(name), path, b"/music", Signature(size, 1, 1))


async def test_first_come_first_served() -> None:
    """Within one priority the order of offers is the order of takes."""
    queue = WorkQueue(10)
    for name in "abc":
        await queue.offer(file(name))

    assert [(await queue.take()).file.id for _ in range(3)] == ["a", "b", "c"]


async def test_what_was_dropped_in_overtakes() -> None:
    """The backlog waits."""
    queue = WorkQueue(10)
    await queue.offer(file("old"))
    await queue.offer(file("new"), Priority.DROPPED)

    assert (await queue.take()).file.id == "new"


async def test_one_entry_a_path_and_the_newest_wins() -> None:
    """A file offered twice is worked on once, as it was seen last."""
    queue = WorkQueue(10)
    assert await queue.offer(file("a", size=1))
    assert not await queue.offer(file("a", size=2))

    assert len(queue) == 1
    assert (await queue.take()).file.signature.size_bytes == 2


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


async def test_the_imported_wait_for_everybody_else() -> None:
    """Not one is queued while a file waits or is in flight that is not imported."""
    queue = WorkQueue(10)
    await queue.offer(file("new"))
    offering = asyncio.create_task(queue.offer_imported(file("old"), 2))
    flight = await queue.take()
    await asyncio.sleep(0)
    assert not offering.done()

    queue.done(flight)

    assert await offering
    taken = await queue.take()
    assert (taken.file.id, taken.priority) == ("old", Priority.IMPORTED)
    assert queue.resting
    assert not queue.quiet


async def test_no_more_of_the_imported_than_wanted() -> None:
    """The third waits until one of two is done."""
    queue = WorkQueue(10)
    assert await queue.offer_imported(file("a"), 2)
    assert await queue.offer_imported(file("b"), 2)
    third = asyncio.create_task(queue.offer_imported(file("c"), 2))
    flight = await queue.take()
    await asyncio.sleep(0)
    assert not third.done()

    queue.done(flight)

    assert await third


async def test_the_imported_make_way() -> None:
    """As many as there are files without a worker, and no more."""
    queue = WorkQueue(10)
    await queue.offer_imported(file("a"), 2)
    await queue.offer_imported(file("b"), 2)
    flights = [await queue.take() for _ in range(2)]

    def making_way() -> int:
        return sum(each.makes_way.is_set() for each in flights)

    await queue.offer(file("new"))
    assert making_way() == 1
    await queue.offer(file("newer"))
    assert making_way() == 2


async def test_nobody_makes_way_while_a_worker_is_free() -> None:
    """Who waits for a file gets the new one."""
    queue = WorkQueue(10)
    await queue.offer_imported(file("a"), 2)
    flight = await queue.take()
    taking = asyncio.create_task(queue.take())
    await asyncio.sleep(0)

    await queue.offer(file("new"))

    assert (await taking).file.id == "new"
    assert not flight.makes_way.is_set()


async def test_an_imported_file_that_changes_is_given_up() -> None:
    """It makes way for itself, and is never worked on twice at once."""
    queue = WorkQueue(10)
    await queue.offer_imported(file("a"), 2)
    flight = await queue.take()
    offering = asyncio.create_task(queue.offer(file("a", size=2)))
    await flight.makes_way.wait()
    assert len(queue) == 0

    queue.done(flight)

    assert await offering
    taken = await queue.take()
    assert (taken.file.signature.size_bytes, taken.priority) == (2, Priority.BACKLOG)


async def test_an_imported_file_that_waits_and_changes_goes_first() -> None:
    """Its old entry is no entry any more."""
    queue = WorkQueue(10)
    await queue.offer_imported(file("a"), 3)
    await queue.offer_imported(file("b"), 3)

    assert await queue.offer(file("b", size=2), Priority.DROPPED)

    assert [(await queue.take()).file.id for _ in range(2)] == ["b", "a"]
    assert len(queue) == 0
    assert not queue.resting
