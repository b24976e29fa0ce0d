"""What a child process does: limit itself, silence its output, run jobs.

Separate from `segued.compute.child_process`, whose imports children do not need.
"""

import ctypes
import math
import os
import pickle
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from multiprocessing import forkserver
from typing import Final, TypeVar

from segued.compute.process_name import IDLE, set_name

__all__ = ["LENGTH", "init_child", "run_with_cpu_limit", "serve"]

T = TypeVar("T")

PR_SET_PDEATHSIG: Final = 1

LENGTH: Final = struct.Struct("<Q")
"""What precedes each message on a child's socket: its length in bytes."""


def serve(connection: socket.socket, memory_bytes: int, nice: int) -> None:
    """Run the jobs that come from `connection` until it is closed: a child's main loop.

    An empty message says that this process is ready, and another one that it has
    received a job. A job's answer follows: a pickled pair of whether it succeeded, and
    its result or its error.

    Args:
        connection: Socket to the parent.
        memory_bytes: Limit on the address space of this process.
        nice: How far its priority is lowered, 0 to 19.
    """
    init_child(memory_bytes)
    with connection, connection.makefile("rb") as requests:
        connection.sendall(LENGTH.pack(0))
        set_name(IDLE)
        # Not earlier: at the lowest priority, a start on a busy machine takes seconds.
        os.nice(nice)
        while header := requests.read(LENGTH.size):
            request = requests.read(LENGTH.unpack(header)[0])
            connection.sendall(LENGTH.pack(0))
            answer = _answer(request)
            connection.sendall(LENGTH.pack(len(answer)))
            connection.sendall(answer)


def _answer(request: bytes) -> bytes:
    try:
        call: Callable[[], object] = pickle.loads(request)  # noqa: S301 - our parent's
        return pickle.dumps((True, call()), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - the parent raises it
        return _pickled_error(error)


def _pickled_error(error: Exception) -> bytes:
    """Return the answer for an error; as a RuntimeError if it cannot be pickled."""
    try:
        answer = pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)
        pickle.loads(answer)  # noqa: S301 - made in the line before
    except Exception:  # noqa: BLE001 - anything the code of an exception raises
        replacement = RuntimeError(f"{type(error).__name__}: {error}")
        return pickle.dumps((False, replacement), pickle.HIGHEST_PROTOCOL)
    return answer


def init_child(memory_bytes: int) -> None:
    """Initialize this child process: its signals, its limits, its standard streams.

    Args:
        memory_bytes: Limit on its address space.
    """
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


def run_with_cpu_limit(seconds: float, function: Callable[[], T]) -> T:
    """Run `function`; SIGXCPU ends this process if it takes more CPU time."""
    used = time.process_time()
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used + seconds), hard))
    try:
        return function()
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
