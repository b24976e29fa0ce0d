"""Signals in the first moments of a command, and what a killed one leaves."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.end_to_end.running_daemon import write_noise_wav
from tests.end_to_end.segued_runner import SeguedRunner
from tests.limits import WAIT_SECONDS

POLL_SECONDS = 0.001
KILLS = 3


@pytest.fixture(name="music")
def _music(tmp_path: Path) -> Path:
    for number in range(3):
        write_noise_wav(tmp_path / "music" / f"{number}.wav", number)
    return tmp_path / "music"


def start(
    segued: SeguedRunner, *arguments: str | Path, temporary: Path
) -> subprocess.Popen[bytes]:
    """Start a command in a process group of its own."""
    temporary.mkdir(exist_ok=True)
    return subprocess.Popen(
        segued.command(*arguments, "--database", segued.database),
        env={**segued.environment(), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def wait_until_handled(process: subprocess.Popen[bytes], number: int) -> None:
    """Wait until the process handles a signal."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        status = Path(f"/proc/{process.pid}/status").read_text()
        (line,) = (each for each in status.splitlines() if each.startswith("SigCgt"))
        if int(line.split()[1], 16) >> (number - 1) & 1:
            return
        time.sleep(POLL_SECONDS)
    raise TimeoutError(number)


NOTE = b"Cancelled. The same command continues from here.\n"
ENDS = {"import": (130, NOTE), "library": (130, b""), "serve": (0, b"")}
"""Exit code and message of each command after a signal during its start."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ENDS)
def test_signal_during_the_start(
    segued: SeguedRunner, music: Path, tmp_path: Path, number: int, command: str
) -> None:
    """As soon as SIGTERM has a handler: one message, and never a traceback."""
    arguments = [command] if command == "library" else [command, music]
    with start(segued, *arguments, temporary=tmp_path / "temporary") as process:
        wait_until_handled(process, signal.SIGTERM)
        os.killpg(process.pid, number)
        _, err = process.communicate(timeout=WAIT_SECONDS)

    assert (process.returncode, err) == ENDS[command]


def test_killed_process_leaves_nothing_outside_its_library(
    segued: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """What a kill leaves is beside the library, until the next command has it."""
    temporary = tmp_path / "temporary"
    spool = segued.database.with_name("library.db.spool")
    left: set[Path] = set()
    for _ in range(KILLS):
        with start(segued, "import", music, temporary=temporary) as process:
            wait_for_socket(spool, left)
            os.killpg(process.pid, signal.SIGKILL)
            _, err = process.communicate(timeout=WAIT_SECONDS)
        left = set(spool.iterdir())
        assert (process.returncode, err) == (-signal.SIGKILL, b"")
    assert left
    with start(segued, "import", music, temporary=temporary) as process:
        process.communicate(timeout=WAIT_SECONDS)

    assert process.returncode == 0
    assert list(spool.iterdir()) == []
    assert list(temporary.iterdir()) == []


def wait_for_socket(spool: Path, before: set[Path]) -> None:
    """Wait until a new process has started its fork server."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        new = set(spool.glob("sockets-*")) - before
        if any(any(folder.iterdir()) for folder in new):
            return
        time.sleep(POLL_SECONDS)
    raise TimeoutError(spool)
