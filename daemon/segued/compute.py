"""Where CPU work runs: killable child processes, with limits.

Whatever looks inside a file runs here. A child that crashes, hangs or grows
without end costs the one file it was reading. Short work (hashes, tags) has
children of its own, so that it never queues behind long work (decoding).
"""

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import CancelledError as FutureCancelled
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager, suppress
from functools import partial
from multiprocessing import forkserver
from typing import Concatenate, Final, ParamSpec, TypeVar

import structlog
from pebble import ProcessExpired, ProcessPool

from segued.child import Children, nothing, settle_in
from segued.errors import (
    ComputeError,
    SeguedError,
    UnexpectedError,
    WorkCrashedError,
    WorkMemoryError,
    WorkTimedOutError,
)
from segued.units import Seconds

__all__ = ["Compute", "get_ready"]

P = ParamSpec("P")
T = TypeVar("T")

log: Final = structlog.get_logger()

START_SECONDS: Final = 30.0
JOIN_SECONDS: Final = 1.5
CRASHES_MAX: Final = 2
MIB: Final = 1 << 20

_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_PRELOADED: Final = (
    "pebble.pool.process",
    "segued.child",
    "segued.media.analysis",
    "segued.media.tags",
    "segued.media.hashing",
)


def get_ready() -> None:
    """Start the process that children are forked from, before they are needed.

    It imports what they use, which takes as long as all else at a start; so it
    is told first of all, and both happen at once.
    """
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    multiprocessing.get_context("forkserver").set_forkserver_preload(list(_PRELOADED))
    # Without it the pools start one themselves, and say what is wrong.
    with suppress(OSError):
        forkserver.ensure_running()


class Compute:
    """Two pools of child processes, for short and for long work."""

    def __init__(self, *, processes: int, memory_mib: int, file_limit: Seconds) -> None:
        self._file_limit: Final = file_limit
        self._short: Final = _Pool(processes, memory_mib)
        self._long: Final = _Pool(processes, memory_mib)

    async def start(self) -> None:
        """Start the children, so that the first file does not wait for them."""
        await asyncio.gather(self._short.start(), self._long.start())

    @property
    def still_seconds(self) -> float:
        """How long no job has begun or ended."""
        return time.monotonic() - max(self._short.moved, self._long.moved)

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
        self._short.close()
        self._long.close()
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


class _Pool:
    """Child processes of one kind, and a slot for each of them."""

    def __init__(self, processes: int, memory_mib: int) -> None:
        self._processes: Final = processes
        self._memory_bytes: Final = memory_mib * MIB
        self._slots: Final = asyncio.Semaphore(processes)
        self._pool: ProcessPool | None = None
        self._starting: Final = asyncio.Lock()
        self.moved = time.monotonic()

    async def start(self) -> ProcessPool:
        async with self._starting:
            if self._pool is None:
                pool = self._made()
                # Starting a child blocks until the fork server is up.
                try:
                    await asyncio.to_thread(pool.schedule, nothing)
                except OSError as error:
                    raise ComputeError(
                        f"child processes cannot be started: {error.strerror}"
                    ) from error
                self._pool = pool
            return self._pool

    def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            # Its threads look up ten times a second. At the end nobody waits.
            pool.stop()

    async def run(self, call: Callable[[], T], path: bytes, limit: Seconds) -> T:
        async with self._slots, self._moving():
            for crashes in range(CRASHES_MAX + 1):
                try:
                    async with asyncio.timeout(limit):
                        return await self._attempt(call)
                except ProcessExpired as error:
                    if crashes + 1 < CRASHES_MAX:
                        continue
                    how = _death(error.exitcode)
                    raise WorkCrashedError(
                        path, f"reading it crashed: {how}"
                    ) from error
                except TimeoutError as error:
                    raise WorkTimedOutError(
                        path, f"reading it took more than {limit:g} s"
                    ) from error
                except MemoryError as error:
                    mib = self._memory_bytes // MIB
                    raise WorkMemoryError(
                        path, f"reading it takes more than {mib} MiB of memory"
                    ) from error
                except BrokenProcessPool:
                    log.warning("compute.broken")
                    await self._rebuild()
                except (SeguedError, asyncio.CancelledError):
                    raise
                except Exception as error:
                    raise UnexpectedError(
                        path, f"reading it failed: {type(error).__name__}: {error}"
                    ) from error
        raise ComputeError("the child processes do not stay alive")

    @asynccontextmanager
    async def _moving(self) -> AsyncIterator[None]:
        self.moved = time.monotonic()
        try:
            yield
        finally:
            self.moved = time.monotonic()

    async def _attempt(self, call: Callable[[], T]) -> T:
        pool = await self.start()
        try:
            future = pool.schedule(call)
        except RuntimeError as error:
            # It broke while nobody asked anything of it.
            raise BrokenProcessPool from error
        try:
            return await asyncio.wrap_future(future)
        except FutureCancelled as error:
            raise BrokenProcessPool from error

    async def _rebuild(self) -> None:
        pool = self._pool
        self.close()
        if pool is not None:
            with suppress(TimeoutError):
                await asyncio.to_thread(pool.join, JOIN_SECONDS)
        await self.start()

    def _made(self) -> ProcessPool:
        get_ready()
        return ProcessPool(
            max_workers=self._processes,
            initializer=settle_in,
            initargs=(self._memory_bytes,),
            context=Children(),
        )


def _death(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        with suppress(ValueError):
            return f"signal {signal.Signals(-exitcode).name}"
    return f"exit code {exitcode}"
