"""N workers on one queue, and nothing else: there is no batch phase."""

import asyncio

from segued.phases.base import Tools
from segued.pipeline.queue import WorkQueue
from segued.pipeline.worker import Worker
from segued.progress.progress import Board

__all__ = ["run_workers"]


async def run_workers(
    count: int, queue: WorkQueue, tools: Tools, board: Board, away: set[bytes]
) -> None:
    """Run `count` workers until cancelled.

    A music folder whose disk turns out to be away is added to `away`.

    Raises:
        ExceptionGroup: One of them could not go on, so none does.
    """
    async with asyncio.TaskGroup() as group:
        for number in range(1, count + 1):
            worker = Worker(number, queue, tools, board, away)
            group.create_task(worker.work(), name=f"worker-{number}")
