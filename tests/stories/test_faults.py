"""What goes wrong around a daemon, and what it does about it."""

import os
import signal
import socket
import sqlite3
import threading
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from tests.stories.dump import statuses
from tests.stories.living import Living, living, tune
from tests.stories.program import Segued

ORDER_SECONDS = 2.0
ANSWER_SECONDS = 1.0


def test_a_locked_library_is_waited_for(segued: Segued, tmp_path: Path) -> None:
    """Somebody looks into it with another program, for longer than we wait."""
    music = tmp_path / "music"
    tune(music / "first.wav", 1)
    impatient = "[store]\nbusy_seconds = 0.5\n"

    with living(segued, music, more=impatient) as alive:
        alive.until_done(1)
        with closing(sqlite3.connect(segued.database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            tune(music / "second.wav", 2)
            told = alive.until(lambda told: told["trouble"])
            assert "locked by another program" in told["trouble"]["detail"]
            other.execute("ROLLBACK")
        told = alive.until_done(2, seconds=90)
        assert (told["files_failed"], told["trouble"]) == (0, None)


def test_a_library_that_is_taken_away_ends_it(segued: Segued, tmp_path: Path) -> None:
    """It does not go on writing where nobody will ever look."""
    music = tmp_path / "music"
    tune(music / "song.wav", 1)

    with living(segued, music) as alive:
        alive.until_done(1)
        segued.database.rename(segued.home / "elsewhere.db")
        assert alive.process.wait(timeout=15) == 3
        assert "removed or replaced" in alive.said.read_text()


def test_what_slept_walks_again(segued: Segued, tmp_path: Path) -> None:
    """As after a suspend: it notices, and takes no event's word for it."""
    music = tmp_path / "music"
    tune(music / "one.wav", 1)

    with living(segued, music) as alive:
        alive.until_done(1)
        before = alive.heard
        os.killpg(alive.process.pid, signal.SIGSTOP)
        tune(music / "two.wav", 2)
        time.sleep(16.0)  # this is the story: more than a tick and what may be late
        os.killpg(alive.process.pid, signal.SIGCONT)
        alive.until_said("daemon.woke", after=before)
        alive.until_done(2)

        alive.imported_once(2)


def test_no_descriptors_left_is_waited_for(segued: Segued, tmp_path: Path) -> None:
    """Somebody holds a hundred connections: it waits, and goes on afterwards."""
    music = tmp_path / "music"
    music.mkdir()
    few = ("prlimit", "--nofile=80:80")

    with living(segued, music, before=few, reconcile=5.0) as alive:
        alive.until(lambda told: told["folders"][0]["state"] == "watching")
        with ExitStack() as lines:
            for _ in range(100):
                knock = lines.enter_context(socket.socket(socket.AF_UNIX))
                knock.settimeout(0.2)
                with suppress(OSError):
                    knock.connect(str(alive.line.path))
            for number in range(30):
                tune(music / f"{number}.wav", number)
            alive.until_said("Too many open files")
        told = alive.until_done(30, seconds=90)

        assert told["files_failed"] == 0
        alive.until(lambda told: told["folders"][0]["state"] == "watching")


def test_children_that_are_killed_are_replaced(segued: Segued, tmp_path: Path) -> None:
    """While they have nothing to do, as by the system when memory is short."""
    music = tmp_path / "music"
    tune(music / "one.wav", 1)

    with living(segued, music) as alive:
        alive.until_done(1)
        servers = _children(alive.process.pid)
        killed = [child for server in servers for child in _children(server)]
        assert killed
        for child in killed:
            os.kill(child, signal.SIGKILL)
        for number in range(5):
            tune(music / "more" / f"{number}.wav", 2 + number)
        told = alive.until_done(6)

        assert told["files_failed"] == 0
        alive.imported_once(6)


def _children(process: int) -> list[int]:
    told = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(each) for each in told.split()]


def test_signals_that_mean_nothing_do_nothing(segued: Segued, tmp_path: Path) -> None:
    """SIGPIPE is ignored, SIGUSR1 tells what it is at, SIGINT ends as SIGTERM."""
    music = tmp_path / "music"
    tune(music / "one.wav", 1)

    with living(segued, music) as alive:
        alive.until_done(1)
        alive.process.send_signal(signal.SIGPIPE)
        alive.process.send_signal(signal.SIGUSR1)
        alive.until_said("Current thread")
        assert alive.status()["state"] == "COMPLETED"
        assert alive.ended(signal.SIGINT) == 0


def test_a_pause_holds_through_trouble(segued: Segued, tmp_path: Path) -> None:
    """It is still paused when the trouble is over, and after a restart."""
    music = tmp_path / "music"
    tune(music / "first.wav", 1)
    impatient = "[store]\nbusy_seconds = 0.5\n"

    with living(segued, music, more=impatient) as alive:
        alive.until_done(1)
        segued.control("pause", line=alive.line)
        with closing(sqlite3.connect(segued.database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            tune(music / "second.wav", 2)
            told = alive.until(lambda told: told["trouble"])
            assert told["state"] == "PAUSED"
            begun = time.monotonic()
            segued.control("pause", line=alive.line)
            assert time.monotonic() - begun < 5.0
            other.execute("ROLLBACK")
        told = alive.until(lambda told: not told["trouble"])
        assert told["state"] == "PAUSED"

    with living(segued, music) as alive:
        told = alive.until(lambda told: told["files_total"] == 0 or told["session"])
        assert told["state"] == "PAUSED"
        segued.control("resume", line=alive.line)
        alive.until_done(2)


def test_orders_are_quick_while_the_library_is_locked(
    segued: Segued, tmp_path: Path
) -> None:
    """In the middle of the work; what was asked for is so when the lock is gone."""
    music = tmp_path / "music"
    for number in range(40):
        tune(music / f"{number}.wav", number, seconds=60.0)

    with living(segued, music) as alive:
        alive.until_said('"file.done"')
        with closing(sqlite3.connect(segued.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            begun = time.monotonic()
            told = segued.control("cancel", "--json", line=alive.line).json
            took = time.monotonic() - begun
            assert told["state"] == "CANCELLED"
            assert took < ORDER_SECONDS
            begun = time.monotonic()
            alive.status()
            assert time.monotonic() - begun < ANSWER_SECONDS
            other.execute("ROLLBACK")
        alive.until(lambda told: told["session"] is None)
        assert "PROCESSING" not in statuses(segued.database).values()
        assert alive.status()["state"] == "CANCELLED"


def test_a_lock_at_the_start_is_waited_for(segued: Segued, tmp_path: Path) -> None:
    """A backup that runs at boot does not keep the music from being imported."""
    music = tmp_path / "music"
    tune(music / "song.wav", 1)
    with living(segued, music) as alive:
        alive.until_done(1)
    tune(music / "other.wav", 2)
    before = alive.heard

    with closing(
        sqlite3.connect(segued.database, isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        release = threading.Thread(
            target=_end_when_awaited, args=(alive, before, other)
        )
        release.start()
        with living(segued, music, more="[store]\nbusy_seconds = 0.5\n") as alive:
            release.join()
            alive.until_done(2)


def _end_when_awaited(alive: Living, after: int, other: sqlite3.Connection) -> None:
    alive.until_said("daemon.waits", "locked by another program", after=after)
    other.execute("ROLLBACK")
    other.close()


def test_no_folders_are_no_trouble(segued: Segued, tmp_path: Path) -> None:
    """They may come with the next configuration."""
    (tmp_path / "music").mkdir()

    with living(segued, more="folders = []\n") as alive:
        told = alive.until(lambda told: told["state"] == "COMPLETED")
        assert (told["files_total"], told["trouble"]) == (0, None)
