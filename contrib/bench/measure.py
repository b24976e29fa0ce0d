"""What a command costs, together with all that it starts."""

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
"""Time for what a command leaves running to end by itself."""

SHARES: Final = re.compile(rb"^(Rss|Pss):\s+(\d+) kB", re.MULTILINE)
KIB_PER_MIB: Final = 1024


class MeasureError(Exception):
    """A command that was to be measured did not do what it should."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The most that a command and all it started held at one time, in MiB.

    Attributes:
        pss: A page that n processes share counts as an nth in each: what
            would be free if they were not there.
        rss: A page counts in full in each.
    """

    pss: float = 0.0
    rss: float = 0.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What commands took.

    Attributes:
        cpu: Seconds of processor time, the system's share included.
        wall: Seconds from the first's start to the last's end.
        stdout: What they printed on standard output.
        memory: Its peak; nothing unless it was asked for.
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
    """Run a command to its end, and say what it and its offspring took.

    Whoever is orphaned or killed on the way is counted as well: orphans become
    children of this process, which waits for them all. So it may have no other
    children, nor another thread that runs commands.

    Args:
        command: The program, found along the path, and its arguments.
        env: Its environment; None for the one here.
        memory: Whether to watch its memory, which takes some time of its own.
        codes: The exit codes that are well.

    Raises:
        MeasureError: It ended with another code, or left processes running.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        streams = (
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, said.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, complained.fileno(), 2),
        )
        watch = _MemorySampler() if memory else None
        started = time.monotonic()
        child = os.posix_spawnp(
            command[0], list(command), env or os.environ, file_actions=streams
        )
        code, cpu, ended = _wait_for_tree(child)
        peak = watch.stop() if watch else Memory()
        said.seek(0)
        complained.seek(0)
        if code not in codes:
            words = complained.read().decode(errors="replace").strip()
            raise MeasureError(f"{command[0]} ended with code {code}\n{words[-2_000:]}")
        return Cost(cpu, ended - started, said.read(), peak, code)


def sum_of(costs: Iterable[Cost]) -> Cost:
    """Return what commands took that ran one after another."""
    cpu = wall = 0.0
    for cost in costs:
        cpu += cost.cpu
        wall += cost.wall
    return Cost(cpu, wall)


def cpu_count() -> int:
    """Return how many processors there are for us."""
    return len(os.sched_getaffinity(0))


def busy_seconds() -> float:
    """Return how long all processors were busy since the machine started."""
    with open("/proc/stat", "rb") as file:
        user, nice, system, _idle, _waiting, *others = file.readline().split()[1:9]
    ticks = sum(map(int, (user, nice, system, *others)))
    return ticks / os.sysconf("SC_CLK_TCK")


def process_tree(process: int) -> list[int]:
    """Return a process, its children, and theirs."""
    return [process, *_descendants(process)]


def cpu_seconds(processes: Iterable[int]) -> float:
    """Return how long some processes have computed."""
    ticks = 0
    for process in processes:
        fields = _read_proc(process, "stat").rpartition(b")")[2].split()
        ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def pss_mib(processes: Iterable[int]) -> float:
    """Return the memory of some processes, shared pages counted by their shares."""
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
    """Wait for a child and all it leaves; return its code, all CPU, its end."""
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
                raise MeasureError(f"it ended, but {left} of its children go on")
            time.sleep(SAMPLE_SECONDS)


class _MemorySampler:
    """Looks at the memory of all offspring of this process, again and again."""

    def __init__(self) -> None:
        self._pss = self._rss = 0
        self._stop: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> Memory:
        """Stop looking, and return the peak."""
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
    """Yield the children of a process, and theirs."""
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{process}/task"):
            for child in _read_proc(process, f"task/{thread}/children").split():
                yield int(child)
                yield from _descendants(int(child))


def _read_proc(process: int, what: str) -> bytes:
    """Return what the system says of a process: nothing, if it has just ended."""
    try:
        with open(f"/proc/{process}/{what}", "rb") as file:
            return file.read()
    except OSError:
        return b""
