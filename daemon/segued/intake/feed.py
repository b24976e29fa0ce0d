"""Feeding the queue: what is PENDING on record, offered as there is room."""

from typing import Final

from segued.intake.grounds import Grounds
from segued.store import intake
from segued.store.database import Store
from segued.workqueue import Priority, WorkQueue

__all__ = ["feed"]

FILES_AT_ONCE: Final = 256


async def feed(grounds: Grounds, store: Store, queue: WorkQueue) -> None:
    """Offer all that is PENDING in the music folders until nothing is.

    A full queue makes this wait. Files of a folder whose disk is away are not
    offered. What was dropped in overtakes the rest.
    """
    while True:
        grounds.news.clear()
        all_scanned = grounds.scanned.is_set()
        offered = await _offer_dropped(grounds, store, queue)
        for root in grounds.roots:
            if root not in grounds.away:
                offered += await _offer_all(root, grounds, store, queue)
        if not all_scanned:
            await grounds.news.wait()
        elif offered or not queue.resting:
            # A worker's finding can make another file PENDING again: a
            # duplicate whose original failed, say. So another look follows.
            await queue.idle()
        else:
            return


async def _offer_dropped(grounds: Grounds, store: Store, queue: WorkQueue) -> int:
    offered = 0
    while grounds.dropped:
        folder = next(iter(grounds.dropped))
        del grounds.dropped[folder]
        if any(folder.startswith(root) for root in grounds.away):
            continue
        files = await store.do(intake.backlog, folder, after=b"", limit=FILES_AT_ONCE)
        for file in files:
            offered += await queue.offer(file, Priority.DROPPED)
    return offered


async def _offer_all(
    root: bytes, grounds: Grounds, store: Store, queue: WorkQueue
) -> int:
    offered = 0
    after = b""
    while files := await store.do(
        intake.backlog, root, after=after, limit=FILES_AT_ONCE
    ):
        for file in files:
            if grounds.dropped:
                offered += await _offer_dropped(grounds, store, queue)
            offered += await queue.offer(file)
        after = files[-1].path
    return offered
