"""`seguectl watch`: the live status in a terminal."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.end_to_end.running_daemon import (
    RunningDaemon,
    running_daemon,
    write_noise_mp3,
)
from tests.end_to_end.segued_runner import SeguedRunner
from tests.end_to_end.terminal_screen import TerminalScreen, run_in_terminal


@contextmanager
def run_watch(segued: SeguedRunner, daemon: RunningDaemon) -> Iterator[TerminalScreen]:
    """Run `seguectl watch` in a pseudo-terminal."""
    options = ("--database", segued.database, "--socket", daemon.client.path)
    command = segued.command("watch", *options, module="segued.cli.control")
    with run_in_terminal(command, segued.environment()) as screen:
        yield screen


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
        screen.wait_for(r"4 segmenting +\d+ segmented, \d+ passages?")
        screen.wait_for(r"COMPLETED .* 12 of 12 files \(100\.0 %\)")
        screen.wait_for(re.escape(f"{music}   watching"))
        daemon.stop()
        screen.wait_for(r"no daemon is listening on this socket; [^;]*; trying again")
        with running_daemon(segued, music):
            # One screen, from its head to the next one's, without the notice.
            one_screen = r"12 of 12 files((?!trying again)[\s\S])*? 12 of 12 files"
            assert "watching" in screen.wait_for(one_screen)
