"""Known files that are moved, changed, deleted or offline."""

import os
import shutil
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sample_library import tag

from segued.units import TICKS_PER_SECOND
from tests.end_to_end.library_queries import (
    files_by_name,
    passages_of,
    statuses_by_name,
)
from tests.end_to_end.running_daemon import (
    RunningDaemon,
    running_daemon,
    write_album,
    write_noise_mp3,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner

MINUTES = 15


@pytest.fixture(name="long", scope="module")
def _long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes one or two seconds to decode."""
    return write_noise_mp3(tmp_path_factory.mktemp("long") / "long.mp3", MINUTES)


def file_ids(segued: SeguedRunner) -> dict[str, str]:
    """Return the id of each file that is not missing, by its name."""
    return {
        name: row["file_id"]
        for name, row in files_by_name(segued.database).items()
        if row["status"] != "MISSING"
    }


def wait_until_decoding(daemon: RunningDaemon, name: str) -> None:
    """Wait until a worker starts to decode a file."""
    daemon.wait_for_log('"phase.started"', '"phase": 4', name)


def test_a_moved_folder_keeps_its_ids_and_is_not_decoded(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Renamed inside a music folder, and moved to another one."""
    one, two = tmp_path / "one", tmp_path / "two"
    two.mkdir()
    tide = write_album(one / "Tide")

    with running_daemon(segued, one, two) as daemon:
        daemon.wait_until_done(4)
        before = file_ids(segued)

        tide.rename(one / "High Tide")
        daemon.wait_for(lambda _: _paths(segued) == {str(one / "High Tide")})
        daemon.wait_until_done(4)
        (one / "High Tide").rename(two / "Tide")
        daemon.wait_for(lambda _: _paths(segued) == {str(two / "Tide")})
        status = daemon.wait_until_done(4)

        assert file_ids(segued) == before
        assert len(files_by_name(segued.database)) == 4
        assert daemon.counter_total("4", "decoded") == 4
        assert daemon.counter_total("2", "hashed") == 4
        assert [each["state"] for each in status["folders"]] == ["watching"] * 2


def _paths(segued: SeguedRunner) -> set[str]:
    rows = files_by_name(segued.database).values()
    return {
        str(Path(row["path"]).parent)
        for row in rows
        if row["status"] == "INGEST COMPLETE"
    }


def test_a_retagged_file_is_not_decoded(segued: SeguedRunner, tmp_path: Path) -> None:
    """The file's bytes changed, its audio did not."""
    music = tmp_path / "music"
    tide = write_album(music / "Tide", suffix="flac")

    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(4)
        before = file_ids(segued)
        tag(tide / "01 song.flac", {"title": "Another Name", "artist": "Marram"})
        daemon.wait_for(lambda _: "Another Name" in _titles(segued))
        daemon.wait_until_done(4)

        assert file_ids(segued) == before
        assert daemon.counter_total("4", "decoded") == 4


@pytest.mark.parametrize("is_running", [True, False])
def test_files_that_a_tagger_sorts_keep_their_ids(
    segued: SeguedRunner,
    tmp_path: Path,
    is_running: bool,  # noqa: FBT001
) -> None:
    """New tags, new names and another music folder at once; nothing is decoded.

    While the daemon runs, or is off.
    """
    unsorted, albums = tmp_path / "unsorted", tmp_path / "albums"
    albums.mkdir()
    write_album(unsorted / "new", suffix="flac")
    (unsorted / "stays.txt").touch()

    with running_daemon(segued, unsorted, albums) as daemon:
        daemon.wait_until_done(4)
        before = file_ids(segued)
        if is_running:
            _sort(unsorted / "new", albums / "Marram" / "Tide")
            daemon.wait_for(lambda _: _paths(segued) == {f"{albums}/Marram/Tide"})
            daemon.wait_until_done(4)
            assert daemon.counter_total("4", "decoded") == 4
    if not is_running:
        _sort(unsorted / "new", albums / "Marram" / "Tide")
        done = segued.import_folders(unsorted, albums).json
        assert done["work"]["4"].get("decoded", 0) == 0

    rows = files_by_name(segued.database)
    assert {row["file_id"] for row in rows.values()} == set(before.values())
    assert {row["status"] for row in rows.values()} == {"INGEST COMPLETE"}
    assert {name for name in rows if name.startswith("Marram - ")} == set(rows)


def _sort(folder: Path, target: Path) -> None:
    """Give files new tags, and move them to another folder with new names."""
    target.mkdir(parents=True)
    for number, path in enumerate(sorted(folder.iterdir())):
        tag(path, {"title": f"Sorted {number}", "artist": "Marram", "album": "Tide"})
        path.rename(target / f"Marram - {number}{path.suffix}")


def test_a_sheet_divides_a_file_again(segued: SeguedRunner, tmp_path: Path) -> None:
    """By an event: the sheet is added, and removed; the audio is decoded once."""
    music = tmp_path / "music"
    tide = write_album(music / "Tide", suffix="flac")
    song, sheet = tide / "01 song.flac", tide / "Tide.cue"

    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(4)
        sheet.write_text(
            'FILE "01 song.wav" WAVE\nTRACK 01 AUDIO\nTITLE Ebb\nINDEX 01 0:00\n'
            "TRACK 02 AUDIO\nTITLE Flow\nINDEX 01 0:02\n"
        )
        daemon.wait_for(lambda _: {"Ebb", "Flow"} <= _titles(segued))
        daemon.wait_until_done(4)
        assert len(passages_of(segued.database, song.name)) == 2
        sheet.unlink()
        daemon.wait_for(lambda _: not {"Ebb", "Flow"} & _titles(segued))
        daemon.wait_until_done(4)

        assert len(passages_of(segued.database, song.name)) == 1
        assert daemon.counter_total("4", "decoded") == 4
        assert daemon.counter_total("2", "hashed") == 4


def test_lyrics_that_come_later_are_read(segued: SeguedRunner, tmp_path: Path) -> None:
    """By an event: added, changed and removed; only their song is read, not decoded."""
    music = tmp_path / "music"
    tide = write_album(music / "Tide")
    lyrics = tide / "02 song.lrc"

    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(4)
        for text in ("[00:01.00]Low tide", "[00:01.00]High tide", None):
            if text is None:
                lyrics.unlink()
            else:
                lyrics.write_text(text)
            expected = [None, text, None, None]
            daemon.wait_for(partial(_has_lyrics, segued, expected))
        daemon.wait_until_done(4)

        assert daemon.counter_total("4", "decoded") == 4
        assert daemon.counter_total("2", "hashed") == 4
        phases = daemon.log_entries("phase.started")
        tags_read = Counter(each["file"] for each in phases if each["phase"] == 3)
    assert sorted(tags_read.values()) == [1, 1, 1, 4]


def _lyrics(segued: SeguedRunner) -> list[str | None]:
    """Return the lyrics of all files, by path."""
    statement = "SELECT tags ->> '$.lyrics' FROM files ORDER BY path"
    with closing(sqlite3.connect(segued.database)) as library:
        return [row[0] for row in library.execute(statement)]


def _has_lyrics(
    segued: SeguedRunner, expected: list[str | None], _status: dict[str, Any]
) -> bool:
    return _lyrics(segued) == expected


def _titles(segued: SeguedRunner) -> set[str]:
    listing = segued.run("library", "passages", "--json", "--database", segued.database)
    return {
        line.split('"title": "')[1].split('"')[0] for line in listing.out.splitlines()
    }


def test_changes_in_the_middle_of_the_work(
    segued: SeguedRunner, tmp_path: Path, long: Path
) -> None:
    """Renamed, replaced or deleted while decoded: the state on disk counts."""
    music = tmp_path / "music"
    music.mkdir()

    with running_daemon(segued, music) as daemon:
        daemon.wait_for(lambda status: status["folders"][0]["state"] == "watching")
        original = music / "before.mp3"
        shutil.copy(long, original)
        wait_until_decoding(daemon, "before.mp3")
        original.rename(music / "after.mp3")
        daemon.wait_until_done(1)
        assert statuses_by_name(segued.database) == {"after.mp3": "INGEST COMPLETE"}

        # Long enough to be still decoding when the new file has settled.
        replaced = music / "replaced.mp3"
        replaced.write_bytes(long.read_bytes() * 12)
        wait_until_decoding(daemon, "replaced.mp3")
        write_noise_wav(tmp_path / "new.wav", 7).rename(replaced)
        daemon.wait_for(
            lambda _: _ticks(segued, "replaced.mp3") == TICKS_PER_SECOND // 2
        )
        daemon.wait_until_done(2)
        assert _ticks(segued, "replaced.mp3") == TICKS_PER_SECOND // 2

        deleted = music / "deleted.mp3"
        deleted.write_bytes(long.read_bytes() * 10)
        wait_until_decoding(daemon, "deleted.mp3")
        deleted.unlink()
        daemon.wait_for(
            lambda _: statuses_by_name(segued.database).get("deleted.mp3") == "MISSING"
        )
        daemon.wait_until_done(2)
        assert daemon.status()["files_failed"] == 0


def _ticks(segued: SeguedRunner, name: str) -> object:
    row = files_by_name(segued.database).get(name)
    return row and row["duration_ticks"]


def test_a_deleted_file_is_missing_and_comes_back(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Its rows are kept; so are those of a deleted folder."""
    music = tmp_path / "music"
    tide = write_album(music / "Tide")
    write_noise_wav(music / "single.wav", 1)
    write_noise_wav(music / "left" / "other.wav", 2)

    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(6)
        before = file_ids(segued)
        (music / "single.wav").rename(tmp_path / "single.wav")
        shutil.move(tide, tmp_path / "Tide")
        daemon.wait_until_done(1)
        assert sorted(statuses_by_name(segued.database).values()) == [
            "INGEST COMPLETE",
            *["MISSING"] * 5,
        ]

        (tmp_path / "single.wav").rename(music / "single.wav")
        shutil.move(tmp_path / "Tide", tide)
        daemon.wait_until_done(6)
        assert file_ids(segued) == before
        assert daemon.counter_total("4", "decoded") == 6

        (music / "single.wav").unlink()
        shutil.rmtree(tide)
        shutil.rmtree(music / "left")
        daemon.wait_for(lambda status: status["folders"][0]["state"] == "offline")
        assert statuses_by_name(segued.database)["other.wav"] == "INGEST COMPLETE"


def test_a_folder_that_appears_later(segued: SeguedRunner, tmp_path: Path) -> None:
    """The daemon starts before its music folder exists."""
    music = tmp_path / "music"

    with running_daemon(segued, music) as daemon:
        daemon.wait_for(lambda status: status["folders"][0]["state"] == "offline")
        write_noise_wav(tmp_path / "made" / "song.wav", 1)
        (tmp_path / "made").rename(music)
        daemon.wait_until_done(1)
        assert daemon.status()["folders"][0]["state"] == "watching"


def test_inotify_overflow_is_recovered(segued: SeguedRunner, tmp_path: Path) -> None:
    """The inotify queue overflows while the daemon is stopped."""
    music = tmp_path / "music"
    music.mkdir()

    with running_daemon(segued, music) as daemon:
        daemon.wait_for(lambda status: status["folders"][0]["state"] == "watching")
        os.killpg(daemon.process.pid, signal.SIGSTOP)
        try:
            for number in range(9_000):
                (music / f"{number}.txt").touch()
            for number in range(20):
                write_noise_wav(music / "deep" / f"{number}" / "song.wav", number)
        finally:
            os.killpg(daemon.process.pid, signal.SIGCONT)
        daemon.wait_until_done(20)
        assert daemon.log_entries("events.lost")

        write_noise_wav(music / "deep" / "7" / "later.wav", 99)
        daemon.wait_until_done(21)


def test_inotify_watch_limit_falls_back_to_polling(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """The message names the sysctl, and new files are found by polling."""
    music = tmp_path / "music"
    for number in range(40):
        write_noise_wav(music / f"{number:02}" / "song.wav", number)
    # The limit holds in the daemon's own user namespace.
    shell = 'echo 20 > /proc/sys/user/max_inotify_watches && exec "$@"'
    namespace = ("unshare", "--user", "--map-root-user", "sh", "-c", shell, "sh")

    with running_daemon(segued, music, command_prefix=namespace) as daemon:
        daemon.wait_until_done(40)
        status = daemon.wait_for(
            lambda status: status["folders"][0]["state"] == "polling"
        )
        assert "sysctl fs.inotify.max_user_watches=" in status["folders"][0]["why"]
        write_noise_wav(music / "39" / "later.wav", 99)
        daemon.wait_until_done(41)
