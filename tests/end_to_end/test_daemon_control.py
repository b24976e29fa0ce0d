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

from segued.cli.daemon_client import DaemonClient
from segued.errors import ConfigError
from tests.end_to_end.library_queries import dump_library, files_by_name, query
from tests.end_to_end.running_daemon import (
    RunningDaemon,
    running_daemon,
    write_noise_mp3,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner

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


def session_states(segued: SeguedRunner) -> list[str]:
    """Return the states of all sessions, in the order in which they began."""
    with closing(sqlite3.connect(segued.database)) as library:
        rows = library.execute("SELECT state FROM import_sessions ORDER BY rowid")
        return [state for (state,) in rows]


def test_pause_survives_a_restart(segued: SeguedRunner, songs: Path) -> None:
    """And resume goes on in the same session."""
    with running_daemon(segued, songs) as daemon:
        daemon.wait_for(lambda told: told["workers"])
        told = daemon.client.request("POST", "/api/import/pause/current", {})
        assert (told["state"], told["workers"]) == ("PAUSED", [])
        session, done = told["session"], told["files_done"]
        assert daemon.stop() == 0
    assert session_states(segued) == ["PAUSED"]

    with running_daemon(segued, songs) as daemon:
        told = daemon.wait_for(lambda told: told["folders"][0]["state"] == "watching")
        assert (told["state"], told["session"]) == ("PAUSED", session)
        assert told["workers"] == []
        segued.control("resume", client=daemon.client)
        daemon.wait_until_done(14)

        assert session_states(segued) == ["COMPLETED"]
        # Nothing that was done before was done again.
        assert sum(daemon.completion_counts().values()) <= 12
        assert done < 14


def test_cancel_is_quick_and_resume_continues(
    segued: SeguedRunner, songs: Path
) -> None:
    """Whatever it is at; and what is dropped in meanwhile waits."""
    with running_daemon(segued, songs) as daemon:
        daemon.wait_for(
            lambda told: any(line["phase"] == 4 for line in told["workers"])
        )
        begun = time.monotonic()
        told = daemon.client.request("POST", "/api/import/cancel/current", {})
        assert time.monotonic() - begun < CANCEL_SECONDS
        assert (told["state"], told["workers"], told["session"]) == (
            "CANCELLED",
            [],
            None,
        )
        assert "PROCESSING" not in {
            row["status"] for row in files_by_name(segued.database).values()
        }
        assert session_states(segued) == ["CANCELLED"]

        segued.control("resume", client=daemon.client)
        daemon.wait_until_done(14)
        assert session_states(segued) == ["CANCELLED", "COMPLETED"]
        assert set(daemon.completion_counts().values()) == {1}


def test_control_commands_are_answered(segued: SeguedRunner, songs: Path) -> None:
    """Status, failures, retry, settings, scan, and nonsense; by curl as well."""
    with running_daemon(segued, songs, reconcile=300) as daemon:
        daemon.wait_until_done(14)
        status = segued.control("status", client=daemon.client)
        assert "Session COMPLETED   14 of 14 files (100.0 %)" in status.out
        assert f"{songs}   watching" in status.out

        retried = segued.control("retry", "not-audio", "--json", client=daemon.client)
        assert retried.json == {"reopened": 1}
        daemon.wait_until_done(14)
        unknown = segued.control("retry", "no-such-code", client=daemon.client)
        assert (unknown.code, "no failed file" in unknown.err) == (2, True)

        held = segued.control("workers", "2", "--json", client=daemon.client)
        assert held.json == {"ai_processing_thread_count": 2}
        key = segued.control(
            "settings", "acoustid_api_key", "abcdefgh", client=daemon.client
        )
        assert "abcdef" not in key.out + daemon.log_path.read_text()
        wrong = segued.control("settings", "volume", "11", client=daemon.client)
        assert (wrong.code, "no such setting" in wrong.err) == (2, True)

        outside = segued.control("scan", "/nowhere", client=daemon.client)
        assert (outside.code, "in none of the music" in outside.err) == (2, True)
        why = segued.control(
            "explain", songs / "disc 1" / "01 song.flac", client=daemon.client
        )
        assert "Song 1" in why.out

        socket = ("--unix-socket", str(daemon.client.path))
        asked = subprocess.run(
            ("curl", "-s", *socket, "http://segued/health"),
            capture_output=True,
            check=True,
        )
        assert json.loads(asked.stdout)["state"] == "COMPLETED"
        (row,) = query(segued.database, "SELECT * FROM import_sessions LIMIT 1")
        assert daemon.client.request("GET", f"/api/import/status/{row['id']}") == row
        for method, route in (("GET", "status"), ("POST", "cancel"), ("POST", "pause")):
            with pytest.raises(ConfigError, match="session"):
                daemon.client.request(method, f"/api/import/{route}/no-such-id")
        assert daemon.status()["state"] == "COMPLETED"
        nonsense = subprocess.run(
            ("curl", "-s", "-d", "[", *socket, "http://segued/api/retry"),
            capture_output=True,
            check=True,
        )
        assert "makes no sense" in json.loads(nonsense.stdout)["error"]["detail"]
        assert oct(daemon.client.path.stat().st_mode & 0o777) == "0o660"
        assert oct(daemon.client.path.parent.stat().st_mode & 0o777) == "0o750"
        assert segued.import_folders(songs).code == 3  # the daemon holds the library

    gone = segued.control("pause", client=daemon.client)
    assert (gone.code, "no segued answers" in gone.err) == (4, True)
    assert not daemon.client.path.exists()


def test_second_daemon_does_not_disturb_the_first(
    segued: SeguedRunner, songs: Path
) -> None:
    """On the same socket, and on the same library."""
    with running_daemon(segued, songs) as daemon:
        command = ("serve", "--offline", "--database", segued.database)
        config = segued.write_config(
            f'[library]\ncontrol_socket = "{daemon.client.path}"\n'
        )
        second = segued.run(*command, "--config", config, songs)
        assert second.code == 3
        assert "another segued answers there" in second.err

        config = segued.write_config(
            f'[library]\ncontrol_socket = "{segued.home}/other.sock"\n'
        )
        third = segued.run(*command, "--config", config, songs)
        assert third.code == 3
        assert "another segued is using this library" in third.err
        daemon.wait_until_done(14)


def test_reload_adds_and_removes_folders(segued: SeguedRunner, tmp_path: Path) -> None:
    """SIGHUP reads the configuration anew; nonsense in it changes nothing."""
    one, two = tmp_path / "one", tmp_path / "two"
    write_noise_wav(one / "a.wav", 1)
    write_noise_wav(two / "b.wav", 2)
    with running_daemon(segued, extra_config=f'folders = ["{one}"]\n') as daemon:
        daemon.wait_until_done(1)
        (config,) = (path for path in segued.home.glob("*.toml"))
        before = config.read_text()

        config.write_text(before.replace("folders =", "folder ="))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for_log("config.refused", "unknown field")
        assert len(daemon.status()["folders"]) == 1

        config.write_text(before.replace(f'"{one}"', f'"{one}", "{two}"'))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_until_done(2)
        config.write_text(before.replace(f'"{one}"', f'"{two}"'))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_until_done(1)

        # What is not watched any more is not lost.
        assert {row["status"] for row in files_by_name(segued.database).values()} == {
            "INGEST COMPLETE"
        }


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_import_continues_after_stop_in_any_phase(
    segued: SeguedRunner, songs: Path, tmp_path: Path, number: int
) -> None:
    """The library is that of an undisturbed run, and no child is left."""
    undisturbed = SeguedRunner(tmp_path / "undisturbed")
    assert undisturbed.import_folders(songs).code == 1  # one file is broken

    # One at a time: a file that is killed three times in one phase is set aside.
    alone = "[settings]\nai_processing_thread_count = 1\n"
    for phase in range(1, 11):
        with running_daemon(segued, songs, extra_config=alone) as daemon:
            if daemon.status()["state"] != "COMPLETED":
                daemon.wait_for_log('"phase.started"', f'"phase": {phase},')
            code = daemon.stop(number)
            assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
            _gone(segued)
    with running_daemon(segued, songs) as daemon:
        daemon.wait_until_done(14)
        assert daemon.counter_total("files complete", "INGEST COMPLETE") <= 12

    assert dump_library(segued.database) == dump_library(undisturbed.database)


def _gone(segued: SeguedRunner) -> None:
    until = time.monotonic() + 5
    while segued.leftover_processes() and time.monotonic() < until:
        time.sleep(0.02)
    assert segued.leftover_processes() == []


def test_file_that_crashes_the_daemon_is_failed(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """After three times, with the reason; until somebody retries it."""
    music = tmp_path / "music"
    music.mkdir()
    long = write_noise_mp3(music / "deadly.mp3", 10.0)
    long.write_bytes(long.read_bytes() * 20)

    for _ in range(3):
        with running_daemon(segued, music) as daemon:
            _kill_while_decoding(daemon, long)
    write_noise_wav(music / "good.wav", 2)
    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(2)
        row = files_by_name(segued.database)["deadly.mp3"]
        assert (row["status"], row["failure_code"]) == ("FAILED", "crashed")
        assert "killed 3 times" in row["failure_detail"]

        segued.control("retry", "crashed", client=daemon.client)

        def done(_: object) -> bool:
            status = files_by_name(segued.database)["deadly.mp3"]["status"]
            return bool(status == "INGEST COMPLETE")

        daemon.wait_for(done)


def _at(worker: dict[str, Any]) -> tuple[str, int]:
    return worker["name"], worker["phase"]


def _kill_while_decoding(daemon: RunningDaemon, file: Path) -> None:
    """Kill the daemon while it decodes a file."""
    daemon.wait_for(
        lambda told: (file.name, 4) in [_at(each) for each in told["workers"]]
    )
    os.killpg(daemon.process.pid, signal.SIGKILL)
    daemon.process.wait()


def test_invalid_configuration_is_refused(segued: SeguedRunner, tmp_path: Path) -> None:
    """A library among the music, a configuration that is none, a socket nowhere."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)

    among = segued.run("serve", "--database", music / "library.db", music)
    assert (among.code, "inside the music folder" in among.err) == (2, True)

    config = segued.write_config("[watching]\nsettle_seconds = -1\n")
    wrong = segued.run("serve", "--config", config, music)
    assert (wrong.code, "settle_seconds" in wrong.err) == (2, True)

    (tmp_path / "file").touch()
    config = segued.write_config(
        f'[library]\ncontrol_socket = "{tmp_path}/file/s.sock"\n'
    )
    nowhere = segued.run(
        *("serve", "--offline", "--config", config),
        *("--database", segued.database, music),
    )
    assert (nowhere.code, "no control socket there" in nowhere.err) == (2, True)
    assert sorted(path.name for path in music.iterdir()) == ["song.wav"]


def test_only_one_of_five_daemons_survives(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """On one socket, with a library each; the others leave it alone."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    socket = tmp_path / "run" / "control.sock"
    config = segued.write_config(f'[library]\ncontrol_socket = "{socket}"\n')
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
        while not DaemonClient(socket).is_up:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert DaemonClient(socket).request("GET", "/health")["process"] == alive.pid
        assert {each.returncode for each in started if each is not alive} == {3}
    finally:
        for each in started:
            each.terminate()
            each.communicate(timeout=15)


def test_excluded_folder_stays_excluded(segued: SeguedRunner, tmp_path: Path) -> None:
    """A marker above a place, or a hidden name, also when one asks for the place."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    (music / "closed" / "inner").mkdir(parents=True)
    (music / "closed" / ".seguedignore").touch()

    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        write_noise_wav(music / "closed" / "inner" / "secret.wav", 2)
        write_noise_wav(music / ".hidden" / "secret.wav", 3)
        hidden = segued.control("scan", music / ".hidden", client=daemon.client)
        assert (hidden.code, "is not looked into" in hidden.err) == (2, True)
        segued.control("scan", music / "closed" / "inner", client=daemon.client)
        outside = daemon.client
        with pytest.raises(ConfigError, match="in none of the music folders"):
            outside.request(
                "POST",
                "/api/import/session/start",
                {"path": f"{music}/../elsewhere"},
            )
        outside.request("POST", "/api/import/session/start", {"path": f"{music}/"})
        write_noise_wav(music / "open.wav", 4)
        daemon.wait_until_done(2)

        assert files_by_name(segued.database).keys() == {"song.wav", "open.wav"}
