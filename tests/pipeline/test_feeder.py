"""Feeding PENDING files to the queue: `segued.pipeline.feeder`."""

import asyncio
from pathlib import Path

from segued.intake.state import IntakeState
from segued.model import FileEntry, FolderListing, Signature
from segued.pipeline.feeder import feed
from segued.pipeline.queue import WorkQueue
from segued.store import inventory
from segued.store.database import Store
from tests.limits import WAIT_SECONDS

ROOT = b"/music"
LENGTH = 2


def folder_listing(name: bytes, *files: bytes) -> FolderListing:
    """Return the listing of a folder with these files."""
    place = ROOT + b"/" + name
    found = [
        FileEntry(place + b"/" + each, Signature(1, 1, hash(each))) for each in files
    ]
    return FolderListing(ROOT, place, tuple(found))


async def test_new_files_are_fed_before_the_backlog(tmp_path: Path) -> None:
    """They wait for no more files than the queue holds, even while it is full."""
    store = Store(tmp_path / "library.db")
    await store.open()
    backlog = [f"{number:02}".encode() for number in range(20)]
    await store.do(inventory.apply_listing, [folder_listing(b"backlog", *backlog)])
    intake_state, queue = IntakeState([ROOT]), WorkQueue(LENGTH)
    intake_state.first_scan_done.set()
    feeding = asyncio.create_task(feed(intake_state, store, queue))
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            first = [(await queue.take()).file for _ in range(3)]
            await store.do(inventory.apply_listing, [folder_listing(b"album", b"new")])
            intake_state.priority_folders[ROOT + b"/album"] = None
            then = [(await queue.take()).file for _ in range(LENGTH + 3)]
    finally:
        feeding.cancel()
        await asyncio.wait({feeding})
        await store.close()

    assert [file.path[-2:] for file in first] == [b"00", b"01", b"02"]
    assert ROOT + b"/album/new" in [file.path for file in then]
    assert all(file.root == ROOT for file in first + then)
