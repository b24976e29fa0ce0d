"""Child processes: how they begin, obedient, bounded and silent, and how they end.

Apart from `segued.compute.process_pool`, so that children do not load what starts them.
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
"""Who has not ended so long after SIGKILL sleeps in the system."""


class KillableProcess(ForkServerProcess):
    """A child that is killed, and not waited for if it does not end even then.

    Who reads from a disk that does not answer sleeps until it does, whatever
    signal comes; and pebble would wait for that, and keep all others waiting.
    """

    _abandoned = False

    def terminate(self) -> None:
        """Kill it: it has nothing to tidy up."""
        self.kill()

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, for a moment; it was killed before."""
        del timeout
        if not self._abandoned:
            super().join(KILL_SECONDS)
            self._abandoned = super().is_alive()

    def is_alive(self) -> bool:
        """Return whether it is there, and of any use."""
        return not self._abandoned and super().is_alive()


class KillableContext(ForkServerContext):
    """Where pebble gets its children from."""

    Process = KillableProcess


def init_child(memory_bytes: int, nice: int) -> None:
    """Be ended by the parent alone or with it, take no more memory, and give way."""
    os.nice(nice)
    # Ctrl-C goes to the whole terminal group; only the parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A parent that is killed takes its children with it. Here the parent is
    # the fork server, and that ends itself when nobody holds its pipe any more:
    # neither the one behind it, nor any child.
    pipe = forkserver._forkserver._forkserver_alive_fd  # type: ignore[attr-defined]  # noqa: SLF001
    os.close(pipe)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # C libraries print what they think of a file; that is not for the terminal.
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def noop() -> None:
    """Be scheduled, so that a pool starts its children."""


def run_with_cpu_limit(seconds: float, function: Callable[[], T]) -> T:
    """Do some work; who takes more time of a processor for it is ended by SIGXCPU."""
    used = time.process_time()
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used + seconds), hard))
    try:
        return function()
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
