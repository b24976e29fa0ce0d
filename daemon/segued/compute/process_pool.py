"""A pool of child processes that ends jobs which exceed their limits."""

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

import structlog

from segued.compute.child import run_with_cpu_limit
from segued.compute.child_process import ChildDiedError, ChildProcess
from segued.errors import (
    ComputeError,
    PhaseCrashedError,
    SeguedError,
    WorkCrashedError,
    WorkMemoryError,
    WorkTimedOutError,
)
from segued.units import Seconds

__all__ = ["LimitedPool"]

T = TypeVar("T")

log: Final = structlog.get_logger()

WALL_TIME_FACTOR: Final = 20
"""The wall time of a low-priority job is limited to this many times its CPU time."""

CRASHES_MAX: Final = 2
ATTEMPTS_MAX: Final = 8
"""How many children may die one after another that did not receive a job."""

MIB: Final = 1 << 20


class LimitedPool:
    """Child processes of one kind, with a slot for each.

    Args:
        processes: How many children there are.
        memory_mib: Limit on the address space of each.
        nice: How far their priority is lowered, 0 to 19. If not 0, the time limits of
            jobs are on CPU time.
        pause_factor: How long a slot stays empty after a job, as a multiple of the
            time that the job took.
    """

    def __init__(
        self,
        processes: int,
        memory_mib: int,
        *,
        nice: int = 0,
        pause_factor: float = 0.0,
    ) -> None:
        self._nice: Final = nice
        self._pause_factor: Final = pause_factor
        self._processes: Final = processes
        self._memory_bytes: Final = memory_mib * MIB
        self._slots: Final = asyncio.Semaphore(processes)
        self._free: Final[list[ChildProcess]] = []
        self._busy: Final[set[ChildProcess]] = set()
        self._last_activity = time.monotonic()
        self._busy_slots = 0

    @property
    def last_activity(self) -> float:
        """When a job last started or ended; now, while a low-priority job runs."""
        # Such a job may get no CPU time for long, or its slot may pause.
        return (
            time.monotonic() if self._nice and self._busy_slots else self._last_activity
        )

    async def start(self) -> None:
        """Start the children that are not running.

        Raises:
            ComputeError: They cannot be started.
        """
        missing = self._processes - len(self._free) - len(self._busy)
        started = (self._start_child() for _ in range(missing))
        self._free.extend(await asyncio.gather(*started))

    def close(self) -> None:
        """Kill the children; the next job, or one in progress, starts one again."""
        for child in (*self._free, *self._busy):
            child.kill()
        self._free.clear()
        self._busy.clear()

    async def run(self, call: Callable[[], T], path: bytes, limit: Seconds) -> T:
        """Run a job in a child process; raises what `ProcessPools.run_long` does.

        Args:
            call: The job.
            path: The file, for errors.
            limit: Time after which the child is killed.
        """
        wall_limit = limit
        if self._nice:
            # Other processes may leave it little time: its CPU time is limited.
            call, wall_limit = (
                partial(run_with_cpu_limit, limit, call),
                Seconds(WALL_TIME_FACTOR * limit),
            )
        await self._slots.acquire()
        self._busy_slots += 1
        started = self._last_activity = time.monotonic()
        try:
            return await self._run_until_answered(call, path, limit, wall_limit)
        except TimeoutError as error:
            raise _timeout_error(path, limit) from error
        except MemoryError as error:
            mib = self._memory_bytes // MIB
            raise WorkMemoryError(
                path, f"reading it takes more than {mib} MiB of memory"
            ) from error
        except (SeguedError, asyncio.CancelledError):
            raise
        except Exception as error:
            raise PhaseCrashedError(
                path, f"reading it failed: {type(error).__name__}: {error}"
            ) from error
        finally:
            self._last_activity = time.monotonic()
            self._release_slot_later(self._last_activity - started)

    async def _run_until_answered(
        self, call: Callable[[], T], path: bytes, limit: Seconds, wall_limit: Seconds
    ) -> T:
        crashes = 0
        for _ in range(ATTEMPTS_MAX):
            try:
                return await self._run_in_child(call, wall_limit)
            except ChildDiedError as error:
                crashes += error.by_job
                slow = error.exit_code == -signal.SIGXCPU
                if crashes >= CRASHES_MAX or slow:
                    raise _crash_error(path, error.exit_code, limit) from error
        raise _unstable_error()

    async def _run_in_child(self, call: Callable[[], T], wall_limit: Seconds) -> T:
        """Run a job; keep the child unless the job left it busy or dead."""
        child = await self._free_child()
        self._busy.add(child)
        try:
            async with asyncio.timeout(wall_limit):
                answer: T = await child.run(call)
                return answer
        finally:
            if child in self._busy:  # not closed meanwhile
                self._busy.remove(child)
                if child.is_free:
                    self._free.append(child)
                else:
                    child.kill()

    async def _free_child(self) -> ChildProcess:
        while self._free:
            child = self._free.pop()
            if child.is_free:
                return child
            child.kill()
        return await self._start_child()

    async def _start_child(self) -> ChildProcess:
        for _ in range(ATTEMPTS_MAX):
            with suppress(ChildDiedError):
                return await ChildProcess.start(self._memory_bytes, self._nice)
            log.warning("compute.broken")
        raise _unstable_error()

    def _release_slot_later(self, job_seconds: float) -> None:
        if self._pause_factor:
            pause = self._pause_factor * job_seconds
            asyncio.get_running_loop().call_later(pause, self._release_slot)
        else:
            self._release_slot()

    def _release_slot(self) -> None:
        self._busy_slots -= 1
        self._slots.release()


def _crash_error(
    path: bytes, exitcode: int | None, limit: Seconds
) -> WorkTimedOutError | WorkCrashedError:
    if exitcode == -signal.SIGXCPU:
        return _timeout_error(path, limit)
    return WorkCrashedError(path, f"reading it crashed: {_exit_description(exitcode)}")


def _unstable_error() -> ComputeError:
    return ComputeError("the child processes do not stay alive")


def _timeout_error(path: bytes, limit: Seconds) -> WorkTimedOutError:
    return WorkTimedOutError(path, f"reading it took more than {limit:g} s")


def _exit_description(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        with suppress(ValueError):
            return f"signal {signal.Signals(-exitcode).name}"
    return f"exit code {exitcode}"
