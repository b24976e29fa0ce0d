"""Feed the work queue with the library's PENDING files, as it has room."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from segued.intake.state import IntakeState
from segued.pipeline.queue import Priority, WorkQueue
from segued.store import waiting_files
from segued.store.database import Store

__all__ = ["feed", "feed_analysis"]

FILES_AT_ONCE: Final = 256

ANALYSIS_FILES_AT_ONCE: Final = 16
"""Few, since analyses take long and the files may change before their turn."""


async def feed(intake_state: IntakeState, store: Store, queue: WorkQueue) -> None:
    """Offer all PENDING files of the music folders until there are none.

    Waits while the queue is full. Files of an offline music folder are not offered.
    Files of `priority_folders` overtake the others.
    """
    while True:
        intake_state.work_available.clear()
        all_scanned = intake_state.all_scanned
        # Read first: a file that ends during the queries may leave another PENDING.
        was_idle = queue.imports_idle
        offered = await _offer_priority(intake_state, store, queue)
        for root in intake_state.roots:
            if root not in intake_state.offline_roots:
                offered += await _offer_pending(root, intake_state, store, queue)
        if not all_scanned:
            await intake_state.work_available.wait()
        elif offered or not was_idle:
            # The end of one file can make another PENDING again, for example a
            # duplicate whose original failed. So the folders are queried again, at
            # once if new files arrive during a long import.
            await _wait_for_any(
                queue.wait_imports_idle(), intake_state.work_available.wait()
            )
        else:
            return


async def _wait_for_any(*ways: Coroutine[Any, Any, object]) -> None:
    """Wait until the first of several coroutines returns; cancel the others."""
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
            waiting_files.pending_files,
            folder,
            root=root,
            after=b"",
            limit=FILES_AT_ONCE,
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
        waiting_files.pending_files, root, root=root, after=after, limit=FILES_AT_ONCE
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
    """Offer the imported files that await local analysis; return how many.

    Each is offered once, and only while no file is to be imported.

    Args:
        intake_state: The music folders.
        store: The library.
        queue: The work queue.
        limit: How many of these files may wait or have a worker at once.
        allowed: Returns whether analysis is allowed now; ends the offers if not.
    """
    offered = 0
    for root in intake_state.roots:
        after = b""
        while root not in intake_state.offline_roots and (
            files := await store.do(
                waiting_files.unanalyzed_files,
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
