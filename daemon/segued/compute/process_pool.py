"""A pool of child processes that ends jobs which exceed their limits."""

import asyncio
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import CancelledError as FutureCancelled
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from multiprocessing import forkserver, resource_tracker, util
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from pebble import ProcessExpired, ProcessPool

from segued.compute.child import KillableContext, init_child, noop, run_with_cpu_limit
from segued.errors import (
    ComputeError,
    PhaseCrashedError,
    SeguedError,
    WorkCrashedError,
    WorkMemoryError,
    WorkTimedOutError,
)
from segued.units import Seconds

__all__ = [
    "LimitedPool",
    "remove_old_socket_folders",
    "start_fork_server",
    "use_socket_folder",
]

T = TypeVar("T")

log: Final = structlog.get_logger()

START_SECONDS: Final = 30.0
WALL_TIME_FACTOR: Final = 20
"""The wall time of a low-priority job is limited to this many times its CPU time."""

JOIN_SECONDS: Final = 1.5
CRASHES_MAX: Final = 2
MIB: Final = 1 << 20

SOCKETS_PREFIX: Final = "sockets-"

_THREAD_COUNT_VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)
_PRELOADED_MODULES: Final = (
    "segued.compute.silence_output",
    "pebble.pool.process",
    "segued.compute.child",
    "segued.media.file_analysis",
    "segued.media.tags.reader",
    "segued.media.moving_picture",
)


def use_socket_folder(parent: Path) -> None:
    """Keep the sockets of the fork server in a new folder in `parent`.

    They would be in the system's temporary folder otherwise, where a process that is
    killed leaves them for good. Call this before `start_fork_server`.
    """
    try:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(prefix=SOCKETS_PREFIX, dir=parent)
        descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        return  # the command that uses `parent` reports why
    # As `multiprocessing.util.get_temp_dir` does: there is no public function. By
    # descriptor, because a socket's path has at most 107 bytes; only this process
    # uses it.
    _process_config()["tempdir"] = f"/proc/self/fd/{descriptor}"
    util.Finalize(None, shutil.rmtree, args=(folder, True), exitpriority=-100)


def remove_old_socket_folders(parent: Path) -> None:
    """Remove the socket folders in `parent` that killed processes left.

    Raises:
        OSError: One cannot be removed.
    """
    own = os.path.realpath(_process_config().get("tempdir", ""))
    for folder in parent.glob(f"{SOCKETS_PREFIX}*"):
        if os.path.realpath(folder) != own:
            shutil.rmtree(folder)


def _process_config() -> dict[str, Any]:
    process: Any = multiprocessing.current_process()
    config: dict[str, Any] = process._config  # noqa: SLF001
    return config


def start_fork_server() -> None:
    """Start the fork server, which imports the modules that children use.

    That takes as long as the rest of a start, so this is called first, and both run
    in parallel.
    """
    for name in _THREAD_COUNT_VARIABLES:
        os.environ.setdefault(name, "1")
    multiprocessing.get_context("forkserver").set_forkserver_preload(
        list(_PRELOADED_MODULES)
    )
    # If this fails, the pools try again and report the error.
    with suppress(OSError):
        # First, because starting the tracker unblocks SIGINT in this thread.
        resource_tracker.ensure_running()
        with _interrupts_blocked():
            _ensure_fork_server()


def _ensure_fork_server() -> None:
    try:
        forkserver.ensure_running()
    except OSError:
        # The file system of the socket folder may have no sockets.
        if _process_config().pop("tempdir", None) is None:
            raise
        forkserver.ensure_running()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Start processes that never get SIGINT; this one gets it at the end.

    The fork server ignores SIGINT only after its imports: a Ctrl-C before that would
    end it with a traceback.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
        self._pool: ProcessPool | None = None
        self._starting: Final = asyncio.Lock()
        self._last_activity = time.monotonic()
        self._busy_slots = 0

    @property
    def last_activity(self) -> float:
        """When a job last started or ended; now, while a low-priority job runs."""
        # Such a job may get no CPU time for long, or its slot may pause.
        return (
            time.monotonic() if self._nice and self._busy_slots else self._last_activity
        )

    async def start(self) -> ProcessPool:
        """Start the children, unless they are running.

        Raises:
            ComputeError: They cannot be started.
        """
        async with self._starting:
            if self._pool is None:
                pool = self._create_pool()
                # Starting a child blocks until the fork server is up.
                try:
                    await asyncio.to_thread(pool.schedule, noop)
                except OSError as error:
                    raise ComputeError(
                        f"child processes cannot be started: {error.strerror}"
                    ) from error
                self._pool = pool
            return self._pool

    def close(self) -> None:
        """Stop the children; the next job starts them again."""
        pool, self._pool = self._pool, None
        if pool is not None:
            # Not joined: pebble's threads end only within a tenth of a second.
            pool.stop()

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
        async with self._slot(), self._track_activity():
            for crashes in range(CRASHES_MAX + 1):
                try:
                    async with asyncio.timeout(wall_limit):
                        return await self._attempt(call)
                except ProcessExpired as error:
                    slow = error.exitcode == -signal.SIGXCPU
                    if crashes + 1 < CRASHES_MAX and not slow:
                        continue
                    raise _crash_error(path, error.exitcode, limit) from error
                except TimeoutError as error:
                    raise _timeout_error(path, limit) from error
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
                    raise PhaseCrashedError(
                        path, f"reading it failed: {type(error).__name__}: {error}"
                    ) from error
        raise ComputeError("the child processes do not stay alive")

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        await self._slots.acquire()
        self._busy_slots += 1
        started = time.monotonic()
        try:
            yield
        finally:
            if self._pause_factor:
                pause = self._pause_factor * (time.monotonic() - started)
                asyncio.get_running_loop().call_later(pause, self._release_slot)
            else:
                self._release_slot()

    def _release_slot(self) -> None:
        self._busy_slots -= 1
        self._slots.release()

    @asynccontextmanager
    async def _track_activity(self) -> AsyncIterator[None]:
        self._last_activity = time.monotonic()
        try:
            yield
        finally:
            self._last_activity = time.monotonic()

    async def _attempt(self, call: Callable[[], T]) -> T:
        pool = await self.start()
        try:
            future = pool.schedule(call)
        except RuntimeError as error:
            # The pool broke while it had no job.
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

    def _create_pool(self) -> ProcessPool:
        start_fork_server()
        return ProcessPool(
            max_workers=self._processes,
            initializer=init_child,
            initargs=(self._memory_bytes, self._nice),
            context=KillableContext(),
        )


def _crash_error(
    path: bytes, exitcode: int | None, limit: Seconds
) -> WorkTimedOutError | WorkCrashedError:
    if exitcode == -signal.SIGXCPU:
        return _timeout_error(path, limit)
    return WorkCrashedError(path, f"reading it crashed: {_exit_description(exitcode)}")


def _timeout_error(path: bytes, limit: Seconds) -> WorkTimedOutError:
    return WorkTimedOutError(path, f"reading it took more than {limit:g} s")


def _exit_description(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        with suppress(ValueError):
            return f"signal {signal.Signals(-exitcode).name}"
    return f"exit code {exitcode}"
