"""Child processes that crash, hang and exhaust memory: `segued.compute.pools`."""

import asyncio
import ctypes
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from multiprocessing import forkserver
from pathlib import Path

import pytest
import pytest_asyncio

import segued
from segued.compute.pools import ProcessPools
from segued.compute.process_name import ACTIVITIES
from segued.errors import (
    DecodeError,
    PhaseCrashedError,
    WorkCrashedError,
    WorkMemoryError,
    WorkTimedOutError,
)
from segued.units import Seconds
from tests.limits import WAIT_SECONDS

SONG = b"/music/song.mp3"


def echo(path: bytes, *, message: str) -> tuple[bytes, str, int]:
    """Return the arguments and the process id."""
    return path, message, os.getpid()


def crash(path: bytes) -> None:
    """Crash with SIGSEGV, as a broken decoder does."""
    del path
    ctypes.string_at(0)


def crash_once(path: bytes, marker: str) -> str:
    """Die by SIGKILL the first time; create `marker`."""
    del path
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "survived"


def hang(path: bytes) -> None:
    """Hang, and ignore every signal but SIGKILL."""
    del path
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        pass


def exhaust_memory(path: bytes) -> int:
    """Allocate memory without end."""
    del path
    blocks = []
    while True:
        blocks.append(bytearray(64 << 20))


def raise_decode_error(path: bytes) -> None:
    """Raise a `FileError`."""
    raise DecodeError(path, "no sound in it")


def raise_unexpected(path: bytes) -> None:
    """Raise an error that is no `SeguedError`."""
    raise ZeroDivisionError(path.decode())


def print_to_terminal(path: bytes) -> int:
    """Write to both standard streams, as C libraries do."""
    del path
    os.write(1, b"on the terminal!\n")
    return os.write(2, b"on the terminal!\n")


def loaded_modules(path: bytes) -> set[str]:
    """Return the modules that are loaded before any job needs one."""
    del path
    return set(sys.modules)


