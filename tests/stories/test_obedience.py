"""The daemon does what it is told, and survives what is done to it."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sample_library import encode, song, tag

from segued.cli.daemon_client import Line
from segued.errors import ConfigError
from tests.stories.dump import ask, dump, files
from tests.stories.living import Living, living, noise, tune
from tests.stories.program import Segued

CANCEL_SECONDS = 2.0


@pytest.fixture(name="songs", scope="module")
def _songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve songs, with a pair of copies and something broken."""
    music = tmp_path_factory.mktemp("songs")
    for number in range(12):
        path = music / f"disc {number % 3}" / f"{number:02} song.flac"
        path.parent.mkdir(exist_ok=True)
        encode(path, song(number, 20.0), 44_100, "flac")
        tag(path, {"title": f"Song {number}", "artist": "Marram", "album": "Tide"})
    # Far behind in the order of names, so that the same one is always imported.
    (music / "zz copy.flac").write_bytes(
        (music / "disc 0" / "00 song.flac").read_bytes()
    )
    (music / "broken.mp3").write_text("no music at all" * 100)
    for path in music.rglob("*.*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))  # at rest for long
    return music


def states(segued: Segued) -> list[str]:
    """Return the states of all sessions, in the order in which they began."""
    with closing(sqlite3.connect(segued.database)) as library:
        rows = library.execute("SELECT state FROM import_sessions ORDER BY rowid")
        return [state for (state,) in rows]


def test_pause_survives_a_restart(segued: Segued, songs: Path) -> None:
    """And resume goes on in the same session."""
    with living(segued, songs) as alive:
        alive.until(lambda told: told["workers"])
        told = alive.line.ask("POST", "/api/import/pause/current", {})
        assert (told["state"], told["workers"]) == ("PAUSED", [])
        session, done = told["session"], told["files_done"]
        assert alive.ended() == 0
    assert states(segued) == ["PAUSED"]

    with living(segued, songs) as alive:
        told = alive.until(lambda told: told["folders"][0]["state"] == "watching")
        assert (told["state"], told["session"]) == ("PAUSED", session)
        assert told["workers"] == []
        segued.control("resume", line=alive.line)
        alive.until_done(14)

        assert states(segued) == ["COMPLETED"]
        # Nothing that was done before was done again.
        assert sum(alive.completed().values()) <= 12
        assert done < 14


def test_cancel_is_quick_and_resume_goes_on(segued: Segued, songs: Path) -> None:
    """Whatever it is at; and what is dropped in meanwhile waits."""
    with living(segued, songs) as alive:
        alive.until(lambda told: any(line["phase"] == 4 for line in told["workers"]))
        begun = time.monotonic()
        told = alive.line.ask("POST", "/api/import/cancel/current", {})
        assert time.monotonic() - begun < CANCEL_SECONDS
        assert (told["state"], told["workers"], told["session"]) == (
            "CANCELLED",
            [],
            None,
        )
        assert "PROCESSING" not in {
            row["status"] for row in files(segued.database).values()
        }
        assert states(segued) == ["CANCELLED"]

        segued.control("resume", line=alive.line)
        alive.until_done(14)
        assert states(segued) == ["CANCELLED", "COMPLETED"]
        assert set(alive.completed().values()) == {1}


def test_what_is_asked_of_it_is_answered(segued: Segued, songs: Path) -> None:
    """Status, failures, retry, settings, scan, and nonsense; by curl as well."""
    with living(segued, songs, reconcile=300) as alive:
        alive.until_done(14)
        status = segued.control("status", line=alive.line)
        assert "Session COMPLETED   14 of 14 files (100.0 %)" in status.out
        assert f"{songs}   watching" in status.out

        retried = segued.control("retry", "not-audio", "--json", line=alive.line)
        assert retried.json == {"reopened": 1}
        alive.until_done(14)
        unknown = segued.control("retry", "no-such-code", line=alive.line)
        assert (unknown.code, "no failed file" in unknown.err) == (2, True)

        held = segued.control("workers", "2", "--json", line=alive.line)
        assert held.json == {"ai_processing_thread_count": 2}
        key = segued.control(
            "settings", "acoustid_api_key", "abcdefgh", line=alive.line
        )
        assert "abcdef" not in key.out + alive.said.read_text()
        wrong = segued.control("settings", "volume", "11", line=alive.line)
        assert (wrong.code, "no such setting" in wrong.err) == (2, True)

        outside = segued.control("scan", "/nowhere", line=alive.line)
        assert (outside.code, "in none of the music" in outside.err) == (2, True)
        why = segued.control(
            "explain", songs / "disc 1" / "01 song.flac", line=alive.line
        )
        assert "Song 1" in why.out

        socket = ("--unix-socket", str(alive.line.path))
        asked = subprocess.run(
            ("curl", "-s", *socket, "http://segued/health"),
            capture_output=True,
            check=True,
        )
        assert json.loads(asked.stdout)["state"] == "COMPLETED"
        (row,) = ask(segued.database, "SELECT * FROM import_sessions LIMIT 1")
        assert alive.line.ask("GET", f"/api/import/status/{row['id']}") == row
        for method, route in (("GET", "status"), ("POST", "cancel"), ("POST", "pause")):
            with pytest.raises(ConfigError, match="session"):
                alive.line.ask(method, f"/api/import/{route}/no-such-id")
        assert alive.status()["state"] == "COMPLETED"
        nonsense = subprocess.run(
            ("curl", "-s", "-d", "[", *socket, "http://segued/api/retry"),
            capture_output=True,
            check=True,
        )
        assert "makes no sense" in json.loads(nonsense.stdout)["error"]["detail"]
        assert oct(alive.line.path.stat().st_mode & 0o777) == "0o660"
        assert oct(alive.line.path.parent.stat().st_mode & 0o777) == "0o750"
        assert segued.imported(songs).code == 3  # the daemon holds the library

    gone = segued.control("pause", line=alive.line)
    assert (gone.code, "no segued answers" in gone.err) == (4, True)
    assert not alive.line.path.exists()


def test_a_second_daemon_leaves_the_first_alone(segued: Segued, songs: Path) -> None:
    """On the same socket, and on the same library."""
    with living(segued, songs) as alive:
        command = ("serve", "--offline", "--database", segued.database)
        config = segued.config(f'[library]\ncontrol_socket = "{alive.line.path}"\n')
        second = segued.run(*command, "--config", config, songs)
        assert second.code == 3
        assert "another segued answers there" in second.err

        config = segued.config(
            f'[library]\ncontrol_socket = "{segued.home}/other.sock"\n'
        )
        third = segued.run(*command, "--config", config, songs)
        assert third.code == 3
        assert "another segued is using this library" in third.err
        alive.until_done(14)


def test_folders_come_and_go_on_reload(segued: Segued, tmp_path: Path) -> None:
    """SIGHUP reads the configuration anew; nonsense in it changes nothing."""
    one, two = tmp_path / "one", tmp_path / "two"
    tune(one / "a.wav", 1)
    tune(two / "b.wav", 2)
    with living(segued, more=f'folders = ["{one}"]\n') as alive:
        alive.until_done(1)
        (config,) = (path for path in segued.home.glob("*.toml"))
        before = config.read_text()

        config.write_text(before.replace("folders =", "folder ="))
        alive.process.send_signal(signal.SIGHUP)
        alive.until_said("config.refused", "unknown field")
        assert len(alive.status()["folders"]) == 1

        config.write_text(before.replace(f'"{one}"', f'"{one}", "{two}"'))
        alive.process.send_signal(signal.SIGHUP)
        alive.until_done(2)
        config.write_text(before.replace(f'"{one}"', f'"{two}"'))
        alive.process.send_signal(signal.SIGHUP)
        alive.until_done(1)

        # What is not watched any more is not lost.
        assert {row["status"] for row in files(segued.database).values()} == {
            "INGEST COMPLETE"
        }


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_ended_in_every_phase_it_goes_on(
    segued: Segued, songs: Path, tmp_path: Path, number: int
) -> None:
    """The library is that of an undisturbed run, and no child is left."""
    undisturbed = Segued(tmp_path / "undisturbed")
    assert undisturbed.imported(songs).code == 1  # one file is broken

    # One at a time: a file that is killed three times in one phase is set aside.
    alone = "[settings]\nai_processing_thread_count = 1\n"
    for phase in range(1, 11):
        with living(segued, songs, more=alone) as alive:
            if alive.status()["state"] != "COMPLETED":
                alive.until_said('"phase.started"', f'"phase": {phase},')
            code = alive.ended(number)
            assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
            _gone(segued)
    with living(segued, songs) as alive:
        alive.until_done(14)
        assert alive.counted("files complete", "INGEST COMPLETE") <= 12

    assert dump(segued.database) == dump(undisturbed.database)


def _gone(segued: Segued) -> None:
    until = time.monotonic() + 5
    while segued.survivors() and time.monotonic() < until:
        time.sleep(0.02)
    assert segued.survivors() == []


def test_a_file_that_kills_the_daemon_is_set_aside(
    segued: Segued, tmp_path: Path
) -> None:
    """After three times, with the reason; until somebody retries it."""
    music = tmp_path / "music"
    music.mkdir()
    long = noise(music / "deadly.mp3", 10.0)
    long.write_bytes(long.read_bytes() * 20)

    for _ in range(3):
        with living(segued, music) as alive:
            _end_at_work(alive, long)
    tune(music / "good.wav", 2)
    with living(segued, music) as alive:
        alive.until_done(2)
        row = files(segued.database)["deadly.mp3"]
        assert (row["status"], row["failure_code"]) == ("FAILED", "crashed")
        assert "killed 3 times" in row["failure_detail"]

        segued.control("retry", "crashed", line=alive.line)

        def done(_: object) -> bool:
            status = files(segued.database)["deadly.mp3"]["status"]
            return bool(status == "INGEST COMPLETE")

        alive.until(done)


def _at(worker: dict[str, Any]) -> tuple[str, int]:
    return worker["name"], worker["phase"]


def _end_at_work(alive: Living, file: Path) -> None:
    """Kill the daemon while it decodes a file."""
    alive.until(lambda told: (file.name, 4) in [_at(each) for each in told["workers"]])
    os.killpg(alive.process.pid, signal.SIGKILL)
    alive.process.wait()


def test_what_makes_no_sense_is_refused(segued: Segued, tmp_path: Path) -> None:
    """A library among the music, a configuration that is none, a socket nowhere."""
    music = tmp_path / "music"
    tune(music / "song.wav", 1)

    among = segued.run("serve", "--database", music / "library.db", music)
    assert (among.code, "inside the music folder" in among.err) == (2, True)

    config = segued.config("[watching]\nsettle_seconds = -1\n")
    wrong = segued.run("serve", "--config", config, music)
    assert (wrong.code, "settle_seconds" in wrong.err) == (2, True)

    (tmp_path / "file").touch()
    config = segued.config(f'[library]\ncontrol_socket = "{tmp_path}/file/s.sock"\n')
    nowhere = segued.run(
        *("serve", "--offline", "--config", config),
        *("--database", segued.database, music),
    )
    assert (nowhere.code, "no control socket there" in nowhere.err) == (2, True)
    assert sorted(path.name for path in music.iterdir()) == ["song.wav"]


def test_of_five_daemons_at_once_one_lives(segued: Segued, tmp_path: Path) -> None:
    """On one socket, with a library each; the others leave it alone."""
    music = tmp_path / "music"
    tune(music / "song.wav", 1)
    socket = tmp_path / "run" / "control.sock"
    config = segued.config(f'[library]\ncontrol_socket = "{socket}"\n')
    given = ("serve", "--offline", "--config", config, "--database")
    started = [
        subprocess.Popen(
            segued.command(*given, tmp_path / f"{number}.db", music),
            env=segued.environment(),
            stderr=subprocess.PIPE,
        )
        for number in range(5)
    ]
    try:
        until = time.monotonic() + 30
        while sum(each.poll() is None for each in started) > 1:
            assert time.monotonic() < until
            time.sleep(0.02)
        (alive,) = [each for each in started if each.poll() is None]
        while not Line(socket).is_up:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert Line(socket).ask("GET", "/health")["process"] == alive.pid
        assert {each.returncode for each in started if each is not alive} == {3}
    finally:
        for each in started:
            each.terminate()
            each.communicate(timeout=15)


def test_what_is_closed_stays_closed(segued: Segued, tmp_path: Path) -> None:
    """A marker above a place, or a hidden name, also when one asks for the place."""
    music = tmp_path / "music"
    tune(music / "song.wav", 1)
    (music / "closed" / "inner").mkdir(parents=True)
    (music / "closed" / ".seguedignore").touch()

    with living(segued, music) as alive:
        alive.until_done(1)
        tune(music / "closed" / "inner" / "secret.wav", 2)
        tune(music / ".hidden" / "secret.wav", 3)
        hidden = segued.control("scan", music / ".hidden", line=alive.line)
        assert (hidden.code, "is not looked into" in hidden.err) == (2, True)
        segued.control("scan", music / "closed" / "inner", line=alive.line)
        outside = alive.line
        with pytest.raises(ConfigError, match="in none of the music folders"):
            outside.ask(
                "POST",
                "/api/import/session/start",
                {"path": f"{music}/../elsewhere"},
            )
        outside.ask("POST", "/api/import/session/start", {"path": f"{music}/"})
        tune(music / "open.wav", 4)
        alive.until_done(2)

        assert files(segued.database).keys() == {"song.wav", "open.wav"}
