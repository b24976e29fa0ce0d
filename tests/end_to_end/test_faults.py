"""Faults around a running daemon: locks, signals, no descriptors, dead children."""

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
from tests.limits import WAIT_SECONDS


def test_a_locked_library_is_waited_for(segued: SeguedRunner, tmp_path: Path) -> None:
    """Another program locks it for longer than the busy timeout."""
    music = tmp_path / "music"
    write_noise_wav(music / "first.wav", 1)
    impatient = "[store]\nbusy_seconds = 0.5\n"

    with running_daemon(segued, music, extra_config=impatient) as daemon:
        daemon.wait_until_done(1)
        with closing(sqlite3.connect(segued.database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            write_noise_wav(music / "second.wav", 2)
            status = daemon.wait_for(lambda status: status["trouble"])
            assert "locked by another program" in status["trouble"]["detail"]
            other.execute("ROLLBACK")
        status = daemon.wait_until_done(2)
        assert (status["files_failed"], status["trouble"]) == (0, None)


def test_removed_library_stops_the_daemon(segued: SeguedRunner, tmp_path: Path) -> None:
    """It does not continue to write into an unlinked file."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)

    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        segued.database.rename(segued.home / "elsewhere.db")
        assert daemon.process.wait(WAIT_SECONDS) == 3
        assert "removed or replaced" in daemon.log_path.read_text()


def test_resume_after_suspend_rescans(segued: SeguedRunner, tmp_path: Path) -> None:
    """SIGSTOP stands in for a suspend: the daemon rescans afterwards."""
    music = tmp_path / "music"
    write_noise_wav(music / "one.wav", 1)

    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        before = daemon.log_size
        os.killpg(daemon.process.pid, signal.SIGSTOP)
        write_noise_wav(music / "two.wav", 2)
        time.sleep(16.0)  # longer than a tick of the daemon plus its tolerance
        os.killpg(daemon.process.pid, signal.SIGCONT)
        daemon.wait_for_log("daemon.resumed_from_suspend", after=before)
        daemon.wait_until_done(2)

        daemon.assert_imported_once(2)


def test_file_descriptor_exhaustion_is_waited_out(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """A hundred connections use them up: the daemon waits, then continues."""
    music = tmp_path / "music"
    music.mkdir()
    prlimit = ("prlimit", "--nofile=80:80")

    with running_daemon(segued, music, command_prefix=prlimit, reconcile=5.0) as daemon:
        daemon.wait_for(lambda status: status["folders"][0]["state"] == "watching")
        with ExitStack() as connections:
            for _ in range(100):
                connection = connections.enter_context(socket.socket(socket.AF_UNIX))
                connection.settimeout(0.2)
                with suppress(OSError):
                    connection.connect(str(daemon.client.path))
            for number in range(30):
                write_noise_wav(music / f"{number}.wav", number)
            daemon.wait_for_log("Too many open files")
        status = daemon.wait_until_done(30)

        assert status["files_failed"] == 0
        daemon.wait_for(lambda status: status["folders"][0]["state"] == "watching")


def test_children_that_are_killed_are_replaced(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Idle children killed, as by the system when memory is short."""
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
        status = daemon.wait_until_done(6)

        assert status["files_failed"] == 0
        daemon.assert_imported_once(6)


def _children(process: int) -> list[int]:
    children = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(child) for child in children.split()]


def test_irrelevant_signals_are_ignored(segued: SeguedRunner, tmp_path: Path) -> None:
    """SIGPIPE is ignored, SIGUSR1 logs the stacks, SIGINT stops like SIGTERM."""
    music = tmp_path / "music"
    write_noise_wav(music / "one.wav", 1)

    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        daemon.process.send_signal(signal.SIGPIPE)
        daemon.process.send_signal(signal.SIGUSR1)
        daemon.wait_for_log("Current thread")
        daemon.wait_for(lambda status: status["state"] == "COMPLETED")
        assert daemon.stop(signal.SIGINT) == 0


def test_a_pause_holds_through_trouble(segued: SeguedRunner, tmp_path: Path) -> None:
    """The daemon is still paused after the lock is gone, and after a restart."""
    music = tmp_path / "music"
    write_noise_wav(music / "first.wav", 1)
    impatient = "[store]\nbusy_seconds = 0.5\n"

    with running_daemon(segued, music, extra_config=impatient) as daemon:
        daemon.wait_until_done(1)
        segued.control("pause", client=daemon.client)
        with closing(sqlite3.connect(segued.database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            write_noise_wav(music / "second.wav", 2)
            status = daemon.wait_for(lambda status: status["trouble"])
            assert status["state"] == "PAUSED"
            again = segued.control("pause", client=daemon.client)
            assert (again.code, "locked by another program" in again.err) == (4, True)
            assert daemon.status()["state"] == "PAUSED"
            other.execute("ROLLBACK")
        status = daemon.wait_for(lambda status: not status["trouble"])
        assert status["state"] == "PAUSED"

    with running_daemon(segued, music) as daemon:
        status = daemon.wait_for(
            lambda status: status["files_total"] == 0 or status["session"]
        )
        assert status["state"] == "PAUSED"
        segued.control("resume", client=daemon.client)
        daemon.wait_until_done(2)


def test_commands_are_quick_while_the_library_is_locked(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """During an import; the cancel takes effect once the lock is gone."""
    music = tmp_path / "music"
    for number in range(40):
        write_noise_wav(music / f"{number}.wav", number, seconds=60.0)
    # Whoever waits for the lock waits longer than seguectl waits for a response.
    patient = "[store]\nbusy_seconds = 600.0\n"

    with running_daemon(segued, music, extra_config=patient) as daemon:
        daemon.wait_for_log('"file.done"')
        with closing(sqlite3.connect(segued.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            status = segued.control("cancel", "--json", client=daemon.client).json
            assert status["state"] == "CANCELLED"
            assert daemon.status()["state"] == "CANCELLED"
            other.execute("ROLLBACK")
        daemon.wait_for(lambda status: status["session"] is None)
        assert "PROCESSING" not in statuses_by_name(segued.database).values()
        assert daemon.status()["state"] == "CANCELLED"


def test_lock_at_startup_is_waited_for(segued: SeguedRunner, tmp_path: Path) -> None:
    """A backup that locks the library at boot only delays the import."""
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
    daemon.wait_for_log(
        "daemon.library_unavailable", "locked by another program", after=after
    )
    other.execute("ROLLBACK")
    other.close()


def test_no_folders_is_no_error(segued: SeguedRunner, tmp_path: Path) -> None:
    """Folders may be added by a later reload."""
    (tmp_path / "music").mkdir()

    with running_daemon(segued, extra_config="folders = []\n") as daemon:
        status = daemon.wait_for(lambda status: status["state"] == "COMPLETED")
        assert (status["files_total"], status["trouble"]) == (0, None)
