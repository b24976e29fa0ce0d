"""inotify events of a folder: `segued.intake.inotify`."""

import threading
from pathlib import Path

from segued.intake.inotify import (
    InotifyWatch,
    file_system_type,
    watch_unsupported_reason,
)
from tests.limits import WAIT_SECONDS

MOUNTS = b"""\
21 1 0:20 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 21 0:50 / /mnt/nas rw,relatime shared:9 - nfs4 nas:/music rw,vers=4.2
41 40 0:51 / /mnt/nas/usb\\040stick rw - vfat /dev/sdb1 rw
42 21 0:52 / /mnt/cloud rw - fuse.rclone remote: rw
43 42 0:53 / /mnt/cloud rw - xfs /dev/sdc1 rw
"""


def test_file_system_of_a_folder_is_detected() -> None:
    """By the longest mount point above it; of two mounts there, by the later."""
    assert file_system_type(b"/home/music", MOUNTS) == "ext4"
    assert file_system_type(b"/mnt/nas", MOUNTS) == "nfs4"
    assert file_system_type(b"/mnt/nasty", MOUNTS) == "ext4"
    assert file_system_type(b"/mnt/nas/usb stick/a", MOUNTS) == "vfat"
    assert file_system_type(b"/mnt/cloud/music", MOUNTS) == "xfs"


def test_changes_are_reported_and_reads_are_not(tmp_path: Path) -> None:
    """A file that is only read has no event; a stopped watch is not alive."""
    events: list[tuple[bytes, bool]] = []
    has_last = threading.Event()

    def on_event(path: bytes, is_folder: bool) -> None:  # noqa: FBT001
        events.append((path, is_folder))
        if path.endswith(b"last"):
            has_last.set()

    song = tmp_path / "song.wav"
    song.write_bytes(b"sound")
    watch = InotifyWatch(bytes(tmp_path), on_event=on_event, on_overflow=has_last.set)
    watch.start()
    try:
        song.read_bytes()
        song.rename(tmp_path / "other.wav")
        (tmp_path / "album").mkdir()
        (tmp_path / "last").touch()
        assert has_last.wait(WAIT_SECONDS)
        was_alive = watch.is_alive
        assert watch.unwatched([bytes(tmp_path), b"/elsewhere"]) == [b"/elsewhere"]
    finally:
        watch.stop()

    assert (was_alive, watch.is_alive) == (True, False)
    assert events[0] == (bytes(song), False)
    assert (bytes(tmp_path / "other.wav"), False) in events
    assert (bytes(tmp_path / "album"), True) in events


def test_a_local_folder_can_be_watched(tmp_path: Path) -> None:
    """On the file system of the test machine."""
    assert watch_unsupported_reason(bytes(tmp_path)) is None
