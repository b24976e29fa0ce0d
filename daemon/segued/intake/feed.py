"""Feeding the queue: what is PENDING on record, offered as there is room."""

import asyncio
from collections.abc import Sequence
from typing import Final

from segued.store import intake
from segued.store.database import Store
from segued.workqueue import WorkQueue

__all__ = ["feed"]

FILES_AT_ONCE: Final = 256


async def feed(
    roots: Sequence[bytes],
    store: Store,
    queue: WorkQueue,
    *,
    news: asyncio.Event,
    scanned: asyncio.Event,
) -> None:
    """Offer all that is PENDING below `roots` until nothing is, then return.

    Args:
        roots: The music folders.
        store: The library.
        queue: Where to offer; a full queue makes this wait.
        news: Set by whoever puts new work on record.
        scanned: Set when nobody will do so any more but the workers.
    """
    while True:
        news.clear()
        all_scanned = scanned.is_set()
        offered = 0
        for root in roots:
            offered += await _offer_all(root, store, queue)
        if not all_scanned:
            await news.wait()
        elif offered or not queue.resting:
            # A worker's finding can make another file PENDING again: a
            # duplicate whose original failed, say. So another look follows.
            await queue.idle()
        else:
            return


async def _offer_all(root: bytes, store: Store, queue: WorkQueue) -> int:
    offered = 0
    after = b""
    while files := await store.do(
        intake.backlog, root, after=after, limit=FILES_AT_ONCE
    ):
        for file in files:
            offered += await queue.offer(file)
        after = files[-1].path
    return offered
