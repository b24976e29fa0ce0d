"""Children that crash, hang and grow: `segued.compute.pools`."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from segued.compute.pools import ProcessPools
from segued.errors import (
    DecodeError,
    PhaseCrashedError,
    WorkCrashedError,
    WorkMemoryError,
    WorkTimedOutError,
)
from segued.units import Seconds

SONG = b"/music/song.mp3"


def echo(path: bytes, *, message: str) -> tuple[bytes, str, int]:
    """Come back."""
    return path, message, os.getpid()


def crash(path: bytes) -> None:
    """Do what a broken decoder does."""
    del path
    ctypes.string_at(0)


def crash_once(path: bytes, marker: str) -> str:
    """Be killed by somebody else, the first time."""
    del path
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "survived"


def hang(path: bytes) -> None:
    """Hang in C, deaf to everything but SIGKILL."""
    del path
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        pass


def exhaust_memory(path: bytes) -> int:
    """Take memory without end."""
    del path
    hoard = []
    while True:
        hoard.append(bytearray(64 << 20))


def raise_decode_error(path: bytes) -> None:
    """Find that the file is no good."""
    raise DecodeError(path, "no sound in it")


def raise_unexpected(path: bytes) -> None:
    """Fail in a way nobody foresaw."""
    raise ZeroDivisionError(path.decode())


def print_to_terminal(path: bytes) -> int:
    """Print what is not for the terminal."""
    del path
    os.write(1, b"on the terminal!\n")
    return os.write(2, b"on the terminal!\n")


def write_pid_and_hang(path: bytes, marker: str) -> None:
    """Say that it began, then never end."""
    Path(marker).write_text(str(os.getpid()))
    hang(path)


@pytest_asyncio.fixture(name="compute")
async def _compute() -> AsyncIterator[ProcessPools]:
    compute = ProcessPools(processes=2, memory_mib=1_024, file_limit=Seconds(60))
    await compute.start()
    yield compute
    compute.close()


async def test_work_is_done_elsewhere(compute: ProcessPools) -> None:
    """In another process, with its arguments, and its result comes back."""
    path, said, process = await compute.run_long(None, echo, SONG, message="hello")

    assert (path, said) == (SONG, "hello")
    assert process != os.getpid()


async def test_a_crash_costs_one_file(compute: ProcessPools) -> None:
    """The one whose decoder crashed, with the signal's name; no other."""
    good = [
        compute.run_long(None, echo, SONG, message=str(number)) for number in range(20)
    ]
    bad = asyncio.create_task(compute.run_long(None, crash, b"/music/bad.mp3"))

    results = await asyncio.gather(*good)

    assert [said for _, said, _ in results] == [str(number) for number in range(20)]
    with pytest.raises(WorkCrashedError, match=r"/music/bad\.mp3: .*SIGSEGV"):
        await bad


async def test_killed_child_is_retried(compute: ProcessPools, tmp_path: Path) -> None:
    """Somebody else's SIGKILL says nothing about the file."""
    marker = str(tmp_path / "killed")

    assert await compute.run_long(None, crash_once, SONG, marker) == "survived"


async def test_hanging_work_times_out(compute: ProcessPools) -> None:
    """And the place is free for the next file."""
    begun = time.monotonic()
    with pytest.raises(WorkTimedOutError, match=r"more than 0\.5 s"):
        await compute.run_long(Seconds(0.5), hang, SONG)
    assert time.monotonic() - begun < 10

    again = [compute.run_long(None, echo, SONG, message="again") for _ in range(4)]
    assert len(await asyncio.gather(*again)) == 4


async def test_memory_limit_stops_a_child(compute: ProcessPools) -> None:
    """At its address space, not at the machine's memory."""
    with pytest.raises(WorkMemoryError, match="more than 1024 MiB"):
        await compute.run_long(None, exhaust_memory, SONG)


async def test_file_error_is_passed_through(compute: ProcessPools) -> None:
    """As it was raised, with file and reason."""
    with pytest.raises(DecodeError, match=r"/music/song\.mp3: no sound in it"):
        await compute.run_short(None, raise_decode_error, SONG)


async def test_unexpected_exception_is_a_file_error(compute: ProcessPools) -> None:
    """Named by its type, so that it can be looked up."""
    with pytest.raises(PhaseCrashedError, match="ZeroDivisionError"):
        await compute.run_short(None, raise_unexpected, SONG)


