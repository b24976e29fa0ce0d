"""Feeding the queue: what is PENDING on record, offered as there is room."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from segued.intake.state import IntakeState
from segued.pipeline.queue import Priority, WorkQueue
from segued.store import inventory
from segued.store.database import Store

__all__ = ["feed", "feed_analysis"]

FILES_AT_ONCE: Final = 256

ANALYSIS_FILES_AT_ONCE: Final = 16
"""Those that take long, and may be something else by the time they have a turn."""


async def feed(intake_state: IntakeState, store: Store, queue: WorkQueue) -> None:
    """Offer all that is PENDING in the music folders until nothing is.

    A full queue makes this wait. Files of a folder whose disk is away are not
    offered. What was dropped in overtakes the rest.
    """
    while True:
        intake_state.work_available.clear()
        all_scanned = intake_state.first_scan_done.is_set()
        # Before the look: whoever ends during it may leave something behind.
        was_idle = queue.imports_idle
        offered = await _offer_priority(intake_state, store, queue)
        for root in intake_state.roots:
            if root not in intake_state.offline_roots:
                offered += await _offer_pending(root, intake_state, store, queue)
        if not all_scanned:
            await intake_state.work_available.wait()
        elif offered or not was_idle:
            # A worker's finding can make another file PENDING again: a
            # duplicate whose original failed, say. So another look follows; at
            # once, if something was dropped in beside a long file.
            await _wait_for_any(
                queue.wait_imports_idle(), intake_state.work_available.wait()
            )
        else:
            return


async def _wait_for_any(*ways: Coroutine[Any, Any, object]) -> None:
    """Wait until one of several things has happened."""
    waits = {asyncio.ensure_future(way) for way in ways}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()


async def _offer_priority(
    intake_state: IntakeState, store: Store, queue: WorkQueue
) -> int:
    offered = 0
    while intake_state.priority_folders:
        folder = next(iter(intake_state.priority_folders))
        del intake_state.priority_folders[folder]
        root = intake_state.root_of(folder)
        if root is None or root in intake_state.offline_roots:
            continue
        files = await store.do(
            inventory.pending_files, folder, root=root, after=b"", limit=FILES_AT_ONCE
        )
        for file in files:
            offered += await queue.offer(file, Priority.NEW)
    return offered


async def _offer_pending(
    root: bytes, intake_state: IntakeState, store: Store, queue: WorkQueue
) -> int:
    offered = 0
    after = b""
    while files := await store.do(
        inventory.pending_files, root, root=root, after=after, limit=FILES_AT_ONCE
    ):
        for file in files:
            if intake_state.priority_folders:
                offered += await _offer_priority(intake_state, store, queue)
            offered += await queue.offer(file)
        after = files[-1].path
    return offered


async def feed_analysis(
    intake_state: IntakeState,
    store: Store,
    queue: WorkQueue,
    *,
    limit: int,
    allowed: Callable[[], bool],
) -> int:
    """Offer the imported files of which more is to be known; return how many.

    Each once, and only while nothing else is to be done.

    Args:
        intake_state: The music folders.
        store: The library.
        queue: Where they are offered.
        limit: So many of them may have a worker at once.
        allowed: Whether there is time.
    """
    offered = 0
    for root in intake_state.roots:
        after = b""
        while root not in intake_state.offline_roots and (
            files := await store.do(
                inventory.unanalyzed_files,
                root,
                after=after,
                limit=ANALYSIS_FILES_AT_ONCE,
            )
        ):
            for file in files:
                if not allowed():
                    return offered
                offered += await queue.offer_imported(file, limit)
            after = files[-1].path
    return offered
