"""Events that a daemon tells a command and an address."""

import json
import shutil
import socket
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.end_to_end.hook_kills import run_hook_kills
from tests.end_to_end.hook_receiver import hook_receiver
from tests.end_to_end.running_daemon import (
    running_daemon,
    write_album,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner
from tests.limits import WAIT_SECONDS
from tests.web.web_client import WebClient

SECRET = "0123456789-secret"  # noqa: S105

SCRIPT = """#!/bin/sh
if [ ! -e "{folder}/first" ]; then touch "{folder}/first"; echo a-word >&2; exit 3; fi
env > "{folder}/environment"
cat >> "{folder}/events"
echo >> "{folder}/events"
"""


def kinds(taken: list[dict[str, Any]]) -> Counter[str]:
    """Return how many events there are of each kind."""
    return Counter(each["event"] for each in taken)


def test_a_command_and_an_address_are_told(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Everything once, signed, also what was refused at first; secrets stay secret."""
    music = write_album(tmp_path / "music" / "tide", songs=2).parent
    (music / "broken.mp3").write_text("no music " * 100)
    script = tmp_path / "hook"
    script.write_text(SCRIPT.format(folder=tmp_path))
    script.chmod(0o700)
    events = tmp_path / "events"
    with hook_receiver(SECRET) as receiver:
        hooks = (
            f'[hooks]\ncommand = ["{script}", "a $b"]\nurl = "{receiver.url}"\n'
            f'secret = "{SECRET}"\n'
        )
        with running_daemon(segued, music, extra_config=hooks) as daemon:
            daemon.wait_until_done(3)
            daemon.wait_for(
                lambda _: any(each.get("tracks") == 2 for each in receiver.taken)
            )
            shutil.move(music, tmp_path / "away")
            daemon.wait_for(lambda _: "folder.offline" in kinds(receiver.taken))
            daemon.wait_for(
                lambda _: events.exists() and "folder.offline" in events.read_text()
            )
            daemon.stop()
        config = ("--config", next(segued.home.glob("*.toml")))
        shown = segued.run("config", "show", *config)

    told = kinds(receiver.taken)
    # Files that were just written may come after a first session that had none, and
    # one song after an album that was complete with the other.
    assert told.pop("session.completed") in (1, 2)
    assert told.pop("album.completed") in (1, 2)
    assert told == {"file.imported": 2, "file.failed": 1, "folder.offline": 1}
    failed = next(each for each in receiver.taken if each["event"] == "file.failed")
    assert failed["path"] == str(music / "broken.mp3")
    assert failed["failure"]["code"] == "not-audio"
    *_, album = (e for e in receiver.taken if e["event"] == "album.completed")
    assert (album["title"], album["tracks"], album["folder"]) == (
        "Tide",
        2,
        str(music / "tide"),
    )
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    assert lines == receiver.taken
    log = daemon.log_path.read_text()
    assert "ended with 3: a-word" in log
    for secret in (SECRET, "a-secret-of-the-address"):
        assert secret not in log
        assert secret not in shown.out
    environment = (tmp_path / "environment").read_text()
    assert f"SEGUED_EVENT_ID={lines[-1]['id']}" in environment
    assert "SEGUED_TEST_RUN" not in environment


def test_a_receiver_that_hangs_delays_nothing(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """The other one gets its events; the events wait, also for another process."""
    music, events = tmp_path / "music", tmp_path / "events"
    for number in range(3):
        write_noise_wav(music / f"{number}.wav", number)
    script = SCRIPT.format(folder=tmp_path)
    (tmp_path / "first").touch()
    with hook_receiver() as receiver:
        receiver.moods = lambda: "hang"
        command = json.dumps(["/bin/sh", "-c", script])
        hooks = (
            f'[hooks]\ncommand = {command}\nurl = "{receiver.url}"\n'
            'events = ["file.imported"]\n'
        )
        with running_daemon(segued, music, page=True, extra_config=hooks) as daemon:
            daemon.wait_until_done(3)
            daemon.wait_for(
                lambda _: events.exists() and events.read_text().count("\n") >= 3
            )
            assert receiver.taken == []
            metrics = (
                WebClient.for_daemon(daemon).request("GET", "/metrics").body.decode()
            )
            assert 'segued_events_waiting{receiver="url"} 3.0' in metrics
            assert "segued_backup_age_seconds" not in metrics
            daemon.stop()
        receiver.moods = lambda: "take"
        config = segued.write_config(
            "[flavoring]\nsources = []\nloudness = false\n"
            f'[hooks]\nurl = "{receiver.url}"\n'
        )
        imported = segued.run(
            "import", "--database", segued.database, "--config", config, music
        )
        assert imported.code == 0, imported.err
        until = time.monotonic() + WAIT_SECONDS
        while len(receiver.taken) < 4 and time.monotonic() < until:
            time.sleep(0.02)

    assert sorted(receiver.paths("file.imported")) == [
        str(music / f"{number}.wav") for number in range(3)
    ]
    assert receiver.taken[-1]["event"] == "session.completed"


def test_kills_of_both_lose_nothing(tmp_path: Path) -> None:
    """`contrib/soak --hooks N` does this many more times."""
    assert run_hook_kills(tmp_path, kills=4, seed=3)


def test_mpd_plays_what_was_imported(segued: SeguedRunner, tmp_path: Path) -> None:
    """A real MPD reads the folder of an album when its import has ended."""
    music, home = tmp_path / "music", tmp_path / "mpd"
    for folder in (music, home):
        folder.mkdir()
    address = tmp_path / "mpd.socket"
    (home / "mpd.conf").write_text(
        f'music_directory "{music}"\ndb_file "{home}/db"\nbind_to_address "{address}"\n'
        f'log_file "{home}/log"\npid_file "{home}/pid"\nauto_update "no"\n'
        'audio_output {\n type "null"\n name "null"\n}\n'
    )
    with subprocess.Popen(
        ["mpd", "--no-daemon", home / "mpd.conf"], stderr=subprocess.DEVNULL
    ) as mpd:
        try:
            rescan = f'[rescan]\nmpd = "{address}"\n'
            with running_daemon(segued, music, extra_config=rescan) as daemon:
                daemon.wait_until_done(0)
                write_album(music / "by" / "tide", songs=2)
                daemon.wait_until_done(2)
                songs = [f"file: by/tide/{number:02} song.mp3" for number in (1, 2)]
                daemon.wait_for(lambda _: all(map(songs_of(address).count, songs)))
                assert songs_of(address).count("file: ") == 2
        finally:
            mpd.terminate()


def songs_of(path: Path) -> str:
    """Return what MPD lists."""
    with socket.socket(socket.AF_UNIX) as mpd:
        try:
            mpd.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return ""
        mpd.sendall(b"listall\nclose\n")
        return b"".join(iter(lambda: mpd.recv(65_536), b"")).decode()
