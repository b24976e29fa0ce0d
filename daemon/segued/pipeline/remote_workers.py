"""Where files are analyzed and decoded: on this machine, or by others."""

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from segued.cluster.nodes import Nodes
from segued.cluster.remote_analysis import RemoteAnalysis
from segued.cluster.remote_decoding import RemoteDecoding
from segued.compute.pools import ProcessPools
from segued.config.cluster_sections import ClusterSection, SentWork
from segued.errors import ElsewhereError
from segued.model import AudioFile
from segued.phases.base import PhaseContext
from segued.pipeline.queue import WorkQueue
from segued.pipeline.worker import Worker

__all__ = [
    "AnalysisPlaces",
    "context_here",
    "may_analyze_here",
    "run_remote_workers",
    "workers_by_work",
]

POLL_SECONDS: Final = 60.0
"""How soon it is noticed that the active hours have begun, or new work that did not
wake the analysis."""

REMOTE_POLL_SECONDS: Final = 5.0
"""The same while other machines, which do not wait for the end of an import, could work
on the files that it has finished."""

ONLY_HERE_SECONDS: Final = 600.0
ONLY_HERE_MAX: Final = 10_000
"""So many files that other machines could not analyze are not offered again for so
long."""


class AnalysisPlaces:
    """How many imported files may be analyzed at once, here and elsewhere."""

    def __init__(
        self,
        compute: ProcessPools,
        may_analyze_here: Callable[[], bool],
        remote: RemoteAnalysis | None,
        *,
        is_used_here: bool,
    ) -> None:
        """Prepare.

        Args:
            compute: The child processes of this machine.
            may_analyze_here: Returns whether its active hours allow it.
            remote: The other machines; None if there are none.
            is_used_here: Whether this machine analyzes what others could.
        """
        self._compute: Final = compute
        self._may_analyze_here: Final = may_analyze_here
        self._remote: Final = remote
        self._is_used_here: Final = is_used_here or remote is None
        self._only_here: Final[dict[bytes, float]] = {}

    @property
    def poll_seconds(self) -> float:
        """How long to wait at most before files are offered again."""
        remote = self._remote
        has_others = remote is not None and remote.nodes.places("hearing") > 0
        return REMOTE_POLL_SECONDS if has_others else POLL_SECONDS

    def allow(self, root: bytes) -> bool:
        """Return whether files of a folder may be analyzed now, on any machine."""
        if self._may_analyze_here() and (self._is_used_here or self._only_here):
            return True
        if self._remote is None:
            return False
        return self._remote.nodes.places_for(root, "hearing") > 0

    def here(self, file: AudioFile) -> int:
        """Return how many this machine may analyze at once if this file is one."""
        if not self._may_analyze_here():
            return 0
        if self._is_used_here or self._is_only_here(file):
            return self._compute.idle_processes
        return 0

    def remote(self, file: AudioFile) -> int:
        """Return the same for all other machines."""
        if self._remote is None or self._is_only_here(file):
            return 0
        return self._remote.nodes.places_for(file.path, "hearing")

    def keep_here(self, file: AudioFile) -> None:
        """Offer a file to no other machine for a time."""
        self._only_here.pop(file.path, None)
        self._only_here[file.path] = time.monotonic() + ONLY_HERE_SECONDS
        if len(self._only_here) > ONLY_HERE_MAX:
            del self._only_here[next(iter(self._only_here))]

    def _is_only_here(self, file: AudioFile) -> bool:
        until = self._only_here.get(file.path)
        if until is not None and until < time.monotonic():
            del self._only_here[file.path]
            until = None
        return until is not None


def may_analyze_here(cluster: ClusterSection) -> bool:
    """Return whether this machine analyzes what others could, or nobody else does."""
    return cluster.here or "hearing" not in cluster.send


def context_here(context: PhaseContext, remote: RemoteAnalysis | None) -> PhaseContext:
    """Return the context of the workers of this machine, from that of all.

    Args:
        context: What all workers use.
        remote: The other machines; None if there are none.
    """
    if remote is None or context.config.cluster.here:
        return context
    return _context_of_importer(context, remote)


def workers_by_work(
    worker: Worker,
    remote: RemoteAnalysis,
    on_elsewhere: Callable[[AudioFile, ElsewhereError], None],
) -> dict[SentWork, Worker]:
    """Return the workers of other machines, by the kind of work.

    Args:
        worker: A worker of this machine, with the first number.
        remote: The other machines.
        on_elsewhere: Called with a file that no other machine could analyze.
    """
    context = worker.context
    return {
        "hearing": replace(
            worker, context=replace(context, remote=remote), on_elsewhere=on_elsewhere
        ),
        "decoding": replace(worker, context=_context_of_importer(context, remote)),
    }


def _context_of_importer(context: PhaseContext, remote: RemoteAnalysis) -> PhaseContext:
    """Return the context of a worker whose files other machines decode, if they may."""
    if "decoding" not in context.config.cluster.send:
        return context
    decoding = RemoteDecoding(remote.nodes, context.config.file_limit)
    return replace(context, remote_decoding=decoding)


async def run_remote_workers(
    nodes: Nodes,
    queue: WorkQueue,
    workers: Mapping[SentWork, Worker],
    on_change: Callable[[], None],
) -> None:
    """Run a worker for each place of the other machines, until cancelled.

    There are never fewer than there were places: one without work waits for it.

    Args:
        nodes: The other machines.
        queue: The work queue.
        workers: What each is a copy of, by the kind of work that machines do for it.
        on_change: Called when machines join or leave.
    """
    changed = asyncio.Event()
    nodes.on_change = changed.set
    counts = dict.fromkeys(workers, 0)
    numbers = itertools.count(max(each.number for each in workers.values()))
    async with asyncio.TaskGroup() as group:
        while True:
            changed.clear()
            for work, worker in workers.items():
                while counts[work] < nodes.places(work):
                    counts[work] += 1
                    each = replace(worker, number=next(numbers))
                    name = f"remote-worker-{work}-{counts[work]}"
                    group.create_task(each.run(), name=name)
            queue.notify()
            on_change()
            await changed.wait()
