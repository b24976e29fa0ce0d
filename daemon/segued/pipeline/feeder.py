"""Feed the work queue with the library's PENDING files, as it has room."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final, Protocol

from segued.intake.state import IntakeState
from segued.model import AudioFile
from segued.pipeline.queue import Priority, WorkQueue
from segued.store import waiting_files
from segued.store.database import Store

__all__ = ["AnalysisLimits", "feed", "feed_analysis"]

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


class AnalysisLimits(Protocol):
    """Where imported files may be analyzed now, and how many of them at once."""

    def allow(self, root: bytes) -> bool:
        """Return whether files of a folder may be analyzed now, on any machine."""

    def here(self, file: AudioFile) -> int:
        """Return how many this machine may analyze at once if this file is one."""

    def remote(self, file: AudioFile) -> int:
        """Return the same for all other machines."""


async def feed_analysis(
    intake_state: IntakeState, store: Store, queue: WorkQueue, limits: AnalysisLimits
) -> int:
    """Offer the imported files that await local analysis; return how many.

    Each is offered once, to this machine only while no file is to be imported.

    Args:
        intake_state: The music folders.
        store: The library.
        queue: The work queue.
        limits: Where they may be analyzed.
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
            if not limits.allow(root):
                break
            for file in files:
                offered += await _offer_analysis(file, queue, limits)
            after = files[-1].path
    return offered


async def _offer_analysis(
    file: AudioFile, queue: WorkQueue, limits: AnalysisLimits
) -> bool:
    """Offer a file when one of the machines has room; skip it if none may have it."""
    here, remote = partial(limits.here, file), partial(limits.remote, file)
    if not (here() or remote()):
        return False
    return await queue.offer_imported(file, here, remote)
