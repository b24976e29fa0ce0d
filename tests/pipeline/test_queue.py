"""The work queue: `segued.pipeline.queue`."""

import asyncio

import pytest

from segued.model import AudioFile, FileId, Signature
from segued.pipeline.queue import Priority, WorkQueue
from tests.limits import WAIT_SECONDS


def audio_file(name: str, *, size: int = 1) -> AudioFile:
    """Return a file of this name below /music."""
    path = f"/music/{name}".encode()
    return AudioFile(FileId(name), path, b"/music", Signature(size, 1, 1))


async def test_first_come_first_served() -> None:
    """Within one priority the order of offers is the order of takes."""
    queue = WorkQueue(10)
    for name in "abc":
        await queue.offer(audio_file(name))

    assert [(await queue.take()).file.id for _ in range(3)] == ["a", "b", "c"]


async def test_new_files_overtake_the_backlog() -> None:
    """Even if they are offered later."""
    queue = WorkQueue(10)
    await queue.offer(audio_file("old"))
    await queue.offer(audio_file("new"), Priority.NEW)

    assert (await queue.take()).file.id == "new"


@pytest.mark.parametrize("end", ["other bytes", "stored", "ended"])
async def test_a_file_waits_for_earlier_ones_that_may_be_equal(end: str) -> None:
    """Not for one of another size, nor once the earlier one has other bytes."""
    queue = WorkQueue(10)
    for name, size in (("a", 5), ("b", 5), ("c", 6)):
        await queue.offer(audio_file(name, size=size))
    first, second, third = [await queue.take() for _ in range(3)]
    async with asyncio.timeout(WAIT_SECONDS):
        await queue.wait_for_turn(third, "same")
    waiting = asyncio.create_task(queue.wait_for_turn(second, "same"))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()

    match end:
        case "other bytes":
            await queue.wait_for_turn(first, "other")
        case "stored":
            await queue.wait_for_turn(first, "same")
            await asyncio.sleep(0)
            assert not waiting.done()
            queue.mark_hashed(first)
        case _:
            queue.done(first)
    async with asyncio.timeout(WAIT_SECONDS):
        await waiting


