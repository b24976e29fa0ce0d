"""Where CPU work runs: killable child processes, with limits.

Whatever looks inside a file runs here. A child that crashes, hangs or grows
without end costs the one file it was reading. Short work (hashes, tags) has
children of its own, so that it never queues behind long work (decoding); and
so has what can wait, which takes only time that nobody else wants.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import forkserver
from typing import Concatenate, Final, ParamSpec, TypeVar

from segued.compute.process_pool import LimitedPool
from segued.config.config import Config
from segued.units import Seconds

__all__ = ["ProcessPools"]

P = ParamSpec("P")
T = TypeVar("T")

MAX_NICENESS: Final = 19


class ProcessPools:
    """Pools of child processes: for short work, for long, and for what can wait."""

    def __init__(
        self,
        *,
        processes: int,
        memory_mib: int,
        file_limit: Seconds,
        idle_cpu_share: float = 1.0,
    ) -> None:
        """Prepare.

        Args:
            processes: How many children of a kind there may be.
            memory_mib: How much address space each may have.
            file_limit: How long a job may take that has no limit of its own.
            idle_cpu_share: How much of the processors what can wait may take.
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
        """Return what a configuration wants."""
        return cls(
            processes=config.processes,
            memory_mib=config.compute.memory_mib,
            file_limit=config.file_limit,
            idle_cpu_share=config.flavoring.cpu_share,
        )

    def set_cpu_share(self, share: float) -> None:
        """Give what can wait another share of the processors."""
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
        """How long no job has begun or ended."""
        pools = (self._short_pool, self._long_pool, self._idle_pool)
        return time.monotonic() - max(each.last_activity for each in pools)

    async def release_processes(self) -> None:
        """Send the children home, and whom they are forked from.

        Whoever is needed again is started anew.
        """
        self.close()
        # As multiprocessing's own tests end it: there is no public way.
        stop = getattr(forkserver._forkserver, "_stop", None)  # noqa: SLF001
        if stop is not None:
            await asyncio.to_thread(stop)

    def close(self) -> None:
        """Kill all children, whatever they are at; for good, and at once."""
        for pool in (self._short_pool, self._long_pool, self._idle_pool):
            pool.close()
        # The pools would ask them first, and give the deaf three seconds.
        for child in multiprocessing.active_children():
            child.kill()

    async def run_short(
        self,
        limit: Seconds | None,
        function: Callable[Concatenate[bytes, P], T],
        path: bytes,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run work that takes milliseconds on a file; raises as `run_long` does."""
        call = partial(function, path, *args, **kwargs)
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
        """Run work that takes seconds on a file, in a child of its own.

        Args:
            limit: Time after which the child is killed; None for the
                configured limit of a file.
            function: A module-level function; its result must survive pickling.
            path: The file it is about; goes to it first, and into errors.
            args: What else it gets.
            kwargs: What else it gets, by name.

        Raises:
            WorkTimedOutError: It took longer than `limit`, and was killed.
            WorkCrashedError: Its process died, twice.
            WorkMemoryError: It wanted more memory than it may have.
            UnexpectedError: It raised what it should not.
            ComputeError: No child can be had; no file is to blame.
            FileError: What it raised itself.
        """
        call = partial(function, path, *args, **kwargs)
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
        """Run work at the lowest priority; raises what `run_long` does."""
        call = partial(function, path, *args, **kwargs)
        return await self._idle_pool.run(call, path, limit or self._file_limit)
