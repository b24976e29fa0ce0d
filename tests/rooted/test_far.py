"""Disks that are far away, and do not answer."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.rooted.remote import Asked, Remote, remote
from tests.stories.dump import files, statuses
from tests.stories.living import Living, living, tune
from tests.stories.program import Segued

ANSWER_SECONDS = 1.0
END_SECONDS = 8.0
PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.02
CANCEL_SECONDS = 2.0
COUNT = 30
IMPATIENT = "[compute]\nfile_seconds = 3.0\n"
HANGING = 3


def everything(_asked: Asked, _path: str) -> bool:
    """Be silent about all there is."""
    return True


def some_bytes(asked: Asked, path: str) -> bool:
    """Be silent about the bytes of some files."""
    return asked is Asked.READ and ".hang" in path


@contextmanager
def silent(disk: Remote, mute: Callable[[Asked, str], bool]) -> Iterator[None]:
    """Have it keep answers to itself for a while."""
    disk.mute = mute
    try:
        yield
    finally:
        disk.wake()  # whatever happens: who sleeps in it could not be ended


def answers(alive: Living) -> None:
    """Assert that it tells at once how it stands."""
    begun = time.monotonic()
    alive.status()
    assert time.monotonic() - begun < ANSWER_SECONDS


def states(told: dict[str, Any]) -> dict[Path, str]:
    """Return how it stands with each folder."""
    return {Path(each["root"]): each["state"] for each in told["folders"]}


def _until_asleep(process: int) -> None:
    """Wait until a thread of a process waits for an answer to a question."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not any(
        "wait_answer" in (task / "wchan").read_text()
        for task in Path(f"/proc/{process}/task").iterdir()
    ):
        assert time.monotonic() < until
        time.sleep(LOOK_SECONDS)


def test_a_file_that_is_never_answered_fails_alone(
    segued: Segued, tmp_path: Path
) -> None:
    """More of them than there are children: SIGKILL ends none, and it goes on."""
    near, far, there = (tmp_path / name for name in ("near", "far", "there"))
    far.mkdir()
    for number in range(HANGING):
        tune(there / f"{number}.hang.wav", number)
        tune(there / f"{number}.wav", 10 + number)
        tune(near / f"{number}.wav", 20 + number)

    with remote(there, far) as disk, living(segued, near, far, more=IMPATIENT) as alive:
        with silent(disk, some_bytes):
            told = alive.until(lambda told: told["files_failed"] == HANGING)
            answers(alive)
            told = alive.until_done(3 * HANGING)
            alive.imported_once(2 * HANGING)
            hung = files(segued.database)["0.hang.wav"]
            assert hung["failure_code"] == "timeout"

            # What arrives there is found by looking.
            assert states(told)[far] == "polling"
            assert "no events on fuse.far" in str(told["folders"])
            tune(there / "late.wav", 30)
            alive.until_done(3 * HANGING + 1)

        segued.control("retry", line=alive.line)
        alive.until(lambda told: told["files_failed"] == 0)
        alive.until_done(3 * HANGING + 1)
        alive.imported_once(3 * HANGING + 1)


def test_a_disk_that_falls_silent_holds_up_nothing_else(
    segued: Segued, tmp_path: Path
) -> None:
    """In the middle of an import: it is offline until it answers; nothing fails."""
    near, far, there = (tmp_path / name for name in ("near", "far", "there"))
    far.mkdir()
    near.mkdir()
    for number in range(COUNT):
        tune(there / f"{number}.wav", number, seconds=20.0)

    with remote(there, far) as disk, living(segued, near, far) as alive:
        alive.until_said('"file.done"')
        with silent(disk, everything):
            alive.until(lambda told: states(told)[far] == "offline")
            answers(alive)
            tune(near / "near.wav", COUNT)
            alive.until_said('"file.done"', "near.wav")
            for order in ("pause", "resume", "cancel", "resume"):
                begun = time.monotonic()
                segued.control(order, line=alive.line)
                assert time.monotonic() - begun < CANCEL_SECONDS
            answers(alive)
            assert "FAILED" not in statuses(segued.database).values()
            assert "MISSING" not in statuses(segued.database).values()

        alive.until_done(COUNT + 1)
        alive.imported_once(COUNT + 1)


def test_a_silent_disk_keeps_nobody_from_ending_or_beginning(
    segued: Segued, tmp_path: Path
) -> None:
    """Though a thread of the old process may sleep until it answers."""
    near, far, there = (tmp_path / name for name in ("near", "far", "there"))
    link = tmp_path / "link"
    far.mkdir()
    link.symlink_to(far / "inside")
    tune(there / "inside" / "far.wav", 1)
    tune(near / "near.wav", 2)

    with remote(there, far) as disk, living(segued, near, link) as alive:
        alive.until_done(2)
        with silent(disk, everything):
            alive.until(lambda _: disk.kept)
            begun = time.monotonic()
            alive.process.terminate()
            alive.until_said("daemon.stopped")
            assert time.monotonic() - begun < END_SECONDS
            assert not alive.line.path.exists()

            tune(near / "later.wav", 3)
            with living(segued, near, link) as again:
                again.until_said('"file.done"', "later.wav")
                answers(again)
                assert set(states(again.status())) == {near, far / "inside"}
                disk.wake()
                again.until_done(3)
                again.imported_once(3)


def test_a_disk_whose_server_is_gone_lets_go_of_who_is_told_to_stop(
    segued: Segued, tmp_path: Path
) -> None:
    """Nobody takes the questions, so that they can be taken back."""
    far, there = tmp_path / "far", tmp_path / "there"
    far.mkdir()
    tune(there / "far.wav", 1)

    with remote(there, far) as disk, living(segued, far) as alive:
        alive.until_done(1)
        disk.deaf = True
        try:
            _until_asleep(alive.process.pid)
            begun = time.monotonic()
            assert alive.ended() == 0
            assert time.monotonic() - begun < END_SECONDS
        finally:
            disk.wake()