async def test_an_earlier_file_whose_disk_does_not_answer_is_waited_for_in_vain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The later one becomes the original after the limit."""
    monkeypatch.setattr("segued.pipeline.queue.TURN_SECONDS", 0.01)
    queue = WorkQueue(10)
    for name in "ab":
        await queue.offer(audio_file(name))
    _, second = [await queue.take() for _ in range(2)]

    async with asyncio.timeout(WAIT_SECONDS):
        await queue.wait_for_turn(second, "same")


async def test_one_entry_a_path_and_the_newest_wins() -> None:
    """A file offered twice is taken once, with its latest signature."""
    queue = WorkQueue(10)
    assert await queue.offer(audio_file("a", size=1))
    assert not await queue.offer(audio_file("a", size=2))

    assert len(queue) == 1
    assert (await queue.take()).file.signature.size_bytes == 2


async def test_file_in_flight_is_not_queued_again() -> None:
    """It can be offered again once its worker is done with it."""
    queue = WorkQueue(10)
    await queue.offer(audio_file("a"))
    taken = await queue.take()

    assert not await queue.offer(audio_file("a"))
    queue.done(taken)
    assert await queue.offer(audio_file("a"))


async def test_a_full_queue_makes_the_offer_wait() -> None:
    """The queue is bounded, so memory does not grow with the library."""
    queue = WorkQueue(1)
    await queue.offer(audio_file("a"))
    second = asyncio.create_task(queue.offer(audio_file("b")))
    await asyncio.sleep(0)
    assert not second.done()

    await queue.take()

    assert await second


async def test_imports_idle_means_nothing_queued_or_in_flight() -> None:
    """Only then does `wait_imports_idle` return."""
    queue = WorkQueue(1)
    await queue.wait_imports_idle()
    await queue.offer(audio_file("a"))
    assert not queue.imports_idle
    taken = await queue.take()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.wait_imports_idle(), 0.01)

    queue.done(taken)

    await asyncio.wait_for(queue.wait_imports_idle(), WAIT_SECONDS)
    assert queue.imports_idle


async def test_a_cancelled_offer_leaves_nothing_behind() -> None:
    """The path can be offered again, and the queue can become idle."""
    queue = WorkQueue(1)
    await queue.offer(audio_file("a"))
    second = asyncio.create_task(queue.offer(audio_file("b")))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    queue.done(await queue.take())

    assert queue.imports_idle
    assert await queue.offer(audio_file("b"))


async def test_analysis_waits_for_imports() -> None:
    """None is queued while a file to import waits or is in flight."""
    queue = WorkQueue(10)
    await queue.offer(audio_file("new"))
    offering = asyncio.create_task(queue.offer_imported(audio_file("old"), lambda: 2))
    flight = await queue.take()
    await asyncio.sleep(0)
    assert not offering.done()

    queue.done(flight)

    assert await offering
    taken = await queue.take()
    assert (taken.file.id, taken.priority) == ("old", Priority.IMPORTED)
    assert queue.imports_idle
    assert not queue.is_empty


async def test_analysis_concurrency_is_limited() -> None:
    """With a limit of two, the third waits until one is done."""
    queue = WorkQueue(10)
    assert await queue.offer_imported(audio_file("a"), lambda: 2)
    assert await queue.offer_imported(audio_file("b"), lambda: 2)
    third = asyncio.create_task(queue.offer_imported(audio_file("c"), lambda: 2))
    flight = await queue.take()
    await asyncio.sleep(0)
    assert not third.done()

    queue.done(flight)

    assert await third


async def test_analysis_is_preempted_by_imports() -> None:
    """As many analyses are preempted as new files lack a worker."""
    queue = WorkQueue(10)
    await queue.offer_imported(audio_file("a"), lambda: 2)
    await queue.offer_imported(audio_file("b"), lambda: 2)
    flights = [await queue.take() for _ in range(2)]

    def preempted_count() -> int:
        return sum(each.preempted.is_set() for each in flights)

    await queue.offer(audio_file("new"))
    assert preempted_count() == 1
    await queue.offer(audio_file("newer"))
    assert preempted_count() == 2


async def test_no_preemption_while_a_worker_is_free() -> None:
    """The free worker gets the new file."""
    queue = WorkQueue(10)
    await queue.offer_imported(audio_file("a"), lambda: 2)
    flight = await queue.take()
    taking = asyncio.create_task(queue.take())
    await asyncio.sleep(0)

    await queue.offer(audio_file("new"))

    assert (await taking).file.id == "new"
    assert not flight.preempted.is_set()


async def test_changed_file_preempts_its_own_analysis() -> None:
    """The import waits for its end: no file has two workers at once."""
    queue = WorkQueue(10)
    await queue.offer_imported(audio_file("a"), lambda: 2)
    flight = await queue.take()
    offering = asyncio.create_task(queue.offer(audio_file("a", size=2)))
    await flight.preempted.wait()
    assert len(queue) == 0

    queue.done(flight)

    assert await offering
    taken = await queue.take()
    assert (taken.file.signature.size_bytes, taken.priority) == (2, Priority.BACKLOG)


async def test_changed_file_replaces_its_queued_analysis() -> None:
    """The stale entry is skipped."""
    queue = WorkQueue(10)
    await queue.offer_imported(audio_file("a"), lambda: 3)
    await queue.offer_imported(audio_file("b"), lambda: 3)

    assert await queue.offer(audio_file("b", size=2), Priority.NEW)

    assert [(await queue.take()).file.id for _ in range(2)] == ["b", "a"]
    assert len(queue) == 0
    assert not queue.imports_idle


async def test_files_for_other_machines_have_workers_of_their_own() -> None:
    """They neither wait for the import nor are preempted by it, and have a limit."""
    queue = WorkQueue(8)
    await queue.offer(audio_file("new"), Priority.NEW)
    places = 1
    assert await queue.offer_imported(audio_file("a"), lambda: 1, lambda: places)
    offering = asyncio.create_task(
        queue.offer_imported(audio_file("b"), lambda: 0, lambda: places)
    )
    remote = await queue.take_remote()
    for name in ("c", "d"):
        await queue.offer(audio_file(name), Priority.BACKLOG)

    assert remote.priority is Priority.REMOTE
    assert not remote.preempted.is_set()
    assert not offering.done()
    assert (await queue.take()).file == audio_file("new")
    places = 2
    queue.notify()
    assert await offering
    queue.done(remote)
    assert (await queue.take_remote()).file == audio_file("b")
    queue.clear_imported()
    assert not queue.is_empty


async def test_a_changed_file_is_taken_back_from_another_machine() -> None:
    """Its import waits until the worker has left it."""
    queue = WorkQueue(8)
    await queue.offer_imported(audio_file("a"), lambda: 0, lambda: 1)
    assert queue.imports_idle
    remote = await queue.take_remote()
    assert queue.imports_idle
    offering = asyncio.create_task(queue.offer(audio_file("a"), Priority.NEW))
    async with asyncio.timeout(WAIT_SECONDS):
        await remote.preempted.wait()
    assert not offering.done()
    queue.done(remote)

    assert await offering
    assert (await queue.take()).priority is Priority.NEW
