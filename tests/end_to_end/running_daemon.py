"""A daemon that runs for the length of a test, and music files for it."""

import json
import os
import signal
import struct
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from sample_library import encode, song, tag

from segued.cli.daemon_client import DaemonClient
from segued.errors import DaemonError
from tests.end_to_end.segued_runner import SeguedRunner
from tests.limits import WAIT_SECONDS

__all__ = [
    "FAST_CONFIG",
    "RunningDaemon",
    "running_daemon",
    "write_album",
    "write_noise_mp3",
    "write_noise_wav",
]

POLL_SECONDS: Final = 0.02

FAST_CONFIG: Final = """
[flavoring]
{flavoring}
[logging]
level = "debug"
format = "json"
[page]
{page}
[watching]
settle_seconds = {settle}
folder_seconds = 3.0
check_seconds = 0.5
poll_seconds = 1.0
reconcile_seconds = {reconcile}
"""
"""The default intervals, shortened."""

NO_ANALYSIS: Final = "sources = []\nloudness = false"
"""No local analysis: it takes seconds a file."""

RATE: Final = 8_000


@dataclass
class RunningDaemon:
    """A started daemon, its control socket and its log."""

    segued: SeguedRunner
    process: subprocess.Popen[bytes]
    client: DaemonClient
    log_path: Path

    def status(self) -> dict[str, Any]:
        """Return the status that the control socket reports."""
        return self.client.request("GET", "/api/import/session")

    def wait_for(self, predicate: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Wait until the status fulfills a predicate, and return that status."""
        until = time.monotonic() + WAIT_SECONDS
        status: dict[str, Any] = {}
        while time.monotonic() < until:
            try:
                status = self.status()
            except DaemonError:
                if self.process.poll() is not None:
                    break
            if status and predicate(status):
                return status
            time.sleep(POLL_SECONDS)
        raise TimeoutError(
            f"{status.get('text')}\n{self.log_path.read_text()[-3_000:]}"
        )

    def wait_until_done(self, files: int) -> dict[str, Any]:
        """Wait until that many files are known, and all of them are imported."""

        def is_done(status: dict[str, Any]) -> bool:
            is_settled = all(not folder["unsettled"] for folder in status["folders"])
            is_counted = status["files_done"] == status["files_total"] == files
            is_counted = is_counted and not status["files_again"]
            return bool(is_settled and is_counted and status["state"] == "COMPLETED")

        return self.wait_for(is_done)

    def wait_for_log(self, *words: str, after: int = 0) -> None:
        """Wait for a log line with all these words, from byte `after` on."""
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            with self.log_path.open("rb") as log:
                log.seek(after)
                for line in log:
                    if all(word.encode() in line for word in words):
                        return
            time.sleep(POLL_SECONDS / 10)
        raise TimeoutError(f"{words}\n{self.log_path.read_text()[-3_000:]}")

    @property
    def log_size(self) -> int:
        """The size of the log in bytes."""
        return self.log_path.stat().st_size

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the daemon a signal, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(WAIT_SECONDS)

    def log_entries(self, name: str) -> list[dict[str, Any]]:
        """Return all log entries of this name."""
        lines = self.log_path.read_bytes().splitlines()
        entries = [json.loads(line) for line in lines if line.startswith(b"{")]
        return [entry for entry in entries if entry["event"] == name]

    def completion_counts(self) -> Counter[str]:
        """Return how often each file was imported to INGEST COMPLETE."""
        return Counter(
            event["file"]
            for event in self.log_entries("file.done")
            # An unchanged file went through phase 1 only.
            if event["status"] == "INGEST COMPLETE" and event["reason"] != "unchanged"
        )

    def assert_imported_once(self, count: int) -> None:
        """Assert that this many files were imported, each of them once."""
        done = self.completion_counts()
        assert len(done) == count
        assert [path for path in done if done[path] > 1] == []

    def counter_total(self, group: str, name: str) -> int:
        """Return a counter, summed over all completed sessions."""
        return sum(
            event["counted"].get(group, {}).get(name, 0)
            for event in self.log_entries("session.state_changed")
            if event["state"] == "COMPLETED"
        )


@contextmanager
def running_daemon(  # noqa: PLR0913
    segued: SeguedRunner,
    *folders: Path,
    reconcile: float = 300.0,
    settle: float = 1.0,
    flavoring: str = NO_ANALYSIS,
    extra_config: str = "",
    page: bool | str = False,
    online: bool = False,
    command_prefix: Sequence[str] = (),
) -> Iterator[RunningDaemon]:
    """Start a daemon on some folders; stop it at the end of the context.

    Args:
        segued: The library it imports into.
        folders: The music folders.
        reconcile: Seconds between two full scans; by default, longer than a test.
        settle: Seconds without a change after which a file counts as complete.
        flavoring: The `[flavoring]` section; by default, no flavor is computed.
        extra_config: Text added to the configuration.
        page: Whether it serves its page, on a free port; or the `[page]` section.
        online: Whether it asks the services that the configuration names.
        command_prefix: A command line to put before the daemon's.
    """
    socket = segued.home / "run" / "control.sock"
    config = segued.write_config(
        FAST_CONFIG.format(
            reconcile=reconcile,
            settle=settle,
            page=_page_config(page),
            flavoring=flavoring,
        )
        + f'[library]\ncontrol_socket = "{socket}"\n'
        + extra_config
    )
    log_path = segued.home / "daemon.log"
    options = ("--database", str(segued.database), "--config", config)
    network = () if online else ("--offline",)
    command = segued.command("serve", *network, *options, *map(str, folders))
    with (
        log_path.open("ab") as log,
        subprocess.Popen(
            [*command_prefix, *command],
            env=segued.environment(),
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        daemon = RunningDaemon(segued, process, DaemonClient(socket), log_path)
        try:
            daemon.wait_for(lambda status: status["process"])
            yield daemon
        finally:
            process.terminate()
            try:
                process.wait(WAIT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _page_config(page: bool | str) -> str:  # noqa: FBT001
    if not page:
        return "shown = false"
    section = "" if page is True else page
    return section if "port" in section else f"port = 0\n{section}"


def write_noise_wav(path: Path, seed: int, seconds: float = 0.5) -> Path:
    """Write a small file of noise; another seed gives other noise."""
    noise = np.random.default_rng(seed).integers(
        -8_000, 8_000, round(seconds * RATE), dtype=np.int16
    )
    size = noise.nbytes
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + size,
        b"WAVE",
        b"fmt ",
        16,  # bytes of the format chunk
        1,  # PCM
        1,  # channel
        RATE,
        2 * RATE,  # bytes a second
        2,  # bytes a frame
        16,  # bits a sample
        b"data",
        size,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.fspath(path), "wb") as file:
        file.write(header + noise.tobytes())
    return path


def write_noise_mp3(path: Path, minutes: float) -> Path:
    """Write a file of noise that takes a second or more to decode."""
    source = f"anoisesrc=duration={60 * minutes}:sample_rate=44100:amplitude=0.3"
    command = ("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", source)
    subprocess.run((*command, "-b:a", "64k", str(path)), check=True)
    return path


def write_album(folder: Path, songs: int = 4, suffix: str = "mp3") -> Path:
    """Write an album of tagged songs, 4 s each, and return its folder."""
    folder.mkdir(parents=True)
    for number in range(1, songs + 1):
        path = folder / f"{number:02} song.{suffix}"
        encode(path, song(number, 4.0), 44_100, "mp3" if suffix == "mp3" else "flac")
        tag(path, {"title": f"Song {number}", "artist": "Marram", "album": "Tide"})
    return folder
