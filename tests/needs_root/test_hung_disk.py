"""Disks that do not answer, like a hung network mount.

They hang until the test resumes them: what returns before has not waited for them.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.end_to_end.library_queries import files_by_name, statuses_by_name
from tests.end_to_end.running_daemon import (
    running_daemon,
    write_noise_wav,
)
from tests.end_to_end.running_nodes import (
    cluster_config,
    free_port,
    running_node,
    write_key,
)
from tests.end_to_end.segued_runner import SeguedRunner
from tests.end_to_end.test_nodes import ESSENTIA, NOWHERE_ELSE, write_songs
from tests.limits import WAIT_SECONDS
from tests.needs_root.fuse_disk import FuseDisk, Opcode, fuse_disk

POLL_SECONDS = 0.02
COUNT = 30
SHORT_TIMEOUT = "[compute]\nfile_seconds = 10.0\n"
HANGING = 3
IDLE_SECONDS = 20.0


def any_request(_opcode: Opcode, _path: str) -> bool:
    """Match all requests."""
    return True


def reads_of_hanging_files(opcode: Opcode, path: str) -> bool:
    """Match reads of files with `.hang` in their name."""
    return opcode is Opcode.READ and ".hang" in path


@contextmanager
def withhold_replies(
    disk: FuseDisk, is_withheld: Callable[[Opcode, str], bool]
) -> Iterator[None]:
    """Withhold the matching replies while the context lasts."""
    disk.withholds_reply = is_withheld
    try:
        yield
    finally:
        disk.resume()  # always: a caller that hangs in it cannot be killed


def folder_states(status: dict[str, Any]) -> dict[Path, str]:
    """Return the state of each music folder."""
    return {Path(each["root"]): each["state"] for each in status["folders"]}


def _wait_until_blocked(process: int) -> None:
    """Wait until a thread of a process waits for a reply of the disk."""
    until = time.monotonic() + WAIT_SECONDS
    while not any(
        "wait_answer" in (task / "wchan").read_text()
        for task in Path(f"/proc/{process}/task").iterdir()
    ):
        assert time.monotonic() < until
        time.sleep(POLL_SECONDS)


def test_a_node_whose_disk_hangs_gives_its_files_back(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Another one analyzes them, and none fails."""
    music, far = write_songs(tmp_path / "music", 2), tmp_path / "far"
    far.mkdir()
    port = free_port()
    extra = cluster_config(port, NOWHERE_ELSE)
    with (
        fuse_disk(music, far) as disk,
        running_daemon(segued, music, flavoring=ESSENTIA, extra_config=extra) as daemon,
        ExitStack() as stack,
    ):
        daemon.wait_until_done(2)
        with withhold_replies(disk, lambda opcode, _path: opcode is Opcode.READ):
            key = write_key(segued, "hanging")
            stack.enter_context(running_node(None, key, port, {music: far}))
            daemon.wait_for(lambda _status: len(disk.withheld) == 2)
            disk.withholds_reply = any_request
            daemon.wait_for(
                lambda status: (
                    status["nodes"][0]["missing"] and not status["nodes"][0]["running"]
                )
            )
            key = write_key(segued, "other")
            stack.enter_context(running_node(None, key, port, {music: music}))
            status = daemon.wait_for(lambda status: status["files_analysed"] == 2)
    nodes = {node["name"]: node for node in status["nodes"]}
    assert (nodes["hanging"]["done"], nodes["other"]["done"]) == (0, 2)
    assert nodes["hanging"]["why_not"] == ["no music folder is there"]
    assert set(statuses_by_name(segued.database).values()) == {"INGEST COMPLETE"}


