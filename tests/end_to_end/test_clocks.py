"""Clocks that are set, or jump, during an import."""

import asyncio
import os
import struct
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bench.lookups import KEY, make_lookup_library
from bench.prepared_library import prepare_library

from segued.store.reading import summaries
from tests.end_to_end.library_queries import query
from tests.end_to_end.running_daemon import (
    running_daemon,
    write_noise_mp3,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import QUICK_CONFIG, SeguedRunner
from tests.fake_services import AnswersInMemory, FakeServices, services_in_background
from tests.limits import WAIT_SECONDS

SONGS = 40
ALBUMS = 6
MINUTES = 10.0
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
ZONE = "Europe/Berlin"
WINTER = datetime(2027, 10, 31, 1, tzinfo=UTC)
"""When daylight saving time ends there: from three back to two o'clock."""
SOURCE = Path(__file__).with_name("wallclock.c")


@dataclass
class FakeClocks:
    """The clocks of a process started with `command_prefix`, and of its children.

    CLOCK_REALTIME and CLOCK_BOOTTIME are shifted; CLOCK_MONOTONIC is the system's.
    """

    library: Path
    offsets_path: Path

    def set(self, wall: timedelta, suspended: timedelta = timedelta()) -> None:
        """Shift the wall clock, and set how long the machine was suspended."""
        offsets = (round(span.total_seconds()) for span in (wall, suspended))
        # Written in place: the processes have the file mapped.
        mode = "r+b" if self.offsets_path.exists() else "wb"
        with self.offsets_path.open(mode) as file:
            file.write(struct.pack("=qq", *offsets))

    @property
    def command_prefix(self) -> list[str]:
        """The command line to put before a command."""
        return [
            "env",
            f"LD_PRELOAD={self.library}",
            f"SEGUED_CLOCK={self.offsets_path}",
            f"TZ={ZONE}",
        ]


@pytest.fixture(name="clocks")
def _clocks(tmp_path: Path) -> FakeClocks:
    """Clocks without an offset."""
    library = tmp_path / "wallclock.so"
    command = ("tcc", "-shared", "-nostdlib", "-o", str(library), str(SOURCE))
    subprocess.run(command, check=True)
    clocks = FakeClocks(library, tmp_path / "clocks")
    clocks.set(timedelta())
    return clocks


def session_starts(segued: SeguedRunner) -> list[datetime]:
    """Return when each session started, in order of creation."""
    rows = query(
        segued.database, "SELECT started_at FROM import_sessions ORDER BY rowid"
    )
    return [datetime.fromisoformat(row["started_at"]) for row in rows]


def test_clock_changes_do_not_disturb_an_import(
    segued: SeguedRunner, tmp_path: Path, clocks: FakeClocks
) -> None:
    """Days ahead, days back, and to winter time; in an import and in a debounce."""
    winter = WINTER - datetime.now(UTC) - timedelta(seconds=10)
    music = tmp_path / "music"
    music.mkdir()
    one_worker = "[settings]\nai_processing_thread_count = 1\n"
    songs = 0

    with running_daemon(
        segued, music, command_prefix=clocks.command_prefix, extra_config=one_worker
    ) as daemon:
        for importing, settling in ((10 * DAY, -10 * DAY), (-20 * DAY, winter)):
            folder = music / f"{importing.days}"
            for number in range(songs, songs + SONGS):
                write_noise_wav(folder / f"{number}.wav", number, seconds=60.0)
            daemon.wait_for_log('"file.done"', f"{folder}/")
            clocks.set(importing)
            assert len(daemon.completion_counts()) < songs + SONGS
            songs += SONGS + 1
            daemon.wait_until_done(songs - 1)
            write_noise_wav(folder / "late.wav", songs)
            daemon.wait_for(lambda status: status["folders"][0]["unsettled"])
            clocks.set(settling)
            status = daemon.wait_until_done(songs)
            assert (status["trouble"], status["files_failed"]) == (None, 0)
        daemon.assert_imported_once(songs)
        # Only the wall clock was set: this is no suspend.
        assert daemon.log_entries("daemon.resumed_from_suspend") == []

    now = datetime.now(UTC)
    assert max(session_starts(segued)) > now + 9 * DAY
    assert min(session_starts(segued)) < now - 9 * DAY


def test_rate_limits_ignore_clock_changes(
    segued: SeguedRunner, tmp_path: Path, clocks: FakeClocks
) -> None:
    """Requests come neither too early nor ten days late, and each once."""
    music, lookup_library = tmp_path / "music", make_lookup_library(ALBUMS)
    segued.home.mkdir()
    asyncio.run(prepare_library(music, segued.database, lookup_library.songs))

    def make_services() -> FakeServices:
        return FakeServices(AnswersInMemory(lookup_library.answers))

    with services_in_background(make_services) as background:
        requests = background.services.requests
        config = QUICK_CONFIG + (
            f'[settings]\nacoustid_api_key = "{KEY}"\n[services]\n'
            f'acoustid_url = "{background.services.acoustid_url}"\n'
            f'musicbrainz_url = "{background.services.musicbrainz_url}"\n'
            'contact = "tests@example.org"\n'
        )
        options = (
            "--database",
            segued.database,
            "--config",
            segued.write_config(config),
        )
        with subprocess.Popen(
            [*clocks.command_prefix, *segued.command("import", *options, music)],
            env=segued.environment(),
            stdout=subprocess.DEVNULL,
        ) as process:
            for count, ahead in ((4, 10 * DAY), (8, -10 * DAY)):
                while len(requests) < count:
                    assert process.poll() is None
                    time.sleep(0.02)
                clocks.set(ahead)
            assert process.wait(WAIT_SECONDS) == 0

        assert background.services.rate_limited_requests == []
        sent = Counter(f"{each.path} {each.query} {each.form}" for each in requests)
        assert [request for request, count in sent.items() if count > 1] == []
    summary = summaries.summary(segued.database)
    assert summary.passages == {"High": len(lookup_library.songs)}
    assert not {"acoustid", "folder", "musicbrainz"} & set(summary.waiting)


def test_suspend_triggers_a_rescan(
    segued: SeguedRunner, tmp_path: Path, clocks: FakeClocks
) -> None:
    """A change without an event is found; the file in process is finished once."""
    music, elsewhere = tmp_path / "music", tmp_path / "elsewhere.wav"
    song = write_noise_wav(music / "song.wav", 1)
    os.link(song, elsewhere)

    with running_daemon(segued, music, command_prefix=clocks.command_prefix) as daemon:
        daemon.wait_until_done(1)
        write_noise_mp3(tmp_path / "long.mp3", MINUTES).rename(music / "long.mp3")
        daemon.wait_for_log('"phase.started"', '"phase": 4', "long.mp3")
        # Written through a hard link outside, which causes no event.
        write_noise_wav(elsewhere, 2, seconds=1.0)
        before = daemon.log_size
        clocks.set(timedelta(), suspended=HOUR)
        daemon.wait_for_log("daemon.resumed_from_suspend", after=before)
        daemon.wait_for_log("session.started", after=before)
        daemon.wait_for_log('"file.done"', str(song), after=before)
        daemon.wait_until_done(2)

        assert len(daemon.log_entries("daemon.resumed_from_suspend")) == 1
        assert daemon.completion_counts() == {f"{song}": 2, f"{music / 'long.mp3'}": 1}
