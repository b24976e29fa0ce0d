"""Offering what is PENDING: `segued.pipeline.feeder`."""

import asyncio
from pathlib import Path

from segued.intake.state import Grounds
from segued.model import Folder, Found, Signature
from segued.pipeline.feeder import feed
from segued.pipeline.queue import WorkQueue
from segued.store import inventory
from segued.store.database import Store

ROOT = b"/music"
LENGTH = 2


def folder(name: bytes, *files: bytes) -> Folder:
    """Return a folder as a walk sees it."""
    place = ROOT + b"/" + name
    found = [Found(place + b"/" + each, Signature(1, 1, hash(each))) for each in files]
    return Folder(ROOT, place, tuple(found))


async def test_what_is_dropped_in_goes_before_the_backlog(tmp_path: Path) -> None:
    """It waits for what is in the queue at most, also if there is no room in it."""
    store = Store(tmp_path / "library.db")
    await store.open()
    backlog = [f"{number:02}".encode() for number in range(20)]
    await store.do(inventory.admit, [folder(b"backlog", *backlog)])
    grounds, queue = Grounds([ROOT]), WorkQueue(LENGTH)
    grounds.scanned.set()
    feeding = asyncio.create_task(feed(grounds, store, queue))
    try:
        async with asyncio.timeout(20):
            first = [(await queue.take()).file for _ in range(3)]
            await store.do(inventory.admit, [folder(b"album", b"new")])
            grounds.dropped[ROOT + b"/album"] = None
            then = [(await queue.take()).file for _ in range(LENGTH + 3)]
    finally:
        feeding.cancel()
        await asyncio.wait({feeding})
        await store.close()

    assert [file.path[-2:] for file in first] == [b"00", b"01", b"02"]
    assert ROOT + b"/album/new" in [file.path for file in then]
    assert all(file.root == ROOT for file in first + then)
