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
from bench.lookups import KEY, made
from bench.shelved import shelve

from segued.store.reading import reports
from tests.stories.dump import ask
from tests.stories.living import living, noise, tune
from tests.stories.program import QUICK, Segued
from tests.world import InMemory, World, in_background

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
class Clocks:
    """The clocks of whoever is started `under` them, and of its children.

    The one that only counts on (monotonic) is the system's.
    """

    library: Path
    said: Path

    def set(self, wall: timedelta, suspended: timedelta = timedelta()) -> None:
        """Set how far the wall's is ahead, and how long the machine was suspended."""
        spans = (round(each.total_seconds()) for each in (wall, suspended))
        with self.said.open("r+b" if self.said.exists() else "wb") as said:
            said.write(struct.pack("=qq", *spans))

    @property
    def under(self) -> list[str]:
        """What to put before a command."""
        given = f"LD_PRELOAD={self.library}", f"SEGUED_CLOCK={self.said}", f"TZ={ZONE}"
        return ["env", *given]


@pytest.fixture(name="clocks")
def _clocks(tmp_path: Path) -> Clocks:
    """Clocks that are right, until they are set."""
    library = tmp_path / "wallclock.so"
    command = ("tcc", "-shared", "-nostdlib", "-o", str(library), str(SOURCE))
    subprocess.run(command, check=True)
    clocks = Clocks(library, tmp_path / "clocks")
    clocks.set(timedelta())
    return clocks


def begun(segued: Segued) -> list[datetime]:
    """Return when each session began, in the order in which they did."""
    rows = ask(segued.database, "SELECT started_at FROM import_sessions ORDER BY rowid")
    return [datetime.fromisoformat(row["started_at"]) for row in rows]


def test_a_clock_that_is_set_disturbs_no_import(
    segued: Segued, tmp_path: Path, clocks: Clocks
) -> None:
    """Days ahead, days back, and to winter; in the work, and while files settle."""
    winter = WINTER - datetime.now(UTC) - timedelta(seconds=10)
    music = tmp_path / "music"
    music.mkdir()
    alone = "[settings]\nai_processing_thread_count = 1\n"
    songs = 0

    with living(segued, music, before=clocks.under, more=alone) as alive:
        for in_work, in_rest in ((10 * DAY, -10 * DAY), (-20 * DAY, winter)):
            folder = music / f"{in_work.days}"
            for number in range(songs, songs + SONGS):
                tune(folder / f"{number}.wav", number, seconds=60.0)
            alive.until_said('"file.done"', f"{folder}/")
            clocks.set(in_work)
            assert len(alive.completed()) < songs + SONGS
            songs += SONGS + 1
            alive.until_done(songs - 1)
            tune(folder / "late.wav", songs)
            alive.until(lambda told: told["folders"][0]["unsettled"])
            clocks.set(in_rest)
            told = alive.until_done(songs)
            assert (told["trouble"], told["files_failed"]) == (None, 0)
        alive.imported_once(songs)
        # The wall's clock alone was set: nobody slept.
        assert alive.events("daemon.woke") == []

    now = datetime.now(UTC)
    assert max(begun(segued)) > now + 9 * DAY
    assert min(begun(segued)) < now - 9 * DAY


def test_services_are_asked_at_the_same_pace_whatever_the_clock_says(
    segued: Segued, tmp_path: Path, clocks: Clocks
) -> None:
    """Neither too soon, nor ten days later; and each thing once."""
    music, known = tmp_path / "music", made(ALBUMS)
    segued.home.mkdir()
    asyncio.run(shelve(music, segued.database, known.songs))

    def world() -> World:
        return World(InMemory(known.answers))

    with in_background(world) as background:
        asked = background.world.requests
        config = QUICK + (
            f'[settings]\nacoustid_api_key = "{KEY}"\n[services]\n'
            f'acoustid_url = "{background.world.acoustid_url}"\n'
            f'musicbrainz_url = "{background.world.musicbrainz_url}"\n'
            'contact = "stories@example.org"\n'
        )
        where = ("--database", segued.database, "--config", segued.config(config))
        with subprocess.Popen(
            [*clocks.under, *segued.command("import", *where, music)],
            env=segued.environment(),
            stdout=subprocess.DEVNULL,
        ) as process:
            for count, ahead in ((4, 10 * DAY), (8, -10 * DAY)):
                while len(asked) < count:
                    assert process.poll() is None
                    time.sleep(0.02)
                clocks.set(ahead)
            assert process.wait(timeout=60) == 0

        assert background.world.refusals == []
        questions = {f"{each.path} {each.query} {each.form}" for each in asked}
        assert len(questions) == len(asked)
    found = reports.summary(segued.database)
    assert found.passages == {"High": len(known.songs)}
    assert not {"acoustid", "folder", "musicbrainz"} & set(found.waiting)


def test_after_a_suspend_all_is_looked_at_anew(
    segued: Segued, tmp_path: Path, clocks: Clocks
) -> None:
    """No event told of what changed; what was in hand is finished, once."""
    music, elsewhere = tmp_path / "music", tmp_path / "elsewhere.wav"
    song = tune(music / "song.wav", 1)
    os.link(song, elsewhere)

    with living(segued, music, before=clocks.under) as alive:
        alive.until_done(1)
        noise(tmp_path / "long.mp3", MINUTES).rename(music / "long.mp3")
        alive.until_said('"phase.started"', '"phase": 4', "long.mp3")
        # Written through a name outside, so that nobody is told.
        tune(elsewhere, 2, seconds=1.0)
        before = alive.heard
        clocks.set(timedelta(), suspended=HOUR)
        alive.until_said("daemon.woke", after=before)
        alive.until_said("session.started", after=before)
        alive.until_said('"file.done"', str(song), after=before)
        alive.until_done(2)

        assert len(alive.events("daemon.woke")) == 1
        assert alive.completed() == {f"{song}": 2, f"{music / 'long.mp3'}": 1}