def page_faults_of_a_second_array(path: bytes) -> int:
    """Return how many pages the system has to clear for the second of two arrays."""
    del path
    bytearray(8 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    bytearray(8 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def write_pid_and_hang(path: bytes, marker: str) -> None:
    """Write the process id to `marker`, then hang."""
    Path(marker).write_text(str(os.getpid()))
    hang(path)


@pytest_asyncio.fixture(name="compute")
async def _compute() -> AsyncIterator[ProcessPools]:
    compute = ProcessPools(processes=2, memory_mib=1_024, file_limit=Seconds(60))
    await compute.start()
    yield compute
    compute.close()


async def test_work_runs_in_another_process(compute: ProcessPools) -> None:
    """It gets its arguments, and its result is returned."""
    path, message, process = await compute.run_long(None, echo, SONG, message="hello")

    assert (path, message) == (SONG, "hello")
    assert process != os.getpid()


async def test_children_are_forked_with_the_decoders(compute: ProcessPools) -> None:
    """Loading them takes a tenth of a second, once and not once a child."""
    loaded = await compute.run_long(None, loaded_modules, SONG)

    assert {"av", "soundfile", "soxr", "chromaprint", "mutagen"} <= loaded


async def test_memory_is_kept_for_the_next_file(compute: ProcessPools) -> None:
    """The 2,048 pages of eight MiB are not returned to the system in between."""
    faults = await compute.run_long(None, page_faults_of_a_second_array, SONG)

    assert faults < 100


async def test_a_crash_costs_one_file(compute: ProcessPools) -> None:
    """Its error names the signal; the other jobs succeed."""
    good = [
        compute.run_long(None, echo, SONG, message=str(number)) for number in range(20)
    ]
    bad = asyncio.create_task(compute.run_long(None, crash, b"/music/bad.mp3"))

    results = await asyncio.gather(*good)

    assert [message for _, message, _ in results] == [
        str(number) for number in range(20)
    ]
    with pytest.raises(WorkCrashedError, match=r"/music/bad\.mp3: .*SIGSEGV"):
        await bad


async def test_killed_child_is_retried(compute: ProcessPools, tmp_path: Path) -> None:
    """A single death may have another cause than the file."""
    marker = str(tmp_path / "killed")

    assert await compute.run_long(None, crash_once, SONG, marker) == "survived"


def append_pid_and_wait(path: bytes, started: str, go_on: str) -> str:
    """Append the process id to `started`; wait until `go_on` exists."""
    del path
    with Path(started).open("a") as file:
        file.write(f"{os.getpid()}\n")
    while not Path(go_on).exists():
        pass
    return "survived"


@pytest.mark.parametrize("number", range(8))
async def test_a_job_survives_the_death_of_all_children(
    compute: ProcessPools, tmp_path: Path, number: int
) -> None:
    """Of its own and of idle ones at once, as when memory is short."""
    started, go_on = tmp_path / "started", tmp_path / "go on"
    jobs = [
        asyncio.create_task(
            compute.run_long(None, append_pid_and_wait, SONG, str(started), str(go_on))
        )
        for _ in range(1 + number % 2)
    ]
    await asyncio.to_thread(_wait_for_lines, started, len(jobs))

    go_on.touch()
    for child in _children_of_fork_server():
        os.kill(child, signal.SIGKILL)

    async with asyncio.timeout(WAIT_SECONDS):
        assert set(await asyncio.gather(*jobs)) == {"survived"}


async def test_a_new_fork_server_replaces_a_killed_one(compute: ProcessPools) -> None:
    """Children that die while they wait for a job are no crash of the next job."""
    _, _, before = await compute.run_long(None, echo, SONG, message="before")
    os.kill(_fork_server(), signal.SIGKILL)
    assert await asyncio.to_thread(_wait_until_gone, before)

    _, message, _ = await compute.run_long(None, echo, SONG, message="after")

    assert message == "after"


def raise_unpicklable(path: bytes) -> None:
    """Raise an error whose class the parent does not know."""
    error = type("OddError", (Exception,), {})
    raise error(f"odd {path.decode()}")


async def test_unpicklable_error_is_a_file_error(compute: ProcessPools) -> None:
    """Its message names the type; the child takes the next job."""
    _, _, before = await compute.run_short(None, echo, SONG, message="before")

    with pytest.raises(PhaseCrashedError, match="OddError: odd /music/song"):
        await compute.run_short(None, raise_unpicklable, SONG)

    _, _, after = await compute.run_short(None, echo, SONG, message="after")
    assert after == before


async def test_large_arguments_and_results_arrive(compute: ProcessPools) -> None:
    """Also when they are much larger than a socket's buffer."""
    message = "x" * (8 << 20)

    assert (await compute.run_long(None, echo, SONG, message=message))[1] == message


async def test_hanging_work_times_out(compute: ProcessPools) -> None:
    """Its slot is free for the next file."""
    with pytest.raises(WorkTimedOutError, match=r"more than 0\.5 s"):
        await compute.run_long(Seconds(0.5), hang, SONG)

    again = [compute.run_long(None, echo, SONG, message="again") for _ in range(4)]
    assert len(await asyncio.gather(*again)) == 4


async def test_memory_limit_stops_a_child(compute: ProcessPools) -> None:
    """By its address space, long before the machine's memory is exhausted."""
    with pytest.raises(WorkMemoryError, match="more than 1024 MiB"):
        await compute.run_long(None, exhaust_memory, SONG)


async def test_file_error_is_passed_through(compute: ProcessPools) -> None:
    """With its type, the file and the reason."""
    with pytest.raises(DecodeError, match=r"/music/song\.mp3: no sound in it"):
        await compute.run_short(None, raise_decode_error, SONG)


async def test_unexpected_exception_is_a_file_error(compute: ProcessPools) -> None:
    """Its message names the type."""
    with pytest.raises(PhaseCrashedError, match="ZeroDivisionError"):
        await compute.run_short(None, raise_unexpected, SONG)


async def test_children_do_not_write_to_the_terminal(
    compute: ProcessPools, capfd: pytest.CaptureFixture[str]
) -> None:
    """Output of C libraries is discarded."""
    assert await compute.run_long(None, print_to_terminal, SONG) == 17

    assert capfd.readouterr() == ("", "")


async def test_a_cancel_kills_the_child(compute: ProcessPools, tmp_path: Path) -> None:
    """Also if it ignores SIGTERM."""
    marker = tmp_path / "started"
    task = asyncio.create_task(
        compute.run_long(None, write_pid_and_hang, SONG, str(marker))
    )
    child = await asyncio.to_thread(_wait_for_pid, marker)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    compute.close()

    assert await asyncio.to_thread(_wait_until_gone, child)


def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    """No child goes on computing, however the parent ended."""
    marker = tmp_path / "started"
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
    """Wait until a child has written its process id, and return that."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if marker.exists() and (text := marker.read_text()):
            return int(text)
    raise TimeoutError(marker)


def _wait_for_lines(file: Path, count: int) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if file.exists() and file.read_text().count("\n") >= count:
            return
    raise TimeoutError(file)


def _fork_server() -> int:
    process: int = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    return process


def _children_of_fork_server() -> list[int]:
    task = Path(f"/proc/{_fork_server()}/task/{_fork_server()}/children")
    return [int(child) for child in task.read_text().split()]


def _wait_until_gone(process: int) -> bool:
    """Wait until a process has ended; return whether it has."""
    until = time.monotonic() + WAIT_SECONDS
    while _running(process) and time.monotonic() < until:
        pass
    return not _running(process)


async def test_short_work_does_not_wait_for_long(compute: ProcessPools) -> None:
    """With all long slots busy, a short job still runs."""
    limit = Seconds(2 * WAIT_SECONDS)
    long = [asyncio.create_task(compute.run_long(limit, hang, SONG)) for _ in "12"]

    path, _, _ = await asyncio.wait_for(
        compute.run_short(None, echo, SONG, message="short"), WAIT_SECONDS
    )

    for task in long:
        task.cancel()
    await asyncio.gather(*long, return_exceptions=True)
    assert path == SONG


async def test_released_processes_are_restarted(compute: ProcessPools) -> None:
    """Their memory is freed; the next job starts new processes."""
    _, _, before = await compute.run_long(None, echo, SONG, message="hello")

    await compute.release_processes()
    assert await asyncio.to_thread(_wait_until_gone, before)
    _, message, after = await compute.run_long(None, echo, SONG, message="again")

    assert (message, after != before) == ("again", True)


def sleep_and_report(path: bytes, seconds: float) -> tuple[float, float, int]:
    """Sleep; return the start and end times, and the process's niceness."""
    del path
    began = time.monotonic()
    time.sleep(seconds)  # in a child process
    return began, time.monotonic(), os.nice(0)


async def test_idle_work_is_limited_and_niced() -> None:
    """A quarter of two processors: one job at a time, then a pause as long."""
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
    assert (first[2], second[2], plain[2]) == (19, 19, os.nice(0))


@pytest.mark.parametrize(
    ("processes", "share", "idle_processes"), [(4, 1.0, 4), (4, 0.5, 2), (4, 0.1, 1)]
)
def test_cpu_share_sets_the_number_of_idle_processes(
    processes: int, share: float, idle_processes: int
) -> None:
    """Rounded, and at least one."""
    compute = ProcessPools(
        processes=processes,
        memory_mib=2_048,
        file_limit=Seconds(20),
        idle_cpu_share=share,
    )

    assert compute.idle_processes == idle_processes


def test_fork_server_never_gets_an_interrupt() -> None:
    """A Ctrl-C during its imports would print a traceback; the parent gets it."""
    program = (
        "import os\n"
        "from multiprocessing import forkserver\n"
        "from segued.compute.fork_server import start_fork_server\n"
        "start_fork_server()\n"
        "for pid in (forkserver._forkserver._forkserver_pid, os.getpid()):\n"
        "    lines = open(f'/proc/{pid}/status').read().splitlines()\n"
        "    print(next(line for line in lines if line.startswith('SigBlk')))\n"
    )
    done = subprocess.run(
        (sys.executable, "-c", program), capture_output=True, text=True, check=True
    )

    blocked = [int(line.split()[1], 16) for line in done.stdout.splitlines()]
    interrupt = 1 << (signal.SIGINT - 1)
    assert [bool(mask & interrupt) for mask in blocked] == [True, False]


def names_of_process(path: bytes) -> tuple[str, str]:
    """Return how `ps` and `top` name this process."""
    del path
    line = Path("/proc/self/cmdline").read_bytes().rstrip(b"\0").decode()
    return line, Path("/proc/self/comm").read_text().strip()


async def test_a_process_is_named_after_its_file(compute: ProcessPools) -> None:
    """With the library setproctitle; `ps` shows the file that it works on."""
    names = await compute.run_short(None, names_of_process, b"/music/05 - Song.flac")

    assert names == ("segued: reading 05 - Song.flac", "segued:reading")


def test_without_the_library_the_kernel_has_the_activity() -> None:
    """In the fifteen bytes that it keeps."""
    code = """
import sys
sys.modules["setproctitle"] = None
from segued.compute.process_name import run_named
print(run_named("decoding", b"/a/b", lambda: open("/proc/self/comm").read().strip()))
print(open("/proc/self/comm").read().strip())
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["segued:decoding", "segued:waiting"]


def test_each_job_has_a_name_of_its_own() -> None:
    """Of those that the phases run in child processes, and no other has one."""
    source = Path(segued.__file__).parent
    text = "\n".join(path.read_text() for path in source.rglob("*.py"))
    call = r"\brun_(?:short|long|idle)\(\s*\w+(?:\.\w+)*,\s*\w+\.(\w+),"
    defined = set(re.findall(r"^def (\w+)\(", text, re.MULTILINE))

    called = set(re.findall(call, text))

    assert len(called) > 5
    assert called <= set(ACTIVITIES) <= defined
