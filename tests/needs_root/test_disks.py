"""Disks that are full, go away and come back, and doors that are closed."""

import os
import subprocess
from pathlib import Path

from tests.end_to_end.library_queries import files_by_name, statuses_by_name
from tests.end_to_end.running_daemon import (
    running_daemon,
    write_album,
    write_noise_mp3,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner

MINUTES = 15


def test_unmounted_disk_is_offline_until_it_returns(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Unmounted in the middle of an import: offline, and nothing is lost."""
    music, elsewhere = tmp_path / "music", tmp_path / "elsewhere"
    music.mkdir()
    elsewhere.mkdir()
    for place in (music, elsewhere):
        subprocess.run(("mount", "-t", "tmpfs", "none", str(place)), check=True)
    try:
        write_album(music / "Tide")
        write_noise_mp3(music / "long.mp3", MINUTES)
        # The disk itself, kept somewhere else while it is away.
        subprocess.run(("mount", "--bind", str(music), str(elsewhere)), check=True)
        with running_daemon(segued, music) as daemon:
            daemon.wait_for_log('"phase.started"', '"phase": 4', "long.mp3")
            subprocess.run(("umount", "--lazy", str(music)), check=True)
            daemon.wait_for(lambda told: told["folders"][0]["state"] == "offline")
            assert "MISSING" not in statuses_by_name(segued.database).values()
            assert "FAILED" not in statuses_by_name(segued.database).values()

            subprocess.run(("mount", "--bind", str(elsewhere), str(music)), check=True)
            daemon.wait_until_done(5)
            daemon.wait_for(lambda told: told["folders"][0]["state"] == "watching")
            write_noise_wav(music / "Tide" / "05 late.wav", 5)
            daemon.wait_until_done(6)

            assert set(statuses_by_name(segued.database).values()) == {
                "INGEST COMPLETE"
            }
    finally:
        for place in (music, elsewhere, elsewhere):
            subprocess.run(("umount", "--lazy", str(place)), check=False)


def test_a_full_disk_is_waited_for(segued: SeguedRunner, tmp_path: Path) -> None:
    """No file fails for it; it goes on by itself when there is space again."""
    music = tmp_path / "music"
    segued.home.mkdir()
    small = ("-o", "size=1500k", "none", str(segued.home))
    subprocess.run(("mount", "-t", "tmpfs", *small), check=True)
    try:
        with running_daemon(segued, music) as daemon:
            for number in range(120):
                write_noise_wav(tmp_path / "made" / f"{number}.wav", number)
            # The rest of the disk, so that it is full in the middle of the work.
            room = os.statvfs(segued.home)
            with (segued.home / "ballast").open("wb") as ballast:
                ballast.write(bytes(room.f_bavail * room.f_frsize - 200_000))
            (tmp_path / "made").rename(music)
            told = daemon.wait_for(lambda told: told["trouble"], seconds=90)
            assert told["state"] == "FAILED"
            assert "no space left" in told["trouble"]["detail"]

            remount = ("-o", "remount,size=64m", str(segued.home))
            subprocess.run(("mount", *remount), check=True)
            told = daemon.wait_until_done(120, seconds=90)
            assert (told["files_failed"], told["trouble"]) == (0, None)
    finally:
        subprocess.run(("umount", "--lazy", str(segued.home)), check=False)


def test_unreadable_folder_is_reported_until_readable(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """And a file: it fails alone, and is imported when its mode changes."""
    music = tmp_path / "music"
    closed = music / "closed"
    write_noise_wav(closed / "inside.wav", 1)
    secret = write_noise_wav(music / "secret.wav", 2)
    closed.chmod(0)
    secret.chmod(0)
    # Root may read everything, unless it is told not to.
    humble = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")

    with running_daemon(segued, music, reconcile=2.0, command_prefix=humble) as daemon:
        told = daemon.wait_for(lambda told: told["files_failed"] == 1)
        assert "closed: permission denied" in told["folders"][0]["unreadable"][0]
        assert (
            files_by_name(segued.database)["secret.wav"]["failure_code"] == "permission"
        )

        closed.chmod(0o755)
        secret.chmod(0o644)
        segued.control("retry", "permission", client=daemon.client)
        daemon.wait_until_done(2)

        daemon.assert_imported_once(2)
        daemon.wait_for(lambda told: not told["folders"][0]["unreadable"])
