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

from segued.compute.process_pool import Pool
from segued.config.config import Config
from segued.units import Seconds

__all__ = ["Compute"]

P = ParamSpec("P")
T = TypeVar("T")

NICEST: Final = 19


class Compute:
    """Pools of child processes: for short work, for long, and for what can wait."""

    def __init__(
        self,
        *,
        processes: int,
        memory_mib: int,
        file_limit: Seconds,
        spare_share: float = 1.0,
    ) -> None:
        """Prepare.

        Args:
            processes: How many children of a kind there may be.
            memory_mib: How much address space each may have.
            file_limit: How long a job may take that has no limit of its own.
            spare_share: How much of the processors what can wait may take.
        """
        self._file_limit: Final = file_limit
        self._short: Final = Pool(processes, memory_mib)
        self._long: Final = Pool(processes, memory_mib)
        self._processes: Final = processes
        self._memory_mib: Final = memory_mib
        self._share = spare_share
        self.spares, self._spare = self._shared()

    @classmethod
    def of(cls, config: Config) -> "Compute":
        """Return what a configuration wants."""
        return cls(
            processes=config.processes,
            memory_mib=config.compute.memory_mib,
            file_limit=config.file_limit,
            spare_share=config.flavoring.cpu_share,
        )

    def share(self, share: float) -> None:
        """Give what can wait another share of the processors."""
        if share != self._share:
            self._share = share
            self._spare.close()
            self.spares, self._spare = self._shared()

    def _shared(self) -> tuple[int, Pool]:
        wanted = self._share * self._processes
        spares = max(1, round(wanted))
        rest = max(0.0, spares / wanted - 1)
        return spares, Pool(spares, self._memory_mib, nice=NICEST, rest=rest)

    async def start(self) -> None:
        """Start the children, so that the first file does not wait for them."""
        await asyncio.gather(self._short.start(), self._long.start())

    @property
    def still_seconds(self) -> float:
        """How long no job has begun or ended."""
        pools = (self._short, self._long, self._spare)
        return time.monotonic() - max(each.moved for each in pools)

    async def rest(self) -> None:
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
        for pool in (self._short, self._long, self._spare):
            pool.close()
        # The pools would ask them first, and give the deaf three seconds.
        for child in multiprocessing.active_children():
            child.kill()

    async def short(
        self,
        limit: Seconds | None,
        work: Callable[Concatenate[bytes, P], T],
        path: bytes,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run work that takes milliseconds on a file; raises as `long` does."""
        call = partial(work, path, *args, **kwargs)
        return await self._short.run(call, path, limit or self._file_limit)

    async def long(
        self,
        limit: Seconds | None,
        work: Callable[Concatenate[bytes, P], T],
        path: bytes,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run work that takes seconds on a file, in a child of its own.

        Args:
            limit: Time after which the child is killed; None for the
                configured limit of a file.
            work: A module-level function; its result must survive pickling.
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
        call = partial(work, path, *args, **kwargs)
        return await self._long.run(call, path, limit or self._file_limit)

    async def spare(
        self,
        limit: Seconds | None,
        work: Callable[Concatenate[bytes, P], T],
        path: bytes,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run work that can wait, in time nobody else wants; raises as `long` does."""
        call = partial(work, path, *args, **kwargs)
        return await self._spare.run(call, path, limit or self._file_limit)
