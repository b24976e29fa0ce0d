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

from segued.cli.daemon_client import Line
from segued.errors import DaemonError
from tests.stories.program import Segued

__all__ = ["BRISK", "Living", "album", "living", "noise", "tune"]

PATIENCE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.02

BRISK: Final = """
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

SILENT: Final = "sources = []\nloudness = false"
"""Nothing is heard: it takes seconds."""

RATE: Final = 8_000


@dataclass
class Living:
    """A daemon that was started, and how to ask it."""

    segued: Segued
    process: subprocess.Popen[bytes]
    line: Line
    said: Path

    def status(self) -> dict[str, Any]:
        """Return how everything stands."""
        return self.line.ask("GET", "/api/import/session")

    def until(
        self,
        what: Callable[[dict[str, Any]], object],
        seconds: float = PATIENCE_SECONDS,
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
            time.sleep(LOOK_SECONDS)
        raise TimeoutError(f"{told.get('text')}\n{self.said.read_text()[-3_000:]}")

    def until_done(
        self, files: int, seconds: float = PATIENCE_SECONDS
    ) -> dict[str, Any]:
        """Wait until that many files are there, with nothing ahead of them."""

        def done(told: dict[str, Any]) -> bool:
            quiet = all(not each["unsettled"] for each in told["folders"])
            counted = told["files_done"] == told["files_total"] == files
            return bool(quiet and counted and told["state"] == "COMPLETED")

        return self.until(done, seconds)

    def until_said(self, *words: str, after: int = 0) -> None:
        """Wait until a line of the log, after so many bytes, has all these words."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            with self.said.open("rb") as said:
                said.seek(after)
                for line in said:
                    if all(word.encode() in line for word in words):
                        return
            time.sleep(LOOK_SECONDS / 10)
        raise TimeoutError(f"{words}\n{self.said.read_text()[-3_000:]}")

    @property
    def heard(self) -> int:
        """How many bytes the log has."""
        return self.said.stat().st_size

    def ended(self, number: int = signal.SIGTERM) -> int:
        """End it with a signal, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=15)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return all log entries of this name."""
        lines = self.said.read_bytes().splitlines()
        told = [json.loads(line) for line in lines if line.startswith(b"{")]
        return [each for each in told if each["event"] == name]

    def completed(self) -> Counter[str]:
        """Return how often each file came to its end as INGEST COMPLETE."""
        return Counter(
            event["file"]
            for event in self.events("file.done")
            # Of an unchanged one there was a look, and no more.
            if event["status"] == "INGEST COMPLETE" and event["reason"] != "unchanged"
        )

    def imported_once(self, count: int) -> None:
        """Assert that so many files were imported, none of them twice."""
        done = self.completed()
        assert len(done) == count
        assert [each for each in done if done[each] > 1] == []

    def counted(self, group: str, name: str) -> int:
        """Return a counter, summed over all sessions that are over."""
        return sum(
            event["counted"].get(group, {}).get(name, 0)
            for event in self.events("session.moved")
            if event["state"] == "COMPLETED"
        )


@contextmanager
def living(  # noqa: PLR0913
    segued: Segued,
    *folders: Path,
    reconcile: float = 300.0,
    settle: float = 1.0,
    flavoring: str = SILENT,
    more: str = "",
    page: bool | str = False,
    before: Sequence[str] = (),
) -> Iterator[Living]:
    """Start a daemon on some folders; end it at the end of the story.

    Args:
        segued: Whose library.
        folders: The music folders.
        reconcile: Seconds between two walks; by default, longer than a story.
        settle: Seconds after which a file that rests is whole.
        flavoring: How it is found out how passages sound; by default, not at all.
        more: More of the configuration.
        page: Whether it shows its page, at an address of its own; or how.
        before: A command that runs it.
    """
    socket = segued.home / "run" / "control.sock"
    config = segued.config(
        BRISK.format(
            reconcile=reconcile, settle=settle, page=_page(page), flavoring=flavoring
        )
        + f'[library]\ncontrol_socket = "{socket}"\n'
        + more
    )
    said = segued.home / "daemon.log"
    where = ("--database", str(segued.database), "--config", config)
    command = segued.command("serve", "--offline", *where, *map(str, folders))
    with (
        said.open("ab") as log,
        subprocess.Popen(
            [*before, *command],
            env=segued.environment(),
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        alive = Living(segued, process, Line(socket), said)
        try:
            alive.until(lambda told: told["process"])
            yield alive
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()


def _page(wanted: bool | str) -> str:  # noqa: FBT001
    if not wanted:
        return "shown = false"
    given = "" if wanted is True else wanted
    return given if "port" in given else f"port = 0\n{given}"


def tune(path: Path, seed: int, seconds: float = 0.5) -> Path:
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


def noise(path: Path, minutes: float) -> Path:
    """Write a file of noise that takes a second or more to decode."""
    drawn = f"anoisesrc=duration={60 * minutes}:sample_rate=44100:amplitude=0.3"
    command = ("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", drawn)
    subprocess.run((*command, "-b:a", "64k", str(path)), check=True)
    return path


def album(place: Path, songs: int = 4, suffix: str = "mp3") -> Path:
    """Make an album of tagged songs."""
    place.mkdir(parents=True)
    for number in range(1, songs + 1):
        path = place / f"{number:02} song.{suffix}"
        encode(path, song(number, 4.0), 44_100, "mp3" if suffix == "mp3" else "flac")
        tag(path, {"title": f"Song {number}", "artist": "Marram", "album": "Tide"})
    return place
