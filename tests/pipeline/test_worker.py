"""What becomes of a file after an error: `segued.pipeline.worker`."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from segued.errors import (
    DecodeError,
    DiskReadError,
    FileChangedError,
    FileError,
    FileVanishedError,
    NotAudioError,
    WorkCrashedError,
)
from segued.model import AudioFile, Need
from segued.phases.base import PhaseContext
from segued.pipeline.queue import Priority, WorkQueue
from segued.pipeline.worker import Verdict, Worker, decide_retry
from segued.progress.progress import Progress
from segued.store import checkpoints
from segued.store.checkpoints import StoredCheckpoint
from segued.store.database import Store
from segued.store.schema.files import Failure
from segued.units import Seconds
from tests.limits import WAIT_SECONDS
from tests.pipeline.conftest import TRIES_MAX
from tests.pipeline.sample_phases import Action, Found, SamplePhases, waiting
from tests.store.scanned_folder import ROOT, ScannedFolder

PATH = b"/music/a"


@pytest.mark.parametrize(
    ("error", "tries", "verdict"),
    [
        (FileVanishedError(PATH, "gone"), 1, Verdict.MISSING),
        (FileVanishedError(PATH, "gone"), 9, Verdict.MISSING),
        (FileChangedError(PATH, "grew"), 1, Verdict.RETRY),
        (FileChangedError(PATH, "grew"), 4, Verdict.RETRY),
        (FileChangedError(PATH, "grew"), 5, Verdict.FAIL),
        (NotAudioError(PATH, "text"), 1, Verdict.FAIL),
        (WorkCrashedError(PATH, "SIGSEGV"), 1, Verdict.FAIL),
        (DiskReadError(PATH, "EIO"), 1, Verdict.FAIL),
    ],
)
def test_verdict_on_an_error(error: FileError, tries: int, verdict: Verdict) -> None:
    """Of five tries the fifth is the last."""
    assert decide_retry(error, tries=tries, tries_max=5) is verdict


@dataclass
class WorkerRun:
    """One worker at work on one file of a library."""

    context: PhaseContext
    sample: SamplePhases
    progress: Progress = field(default_factory=Progress)
    queue: WorkQueue = field(default_factory=lambda: WorkQueue(4))

    async def take(self, file: AudioFile, priority: Priority) -> None:
        """Have the file worked on to its end."""
        worker = Worker(
            1, self.queue, self.context, self.progress, set(), self.sample.phases
        )
        task = asyncio.create_task(worker.run())
        try:
            await self.queue.offer(file, priority)
            async with asyncio.timeout(WAIT_SECONDS):
                await self.queue.wait_for(lambda: self.queue.is_empty)
        finally:
            task.cancel()
            await asyncio.wait({task})


async def import_with(
    context: PhaseContext, *actions: Action
) -> tuple[SamplePhases, dict[str, str]]:
    """Import a file whose phase 2 does this; return the runs and its status."""
    folder = ScannedFolder(context.store)
    await folder.scan("a")
    sample = SamplePhases({2: list(actions)})
    run = WorkerRun(context, sample)

    await run.take(await folder.get_file("a"), Priority.BACKLOG)

    return sample, await folder.statuses()


async def stored(context: PhaseContext, name: str) -> Sequence[StoredCheckpoint]:
    """Return the checkpoints of a file."""
    file = await ScannedFolder(context.store).get_file(name)
    return await context.store.do(checkpoints.for_file, file.id)


async def failures(store: Store) -> list[tuple[int, str]]:
    """Return phase and code of each failure."""

    def read() -> list[tuple[int, str]]:
        return [(row.phase, row.code) for row in Failure.select()]

    return await store.do(read)


async def test_a_changing_file_is_tried_so_often_and_fails(
    context: PhaseContext,
) -> None:
    """Exactly as often as configured: not once less, not once more."""
    error = FileChangedError(PATH, "grew")

    sample, statuses = await import_with(context, error)

    assert sample.ran.count(2) == TRIES_MAX
    assert statuses == {"a": "FAILED"}
    assert await failures(context.store) == [(2, "changing")]


async def test_a_file_that_stops_changing_is_imported(context: PhaseContext) -> None:
    """In the last try as well."""
    error = FileChangedError(PATH, "grew")

    sample, statuses = await import_with(context, *[error] * (TRIES_MAX - 1), Found())

    assert sample.ran.count(2) == TRIES_MAX
    assert statuses == {"a": "INGEST COMPLETE"}
    assert await failures(context.store) == []


async def test_a_broken_file_is_not_tried_again(context: PhaseContext) -> None:
    """Its bytes stay what they are."""
    sample, statuses = await import_with(context, DecodeError(PATH, "no sound"))

    assert sample.ran.count(2) == 1
    assert statuses == {"a": "FAILED"}
    assert await failures(context.store) == [(2, "decode")]


async def test_analysis_failure_keeps_the_file_complete(
    context: PhaseContext,
) -> None:
    """It is useful without; the reason is stored, and not tried for ever."""
    folder = ScannedFolder(context.store)
    await folder.scan("a")
    sample = SamplePhases({3: [waiting(1, Need.IDLE), DecodeError(PATH, "no sound")]})
    run = WorkerRun(context, sample)
    await run.take(await folder.get_file("a"), Priority.BACKLOG)
    assert await folder.statuses() == {"a": "INGEST COMPLETE"}

    await run.take(await folder.get_file("a"), Priority.IMPORTED)

    assert sample.ran.count(3) == 2
    assert await folder.statuses() == {"a": "INGEST COMPLETE"}
    needs = [each.needs for each in await stored(context, "a")]
    assert Need.IDLE not in needs


async def test_a_disk_that_does_not_answer_holds_no_worker(
    context: PhaseContext,
) -> None:
    """The folder is offline, its file waits, and the worker takes the next one."""
    folder = ScannedFolder(context.store)
    await folder.scan("a")
    never = threading.Event()
    offline: set[bytes] = set()
    queue = WorkQueue(4)
    worker = Worker(
        1,
        queue,
        context,
        Progress(),
        offline,
        SamplePhases(hangs_in=2).phases,
        disk_limit=Seconds(0.01),
        probe_disk=lambda _root: never.wait(),
    )
    task = asyncio.create_task(worker.run())
    try:
        await queue.offer(await folder.get_file("a"), Priority.BACKLOG)
        async with asyncio.timeout(WAIT_SECONDS):
            await queue.wait_for(lambda: queue.is_empty)
    finally:
        never.set()
        task.cancel()
        await asyncio.wait({task})

    assert offline == {ROOT}
    assert await folder.statuses() == {"a": "PENDING"}
