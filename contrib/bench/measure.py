"""Measure the cost of a command, including all processes that it starts."""

import ctypes
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

__all__ = [
    "Cost",
    "MeasureError",
    "Memory",
    "busy_seconds",
    "cpu_count",
    "cpu_seconds",
    "measure_cost",
    "process_tree",
    "pss_mib",
    "sum_of",
]

PR_SET_CHILD_SUBREAPER: Final = 36
SAMPLE_SECONDS: Final = 0.05
ORPHAN_SECONDS: Final = 30.0
"""Time for the remaining processes of a command to end by themselves."""

SHARES: Final = re.compile(rb"^(Rss|Pss):\s+(\d+) kB", re.MULTILINE)
KIB_PER_MIB: Final = 1024


class MeasureError(Exception):
    """A measured command failed."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Peak memory of a command and all processes that it starts, in MiB.

    Attributes:
        pss: Proportional set size: a page that n processes share counts as 1/n in each,
            so that the sum is the memory that they use together.
        rss: Resident set size: a shared page counts in full in each process.
    """

    pss: float = 0.0
    rss: float = 0.0


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one or more commands.

    Attributes:
        cpu: Seconds of processor time, user and system.
        wall: Seconds from the start of the first to the end of the last.
        stdout: Their standard output.
        memory: Their peak memory; zero unless it was measured.
        code: The exit code of the last.
    """

    cpu: float
    wall: float
    stdout: bytes = b""
    memory: Memory = Memory()
    code: int = 0


def measure_cost(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    memory: bool = False,
    codes: Iterable[int] = (0,),
) -> Cost:
    """Run a command to its end, and return the cost of all its processes.

    Includes processes that are orphaned or killed: orphans become children of this
    process, which waits for all of them. Therefore this process must not have other
    children, or other threads that start processes.

    Args:
        command: The program, searched for in PATH, and its arguments.
        env: Its environment; None for that of this process.
        memory: Whether to sample its memory, which costs some CPU time itself.
        codes: The exit codes that count as success.

    Raises:
        MeasureError: The command ended with another code, or left processes running.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        streams = (
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, errors.fileno(), 2),
        )
        watch = _MemorySampler() if memory else None
        started = time.monotonic()
        child = os.posix_spawnp(
            command[0], list(command), env or os.environ, file_actions=streams
        )
        code, cpu, ended = _wait_for_tree(child)
        peak = watch.stop() if watch else Memory()
        output.seek(0)
        errors.seek(0)
        if code not in codes:
            text = errors.read().decode(errors="replace").strip()
            raise MeasureError(f"{command[0]} ended with code {code}\n{text[-2_000:]}")
        return Cost(cpu, ended - started, output.read(), peak, code)


def sum_of(costs: Iterable[Cost]) -> Cost:
    """Return the cost of commands that ran one after another."""
    cpu = wall = 0.0
    for cost in costs:
        cpu += cost.cpu
        wall += cost.wall
    return Cost(cpu, wall)


def cpu_count() -> int:
    """Return the number of processors that this process can use."""
    return len(os.sched_getaffinity(0))


def busy_seconds() -> float:
    """Return the busy time of all processors since boot, in seconds."""
    with open("/proc/stat", "rb") as file:
        user, nice, system, _idle, _waiting, *others = file.readline().split()[1:9]
    ticks = sum(map(int, (user, nice, system, *others)))
    return ticks / os.sysconf("SC_CLK_TCK")


def process_tree(process: int) -> list[int]:
    """Return the ids of a process and all its descendants."""
    return [process, *_descendants(process)]


def cpu_seconds(processes: Iterable[int]) -> float:
    """Return the CPU time of some processes, in seconds."""
    ticks = 0
    for process in processes:
        fields = _read_proc(process, "stat").rpartition(b")")[2].split()
        ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def pss_mib(processes: Iterable[int]) -> float:
    """Return the proportional set size of some processes, in MiB."""
    return (
        sum(
            int(kib)
            for process in processes
            for name, kib in SHARES.findall(_read_proc(process, "smaps_rollup"))
            if name == b"Pss"
        )
        / KIB_PER_MIB
    )


def _wait_for_tree(child: int) -> tuple[int, float, float]:
    """Wait for a child and its orphans; return its exit code, all CPU and its end."""
    code, cpu, ended = 0, 0.0, time.monotonic()
    alive = True
    while True:
        try:
            found, status, usage = os.wait4(-1, 0 if alive else os.WNOHANG)
        except ChildProcessError:
            return code, cpu, ended
        cpu += usage.ru_utime + usage.ru_stime
        if found == child:
            alive, ended = False, time.monotonic()
            code = os.waitstatus_to_exitcode(status)
        elif not found:
            if time.monotonic() - ended > ORPHAN_SECONDS:
                left = len(tuple(_descendants(os.getpid())))
                raise MeasureError(
                    f"it ended, but {left} of its child processes still run"
                )
            time.sleep(SAMPLE_SECONDS)


class _MemorySampler:
    """Samples the memory of all descendants of this process every SAMPLE_SECONDS."""

    def __init__(self) -> None:
        self._pss = self._rss = 0
        self._stop: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> Memory:
        """Stop sampling, and return the peak."""
        self._stop.set()
        self._thread.join()
        return Memory(self._pss / KIB_PER_MIB, self._rss / KIB_PER_MIB)

    def _sample(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            sums = {b"Rss": 0, b"Pss": 0}
            for process in _descendants(os.getpid()):
                for name, kib in SHARES.findall(_read_proc(process, "smaps_rollup")):
                    sums[name] += int(kib)
            self._pss = max(self._pss, sums[b"Pss"])
            self._rss = max(self._rss, sums[b"Rss"])


def _descendants(process: int) -> Iterator[int]:
    """Yield the ids of all descendants of a process."""
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{process}/task"):
            for child in _read_proc(process, f"task/{thread}/children").split():
                yield int(child)
                yield from _descendants(int(child))


def _read_proc(process: int, name: str) -> bytes:
    """Return a file of /proc for a process; empty if the process has ended."""
    try:
        with open(f"/proc/{process}/{name}", "rb") as file:
            return file.read()
    except OSError:
        return b""
