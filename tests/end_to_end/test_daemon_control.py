"""Commands to the daemon, and its behavior when killed or misconfigured."""

import json
import os
import shutil
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
from tests.end_to_end.library_queries import (
    dump_library,
    files_by_name,
    query,
    statuses_by_name,
)
from tests.end_to_end.running_daemon import (
    RunningDaemon,
    running_daemon,
    write_noise_mp3,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner
from tests.limits import WAIT_SECONDS


@pytest.fixture(name="songs", scope="module")
def _songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve songs, a copy of one of them, and a file that is not audio."""
    music = tmp_path_factory.mktemp("songs")
    for number in range(12):
        path = music / f"disc {number % 3}" / f"{number:02} song.flac"
        path.parent.mkdir(exist_ok=True)
        encode(path, song(number, 20.0), 44_100, "flac")
        tag(path, {"title": f"Song {number}", "artist": "Marram", "album": "Tide"})
    # Last in the order of names, so that the same one is always imported.
    (music / "zz copy.flac").write_bytes(
        (music / "disc 0" / "00 song.flac").read_bytes()
    )
    (music / "broken.mp3").write_text("no music at all" * 100)
    for path in music.rglob("*.*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))  # long settled
    return music


def session_states(segued: SeguedRunner) -> list[str]:
    """Return the states of all sessions, in order of creation."""
    with closing(sqlite3.connect(segued.database)) as library:
        rows = library.execute("SELECT state FROM import_sessions ORDER BY rowid")
        return [state for (state,) in rows]


def test_pause_survives_a_restart(segued: SeguedRunner, songs: Path) -> None:
    """Resume continues the same session."""
    with running_daemon(segued, songs) as daemon:
        daemon.wait_for(lambda status: status["workers"])
        paused = daemon.client.request("POST", "/api/import/pause/current", {})
        assert paused["state"] == "PAUSED"
        status = daemon.wait_for(
            lambda status: (
                not status["workers"] and session_states(segued) == ["PAUSED"]
            )
        )
        session, done = status["session"], status["files_done"]
        assert daemon.stop() == 0
    assert session_states(segued) == ["PAUSED"]

    with running_daemon(segued, songs) as daemon:
        status = daemon.wait_for(
            lambda status: status["folders"][0]["state"] == "watching"
        )
        assert (status["state"], status["session"]) == ("PAUSED", session)
        assert status["workers"] == []
        segued.control("resume", client=daemon.client)
        daemon.wait_until_done(14)

        assert session_states(segued) == ["COMPLETED"]
        # No file was imported twice.
        assert sum(daemon.completion_counts().values()) <= 12
        assert done < 14


def test_cancel_stops_a_decode_and_resume_continues(
    segued: SeguedRunner, songs: Path, tmp_path: Path
) -> None:
    """Cancel does not wait for a file of an hour; resume imports the rest."""
    music = shutil.copytree(songs, tmp_path / "music")
    long = write_long_mp3(music / "long.mp3", 60.0)
    # So old that the first scan does not take it for a file that is being written.
    os.utime(long, (0, 0))
    with running_daemon(segued, music) as daemon:
        wait_until_decoding(daemon, long)
        cancelled = daemon.client.request("POST", "/api/import/cancel/current", {})
        assert cancelled["state"] == "CANCELLED"
        daemon.wait_for(
            lambda status: (
                (status["workers"], status["session"]) == ([], None)
                and session_states(segued) == ["CANCELLED"]
            )
        )
        statuses = statuses_by_name(segued.database)
        assert "PROCESSING" not in statuses.values()
        assert statuses["long.mp3"] == "PENDING"
        saved = daemon.log_entries("phase.saved")
        assert (str(long), 4) not in [(each["file"], each["phase"]) for each in saved]

        segued.control("resume", client=daemon.client)
        daemon.wait_until_done(15)
        assert session_states(segued) == ["CANCELLED", "COMPLETED"]
        assert set(daemon.completion_counts().values()) == {1}


def test_control_commands_are_answered(segued: SeguedRunner, songs: Path) -> None:
    """Status, retry, settings, scan, explain and invalid input; also by curl."""
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

        workers = segued.control("workers", "2", "--json", client=daemon.client)
        assert workers.json == {"ai_processing_thread_count": 2}
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
        health = subprocess.run(
            ("curl", "-s", *socket, "http://segued/health"),
            capture_output=True,
            check=True,
        )
        assert json.loads(health.stdout)["state"] == "COMPLETED"
        (row,) = query(segued.database, "SELECT * FROM import_sessions LIMIT 1")
        row["roots"] = json.loads(row["roots"])
        assert daemon.client.request("GET", f"/api/import/status/{row['id']}") == row
        for method, route in (("GET", "status"), ("POST", "cancel"), ("POST", "pause")):
            with pytest.raises(ConfigError, match="session"):
                daemon.client.request(method, f"/api/import/{route}/no-such-id")
        daemon.wait_for(lambda status: status["state"] == "COMPLETED")
        nonsense = subprocess.run(
            ("curl", "-s", "-d", "[", *socket, "http://segued/api/retry"),
            capture_output=True,
            check=True,
        )
        assert "invalid request" in json.loads(nonsense.stdout)["error"]["detail"]
        assert oct(daemon.client.path.stat().st_mode & 0o777) == "0o660"
        assert oct(daemon.client.path.parent.stat().st_mode & 0o777) == "0o750"
        assert segued.import_folders(songs).code == 3  # the daemon holds the library

    refused = segued.control("pause", client=daemon.client)
    assert (refused.code, "no daemon is listening" in refused.err) == (4, True)
    assert not daemon.client.path.exists()


def test_second_daemon_does_not_disturb_the_first(
    segued: SeguedRunner, songs: Path
) -> None:
    """Neither on the same socket nor on the same library."""
    with running_daemon(segued, songs) as daemon:
        command = ("serve", "--offline", "--database", segued.database)
        config = segued.write_config(
            f'[library]\ncontrol_socket = "{daemon.client.path}"\n'
            f'database = "{segued.home}/other.db"\n'
        )
        second = segued.run("serve", "--offline", "--config", config, songs)
        assert second.code == 3
        assert "another daemon is running (process" in second.err

        config = segued.write_config(
            f'[library]\ncontrol_socket = "{segued.home}/other.sock"\n'
        )
        third = segued.run(*command, "--config", config, songs)
        assert third.code == 3
        assert "another segued is using this library" in third.err
        daemon.wait_until_done(14)


def test_reload_adds_and_removes_folders(segued: SeguedRunner, tmp_path: Path) -> None:
    """SIGHUP reads the configuration again; an invalid one changes nothing."""
    one, two = tmp_path / "one", tmp_path / "two"
    write_noise_wav(one / "a.wav", 1)
    write_noise_wav(two / "b.wav", 2)
    with running_daemon(segued, extra_config=f'folders = ["{one}"]\n') as daemon:
        daemon.wait_until_done(1)
        (config,) = (path for path in segued.home.glob("*.toml"))
        before = config.read_text()

        config.write_text(before.replace("folders =", "folder ="))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for_log(
            "config.refused", "there is no key folder; did you mean folders?"
        )
        assert len(daemon.status()["folders"]) == 1

        config.write_text(before.replace(f'"{one}"', f'"{one}", "{two}"'))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_until_done(2)
        config.write_text(before.replace(f'"{one}"', f'"{two}"'))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_until_done(1)

        # Files of a folder that is no longer watched are kept.
        assert {row["status"] for row in files_by_name(segued.database).values()} == {
            "INGEST COMPLETE"
        }


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_import_continues_after_stop_in_any_phase(
    segued: SeguedRunner, songs: Path, tmp_path: Path, number: int
) -> None:
    """The library equals that of an undisturbed run, and no child is left."""
    undisturbed = SeguedRunner(tmp_path / "undisturbed")
    assert undisturbed.import_folders(songs).code == 1  # one file is broken

    # One worker: a file killed three times in one phase would become FAILED.
    one_worker = "[settings]\nai_processing_thread_count = 1\n"
    for phase in range(1, 11):
        with running_daemon(segued, songs, extra_config=one_worker) as daemon:
            if daemon.status()["state"] != "COMPLETED":
                daemon.wait_for_log('"phase.started"', f'"phase": {phase},')
            code = daemon.stop(number)
            assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
            segued.assert_no_process_left()
    with running_daemon(segued, songs) as daemon:
        daemon.wait_until_done(14)
        assert daemon.counter_total("files complete", "INGEST COMPLETE") <= 12

    assert dump_library(segued.database) == dump_library(undisturbed.database)


def test_file_that_crashes_the_daemon_is_failed(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """After three crashes, with the reason; `retry` imports it again."""
    music = tmp_path / "music"
    music.mkdir()
    long = write_long_mp3(music / "deadly.mp3", 60.0)

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


def _file_and_phase(worker: dict[str, Any]) -> tuple[str, int]:
    return worker["name"], worker["phase"]


def write_long_mp3(path: Path, minutes: float) -> Path:
    """Write a file that takes seconds to decode, but not to encode."""
    write_noise_mp3(path, minutes / 20)
    path.write_bytes(path.read_bytes() * 20)
    return path


def wait_until_decoding(daemon: RunningDaemon, file: Path) -> None:
    """Wait until a worker decodes this file."""
    daemon.wait_for(
        lambda status: (
            (file.name, 4) in [_file_and_phase(each) for each in status["workers"]]
        )
    )


def _kill_while_decoding(daemon: RunningDaemon, file: Path) -> None:
    """Kill the daemon while it decodes this file."""
    wait_until_decoding(daemon, file)
    os.killpg(daemon.process.pid, signal.SIGKILL)
    daemon.process.wait()


def test_invalid_configuration_is_refused(segued: SeguedRunner, tmp_path: Path) -> None:
    """A library in the music folder, a bad value, an impossible socket path."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)

    inside = segued.run("serve", "--database", music / "library.db", music)
    assert (inside.code, "inside the music folder" in inside.err) == (2, True)

    config = segued.write_config("[watching]\nsettle_seconds = -1\n")
    wrong = segued.run("serve", "--config", config, music)
    assert (wrong.code, "settle_seconds" in wrong.err) == (2, True)

    (tmp_path / "file").touch()
    config = segued.write_config(
        f'[library]\ncontrol_socket = "{tmp_path}/file/s.sock"\n'
    )
    no_socket = segued.run(
        "serve",
        "--offline",
        "--config",
        config,
        "--database",
        segued.database,
        music,
    )
    assert (no_socket.code, "cannot create the control socket" in no_socket.err) == (
        2,
        True,
    )
    assert sorted(path.name for path in music.iterdir()) == ["song.wav"]


def test_only_one_of_five_daemons_survives(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Five on one socket, each with its own library: four exit with code 3."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    socket = tmp_path / "run" / "control.sock"
    config = segued.write_config(f'[library]\ncontrol_socket = "{socket}"\n')
    arguments = ("serve", "--offline", "--config", config, "--database")
    processes = [
        subprocess.Popen(
            segued.command(*arguments, tmp_path / f"{number}.db", music),
            env=segued.environment(),
            stderr=subprocess.PIPE,
        )
        for number in range(5)
    ]
    try:
        until = time.monotonic() + WAIT_SECONDS
        while sum(each.poll() is None for each in processes) > 1:
            assert time.monotonic() < until
            time.sleep(0.02)
        (survivor,) = [each for each in processes if each.poll() is None]
        while not DaemonClient(socket).is_up:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert DaemonClient(socket).request("GET", "/health")["process"] == survivor.pid
        assert {each.returncode for each in processes if each is not survivor} == {3}
    finally:
        for each in processes:
            each.terminate()
            each.communicate(timeout=WAIT_SECONDS)


def test_excluded_folder_stays_excluded(segued: SeguedRunner, tmp_path: Path) -> None:
    """By a marker in a parent or a hidden name, even if a scan of it is requested."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    (music / "closed" / "inner").mkdir(parents=True)
    (music / "closed" / ".seguedignore").touch()

    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        write_noise_wav(music / "closed" / "inner" / "secret.wav", 2)
        write_noise_wav(music / ".hidden" / "secret.wav", 3)
        hidden = segued.control("scan", music / ".hidden", client=daemon.client)
        assert (hidden.code, "is not scanned" in hidden.err) == (2, True)
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
