"""The process pools for CPU work: killable child processes with limits.

All code that reads the content of a file runs in a child, so that a crash, a hang
or a leak costs that one file. Short work (hashes, tags) has children of its own, so
that it never queues behind long work (decoding). So has idle work (local analysis),
which runs at the lowest priority.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Concatenate, Final, ParamSpec, TypeVar

from segued.compute.fork_server import stop_fork_server
from segued.compute.process_name import activity_of, run_named
from segued.compute.process_pool import LimitedPool
from segued.config.config import Config
from segued.units import Seconds

__all__ = ["ProcessPools"]

P = ParamSpec("P")
T = TypeVar("T")

MAX_NICENESS: Final = 19


class ProcessPools:
    """Three pools of child processes: for short, long and idle work."""

    def __init__(
        self,
        *,
        processes: int,
        memory_mib: int,
        file_limit: Seconds,
        idle_cpu_share: float = 1.0,
    ) -> None:
        """Create the pools; their children start with the first job, or by `start`.

        Args:
            processes: How many children the short and the long pool have each.
            memory_mib: Limit on the address space of each child.
            file_limit: Time limit of jobs that have none of their own.
            idle_cpu_share: Share of the processors for idle work, above 0 up to 1.
        """
        self._file_limit: Final = file_limit
        self._short_pool: Final = LimitedPool(processes, memory_mib)
        self._long_pool: Final = LimitedPool(processes, memory_mib)
        self._processes: Final = processes
        self._memory_mib: Final = memory_mib
        self._cpu_share = idle_cpu_share
        self.idle_processes, self._idle_pool = self._create_idle_pool()

    @classmethod
    def from_config(cls, config: Config) -> "ProcessPools":
        """Return the pools of a configuration."""
        return cls(
            processes=config.processes,
            memory_mib=config.compute.memory_mib,
            file_limit=config.file_limit,
            idle_cpu_share=config.flavoring.cpu_share,
        )

    def set_cpu_share(self, share: float) -> None:
        """Set the share of idle work; its running jobs are killed if that changes."""
        if share != self._cpu_share:
            self._cpu_share = share
            self._idle_pool.close()
            self.idle_processes, self._idle_pool = self._create_idle_pool()

    def _create_idle_pool(self) -> tuple[int, LimitedPool]:
        fair_share = self._cpu_share * self._processes
        processes = max(1, round(fair_share))
        pause_factor = max(0.0, processes / fair_share - 1)
        return processes, LimitedPool(
            processes, self._memory_mib, nice=MAX_NICENESS, pause_factor=pause_factor
        )

    async def start(self) -> None:
        """Start the children, so that the first file does not wait for them."""
        await asyncio.gather(self._short_pool.start(), self._long_pool.start())

    @property
    def idle_seconds(self) -> float:
        """How long no job has started or ended."""
        pools = (self._short_pool, self._long_pool, self._idle_pool)
        return time.monotonic() - max(each.last_activity for each in pools)

    async def release_processes(self) -> None:
        """Stop all child processes and the fork server; the next job starts them."""
        self.close()
        await asyncio.to_thread(stop_fork_server)

    def close(self) -> None:
        """Kill all children at once, with the jobs they run."""
        for pool in (self._short_pool, self._long_pool, self._idle_pool):
            pool.close()

    async def run_short(
        self,
        limit: Seconds | None,
        function: Callable[Concatenate[bytes, P], T],
        path: bytes,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a job of milliseconds on a file; raises what `run_long` does."""
        call = _job(function, path, *args, **kwargs)
        return await self._short_pool.run(call, path, limit or self._file_limit)

    async def run_long(
        self,
        limit: Seconds | None,
        function: Callable[Concatenate[bytes, P], T],
        path: bytes,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a job of seconds on a file, in a child process.

        Args:
            limit: Time after which the child is killed; None for the
                configured limit of a file.
            function: A module-level function; its result must survive pickling.
            path: The file; the function's first argument, and named in errors.
            args: Further arguments of the function.
            kwargs: Further keyword arguments of the function.

        Raises:
            WorkTimedOutError: The job took longer than `limit` and was killed.
            WorkCrashedError: The job's process died, twice.
            WorkMemoryError: The job needed more memory than a child may have.
            PhaseCrashedError: The function raised an error that is no SeguedError.
            ComputeError: No child can be started; the file is not to blame.
            FileError: The function raised it.
        """
        call = _job(function, path, *args, **kwargs)
        return await self._long_pool.run(call, path, limit or self._file_limit)

    async def run_idle(
        self,
        limit: Seconds | None,
        function: Callable[Concatenate[bytes, P], T],
        path: bytes,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a job at the lowest priority; raises what `run_long` does."""
        call = _job(function, path, *args, **kwargs)
        return await self._idle_pool.run(call, path, limit or self._file_limit)


def _job(
    function: Callable[Concatenate[bytes, P], T],
    path: bytes,
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Callable[[], T]:
    """Return a job that names its process after what it does."""
    call = partial(function, path, *args, **kwargs)
    return partial(run_named, activity_of(function), path, call)
