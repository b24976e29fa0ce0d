"""`seguectl watch`: the live status in a terminal."""

import os
import pty
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.end_to_end.running_daemon import (
    RunningDaemon,
    running_daemon,
    write_noise_mp3,
)
from tests.end_to_end.segued_runner import SeguedRunner
from tests.limits import WAIT_SECONDS

CONTROL_SEQUENCES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class TerminalScreen:
    """The output of a program in a pseudo-terminal, without control sequences."""

    def __init__(self, process: int, terminal: int) -> None:
        self.process = process
        self._terminal = terminal
        self.unread = ""

    def wait_for(self, pattern: str) -> str:
        """Read until the pattern matches; drop the text up to there; return it."""
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            if match := re.search(pattern, self.unread):
                self.unread = self.unread[match.end() :]
                return match.group()
            self.unread += CONTROL_SEQUENCES.sub(
                "", os.read(self._terminal, 1 << 16).decode()
            )
        raise TimeoutError(self.unread[-2_000:])


@contextmanager
def run_watch(segued: SeguedRunner, daemon: RunningDaemon) -> Iterator[TerminalScreen]:
    """Run `seguectl watch` in a pseudo-terminal."""
    options = ("--database", segued.database, "--socket", daemon.client.path)
    command = segued.command("watch", *options, module="segued.cli.control")
    process, terminal = pty.fork()
    if not process:
        words = [os.fsdecode(word) for word in command]
        os.execve(words[0], words, {**segued.environment(), "TERM": "xterm"})  # noqa: S606
    try:
        yield TerminalScreen(process, terminal)
    finally:
        os.kill(process, signal.SIGKILL)
        os.close(terminal)
        os.waitpid(process, 0)


def test_watch_command_shows_live_status(segued: SeguedRunner, tmp_path: Path) -> None:
    """Files, workers and counters, live, and after a restart of the daemon."""
    music = tmp_path / "music"
    music.mkdir()
    long = write_noise_mp3(music / "00.mp3", 6.0).read_bytes()
    for number in range(1, 12):
        (music / f"{number:02}.mp3").write_bytes(long[number * 5_000 :])
    with running_daemon(segued, music) as daemon, run_watch(segued, daemon) as screen:
        screen.wait_for(r"PROCESSING .* \d+ of 12 files \(\d+\.\d %\)")
        screen.wait_for(r"Worker 1 +\d\d\.mp3 +Phase \d+ [A-Z][a-z ]+ ")
        screen.wait_for(r"4 segmenting +\d+ passages?")
        screen.wait_for(r"COMPLETED .* 12 of 12 files \(100\.0 %\)")
        screen.wait_for(re.escape(f"{music}   watching"))
        daemon.stop()
        screen.wait_for(r"no daemon is listening on this socket; trying again")
        with running_daemon(segued, music):
            # One screen, from its head to the next one's, without the notice.
            one_screen = r"12 of 12 files((?!trying again)[\s\S])*? 12 of 12 files"
            assert "watching" in screen.wait_for(one_screen)
