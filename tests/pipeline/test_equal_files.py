"""Which of equal files becomes the original, however fast each is imported."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

from segued.media.safe_open import signature_of
from segued.model import AudioFile, FileEntry, FolderListing
from segued.phases import p01_filename, p02_hash
from segued.phases.base import FileResults, PhaseContext
from segued.phases.p01_filename import FileChecked
from segued.pipeline.queue import InFlight, Priority, WorkQueue
from segued.pipeline.worker import Worker
from segued.progress.progress import Progress
from segued.store import inventory, waiting_files
from segued.store.schema.files import File
from tests.limits import WAIT_SECONDS


class WatchedQueue(WorkQueue):
    """Sets an event when a file that was not the first one taken wants its turn."""

    def __init__(self) -> None:
        super().__init__(8)
        self.later_is_hashed = asyncio.Event()
        self._first: InFlight | None = None

    async def take(self) -> InFlight:
        """Note which file was taken first."""
        in_flight = await super().take()
        self._first = self._first or in_flight
        return in_flight

    async def wait_for_turn(self, in_flight: InFlight, content_hash: str) -> None:
        """Set the event, and wait."""
        if in_flight is not self._first:
            self.later_is_hashed.set()
        await super().wait_for_turn(in_flight, content_hash)


async def scanned(context: PhaseContext, listing: FolderListing) -> list[AudioFile]:
    """Store the files of a folder, and return them as the queue gets them."""
    root = listing.root
    await context.store.do(inventory.apply_listing, [listing])
    return list(
        await context.store.do(
            waiting_files.pending_files, root, root=root, after=b"", limit=9
        )
    )


def write_files(music: Path) -> FolderListing:
    """Write three equal files and another of their size, and list them."""
    music.mkdir()
    for name in ("a.wav", "b.wav", "c.wav"):
        (music / name).write_bytes(b"a song" * 1_000)
    (music / "other.wav").write_bytes(b"b song" * 1_000)
    entries = [
        FileEntry(bytes(each), signature_of(each.stat())) for each in music.iterdir()
    ]
    return FolderListing(bytes(music), bytes(music), tuple(entries))


async def test_the_file_that_was_taken_first_becomes_the_original(
    context: PhaseContext, tmp_path: Path
) -> None:
    """Although a later one is hashed before the first one is even opened."""
    listing = write_files(tmp_path / "music")
    queue = WatchedQueue()

    async def run(context: PhaseContext, results: FileResults) -> FileChecked:
        if results.file.path.endswith(b"/a.wav"):
            async with asyncio.timeout(WAIT_SECONDS):
                await queue.later_is_hashed.wait()
        found = await p01_filename.PHASE.run(context, results)
        assert isinstance(found, FileChecked)
        return found

    phases = (replace(p01_filename.PHASE, run=run), p02_hash.PHASE)
    worker = Worker(1, queue, context, Progress(), set(), phases)
    tasks = [asyncio.create_task(worker.run()) for _ in range(4)]
    try:
        for file in await scanned(context, listing):
            await queue.offer(file, Priority.BACKLOG)
        async with asyncio.timeout(WAIT_SECONDS):
            await queue.wait_for(lambda: queue.is_empty)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        context.compute.close()

    def statuses() -> dict[str, str]:
        return {os.path.basename(each.path_text): each.status for each in File.select()}

    assert await context.store.do(statuses) == {
        "a.wav": "PROCESSING",  # for the phases that are left out here
        "b.wav": "DUPLICATE HASH",
        "c.wav": "DUPLICATE HASH",
        "other.wav": "PROCESSING",
    }
