"""Nodes that answer at once, for contrib/bench/cluster: one process for all of them.

made_up_nodes.py PORT NODES SLOTS FOLDER, where FOLDER has the key of each.
"""

import asyncio
import sys
from pathlib import Path
from typing import Final

from segued.cluster.key_files import node_context
from segued.cluster.messages import AnyJob, Job, JobAnswer, PassageAnswer, Report
from segued.node.connection import NodeEvents, NodeWorker

__all__ = ["PASSAGE_SECONDS"]

PASSAGE_SECONDS: Final = 240

OUTPUT: Final = b'{"lowlevel.average_loudness":0.9}' * 16
"""As long as the descriptors of a quick analysis."""

REPORT_SECONDS: Final = 2.0


async def _run_node(name: str, port: str, slots: int, folder: Path) -> None:
    def answer(job: AnyJob) -> None:
        outputs = PassageAnswer({"essentia": OUTPUT}, {})
        count = len(job.passages) if isinstance(job, Job) else 0
        worker.answer(JobAnswer(job.id, (outputs,) * count))

    events = NodeEvents(answer, lambda _job: None, lambda _verdict: None)
    context = node_context(folder / f"{name}.pem")
    spool = folder / name
    worker = NodeWorker(f"127.0.0.1:{port}", name, context, spool, events)
    await worker.join()
    while True:
        worker.report(Report(name, slots, 0, {"segued": "made up"}, (b"/m",), ()))
        await asyncio.sleep(REPORT_SECONDS)


async def _run(port: str, nodes: str, slots: str, folder: str) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(int(nodes)):
            group.create_task(_run_node(f"n{number}", port, int(slots), Path(folder)))


if __name__ == "__main__":
    asyncio.run(_run(*sys.argv[1:]))