def test_an_idle_node_lets_the_disk_of_its_music_sleep(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """It lists the folder once a minute, while its reports go on every two seconds."""
    music, far = write_songs(tmp_path / "music", 1), tmp_path / "far"
    far.mkdir()
    port = free_port()
    opcodes: list[Opcode] = []

    def note(opcode: Opcode, _path: str) -> bool:
        opcodes.append(opcode)
        return False

    with (
        fuse_disk(music, far) as disk,
        running_daemon(segued, music, extra_config=cluster_config(port)) as daemon,
        running_node(daemon, write_key(segued, "desk1"), port, {music: far}),
    ):
        daemon.wait_until_done(1)
        disk.withholds_reply = note
        began = daemon.status()["nodes"][0]["joined_seconds"]
        status = daemon.wait_for(
            lambda status: status["nodes"][0]["joined_seconds"] > began + IDLE_SECONDS
        )
        assert status["nodes"][0]["folders"] == [str(music)]
    assert opcodes.count(Opcode.OPENDIR) <= 1
    assert Opcode.READ not in opcodes


def test_hung_file_fails_alone(segued: SeguedRunner, tmp_path: Path) -> None:
    """More hung files than children, which SIGKILL cannot end: the import continues."""
    near, far, served = (tmp_path / name for name in ("near", "far", "there"))
    far.mkdir()
    for number in range(HANGING):
        write_noise_wav(served / f"{number}.hang.wav", number)
        write_noise_wav(served / f"{number}.wav", 10 + number)
        write_noise_wav(near / f"{number}.wav", 20 + number)

    with (
        fuse_disk(served, far) as disk,
        running_daemon(segued, near, far, extra_config=SHORT_TIMEOUT) as daemon,
    ):
        with withhold_replies(disk, reads_of_hanging_files):
            status = daemon.wait_for(lambda status: status["files_failed"] == HANGING)
            status = daemon.wait_until_done(3 * HANGING)
            daemon.assert_imported_once(2 * HANGING)
            hung = files_by_name(segued.database)["0.hang.wav"]
            assert hung["failure_code"] == "timeout"

            # New files there are found by polling.
            assert folder_states(status)[far] == "polling"
            assert "no events on fuse.far" in str(status["folders"])
            write_noise_wav(served / "late.wav", 30)
            daemon.wait_until_done(3 * HANGING + 1)

        segued.control("retry", client=daemon.client)
        daemon.wait_for(lambda status: status["files_failed"] == 0)
        daemon.wait_until_done(3 * HANGING + 1)
        daemon.assert_imported_once(3 * HANGING + 1)


def test_hung_disk_does_not_block_others(segued: SeguedRunner, tmp_path: Path) -> None:
    """During an import: it is offline until it answers, and no file fails."""
    near, far, served = (tmp_path / name for name in ("near", "far", "there"))
    far.mkdir()
    near.mkdir()
    for number in range(COUNT):
        write_noise_wav(served / f"{number}.wav", number, seconds=20.0)

    with fuse_disk(served, far) as disk, running_daemon(segued, near, far) as daemon:
        daemon.wait_for_log('"file.done"')
        with withhold_replies(disk, any_request):
            daemon.wait_for(lambda status: folder_states(status)[far] == "offline")
            write_noise_wav(near / "near.wav", COUNT)
            daemon.wait_for_log('"file.done"', "near.wav")
            for command in ("pause", "resume", "cancel", "resume"):
                assert segued.control(command, client=daemon.client).code == 0
            assert daemon.status()["state"] in {"PROCESSING", "COMPLETED"}
            assert "FAILED" not in statuses_by_name(segued.database).values()
            assert "MISSING" not in statuses_by_name(segued.database).values()

        daemon.wait_until_done(COUNT + 1)
        daemon.assert_imported_once(COUNT + 1)


def test_hung_disk_does_not_block_stop_or_start(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Although a thread of the old process may hang until the disk answers."""
    near, far, served = (tmp_path / name for name in ("near", "far", "there"))
    link = tmp_path / "link"
    far.mkdir()
    link.symlink_to(far / "inside")
    write_noise_wav(served / "inside" / "far.wav", 1)
    write_noise_wav(near / "near.wav", 2)

    with fuse_disk(served, far) as disk, running_daemon(segued, near, link) as daemon:
        daemon.wait_until_done(2)
        with withhold_replies(disk, any_request):
            daemon.wait_for(lambda _: disk.withheld)
            daemon.process.terminate()
            daemon.wait_for_log("daemon.stopped")
            assert not daemon.client.path.exists()

            write_noise_wav(near / "later.wav", 3)
            with running_daemon(segued, near, link) as again:
                again.wait_for_log('"file.done"', "later.wav")
                assert set(folder_states(again.status())) == {near, far / "inside"}
                disk.resume()
                again.wait_until_done(3)
                again.assert_imported_once(3)


def test_daemon_stops_when_disk_server_is_gone(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """The disk reads no requests, so that the kernel can cancel them."""
    far, served = tmp_path / "far", tmp_path / "there"
    far.mkdir()
    write_noise_wav(served / "far.wav", 1)

    with fuse_disk(served, far) as disk, running_daemon(segued, far) as daemon:
        daemon.wait_until_done(1)
        disk.unresponsive = True
        try:
            _wait_until_blocked(daemon.process.pid)
            assert daemon.stop() == 0
        finally:
            disk.resume()
