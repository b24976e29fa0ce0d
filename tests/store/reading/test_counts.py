"""Counts of the library as it stands: `segued.store.reading.counts`."""

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from segued.errors import DecodeError
from segued.model import (
    Confidence,
    FileEntry,
    FileId,
    FileStatus,
    FolderListing,
    Need,
    PhaseNumber,
    Signature,
    Span,
)
from segued.progress.progress import FileCounts
from segued.store import checkpoints, files, inventory, passages, requeue
from segued.store.checkpoints import StoredCheckpoint
from segued.store.database import Store
from segued.store.passages import PassageRecord
from segued.store.reading import counts, listings, reports
from segued.store.reading.rows import PageRequest
from segued.store.schema.files import File
from segued.units import Ticks
from tests.store.scanned_folder import ROOT, ScannedFolder


async def test_file_counts_below_the_folders(store: Store) -> None:
    """Counts exclude files in other folders, and missing files."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b", "c", "gone")
    beside = FileEntry(b"/beside/d", Signature(1, 1, 1))
    await store.do(
        inventory.apply_listing, [FolderListing(b"/beside", b"/beside", (beside,))]
    )
    await folder.scan("a", "b", "c")
    good, bad = await folder.get_file("a"), await folder.get_file("b")

    def fill() -> None:
        for waits in (good.id, FileId(File.get(File.path == beside.path).id)):
            checkpoints.save(
                waits,
                StoredCheckpoint(PhaseNumber.FINGERPRINT, "1", "{}", Need.ACOUSTID),
            )
            checkpoints.save(
                waits, StoredCheckpoint(PhaseNumber.FLAVOR, "1", "{}", Need.IDLE)
            )
        files.mark_finished(good.id, FileStatus.COMPLETE)
        files.mark_failed(
            bad.id, PhaseNumber.SEGMENT, DecodeError(bad.path, "no sound")
        )

    await store.do(fill)

    assert counts.count_files(store.path, [ROOT]) == FileCounts(3, 2, 1, 1, 1)
    assert counts.count_files(store.path, [b"/beside"]) == FileCounts(1, 0, 0, 1, 1)
    assert counts.count_files(store.path, [ROOT, b"/beside"]) == FileCounts(
        4, 2, 1, 2, 2
    )
    assert counts.count_files(store.path, []) == FileCounts(0, 0, 0, 0, 0)


async def test_missing_files_wait_for_nothing(store: Store) -> None:
    """A file that vanished before its analysis does not keep the counts from 0."""
    folder = ScannedFolder(store)
    await folder.scan("a", "gone")
    good, gone = await folder.get_file("a"), await folder.get_file("gone")

    def fill() -> None:
        for phase, need in (
            (PhaseNumber.FINGERPRINT, Need.ACOUSTID),
            (PhaseNumber.FLAVOR, Need.IDLE),
        ):
            checkpoints.save(gone.id, StoredCheckpoint(phase, "1", "{}", need))
        files.mark_finished(good.id, FileStatus.COMPLETE)
        files.mark_finished(gone.id, FileStatus.COMPLETE)

    await store.do(fill)
    await folder.scan("a")

    assert counts.count_files(store.path, [ROOT]) == FileCounts(1, 1, 0, 0, 0)


async def test_counts_by_phase_are_of_the_library(store: Store) -> None:
    """Files with a result, passages by confidence, and finished files by status."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b", "gone")
    good, gone = await folder.get_file("a"), await folder.get_file("gone")
    passage = PassageRecord(
        Span(Ticks(0), Ticks(9)), "", "", "", "", Confidence.LOW, 0.6, "", {}, ()
    )

    def fill() -> None:
        for file in (good.id, gone.id):
            for phase in PhaseNumber:
                needs = {PhaseNumber.FINGERPRINT: Need.ACOUSTID}.get(phase)
                needs = Need.IDLE if phase is PhaseNumber.FLAVOR else needs
                # A phase that runs again counts once.
                for _ in range(2):
                    checkpoints.save(file, StoredCheckpoint(phase, "1", "{}", needs))
            passages.replace(file, [passage])
            files.mark_finished(file, FileStatus.COMPLETE)

    await store.do(fill)
    await folder.scan("a", "b")

    assert counts.count_by_phase(store.path, [ROOT]) == {
        "1": {"looked up": 1},
        "2": {"hashed": 1},
        "3": {"read": 1},
        "4": {"segmented": 1, "passages": 1},
        "5": {"fingerprinted": 1, "deferred": 1},
        "6": {"matched": 1, "low": 1},
        "7": {"recorded": 1},
        "8": {"measured": 1},
        "9": {"deferred": 1},
        "10": {"completed": 1},
        "files complete": {"INGEST COMPLETE": 1},
    }
    assert counts.count_by_phase(store.path, []) == {}


