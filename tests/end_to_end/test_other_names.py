"""Links, hidden names and other files that a scan passes over, end to end."""

from pathlib import Path

from tests.end_to_end.library_queries import files_by_name
from tests.end_to_end.running_daemon import running_daemon, write_noise_wav
from tests.end_to_end.segued_runner import QUICK_CONFIG, SeguedRunner

LINKS = "[scanning]\nfollow_links = true\n"


def statuses(segued: SeguedRunner) -> dict[str, str]:
    """Return the status of each file, by name."""
    files = files_by_name(segued.database)
    return {name: row["status"] for name, row in files.items()}


def test_files_behind_links_are_imported_once(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """With the setting; without it they are MISSING, and come back with it."""
    music, nas = tmp_path / "music", tmp_path / "nas"
    write_noise_wav(music / "real" / "own.wav", 1)
    write_noise_wav(nas / "album" / "far.wav", 2)
    write_noise_wav(nas / "single.wav", 3)
    (music / "album").symlink_to(nas / "album")
    (music / "album again").symlink_to(nas / "album")
    (music / "one.wav").symlink_to(nas / "single.wav")
    (music / "own again.wav").symlink_to(music / "real" / "own.wav")
    (nas / "album" / "circle").symlink_to(music)
    follow = ("--config", segued.write_config(QUICK_CONFIG + LINKS))

    assert segued.import_folders(music, options=follow).code == 0
    everything = dict.fromkeys(("own.wav", "far.wav", "one.wav"), "INGEST COMPLETE")
    assert statuses(segued) == everything

    assert segued.import_folders(music).code == 0
    away = {"far.wav": "MISSING", "one.wav": "MISSING"}
    assert statuses(segued) == everything | away

    again = segued.import_folders(music, options=follow)
    assert statuses(segued) == everything
    assert "hashed" not in again.json["counters"]["2"]


def test_the_daemon_finds_files_behind_links(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Also later, though they cause no events; the music folder stays watched."""
    music, nas = tmp_path / "music", tmp_path / "nas"
    write_noise_wav(music / "own.wav", 1)
    write_noise_wav(nas / "far.wav", 2)
    (music / "nas").symlink_to(nas)

    with running_daemon(
        segued, music, reconcile=1.0, settle=0.3, extra_config=LINKS
    ) as daemon:
        status = daemon.wait_until_done(2)
        assert status["folders"][0]["state"] == "watching"
        write_noise_wav(nas / "later.wav", 3)
        daemon.wait_until_done(3)

    assert set(statuses(segued).values()) == {"INGEST COMPLETE"}
