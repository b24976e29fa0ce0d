"""What goes wrong around a daemon, and what it does about it."""

import os
import signal
import socket
import sqlite3
import threading
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from tests.end_to_end.library_queries import statuses_by_name
from tests.end_to_end.running_daemon import (
    RunningDaemon,
    running_daemon,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner

COMMAND_SECONDS = 2.0
ANSWER_SECONDS = 1.0


def test_a_locked_library_is_waited_for(segued: SeguedRunner, tmp_path: Path) -> None:
    """Somebody looks into it with another program, for longer than we wait."""
    music = tmp_path / "music"
    write_noise_wav(music / "first.wav", 1)
    impatient = "[store]\nbusy_seconds = 0.5\n"

    with running_daemon(segued, music, extra_config=impatient) as daemon:
        daemon.wait_until_done(1)
        with closing(sqlite3.connect(segued.database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            write_noise_wav(music / "second.wav", 2)
            told = daemon.wait_for(lambda told: told["trouble"])
            assert "locked by another program" in told["trouble"]["detail"]
            other.execute("ROLLBACK")
        told = daemon.wait_until_done(2, seconds=90)
        assert (told["files_failed"], told["trouble"]) == (0, None)


def test_removed_library_stops_the_daemon(segued: SeguedRunner, tmp_path: Path) -> None:
    """It does not go on writing where nobody will ever look."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)

    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        segued.database.rename(segued.home / "elsewhere.db")
        assert daemon.process.wait(timeout=15) == 3
        assert "removed or replaced" in daemon.log_path.read_text()


def test_resume_after_suspend_rescans(segued: SeguedRunner, tmp_path: Path) -> None:
    """As after a suspend: it notices, and takes no event's word for it."""
    music = tmp_path / "music"
    write_noise_wav(music / "one.wav", 1)

    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        before = daemon.log_size
        os.killpg(daemon.process.pid, signal.SIGSTOP)
        write_noise_wav(music / "two.wav", 2)
        time.sleep(16.0)  # this is the story: more than a tick and what may be late
        os.killpg(daemon.process.pid, signal.SIGCONT)
        daemon.wait_for_log("daemon.woke", after=before)
        daemon.wait_until_done(2)

        daemon.assert_imported_once(2)


def test_file_descriptor_exhaustion_is_waited_out(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Somebody holds a hundred connections: it waits, and goes on afterwards."""
    music = tmp_path / "music"
    music.mkdir()
    few = ("prlimit", "--nofile=80:80")

    with running_daemon(segued, music, command_prefix=few, reconcile=5.0) as daemon:
        daemon.wait_for(lambda told: told["folders"][0]["state"] == "watching")
        with ExitStack() as lines:
            for _ in range(100):
                knock = lines.enter_context(socket.socket(socket.AF_UNIX))
                knock.settimeout(0.2)
                with suppress(OSError):
                    knock.connect(str(daemon.client.path))
            for number in range(30):
                write_noise_wav(music / f"{number}.wav", number)
            daemon.wait_for_log("Too many open files")
        told = daemon.wait_until_done(30, seconds=90)

        assert told["files_failed"] == 0
        daemon.wait_for(lambda told: told["folders"][0]["state"] == "watching")


def test_children_that_are_killed_are_replaced(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """While they have nothing to do, as by the system when memory is short."""
    music = tmp_path / "music"
    write_noise_wav(music / "one.wav", 1)

    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        servers = _children(daemon.process.pid)
        killed = [child for server in servers for child in _children(server)]
        assert killed
        for child in killed:
            os.kill(child, signal.SIGKILL)
        for number in range(5):
            write_noise_wav(music / "more" / f"{number}.wav", 2 + number)
        told = daemon.wait_until_done(6)

        assert told["files_failed"] == 0
        daemon.assert_imported_once(6)


def _children(process: int) -> list[int]:
    told = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(each) for each in told.split()]


def test_irrelevant_signals_are_ignored(segued: SeguedRunner, tmp_path: Path) -> None:
    """SIGPIPE is ignored, SIGUSR1 tells what it is at, SIGINT ends as SIGTERM."""
    music = tmp_path / "music"
    write_noise_wav(music / "one.wav", 1)

    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        daemon.process.send_signal(signal.SIGPIPE)
        daemon.process.send_signal(signal.SIGUSR1)
        daemon.wait_for_log("Current thread")
        assert daemon.status()["state"] == "COMPLETED"
        assert daemon.stop(signal.SIGINT) == 0


def test_a_pause_holds_through_trouble(segued: SeguedRunner, tmp_path: Path) -> None:
    """It is still paused when the trouble is over, and after a restart."""
    music = tmp_path / "music"
    write_noise_wav(music / "first.wav", 1)
    impatient = "[store]\nbusy_seconds = 0.5\n"

    with running_daemon(segued, music, extra_config=impatient) as daemon:
        daemon.wait_until_done(1)
        segued.control("pause", client=daemon.client)
        with closing(sqlite3.connect(segued.database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            write_noise_wav(music / "second.wav", 2)
            told = daemon.wait_for(lambda told: told["trouble"])
            assert told["state"] == "PAUSED"
            begun = time.monotonic()
            segued.control("pause", client=daemon.client)
            assert time.monotonic() - begun < 5.0
            other.execute("ROLLBACK")
        told = daemon.wait_for(lambda told: not told["trouble"])
        assert told["state"] == "PAUSED"

    with running_daemon(segued, music) as daemon:
        told = daemon.wait_for(lambda told: told["files_total"] == 0 or told["session"])
        assert told["state"] == "PAUSED"
        segued.control("resume", client=daemon.client)
        daemon.wait_until_done(2)


def test_commands_are_quick_while_the_library_is_locked(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """In the middle of the work; what was asked for is so when the lock is gone."""
    music = tmp_path / "music"
    for number in range(40):
        write_noise_wav(music / f"{number}.wav", number, seconds=60.0)

    with running_daemon(segued, music) as daemon:
        daemon.wait_for_log('"file.done"')
        with closing(sqlite3.connect(segued.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            begun = time.monotonic()
            told = segued.control("cancel", "--json", client=daemon.client).json
            took = time.monotonic() - begun
            assert told["state"] == "CANCELLED"
            assert took < COMMAND_SECONDS
            begun = time.monotonic()
            daemon.status()
            assert time.monotonic() - begun < ANSWER_SECONDS
            other.execute("ROLLBACK")
        daemon.wait_for(lambda told: told["session"] is None)
        assert "PROCESSING" not in statuses_by_name(segued.database).values()
        assert daemon.status()["state"] == "CANCELLED"


def test_lock_at_startup_is_waited_for(segued: SeguedRunner, tmp_path: Path) -> None:
    """A backup that runs at boot does not keep the music from being imported."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
    write_noise_wav(music / "other.wav", 2)
    before = daemon.log_size

    with closing(
        sqlite3.connect(segued.database, isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        release = threading.Thread(target=_stop_after_log, args=(daemon, before, other))
        release.start()
        with running_daemon(
            segued, music, extra_config="[store]\nbusy_seconds = 0.5\n"
        ) as daemon:
            release.join()
            daemon.wait_until_done(2)


def _stop_after_log(
    daemon: RunningDaemon, after: int, other: sqlite3.Connection
) -> None:
    daemon.wait_for_log("daemon.waits", "locked by another program", after=after)
    other.execute("ROLLBACK")
    other.close()


def test_no_folders_is_no_error(segued: SeguedRunner, tmp_path: Path) -> None:
    """They may come with the next configuration."""
    (tmp_path / "music").mkdir()

    with running_daemon(segued, extra_config="folders = []\n") as daemon:
        told = daemon.wait_for(lambda told: told["state"] == "COMPLETED")
        assert (told["files_total"], told["trouble"]) == (0, None)