async def test_a_complete_file_does_not_wait_again(store: Store) -> None:
    """While its import continues, it is complete; with other bytes, it waits."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    file = await folder.get_file("a")
    shown: list[str] = []

    def note() -> None:
        shown.extend(
            row["status"]
            for row in reports.rows(store.path, "files")
            if row["file_id"] == file.id
        )

    async def take(operation: object, *arguments: object) -> None:
        await store.do(operation, *arguments)  # type: ignore[arg-type]
        note()

    await take(files.mark_processing, file)
    await take(files.mark_finished, file.id, FileStatus.COMPLETE)
    await take(requeue.requeue_from_phase, [file.id], PhaseNumber.MATCH)
    pending = counts.count_files(store.path, [ROOT])
    page = listings.files(store.path, "", None, PageRequest())
    await take(files.mark_processing, file)
    await take(files.mark_finished, file.id, FileStatus.COMPLETE)
    finished = counts.count_files(store.path, [ROOT])
    await take(requeue.requeue, [file.id])
    changed = FileEntry(file.path, Signature(2, 2, 2))
    await store.do(inventory.apply_listing, [FolderListing(ROOT, ROOT, (changed,))])
    note()

    complete = "INGEST COMPLETE"
    assert shown == ["PROCESSING", *[complete] * 5, "PENDING"]
    assert pending == FileCounts(2, 1, 0, 0, 0, again=1)
    assert finished == FileCounts(2, 1, 0, 0, 0)
    assert page.statuses == {complete: 1, "PENDING": 1}


async def test_counting_finished_files_reads_none_of_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes as many steps of SQLite for a thousand as for a hundred.

    The progress of an import counts each second, in a library of any size.
    """
    steps = 0

    def count_step() -> int:
        nonlocal steps
        steps += 1
        return 0

    connect = sqlite3.connect

    def connect_and_count(*args: Any, **kwargs: Any) -> sqlite3.Connection:  # noqa: ANN401
        connection: sqlite3.Connection = connect(*args, **kwargs)
        connection.set_progress_handler(count_step, 1)
        return connection

    def steps_of(call: Callable[[], object]) -> int:
        nonlocal steps
        steps = 0
        call()
        return steps

    calls: dict[str, Callable[[], object]] = {
        "files": lambda: counts.count_files(store.path, [ROOT]),
        "phases": lambda: counts.count_by_phase(store.path, [ROOT]),
    }
    folder = ScannedFolder(store)
    steps_by_size = []
    for size in (100, 1_000):
        await folder.scan(*(f"{number:04}" for number in range(size)))
        await store.do(File.update(status=FileStatus.COMPLETE).execute)
        with monkeypatch.context() as counting:
            counting.setattr(sqlite3, "connect", connect_and_count)
            steps_by_size.append({name: steps_of(call) for name, call in calls.items()})
    few, many = steps_by_size

    assert min(few.values()) > 100
    assert {name: many[name] - few[name] for name in calls} == dict.fromkeys(calls, 0)
