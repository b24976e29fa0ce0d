"""Where imported files are analyzed: on this machine, or by the workers of others."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from segued.cluster.remote_analysis import RemoteAnalysis
from segued.compute.pools import ProcessPools
from segued.model import AudioFile
from segued.pipeline.queue import WorkQueue
from segued.pipeline.worker import Worker

__all__ = ["AnalysisPlaces", "run_remote_workers"]

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
        has_others = self._remote is not None and self._remote.nodes.places > 0
        return REMOTE_POLL_SECONDS if has_others else POLL_SECONDS

    def allow(self, root: bytes) -> bool:
        """Return whether files of a folder may be analyzed now, on any machine."""
        if self._may_analyze_here() and (self._is_used_here or self._only_here):
            return True
        return self._remote is not None and self._remote.nodes.places_for(root) > 0

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
        return self._remote.nodes.places_for(file.path)

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


async def run_remote_workers(
    remote: RemoteAnalysis,
    queue: WorkQueue,
    worker: Worker,
    on_change: Callable[[], None],
) -> None:
    """Run a worker for each place of the other machines, until cancelled.

    There are never fewer than there were places: one without work waits for it.

    Args:
        remote: The other machines.
        queue: The work queue.
        worker: What each is a copy of, with the first number.
        on_change: Called when machines join or leave.
    """
    changed = asyncio.Event()
    remote.nodes.on_change = changed.set
    count = 0
    async with asyncio.TaskGroup() as group:
        while True:
            changed.clear()
            while count < remote.nodes.places:
                each = replace(worker, number=worker.number + count)
                group.create_task(each.run(), name=f"remote-worker-{count + 1}")
                count += 1
            queue.notify()
            on_change()
            await changed.wait()