async def test_children_keep_off_the_terminal(
    compute: ProcessPools, capfd: pytest.CaptureFixture[str]
) -> None:
    """What a C library prints goes nowhere."""
    assert await compute.run_long(None, print_to_terminal, SONG) == 17

    assert capfd.readouterr() == ("", "")


async def test_a_cancel_kills_the_child(compute: ProcessPools, tmp_path: Path) -> None:
    """In well under two seconds, also when it is deaf."""
    marker = tmp_path / "begun"
    task = asyncio.create_task(
        compute.run_long(None, write_pid_and_hang, SONG, str(marker))
    )
    child = await asyncio.to_thread(_wait_for_pid, marker)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    begun = time.monotonic()
    compute.close()

    assert await asyncio.to_thread(_wait_until_gone, child)
    assert time.monotonic() - begun < 1.8


def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    """Nobody is left to spin when the import is gone, however it went."""
    marker = tmp_path / "begun"
    program = (
        "import asyncio, sys\n"
        "from segued.compute.pools import ProcessPools\n"
        "from tests.compute.test_pools import write_pid_and_hang\n"
        "compute = ProcessPools(processes=1, memory_mib=1024, file_limit=60)\n"
        "work = (write_pid_and_hang, b'/music/song', sys.argv[1])\n"
        "asyncio.run(compute.run_long(None, *work))\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        (sys.executable, "-c", program, str(marker)),
        env={**os.environ, "PYTHONPATH": f"{root}:{root / 'daemon'}"},
    ) as parent:
        child = _wait_for_pid(marker)
        assert _running(child)
        parent.kill()

    assert _wait_until_gone(child)


def _running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def _wait_for_pid(marker: Path) -> int:
    """Wait until a child has written its number, and return it."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if marker.exists() and (text := marker.read_text()):
            return int(text)
    raise TimeoutError(marker)


def _wait_until_gone(process: int) -> bool:
    """Wait until a process is no more; return whether it is not."""
    until = time.monotonic() + 3
    while _running(process) and time.monotonic() < until:
        pass
    return not _running(process)


async def test_short_work_does_not_wait_for_long(compute: ProcessPools) -> None:
    """With every long slot taken, a hash still gets its turn."""
    long = [
        asyncio.create_task(compute.run_long(Seconds(30), hang, SONG)) for _ in "12"
    ]

    path, _, _ = await asyncio.wait_for(
        compute.run_short(None, echo, SONG, message="short"), 10
    )

    for task in long:
        task.cancel()
    await asyncio.gather(*long, return_exceptions=True)
    assert path == SONG


async def test_released_processes_are_restarted(compute: ProcessPools) -> None:
    """Nobody is left to hold memory; the next job starts them anew."""
    _, _, before = await compute.run_long(None, echo, SONG, message="hello")

    await compute.release_processes()
    assert await asyncio.to_thread(_wait_until_gone, before)
    _, said, after = await compute.run_long(None, echo, SONG, message="again")

    assert (said, after != before) == ("again", True)


def sleep_and_report(path: bytes, seconds: float) -> tuple[float, float, int]:
    """Take some time; return when it began and ended, and how it gives way."""
    del path
    began = time.monotonic()
    time.sleep(seconds)  # this is what it does
    return began, time.monotonic(), os.nice(0)


async def test_idle_work_is_limited_and_niced() -> None:
    """A quarter of two processors: one at a time, which rests as long as it worked."""
    compute = ProcessPools(
        processes=2, memory_mib=2_048, file_limit=Seconds(20), idle_cpu_share=0.25
    )
    try:
        first, second = await asyncio.gather(
            compute.run_idle(None, sleep_and_report, SONG, 0.4),
            compute.run_idle(None, sleep_and_report, SONG, 0.4),
        )
        plain = await compute.run_short(None, sleep_and_report, SONG, 0.0)
    finally:
        compute.close()

    assert compute.idle_processes == 1
    assert second[0] - first[1] >= 0.4
    assert (first[2], second[2], plain[2]) == (19, 19, 0)


@pytest.mark.parametrize(
    ("processes", "share", "spares"), [(4, 1.0, 4), (4, 0.5, 2), (4, 0.1, 1)]
)
def test_a_share_of_the_processors(processes: int, share: float, spares: int) -> None:
    """As many children as it is whole ones, and at least one."""
    compute = ProcessPools(
        processes=processes,
        memory_mib=2_048,
        file_limit=Seconds(20),
        idle_cpu_share=share,
    )

    assert compute.idle_processes == spares
