"""The log holds nobody up, and ends nobody, wherever it goes."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from segued.daemon.systemd import Journal

LONGEST_SECONDS: Final = 0.1

LINES: Final = 3_000
LOGGER_SCRIPT: Final = f"""
import sys, time
import structlog
from segued import log

log.configure("info")
said = structlog.get_logger()
longest = 0.0
for number in range({LINES}):
    before = time.monotonic()
    said.info("number.said", number=number, padding="x" * 500)
    longest = max(longest, time.monotonic() - before)
said.info("line.said", long="x" * 20_000)
print(longest, flush=True)
sys.stdin.readline()
said.info("number.said", number=-1)
"""


@contextmanager
def run_logger(stderr: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that logs more than fits into a pipe, then waits for a line."""
    command = (sys.executable, "-c", LOGGER_SCRIPT)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
    ) as process:
        yield process


def slowest_entry_seconds(process: subprocess.Popen[bytes]) -> float:
    """Return how long its slowest entry took, in seconds."""
    assert process.stdout is not None
    return float(process.stdout.readline())


def next_journal_entry(reader: socket.socket) -> dict[str, str]:
    """Return the next entry that a journal would get, by field."""
    rest, entry = reader.recv(1 << 16), {}
    while rest:
        name, _, rest = rest.partition(b"\n")
        length = int.from_bytes(rest[:8], "little")
        # The length comes before the value, because a line in it is not its end.
        entry[name.decode()] = rest[8 : 8 + length].decode()
        rest = rest[8 + length + 1 :]
    return entry


def test_a_full_pipe_loses_lines_and_says_how_many() -> None:
    """Nobody waits for a reader that sleeps; it gets whole lines."""
    with run_logger(subprocess.PIPE) as process:
        slowest = slowest_entry_seconds(process)
        assert process.stderr is not None
        held = os.read(process.stderr.fileno(), 1 << 20)
        _, rest = process.communicate(b"\n")

    events = [json.loads(line) for line in (held + rest).splitlines()]
    dropped = [each["lines"] for each in events if each["event"] == "log.dropped"]
    said = [each["number"] for each in events if each["event"] == "number.said"]
    assert slowest < LONGEST_SECONDS
    assert said == [*range(len(said) - 1), -1]
    assert dropped == [LINES + 1 - (len(said) - 1)]


def test_events_are_sentences_with_fields(tmp_path: Path) -> None:
    """For people to read, and for `journalctl` to look for."""
    place = str(tmp_path / "journal")
    script = f"""
import structlog
from segued import log
from segued.daemon.systemd import Journal

log.configure("info", Journal({place!r}))
said = structlog.get_logger()
said.debug("phase.started")
said.warning("file.failed", code="damaged", detail="no frame", file="/music/a.mp3",
    worker=2, took_ms={{"tags": 5}}, reason=None)
try:
    1 / 0
except ZeroDivisionError:
    said.exception("session.crashed")
"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(place)
        subprocess.run((sys.executable, "-c", script), check=True)
        failed, broke = next_journal_entry(reader), next_journal_entry(reader)

    assert failed == {
        "SYSLOG_IDENTIFIER": "segued",
        "MESSAGE": "File failed: /music/a.mp3, damaged, detail no frame",
        "PRIORITY": "4",
        "SEGUED_EVENT": "file.failed",
        "SEGUED_CODE": "damaged",
        "SEGUED_DETAIL": "no frame",
        "SEGUED_FILE": "/music/a.mp3",
        "SEGUED_WORKER": "2",
        "SEGUED_TOOK_MS": '{"tags": 5}',
    }
    assert broke["PRIORITY"] == "3"
    assert broke["MESSAGE"] == "Session crashed: ZeroDivisionError: division by zero"
    assert broke["SEGUED_EXCEPTION"].startswith("Traceback")


def test_rejected_journal_entry_is_written_as_a_line() -> None:
    """With the priority in front, as the journal expects it."""
    script = """
import structlog
from segued import log

log.configure("info", lambda _: False)
structlog.get_logger().warning("file.failed", file="/music/\\udcff.mp3")
"""
    command = (sys.executable, "-c", script)
    done = subprocess.run(command, capture_output=True, check=True, text=True)

    assert done.stderr.startswith("<4>{")
    assert json.loads(done.stderr[3:])["file"] == "/music/\\udcff.mp3"


def test_closed_stderr_is_ignored() -> None:
    """And nothing else is written in its place."""
    script = "import sys; exec(sys.argv[1]); print(open('/dev/null').fileno())"
    done = subprocess.run(
        ("sh", "-c", '"$0" -c "$1" "$2" 2>&-', sys.executable, script, LOGGER_SCRIPT),
        input="\n",
        capture_output=True,
        check=True,
        text=True,
    )

    slowest, descriptor = done.stdout.split()
    assert float(slowest) < LONGEST_SECONDS
    assert int(descriptor) > 2


def test_closed_log_reader_is_ignored() -> None:
    """`segued serve 2>&1 | true` serves."""
    reading, writing = os.pipe()
    os.close(reading)
    with run_logger(writing) as process:
        os.close(writing)
        slowest = slowest_entry_seconds(process)
        process.communicate(b"\n")

    assert slowest < LONGEST_SECONDS
    assert process.returncode == 0


def test_unresponsive_journal_does_not_block(tmp_path: Path) -> None:
    """What it does not take is told, so that it goes elsewhere."""
    place = str(tmp_path / "journal")
    fields = {"MESSAGE": "File done", "SEGUED_FILE": "/music/\udcff\n.mp3"}
    journal = Journal(place)
    slowest = 0.0

    away = journal(fields)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(place)
        heard = journal(fields)
        entry = next_journal_entry(reader)
        for _ in range(5_000):
            before = time.monotonic()
            taken = journal(fields)
            slowest = max(slowest, time.monotonic() - before)
            if not taken:
                break
        before = time.monotonic()
        assert not any(journal(fields) for _ in range(100))
        hundred = time.monotonic() - before
    refused = journal(fields)

    assert (away, heard, refused) == (False, True, False)
    assert slowest < LONGEST_SECONDS
    assert hundred < LONGEST_SECONDS
    assert entry["SEGUED_FILE"] == "/music/\\udcff\n.mp3"
