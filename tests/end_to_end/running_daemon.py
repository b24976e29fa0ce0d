"""A daemon that runs for the length of a story, and the music it is given."""

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

__all__ = [
    "FAST_CONFIG",
    "RunningDaemon",
    "running_daemon",
    "write_album",
    "write_noise_mp3",
    "write_noise_wav",
]

TIMEOUT_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.02

FAST_CONFIG: Final = """
[flavoring]
{flavoring}
[logging]
level = "debug"
[page]
{page}
[watching]
settle_seconds = {settle}
folder_seconds = 3.0
check_seconds = 0.5
poll_seconds = 1.0
reconcile_seconds = {reconcile}
"""
"""As the daemon is, but with less patience."""

NO_ANALYSIS: Final = "sources = []\nloudness = false"
"""Nothing is heard: it takes seconds."""

RATE: Final = 8_000


@dataclass
class RunningDaemon:
    """A daemon that was started, and how to ask it."""

    segued: SeguedRunner
    process: subprocess.Popen[bytes]
    client: DaemonClient
    log_path: Path

    def status(self) -> dict[str, Any]:
        """Return how everything stands."""
        return self.client.request("GET", "/api/import/session")

    def wait_for(
        self,
        what: Callable[[dict[str, Any]], object],
        seconds: float = TIMEOUT_SECONDS,
    ) -> dict[str, Any]:
        """Wait until what the daemon tells is as wanted, and return it."""
        until = time.monotonic() + seconds
        told: dict[str, Any] = {}
        while time.monotonic() < until:
            try:
                told = self.status()
            except DaemonError:
                if self.process.poll() is not None:
                    break
            if told and what(told):
                return told
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"{told.get('text')}\n{self.log_path.read_text()[-3_000:]}")

    def wait_until_done(
        self, files: int, seconds: float = TIMEOUT_SECONDS
    ) -> dict[str, Any]:
        """Wait until that many files are there, with nothing ahead of them."""

        def is_done(told: dict[str, Any]) -> bool:
            quiet = all(not each["unsettled"] for each in told["folders"])
            counted = told["files_done"] == told["files_total"] == files
            return bool(quiet and counted and told["state"] == "COMPLETED")

        return self.wait_for(is_done, seconds)

    def wait_for_log(self, *words: str, after: int = 0) -> None:
        """Wait until a line of the log, after so many bytes, has all these words."""
        until = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < until:
            with self.log_path.open("rb") as said:
                said.seek(after)
                for line in said:
                    if all(word.encode() in line for word in words):
                        return
            time.sleep(POLL_SECONDS / 10)
        raise TimeoutError(f"{words}\n{self.log_path.read_text()[-3_000:]}")

    @property
    def log_size(self) -> int:
        """How many bytes the log has."""
        return self.log_path.stat().st_size

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it with a signal, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=15)

    def log_entries(self, name: str) -> list[dict[str, Any]]:
        """Return all log entries of this name."""
        lines = self.log_path.read_bytes().splitlines()
        told = [json.loads(line) for line in lines if line.startswith(b"{")]
        return [each for each in told if each["event"] == name]

    def completion_counts(self) -> Counter[str]:
        """Return how often each file came to its end as INGEST COMPLETE."""
        return Counter(
            event["file"]
            for event in self.log_entries("file.done")
            # Of an unchanged one there was a look, and no more.
            if event["status"] == "INGEST COMPLETE" and event["reason"] != "unchanged"
        )

    def assert_imported_once(self, count: int) -> None:
        """Assert that so many files were imported, none of them twice."""
        done = self.completion_counts()
        assert len(done) == count
        assert [each for each in done if done[each] > 1] == []

    def counter_total(self, group: str, name: str) -> int:
        """Return a counter, summed over all sessions that are over."""
        return sum(
            event["counted"].get(group, {}).get(name, 0)
            for event in self.log_entries("session.moved")
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
    command_prefix: Sequence[str] = (),
) -> Iterator[RunningDaemon]:
    """Start a daemon on some folders; end it at the end of the story.

    Args:
        segued: Whose library.
        folders: The music folders.
        reconcile: Seconds between two walks; by default, longer than a story.
        settle: Seconds after which a file that rests is whole.
        flavoring: How it is found out how passages sound; by default, not at all.
        extra_config: More of the configuration.
        page: Whether it shows its page, at an address of its own; or how.
        command_prefix: A command that runs it.
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
    said = segued.home / "daemon.log"
    where = ("--database", str(segued.database), "--config", config)
    command = segued.command("serve", "--offline", *where, *map(str, folders))
    with (
        said.open("ab") as log,
        subprocess.Popen(
            [*command_prefix, *command],
            env=segued.environment(),
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        daemon = RunningDaemon(segued, process, DaemonClient(socket), said)
        try:
            daemon.wait_for(lambda told: told["process"])
            yield daemon
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()


def _page_config(wanted: bool | str) -> str:  # noqa: FBT001
    if not wanted:
        return "shown = false"
    given = "" if wanted is True else wanted
    return given if "port" in given else f"port = 0\n{given}"


def write_noise_wav(path: Path, seed: int, seconds: float = 0.5) -> Path:
    """Write a small file that sounds; another seed is another one."""
    noise = np.random.default_rng(seed).integers(
        -8_000, 8_000, round(seconds * RATE), dtype=np.int16
    )
    size = noise.nbytes
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1),
        *(RATE, 2 * RATE, 2, 16, b"data", size),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.fspath(path), "wb") as file:
        file.write(head + noise.tobytes())
    return path


def write_noise_mp3(path: Path, minutes: float) -> Path:
    """Write a file of noise that takes a second or more to decode."""
    drawn = f"anoisesrc=duration={60 * minutes}:sample_rate=44100:amplitude=0.3"
    command = ("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", drawn)
    subprocess.run((*command, "-b:a", "64k", str(path)), check=True)
    return path


def write_album(place: Path, songs: int = 4, suffix: str = "mp3") -> Path:
    """Make an album of tagged songs."""
    place.mkdir(parents=True)
    for number in range(1, songs + 1):
        path = place / f"{number:02} song.{suffix}"
        encode(path, song(number, 4.0), 44_100, "mp3" if suffix == "mp3" else "flac")
        tag(path, {"title": f"Song {number}", "artist": "Marram", "album": "Tide"})
    return place
