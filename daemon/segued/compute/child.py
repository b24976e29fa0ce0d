"""Set up child processes with limits and without output, and end them.

Separate from `segued.compute.process_pool`, whose imports children do not need.
"""

import ctypes
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Final, TypeVar

__all__ = ["KillableContext", "init_child", "noop", "run_with_cpu_limit"]

T = TypeVar("T")

PR_SET_PDEATHSIG: Final = 1

KILL_SECONDS: Final = 0.2
"""A process still alive this long after SIGKILL is in uninterruptible sleep."""


class KillableProcess(ForkServerProcess):
    """A child process that is killed, and abandoned if it does not end even then.

    A child that reads from a disk that does not answer cannot be ended by any signal.
    pebble would wait for it, and all other jobs with it.
    """

    _abandoned = False

    def terminate(self) -> None:
        """Kill the process; it has nothing to clean up."""
        self.kill()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the killed process for KILL_SECONDS, then abandon it."""
        del timeout
        if not self._abandoned:
            super().join(KILL_SECONDS)
            self._abandoned = super().is_alive()

    def is_alive(self) -> bool:
        """Return whether the process is running and was not abandoned."""
        return not self._abandoned and super().is_alive()


class KillableContext(ForkServerContext):
    """The multiprocessing context from which pebble starts its children."""

    Process = KillableProcess


def init_child(memory_bytes: int, nice: int) -> None:
    """Initialize this child process: its signals, its limits, its standard streams.

    Args:
        memory_bytes: Limit on its address space.
        nice: How far its priority is lowered, 0 to 19.
    """
    os.nice(nice)
    # Ctrl-C goes to the whole process group; only the parent acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A killed parent takes its children with it. Their parent is the fork server,
    # which ends itself when its pipe is closed everywhere: in segued, and in every
    # child.
    pipe = forkserver._forkserver._forkserver_alive_fd  # type: ignore[attr-defined]  # noqa: SLF001
    os.close(pipe)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # C libraries print warnings about files, which must not reach the terminal.
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def noop() -> None:
    """Do nothing; scheduled to make a pool start its children."""


def run_with_cpu_limit(seconds: float, function: Callable[[], T]) -> T:
    """Run `function`; SIGXCPU ends this process if it takes more CPU time."""
    used = time.process_time()
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used + seconds), hard))
    try:
        return function()
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
