"""Disks that are far away, and do not answer."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.end_to_end.library_queries import files_by_name, statuses_by_name
from tests.end_to_end.running_daemon import (
    RunningDaemon,
    running_daemon,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner
from tests.needs_root.fuse_disk import FuseDisk, Opcode, fuse_disk

ANSWER_SECONDS = 1.0
END_SECONDS = 8.0
PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.02
CANCEL_SECONDS = 2.0
COUNT = 30
SHORT_TIMEOUT = "[compute]\nfile_seconds = 3.0\n"
HANGING = 3


def any_request(_asked: Opcode, _path: str) -> bool:
    """Be silent about all there is."""
    return True


def reads_of_hanging_files(asked: Opcode, path: str) -> bool:
    """Be silent about the bytes of some files."""
    return asked is Opcode.READ and ".hang" in path


@contextmanager
def withhold_replies(
    disk: FuseDisk, mute: Callable[[Opcode, str], bool]
) -> Iterator[None]:
    """Have it keep answers to itself for a while."""
    disk.withholds_reply = mute
    try:
        yield
    finally:
        disk.resume()  # whatever happens: who sleeps in it could not be ended


def assert_responsive(daemon: RunningDaemon) -> None:
    """Assert that it tells at once how it stands."""
    begun = time.monotonic()
    daemon.status()
    assert time.monotonic() - begun < ANSWER_SECONDS


def folder_states(told: dict[str, Any]) -> dict[Path, str]:
    """Return how it stands with each folder."""
    return {Path(each["root"]): each["state"] for each in told["folders"]}


def _wait_until_blocked(process: int) -> None:
    """Wait until a thread of a process waits for an answer to a question."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not any(
        "wait_answer" in (task / "wchan").read_text()
        for task in Path(f"/proc/{process}/task").iterdir()
    ):
        assert time.monotonic() < until
        time.sleep(LOOK_SECONDS)


def test_hung_file_fails_alone(segued: SeguedRunner, tmp_path: Path) -> None:
    """More of them than there are children: SIGKILL ends none, and it goes on."""
    near, far, there = (tmp_path / name for name in ("near", "far", "there"))
    far.mkdir()
    for number in range(HANGING):
        write_noise_wav(there / f"{number}.hang.wav", number)
        write_noise_wav(there / f"{number}.wav", 10 + number)
        write_noise_wav(near / f"{number}.wav", 20 + number)

    with (
        fuse_disk(there, far) as disk,
        running_daemon(segued, near, far, extra_config=SHORT_TIMEOUT) as daemon,
    ):
        with withhold_replies(disk, reads_of_hanging_files):
            told = daemon.wait_for(lambda told: told["files_failed"] == HANGING)
            assert_responsive(daemon)
            told = daemon.wait_until_done(3 * HANGING)
            daemon.assert_imported_once(2 * HANGING)
            hung = files_by_name(segued.database)["0.hang.wav"]
            assert hung["failure_code"] == "timeout"

            # What arrives there is found by looking.
            assert folder_states(told)[far] == "polling"
            assert "no events on fuse.far" in str(told["folders"])
            write_noise_wav(there / "late.wav", 30)
            daemon.wait_until_done(3 * HANGING + 1)

        segued.control("retry", client=daemon.client)
        daemon.wait_for(lambda told: told["files_failed"] == 0)
        daemon.wait_until_done(3 * HANGING + 1)
        daemon.assert_imported_once(3 * HANGING + 1)


def test_hung_disk_does_not_block_others(segued: SeguedRunner, tmp_path: Path) -> None:
    """In the middle of an import: it is offline until it answers; nothing fails."""
    near, far, there = (tmp_path / name for name in ("near", "far", "there"))
    far.mkdir()
    near.mkdir()
    for number in range(COUNT):
        write_noise_wav(there / f"{number}.wav", number, seconds=20.0)

    with fuse_disk(there, far) as disk, running_daemon(segued, near, far) as daemon:
        daemon.wait_for_log('"file.done"')
        with withhold_replies(disk, any_request):
            daemon.wait_for(lambda told: folder_states(told)[far] == "offline")
            assert_responsive(daemon)
            write_noise_wav(near / "near.wav", COUNT)
            daemon.wait_for_log('"file.done"', "near.wav")
            for order in ("pause", "resume", "cancel", "resume"):
                begun = time.monotonic()
                segued.control(order, client=daemon.client)
                assert time.monotonic() - begun < CANCEL_SECONDS
            assert_responsive(daemon)
            assert "FAILED" not in statuses_by_name(segued.database).values()
            assert "MISSING" not in statuses_by_name(segued.database).values()

        daemon.wait_until_done(COUNT + 1)
        daemon.assert_imported_once(COUNT + 1)


def test_hung_disk_does_not_block_stop_or_start(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Though a thread of the old process may sleep until it answers."""
    near, far, there = (tmp_path / name for name in ("near", "far", "there"))
    link = tmp_path / "link"
    far.mkdir()
    link.symlink_to(far / "inside")
    write_noise_wav(there / "inside" / "far.wav", 1)
    write_noise_wav(near / "near.wav", 2)

    with fuse_disk(there, far) as disk, running_daemon(segued, near, link) as daemon:
        daemon.wait_until_done(2)
        with withhold_replies(disk, any_request):
            daemon.wait_for(lambda _: disk.withheld)
            begun = time.monotonic()
            daemon.process.terminate()
            daemon.wait_for_log("daemon.stopped")
            assert time.monotonic() - begun < END_SECONDS
            assert not daemon.client.path.exists()

            write_noise_wav(near / "later.wav", 3)
            with running_daemon(segued, near, link) as again:
                again.wait_for_log('"file.done"', "later.wav")
                assert_responsive(again)
                assert set(folder_states(again.status())) == {near, far / "inside"}
                disk.resume()
                again.wait_until_done(3)
                again.assert_imported_once(3)


def test_daemon_stops_when_disk_server_is_gone(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Nobody takes the questions, so that they can be taken back."""
    far, there = tmp_path / "far", tmp_path / "there"
    far.mkdir()
    write_noise_wav(there / "far.wav", 1)

    with fuse_disk(there, far) as disk, running_daemon(segued, far) as daemon:
        daemon.wait_until_done(1)
        disk.unresponsive = True
        try:
            _wait_until_blocked(daemon.process.pid)
            begun = time.monotonic()
            assert daemon.stop() == 0
            assert time.monotonic() - begun < END_SECONDS
        finally:
            disk.resume()
