"""Clocks that are set, or jump, while the work goes on."""

import asyncio
import os
import struct
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bench.lookups import KEY, make_lookup_library
from bench.prepared_library import prepare_library

from segued.store.reading import reports
from tests.end_to_end.library_queries import query
from tests.end_to_end.running_daemon import (
    running_daemon,
    write_noise_mp3,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import QUICK_CONFIG, SeguedRunner
from tests.fake_services import AnswersInMemory, FakeServices, services_in_background

SONGS = 40
ALBUMS = 6
MINUTES = 10.0
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
ZONE = "Europe/Berlin"
WINTER = datetime(2027, 10, 31, 1, tzinfo=UTC)
"""When its clocks are put back, from three to two."""
SOURCE = Path(__file__).with_name("wallclock.c")


@dataclass
class FakeClocks:
    """The clocks of whoever is started `command_prefix` them, and of its children.

    The one that only counts on (monotonic) is the system's.
    """

    library: Path
    offsets_path: Path

    def set(self, wall: timedelta, suspended: timedelta = timedelta()) -> None:
        """Set how far the wall's is ahead, and how long the machine was suspended."""
        spans = (round(each.total_seconds()) for each in (wall, suspended))
        with self.offsets_path.open(
            "r+b" if self.offsets_path.exists() else "wb"
        ) as said:
            said.write(struct.pack("=qq", *spans))

    @property
    def command_prefix(self) -> list[str]:
        """What to put before a command."""
        given = (
            f"LD_PRELOAD={self.library}",
            f"SEGUED_CLOCK={self.offsets_path}",
            f"TZ={ZONE}",
        )
        return ["env", *given]


@pytest.fixture(name="clocks")
def _clocks(tmp_path: Path) -> FakeClocks:
    """Clocks that are right, until they are set."""
    library = tmp_path / "wallclock.so"
    command = ("tcc", "-shared", "-nostdlib", "-o", str(library), str(SOURCE))
    subprocess.run(command, check=True)
    clocks = FakeClocks(library, tmp_path / "clocks")
    clocks.set(timedelta())
    return clocks


def session_starts(segued: SeguedRunner) -> list[datetime]:
    """Return when each session began, in the order in which they did."""
    rows = query(
        segued.database, "SELECT started_at FROM import_sessions ORDER BY rowid"
    )
    return [datetime.fromisoformat(row["started_at"]) for row in rows]


def test_clock_changes_do_not_disturb_an_import(
    segued: SeguedRunner, tmp_path: Path, clocks: FakeClocks
) -> None:
    """Days ahead, days back, and to winter; in the work, and while files settle."""
    winter = WINTER - datetime.now(UTC) - timedelta(seconds=10)
    music = tmp_path / "music"
    music.mkdir()
    alone = "[settings]\nai_processing_thread_count = 1\n"
    songs = 0

    with running_daemon(
        segued, music, command_prefix=clocks.command_prefix, extra_config=alone
    ) as daemon:
        for in_work, in_rest in ((10 * DAY, -10 * DAY), (-20 * DAY, winter)):
            folder = music / f"{in_work.days}"
            for number in range(songs, songs + SONGS):
                write_noise_wav(folder / f"{number}.wav", number, seconds=60.0)
            daemon.wait_for_log('"file.done"', f"{folder}/")
            clocks.set(in_work)
            assert len(daemon.completion_counts()) < songs + SONGS
            songs += SONGS + 1
            daemon.wait_until_done(songs - 1)
            write_noise_wav(folder / "late.wav", songs)
            daemon.wait_for(lambda told: told["folders"][0]["unsettled"])
            clocks.set(in_rest)
            told = daemon.wait_until_done(songs)
            assert (told["trouble"], told["files_failed"]) == (None, 0)
        daemon.assert_imported_once(songs)
        # The wall's clock alone was set: nobody slept.
        assert daemon.log_entries("daemon.woke") == []

    now = datetime.now(UTC)
    assert max(session_starts(segued)) > now + 9 * DAY
    assert min(session_starts(segued)) < now - 9 * DAY


def test_rate_limits_ignore_clock_changes(
    segued: SeguedRunner, tmp_path: Path, clocks: FakeClocks
) -> None:
    """Neither too soon, nor ten days later; and each thing once."""
    music, known = tmp_path / "music", make_lookup_library(ALBUMS)
    segued.home.mkdir()
    asyncio.run(prepare_library(music, segued.database, known.songs))

    def world() -> FakeServices:
        return FakeServices(AnswersInMemory(known.answers))

    with services_in_background(world) as background:
        asked = background.services.requests
        config = QUICK_CONFIG + (
            f'[settings]\nacoustid_api_key = "{KEY}"\n[services]\n'
            f'acoustid_url = "{background.services.acoustid_url}"\n'
            f'musicbrainz_url = "{background.services.musicbrainz_url}"\n'
            'contact = "stories@example.org"\n'
        )
        where = ("--database", segued.database, "--config", segued.write_config(config))
        with subprocess.Popen(
            [*clocks.command_prefix, *segued.command("import", *where, music)],
            env=segued.environment(),
            stdout=subprocess.DEVNULL,
        ) as process:
            for count, ahead in ((4, 10 * DAY), (8, -10 * DAY)):
                while len(asked) < count:
                    assert process.poll() is None
                    time.sleep(0.02)
                clocks.set(ahead)
            assert process.wait(timeout=60) == 0

        assert background.services.rate_limited_requests == []
        questions = {f"{each.path} {each.query} {each.form}" for each in asked}
        assert len(questions) == len(asked)
    found = reports.summary(segued.database)
    assert found.passages == {"High": len(known.songs)}
    assert not {"acoustid", "folder", "musicbrainz"} & set(found.waiting)


def test_suspend_triggers_a_rescan(
    segued: SeguedRunner, tmp_path: Path, clocks: FakeClocks
) -> None:
    """No event told of what changed; what was in hand is finished, once."""
    music, elsewhere = tmp_path / "music", tmp_path / "elsewhere.wav"
    song = write_noise_wav(music / "song.wav", 1)
    os.link(song, elsewhere)

    with running_daemon(segued, music, command_prefix=clocks.command_prefix) as daemon:
        daemon.wait_until_done(1)
        write_noise_mp3(tmp_path / "long.mp3", MINUTES).rename(music / "long.mp3")
        daemon.wait_for_log('"phase.started"', '"phase": 4', "long.mp3")
        # Written through a name outside, so that nobody is told.
        write_noise_wav(elsewhere, 2, seconds=1.0)
        before = daemon.log_size
        clocks.set(timedelta(), suspended=HOUR)
        daemon.wait_for_log("daemon.woke", after=before)
        daemon.wait_for_log("session.started", after=before)
        daemon.wait_for_log('"file.done"', str(song), after=before)
        daemon.wait_until_done(2)

        assert len(daemon.log_entries("daemon.woke")) == 1
        assert daemon.completion_counts() == {f"{song}": 2, f"{music / 'long.mp3'}": 1}
