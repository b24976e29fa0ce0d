"""What happens to files that are known: moved, changed, gone, away."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from sample_library import tag

from segued.units import TICKS_PER_SECOND
from tests.stories.dump import files, statuses
from tests.stories.living import Living, album, living, noise, tune
from tests.stories.program import Segued

MINUTES = 15


@pytest.fixture(name="long", scope="module")
def _long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes a second or two to decode."""
    return noise(tmp_path_factory.mktemp("long") / "long.mp3", MINUTES)


def ids(segued: Segued) -> dict[str, str]:
    """Return the id of each file that is not missing, by its name."""
    return {
        name: row["file_id"]
        for name, row in files(segued.database).items()
        if row["status"] != "MISSING"
    }


def busy(alive: Living, name: str) -> None:
    """Wait until a worker decodes a file."""
    alive.until_said('"phase.started"', '"phase": 4', name)


def test_a_moved_folder_keeps_its_ids_and_is_not_decoded(
    segued: Segued, tmp_path: Path
) -> None:
    """Renamed inside a music folder, and across to another one."""
    one, two = tmp_path / "one", tmp_path / "two"
    two.mkdir()
    tide = album(one / "Tide")

    with living(segued, one, two) as alive:
        alive.until_done(4)
        before = ids(segued)

        tide.rename(one / "High Tide")
        alive.until(lambda _: _paths(segued) == {str(one / "High Tide")})
        alive.until_done(4)
        (one / "High Tide").rename(two / "Tide")
        alive.until(lambda _: _paths(segued) == {str(two / "Tide")})
        told = alive.until_done(4)

        assert ids(segued) == before
        assert len(files(segued.database)) == 4
        assert alive.counted("4", "decoded") == 4
        assert alive.counted("2", "hashed") == 4
        assert [each["state"] for each in told["folders"]] == ["watching"] * 2


def _paths(segued: Segued) -> set[str]:
    rows = files(segued.database).values()
    return {
        str(Path(row["path"]).parent)
        for row in rows
        if row["status"] == "INGEST COMPLETE"
    }


def test_a_retagged_file_is_not_decoded(segued: Segued, tmp_path: Path) -> None:
    """Its bytes changed, its sound did not."""
    music = tmp_path / "music"
    tide = album(music / "Tide", suffix="flac")

    with living(segued, music) as alive:
        alive.until_done(4)
        before = ids(segued)
        tag(tide / "01 song.flac", {"title": "Another Name", "artist": "Marram"})
        alive.until(lambda _: "Another Name" in _titles(segued))
        alive.until_done(4)

        assert ids(segued) == before
        assert alive.counted("4", "decoded") == 4


def _titles(segued: Segued) -> set[str]:
    done = segued.run("library", "passages", "--json", "--database", segued.database)
    return {line.split('"title": "')[1].split('"')[0] for line in done.out.splitlines()}


def test_changes_in_the_middle_of_the_work(
    segued: Segued, tmp_path: Path, long: Path
) -> None:
    """Renamed, replaced or deleted while it is decoded: what is there counts."""
    music = tmp_path / "music"
    music.mkdir()

    with living(segued, music) as alive:
        alive.until(lambda told: told["folders"][0]["state"] == "watching")
        place = music / "before.mp3"
        shutil.copy(long, place)
        busy(alive, "before.mp3")
        place.rename(music / "after.mp3")
        alive.until_done(1)
        assert statuses(segued.database) == {"after.mp3": "INGEST COMPLETE"}

        # Long enough to be still at it when the new bytes have settled.
        replaced = music / "replaced.mp3"
        replaced.write_bytes(long.read_bytes() * 12)
        busy(alive, "replaced.mp3")
        tune(tmp_path / "new.wav", 7).rename(replaced)
        alive.until(lambda _: _ticks(segued, "replaced.mp3") == TICKS_PER_SECOND // 2)
        alive.until_done(2)
        assert _ticks(segued, "replaced.mp3") == TICKS_PER_SECOND // 2

        deleted = music / "deleted.mp3"
        deleted.write_bytes(long.read_bytes() * 10)
        busy(alive, "deleted.mp3")
        deleted.unlink()
        alive.until(lambda _: statuses(segued.database).get("deleted.mp3") == "MISSING")
        alive.until_done(2)
        assert alive.status()["files_failed"] == 0


def _ticks(segued: Segued, name: str) -> object:
    row = files(segued.database).get(name)
    return row and row["duration_ticks"]


def test_a_deleted_file_is_missing_and_comes_back(
    segued: Segued, tmp_path: Path
) -> None:
    """Nothing that is known of it is thrown away; nor of a folder."""
    music = tmp_path / "music"
    tide = album(music / "Tide")
    tune(music / "single.wav", 1)
    tune(music / "left" / "other.wav", 2)

    with living(segued, music) as alive:
        alive.until_done(6)
        before = ids(segued)
        (music / "single.wav").rename(tmp_path / "single.wav")
        shutil.move(tide, tmp_path / "Tide")
        alive.until_done(1)
        assert sorted(statuses(segued.database).values()) == [
            "INGEST COMPLETE",
            *["MISSING"] * 5,
        ]

        (tmp_path / "single.wav").rename(music / "single.wav")
        shutil.move(tmp_path / "Tide", tide)
        alive.until_done(6)
        assert ids(segued) == before
        assert alive.counted("4", "decoded") == 6

        (music / "single.wav").unlink()
        shutil.rmtree(tide)
        shutil.rmtree(music / "left")
        alive.until(lambda told: told["folders"][0]["state"] == "offline")
        assert statuses(segued.database)["other.wav"] == "INGEST COMPLETE"


def test_a_folder_that_appears_later(segued: Segued, tmp_path: Path) -> None:
    """The daemon is there before its music is."""
    music = tmp_path / "music"

    with living(segued, music) as alive:
        assert alive.status()["folders"][0]["state"] == "offline"
        tune(tmp_path / "made" / "song.wav", 1)
        (tmp_path / "made").rename(music)
        alive.until_done(1)
        assert alive.status()["folders"][0]["state"] == "watching"


def test_lost_events_are_made_up_for(segued: Segued, tmp_path: Path) -> None:
    """The queue of inotify overflows while the daemon cannot read it."""
    music = tmp_path / "music"
    music.mkdir()

    with living(segued, music) as alive:
        alive.until(lambda told: told["folders"][0]["state"] == "watching")
        os.killpg(alive.process.pid, signal.SIGSTOP)
        try:
            for number in range(9_000):
                (music / f"{number}.txt").touch()
            for number in range(20):
                tune(music / "deep" / f"{number}" / "song.wav", number)
        finally:
            os.killpg(alive.process.pid, signal.SIGCONT)
        alive.until_done(20)
        assert alive.events("events.lost")

        tune(music / "deep" / "7" / "later.wav", 99)
        alive.until_done(21)


def test_too_few_watches_is_said_and_polled(segued: Segued, tmp_path: Path) -> None:
    """The cure is named, and what arrives is found all the same."""
    music = tmp_path / "music"
    for number in range(40):
        tune(music / f"{number:02}" / "song.wav", number)
    # Its own limit, in a user namespace of its own.
    few = 'echo 20 > /proc/sys/user/max_inotify_watches && exec "$@"'
    before = ("unshare", "--user", "--map-root-user", "sh", "-c", few, "sh")

    with living(segued, music, before=before) as alive:
        alive.until_done(40)
        told = alive.until(lambda told: told["folders"][0]["state"] == "polling")
        assert "sysctl fs.inotify.max_user_watches=" in told["folders"][0]["why"]
        tune(music / "39" / "later.wav", 99)
        alive.until_done(41)
