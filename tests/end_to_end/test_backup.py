"""Backups beside a running daemon, and going back to one."""

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from segued.store.library_check import check_library
from tests.end_to_end.library_queries import query
from tests.end_to_end.running_daemon import running_daemon, write_noise_wav
from tests.end_to_end.segued_runner import SeguedRunner
from tests.web.web_client import WebClient


def test_backup_and_restore(segued: SeguedRunner, tmp_path: Path) -> None:
    """A backup of a running daemon, restored after a kill, is imported no more."""
    music, target = tmp_path / "music", tmp_path / "backup.db"
    for number in range(3):
        write_noise_wav(music / f"{number}.wav", number)
    options = ("--database", segued.database)
    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(3)
        backup = segued.run("backup", "--json", *options, target)
        assert backup.code == 0, backup.err
        assert backup.json["size_bytes"] == target.stat().st_size
        shown = segued.run("backup", *options, target)
        assert (shown.code, "MB in" in shown.out) == (0, True)
        config = ("--config", next(segued.home.glob("*.toml")))
        refused = segued.run("restore", *config, *options, target)
        assert (refused.code, "stop it first" in refused.err) == (4, True)
        write_noise_wav(music / "3.wav", 3)
        daemon.wait_until_done(4)
        daemon.stop(signal.SIGKILL)

    restored = segued.run("restore", *options, target)
    assert restored.code == 0, restored.err
    kept = next(segued.home.glob("library.db.replaced-*"))
    assert str(kept) in restored.out
    assert query(kept, "SELECT count(*) AS n FROM files")[0]["n"] == 4
    assert query(segued.database, "SELECT count(*) AS n FROM files")[0]["n"] == 3
    log_size = (segued.home / "daemon.log").stat().st_size
    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(4)
        imported = daemon.log_path.read_bytes()[log_size:]
        assert imported.count(b'"status": "INGEST COMPLETE"') == 1


def test_the_daemon_backs_up(segued: SeguedRunner, tmp_path: Path) -> None:
    """At once without a backup, then from time to time; the newest are kept."""
    music, folder = tmp_path / "music", tmp_path / "backups"
    write_noise_wav(music / "0.wav", 0)
    # Each interval is about a second: backups have the second in their names.
    extra = f'backup_folder = "{folder}"\nbackup_hours = 0.0003\nbackup_keep = 2\n'
    with running_daemon(segued, music, page=True, extra_config=extra) as daemon:
        daemon.wait_until_done(1)
        daemon.wait_for(lambda _: len(daemon.log_entries("backup.written")) >= 4)
        metrics = WebClient.for_daemon(daemon).request("GET", "/metrics").body.decode()
        assert "\nsegued_backup_age_seconds " in metrics
        daemon.stop()
    names = sorted(path.name for path in folder.iterdir())
    written = [each["path"] for each in daemon.log_entries("backup.written")]
    assert names == [Path(each).name for each in written[-2:]]
    assert check_library(folder / names[-1]) > 0

    missing = f'backup_folder = "{tmp_path / "a" / "b"}"\n'
    with running_daemon(segued, music, extra_config=missing) as daemon:
        daemon.wait_for_log("backup.failed", "cannot be created")
        daemon.wait_until_done(1)
    inside = segued.write_config(
        f'[library]\nfolders = ["{music}"]\nbackup_folder = "{music}/b"\n'
    )
    checked = segued.run("config", "check", "--config", inside)
    assert (checked.code, "inside the music folder" in checked.err) == (2, True)


def test_a_check_reads_the_whole_library(segued: SeguedRunner, tmp_path: Path) -> None:
    """Beside a daemon it is intact; one bad page of an index is damage."""
    music = tmp_path / "music"
    write_noise_wav(music / "1.wav", 1)
    options = ("--database", segued.database)
    missing = segued.run("library", "check", *options)
    assert (missing.code, "there is no library" in missing.err) == (3, True)
    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        checked = segued.run("library", "check", *options, "--json")
        assert checked.code == 0, checked.err
        assert checked.json["size_bytes"] == segued.database.stat().st_size
        daemon.stop()

    checked = segued.run("library", "check", *options)
    assert (checked.code, ": intact, " in checked.out) == (0, True), checked.err
    with closing(sqlite3.connect(segued.database)) as library:
        library.execute("PRAGMA writable_schema = ON")
        library.execute(
            """UPDATE sqlite_master SET sql = replace(sql, '("folder', '("path_text')
            WHERE name = 'files_folder'"""
        )
        library.commit()
    damaged = segued.run("library", "check", *options)
    assert (damaged.code, "is damaged" in damaged.err) == (3, True), damaged.out
