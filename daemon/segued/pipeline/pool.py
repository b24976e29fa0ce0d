"""N workers on one queue, and nothing else: there is no batch phase."""

import asyncio

from segued.phases.base import PhaseContext
from segued.pipeline.queue import WorkQueue
from segued.pipeline.worker import Worker
from segued.progress.progress import Progress

__all__ = ["run_workers"]


async def run_workers(
    count: int,
    queue: WorkQueue,
    context: PhaseContext,
    board: Progress,
    offline_roots: set[bytes],
) -> None:
    """Run `count` workers until cancelled.

    A music folder whose disk turns out to be away is added to `offline_roots`.

    Raises:
        ExceptionGroup: One of them could not go on, so none does.
    """
    async with asyncio.TaskGroup() as group:
        for number in range(1, count + 1):
            worker = Worker(number, queue, context, board, offline_roots)
            group.create_task(worker.run(), name=f"worker-{number}")
