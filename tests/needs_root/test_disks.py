"""Unmounted and full disks, and unreadable folders."""

import os
import sqlite3
import subprocess
from contextlib import closing
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
    """Unmounted during an import: the folder is offline, no file is lost."""
    music, elsewhere = tmp_path / "music", tmp_path / "elsewhere"
    music.mkdir()
    elsewhere.mkdir()
    for mount_point in (music, elsewhere):
        subprocess.run(("mount", "-t", "tmpfs", "none", str(mount_point)), check=True)
    try:
        write_album(music / "Tide")
        write_noise_mp3(music / "long.mp3", MINUTES)
        # A second mount keeps the tmpfs alive while the first is unmounted.
        subprocess.run(("mount", "--bind", str(music), str(elsewhere)), check=True)
        with running_daemon(segued, music) as daemon:
            daemon.wait_for_log('"phase.started"', '"phase": 4', "long.mp3")
            subprocess.run(("umount", "--lazy", str(music)), check=True)
            daemon.wait_for(lambda status: status["folders"][0]["state"] == "offline")
            assert "MISSING" not in statuses_by_name(segued.database).values()
            assert "FAILED" not in statuses_by_name(segued.database).values()

            subprocess.run(("mount", "--bind", str(elsewhere), str(music)), check=True)
            daemon.wait_until_done(5)
            daemon.wait_for(lambda status: status["folders"][0]["state"] == "watching")
            write_noise_wav(music / "Tide" / "05 late.wav", 5)
            daemon.wait_until_done(6)

            assert set(statuses_by_name(segued.database).values()) == {
                "INGEST COMPLETE"
            }
    finally:
        for mount_point in (music, elsewhere, elsewhere):
            subprocess.run(("umount", "--lazy", str(mount_point)), check=False)


def test_a_full_disk_is_waited_for(segued: SeguedRunner, tmp_path: Path) -> None:
    """No file fails; the import continues once there is free space."""
    music = tmp_path / "music"
    segued.home.mkdir()
    small = ("-o", "size=1500k", "none", str(segued.home))
    subprocess.run(("mount", "-t", "tmpfs", *small), check=True)
    try:
        with running_daemon(segued, music) as daemon:
            for number in range(120):
                write_noise_wav(tmp_path / "made" / f"{number}.wav", number)
            # Fills the disk up to 200 kB, so that it becomes full during the import.
            space = os.statvfs(segued.home)
            with (segued.home / "ballast").open("wb") as ballast:
                ballast.write(bytes(space.f_bavail * space.f_frsize - 200_000))
            (tmp_path / "made").rename(music)
            status = daemon.wait_for(lambda status: status["trouble"])
            assert status["state"] == "FAILED"
            assert "no space left" in status["trouble"]["detail"]

            remount = ("-o", "remount,size=64m", str(segued.home))
            subprocess.run(("mount", *remount), check=True)
            status = daemon.wait_until_done(120)
            assert (status["files_failed"], status["trouble"]) == (0, None)
    finally:
        subprocess.run(("umount", "--lazy", str(segued.home)), check=False)


def end_pauses(segued: SeguedRunner) -> None:
    """Let the time come at which failed files are tried again."""
    with closing(sqlite3.connect(segued.database, timeout=60)) as library:
        library.execute("UPDATE failures SET retry_at = at WHERE retry_at IS NOT NULL")
        library.commit()


def test_unreadable_folder_is_reported_until_readable(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Also an unreadable file, which fails; both are imported by themselves later."""
    music = tmp_path / "music"
    closed = music / "closed"
    write_noise_wav(closed / "inside.wav", 1)
    secret = write_noise_wav(music / "secret.wav", 2)
    closed.chmod(0)
    secret.chmod(0)
    # Root reads everything unless it drops these capabilities.
    setpriv = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")

    with running_daemon(segued, music, reconcile=2.0, command_prefix=setpriv) as daemon:
        status = daemon.wait_for(lambda status: status["files_failed"] == 1)
        assert "closed: permission denied" in status["folders"][0]["unreadable"][0]
        assert (
            files_by_name(segued.database)["secret.wav"]["failure_code"] == "permission"
        )

        closed.chmod(0o755)
        secret.chmod(0o644)
        end_pauses(segued)
        daemon.wait_for(lambda status: not status["files_failed"])
        daemon.wait_until_done(2)

        daemon.assert_imported_once(2)
        daemon.wait_for(lambda status: not status["folders"][0]["unreadable"])
