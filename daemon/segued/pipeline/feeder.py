"""Feeding the queue: what is PENDING on record, offered as there is room."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from segued.intake.state import Grounds
from segued.pipeline.queue import Priority, WorkQueue
from segued.store import inventory
from segued.store.database import Store

__all__ = ["feed", "feed_imported"]

FILES_AT_ONCE: Final = 256

FEW_AT_ONCE: Final = 16
"""Those that take long, and may be something else by the time they have a turn."""


async def feed(grounds: Grounds, store: Store, queue: WorkQueue) -> None:
    """Offer all that is PENDING in the music folders until nothing is.

    A full queue makes this wait. Files of a folder whose disk is away are not
    offered. What was dropped in overtakes the rest.
    """
    while True:
        grounds.news.clear()
        all_scanned = grounds.scanned.is_set()
        # Before the look: whoever ends during it may leave something behind.
        resting = queue.resting
        offered = await _offer_dropped(grounds, store, queue)
        for root in grounds.roots:
            if root not in grounds.away:
                offered += await _offer_all(root, grounds, store, queue)
        if not all_scanned:
            await grounds.news.wait()
        elif offered or not resting:
            # A worker's finding can make another file PENDING again: a
            # duplicate whose original failed, say. So another look follows; at
            # once, if something was dropped in beside a long file.
            await _either(queue.idle(), grounds.news.wait())
        else:
            return


async def _either(*ways: Coroutine[Any, Any, object]) -> None:
    """Wait until one of several things has happened."""
    waits = {asyncio.ensure_future(way) for way in ways}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()


async def _offer_dropped(grounds: Grounds, store: Store, queue: WorkQueue) -> int:
    offered = 0
    while grounds.dropped:
        folder = next(iter(grounds.dropped))
        del grounds.dropped[folder]
        root = grounds.root_of(folder)
        if root is None or root in grounds.away:
            continue
        files = await store.do(
            inventory.backlog, folder, root=root, after=b"", limit=FILES_AT_ONCE
        )
        for file in files:
            offered += await queue.offer(file, Priority.DROPPED)
    return offered


async def _offer_all(
    root: bytes, grounds: Grounds, store: Store, queue: WorkQueue
) -> int:
    offered = 0
    after = b""
    while files := await store.do(
        inventory.backlog, root, root=root, after=after, limit=FILES_AT_ONCE
    ):
        for file in files:
            if grounds.dropped:
                offered += await _offer_dropped(grounds, store, queue)
            offered += await queue.offer(file)
        after = files[-1].path
    return offered


async def feed_imported(
    grounds: Grounds,
    store: Store,
    queue: WorkQueue,
    *,
    most: int,
    may: Callable[[], bool],
) -> int:
    """Offer the imported files of which more is to be known; return how many.

    Each once, and only while nothing else is to be done.

    Args:
        grounds: The music folders.
        store: The library.
        queue: Where they are offered.
        most: So many of them may have a worker at once.
        may: Whether there is time.
    """
    offered = 0
    for root in grounds.roots:
        after = b""
        while root not in grounds.away and (
            files := await store.do(
                inventory.unhurried, root, after=after, limit=FEW_AT_ONCE
            )
        ):
            for file in files:
                if not may():
                    return offered
                offered += await queue.offer_imported(file, most)
            after = files[-1].path
    return offered
