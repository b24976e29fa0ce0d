"""Logging neither blocks nor ends the process, whatever stderr is."""

import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from segued.daemon.systemd import Journal

LINE_COUNT: Final = 3_000
WAIT_COUNT_MAX: Final = LINE_COUNT // 10
"""Of voluntary context switches: a log call that waits makes at least one."""

LOGGER_SCRIPT: Final = f"""
import resource, sys
import structlog
from segued import log

log.configure("info", as_json=True)
logger = structlog.get_logger()
before = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
for number in range({LINE_COUNT}):
    logger.info("number.logged", number=number, padding="x" * 500)
logger.info("line.logged", long="x" * 20_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - before, flush=True)
sys.stdin.readline()
logger.info("number.logged", number=-1)
"""


@contextmanager
def run_logger(stderr: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that logs more than a pipe holds, then reads a line."""
    command = (sys.executable, "-c", LOGGER_SCRIPT)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
    ) as process:
        yield process


def wait_count(process: subprocess.Popen[bytes]) -> int:
    """Return how often the log calls waited, once all have returned."""
    assert process.stdout is not None
    return int(process.stdout.readline())


def next_journal_entry(reader: socket.socket) -> dict[str, str]:
    """Return the fields of the next entry sent to a journal socket."""
    unparsed, fields = reader.recv(1 << 16), {}
    while unparsed:
        name, _, unparsed = unparsed.partition(b"\n")
        length = int.from_bytes(unparsed[:8], "little")
        # The length precedes the value, which may contain newlines.
        fields[name.decode()] = unparsed[8 : 8 + length].decode()
        unparsed = unparsed[8 + length + 1 :]
    return fields


def test_a_full_pipe_loses_lines_and_says_how_many() -> None:
    """Log calls do not wait for the reader, which gets complete lines only."""
    with run_logger(subprocess.PIPE) as process:
        waits = wait_count(process)
        assert process.stderr is not None
        first_part = os.read(process.stderr.fileno(), 1 << 20)
        _, last_part = process.communicate(b"\n")

    events = [json.loads(line) for line in (first_part + last_part).splitlines()]
    dropped = [entry["lines"] for entry in events if entry["event"] == "log.dropped"]
    numbers = [entry["number"] for entry in events if entry["event"] == "number.logged"]
    assert waits < WAIT_COUNT_MAX
    assert numbers == [*range(len(numbers) - 1), -1]
    assert dropped == [LINE_COUNT + 1 - (len(numbers) - 1)]


def test_events_are_sentences_with_fields(tmp_path: Path) -> None:
    """The message is a sentence; the fields can be filtered by `journalctl`."""
    socket_path = str(tmp_path / "journal")
    script = f"""
import structlog
from segued import log
from segued.daemon.systemd import Journal

log.configure("info", Journal({socket_path!r}))
logger = structlog.get_logger()
logger.debug("phase.started")
logger.warning("file.failed", code="damaged", detail="no frame", file="/music/a.mp3",
    worker=2, took_ms={{"tags": 5}}, reason=None)
try:
    1 / 0
except ZeroDivisionError:
    logger.exception("session.crashed")
"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(socket_path)
        subprocess.run((sys.executable, "-c", script), check=True)
        failed, crashed = next_journal_entry(reader), next_journal_entry(reader)

    assert failed == {
        "SYSLOG_IDENTIFIER": "segued",
        "MESSAGE": "Failed: no frame (damaged)",
        "PRIORITY": "4",
        "SEGUED_EVENT": "file.failed",
        "SEGUED_CODE": "damaged",
        "SEGUED_DETAIL": "no frame",
        "SEGUED_FILE": "/music/a.mp3",
        "SEGUED_WORKER": "2",
        "SEGUED_TOOK_MS": '{"tags": 5}',
    }
    assert crashed["PRIORITY"] == "3"
    assert crashed["MESSAGE"] == "Session crashed: ZeroDivisionError: division by zero"
    assert crashed["SEGUED_EXCEPTION"].startswith("Traceback")


def test_rejected_journal_entry_is_written_as_a_line() -> None:
    """The line has the priority prefix that the journal expects."""
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
    """No later descriptor takes the place of stderr."""
    script = "import sys; exec(sys.argv[1]); print(open('/dev/null').fileno())"
    done = subprocess.run(
        ("sh", "-c", '"$0" -c "$1" "$2" 2>&-', sys.executable, script, LOGGER_SCRIPT),
        input="\n",
        capture_output=True,
        check=True,
        text=True,
    )

    waits, descriptor = done.stdout.split()
    assert int(waits) < WAIT_COUNT_MAX
    assert int(descriptor) > 2


def test_closed_log_reader_is_ignored() -> None:
    """As in `segued serve 2>&1 | true`."""
    reading, writing = os.pipe()
    os.close(reading)
    with run_logger(writing) as process:
        os.close(writing)
        waits = wait_count(process)
        process.communicate(b"\n")

    assert waits < WAIT_COUNT_MAX
    assert process.returncode == 0


def test_unresponsive_journal_does_not_block(tmp_path: Path) -> None:
    """Entries that the journal does not accept are reported, not waited for."""
    socket_path = str(tmp_path / "journal")
    fields = {"MESSAGE": "File done", "SEGUED_FILE": "/music/\udcff\n.mp3"}
    journal = Journal(socket_path)

    without_journal = journal(fields)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(socket_path)
        accepted = journal(fields)
        entry = next_journal_entry(reader)
        while journal(fields):
            pass
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
        assert not any(journal(fields) for _ in range(100))
        waits = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - before
    after_close = journal(fields)

    assert (without_journal, accepted, after_close) == (False, True, False)
    assert waits < 50  # a call that waits makes a voluntary context switch
    assert entry["SEGUED_FILE"] == "/music/\\udcff\n.mp3"
