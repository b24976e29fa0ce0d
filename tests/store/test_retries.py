"""Trying failed files again by themselves: `segued.store.retries`."""

from datetime import UTC, datetime, timedelta

import pytest

from segued.errors import (
    DecodeError,
    DiskReadError,
    FileError,
    NotAudioError,
    PermissionDeniedError,
    SpoolError,
    WorkCrashedError,
    WorkMemoryError,
    WorkTimedOutError,
)
from segued.model import PhaseNumber
from segued.store import files, requeue, retries
from segued.store.database import Store
from segued.store.retries import PAUSES
from segued.store.schema.files import Failure, iter_rows
from tests.store.scanned_folder import ROOT, ScannedFolder

PATH = b"/music/a"
HOUR = timedelta(hours=1)


@pytest.fixture(name="folder")
def _folder(store: Store) -> ScannedFolder:
    return ScannedFolder(store)


async def fail(folder: ScannedFolder, error: FileError) -> None:
    """Let the import of the file fail once more."""
    file = await folder.get_file("a")
    await folder.store.do(files.mark_processing, file)
    await folder.store.do(files.mark_failed, file.id, PhaseNumber.HASH, error)


async def pauses(folder: ScannedFolder) -> list[timedelta]:
    """Return how long each failed file waits from now on, to the minute."""

    def read() -> list[timedelta]:
        rows = Failure.select(Failure.retry_at).where(~Failure.retry_at.is_null())
        times = [datetime.fromisoformat(due) for (due,) in iter_rows(rows)]
        return [
            timedelta(minutes=round((time - datetime.now(UTC)) / timedelta(minutes=1)))
            for time in times
        ]

    return await folder.store.do(read)


async def let_pass(folder: ScannedFolder, span: timedelta) -> None:
    """Let time pass for the failed file."""
    file = await folder.get_file("a")

    def work() -> None:
        tries = retries.count_tries(file.id)
        retries.schedule_retry(file.id, tries, datetime.now(UTC) - span)

    await folder.store.do(work)


async def requeue_due(folder: ScannedFolder, root: bytes = ROOT) -> int:
    """Requeue what is due below a music folder."""
    return await folder.store.do(requeue.requeue_due_retries, [root])


@pytest.mark.parametrize(
    ("error", "is_retried"),
    [
        (DiskReadError, True),
        (PermissionDeniedError, True),
        (SpoolError, True),
        (WorkMemoryError, True),
        (WorkTimedOutError, True),
        (DecodeError, False),
        (NotAudioError, False),
        (WorkCrashedError, False),
    ],
)
async def test_causes_outside_the_bytes_are_retried(
    folder: ScannedFolder, error: type[FileError], *, is_retried: bool
) -> None:
    """A file that is broken stays failed until its bytes change."""
    await folder.scan("a")
    await fail(folder, error(PATH, "reason"))
    await let_pass(folder, PAUSES[0]) if is_retried else None

    assert await requeue_due(folder) == int(is_retried)
    assert (await folder.statuses())["a"] == ("PENDING" if is_retried else "FAILED")


async def test_pauses_grow_and_end_with_success(folder: ScannedFolder) -> None:
    """From ten minutes to a week; a success starts from the beginning."""
    await folder.scan("a")
    found = []
    for _ in range(len(PAUSES) + 1):
        await fail(folder, DiskReadError(PATH, "EIO"))
        found += await pauses(folder)
    await folder.finish("a")
    after_success = await pauses(folder)
    await fail(folder, DiskReadError(PATH, "EIO"))

    assert found == [*PAUSES, PAUSES[-1]]
    assert after_success == []
    assert await pauses(folder) == [PAUSES[0]]


async def test_a_retry_waits_for_its_time(folder: ScannedFolder) -> None:
    """Neither earlier nor for another music folder, unless all are asked for."""
    await folder.scan("a")
    await fail(folder, DiskReadError(PATH, "EIO"))
    await let_pass(folder, PAUSES[0] - timedelta(minutes=1))

    early = await requeue_due(folder)
    await let_pass(folder, PAUSES[0])
    elsewhere = await requeue_due(folder, b"/elsewhere")

    assert (early, elsewhere) == (0, 0)
    assert await requeue_due(folder) == 1
    assert await requeue_due(folder) == 0


async def test_all_retries_do_not_wait(folder: ScannedFolder) -> None:
    """At the start of the daemon, or of an import, every such file is tried."""
    await folder.scan("a")
    await fail(folder, PermissionDeniedError(PATH, "permission denied"))

    count = await folder.store.do(requeue.requeue_due_retries, [ROOT], all_retries=True)

    assert count == 1


async def test_a_clock_that_was_ahead_does_not_delay(folder: ScannedFolder) -> None:
    """A time that no pause explains counts as due."""
    await folder.scan("a")
    await fail(folder, DiskReadError(PATH, "EIO"))
    await let_pass(folder, -(PAUSES[-1] + HOUR))

    assert await requeue_due(folder) == 1
