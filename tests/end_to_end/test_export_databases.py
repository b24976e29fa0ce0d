"""`segued export stickers` and `wkmp`."""

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.end_to_end.running_daemon import write_album
from tests.end_to_end.running_mpd import running_mpd
from tests.end_to_end.segued_runner import SeguedRunner


@pytest.fixture(name="music")
def _music(tmp_path: Path) -> Path:
    """An album."""
    return write_album(tmp_path / "music" / "Tide", songs=2).parent


def import_music(segued: SeguedRunner, music: Path) -> None:
    """Import the music, with its loudness."""
    config = segued.write_config("[flavoring]\nsources = []\n")
    done = segued.import_folders(music, options=("--offline", "--config", config))
    assert done.code == 0, done.err


def test_mpd_shows_our_stickers_beside_others(
    segued: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """Written while it runs; those of other programs stay, our old ones go."""
    import_music(segued, music)
    song = "Tide/01 song.mp3"
    words = ("export", "stickers", "--database", segued.database, "--root", music)
    target = tmp_path / "sticker.sql"

    with running_mpd(music, tmp_path) as player:
        player.mpc("sticker", song, "set", "rating", "8")
        player.mpc("sticker", song, "set", "segued_old", "1")
        done = segued.run(*words, "-o", target)
        stickers = player.mpc("sticker", song, "list").decode().splitlines()
        found = player.mpc("sticker", "", "find", "segued_confidence").decode()

    assert (done.code, done.out) == (0, "")
    values = dict(line.split("=", 1) for line in stickers)
    assert values.pop("rating") == "8"
    assert float(values["segued_track_gain_db"]) == pytest.approx(0, abs=12)
    assert values["segued_confidence"] == "Low"
    assert "segued_old" not in values
    assert found.count("song.mp3") == 2
    refused = segued.run(*words, "-o", segued.home / "other.db")
    assert refused.code == 0  # a new file is made
    with closing(sqlite3.connect(segued.home / "alien.db")) as alien:
        alien.execute("CREATE TABLE other (x)")
    alien_result = segued.run(*words, "-o", segued.home / "alien.db")
    assert alien_result.code == 2
    assert "not one of MPD's stickers" in alien_result.err


def test_a_database_for_wkmp_is_in_its_root_folder(
    segued: SeguedRunner, music: Path
) -> None:
    """It is new and complete; one that exists is not touched."""
    import_music(segued, music)
    target = music / "wkmp.db"
    words = ("export", "wkmp", "--database", segued.database)

    nowhere = segued.run(*words)
    elsewhere = segued.run(*words, "-o", segued.home / "wkmp.db")
    done = segued.run(*words, "-o", target)
    again = segued.run(*words, "-o", target)

    assert "-o FILE names it" in nowhere.err
    assert "is not below" in elsewhere.err
    assert [each.code for each in (nowhere, elsewhere, done, again)] == [2, 2, 0, 2]
    assert "move it away first" in again.err
    names = sorted(path.name for path in (*music.iterdir(), *segued.home.iterdir()))
    assert [name for name in names if "wkmp" in name] == ["wkmp.db"]
    listed = subprocess.run(
        ("sqlite3", str(target), "SELECT path FROM files ORDER BY path"),
        check=True,
        capture_output=True,
        text=True,
    )
    assert listed.stdout.splitlines() == ["Tide/01 song.mp3", "Tide/02 song.mp3"]
