"""A daemon that shows its page, with a small library to look at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sample_library import tag

from tests.page.asking import Shown
from tests.page.browsing import browser
from tests.stories.living import album, living, tune
from tests.stories.program import Segued

PATIENCE_MS = 30_000
HOSTILE = '<img src=x onerror="document.title=1">'


@pytest.fixture(name="segued")
def _segued(tmp_path: Path) -> Segued:
    """A library of its own."""
    return Segued(tmp_path / "state")


@pytest.fixture(name="chromium", scope="module")
def _chromium() -> Iterator[Browser]:
    """One browser for all."""
    expect.set_options(timeout=PATIENCE_MS)
    with browser() as started:
        yield started


@pytest.fixture(name="music", scope="session")
def _music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An album, a song with a hostile name and tags, and what is no song."""
    music = tmp_path_factory.mktemp("music")
    album(music / "Tide")
    hostile = album(music / HOSTILE, songs=1)
    tag(hostile / "01 song.mp3", {"title": HOSTILE, "artist": "Björk \x1b[31m"})
    (hostile / "01 song.mp3").rename(hostile / f"{HOSTILE}\n.mp3")
    tune(music / "short.wav", 1)
    (music / "broken.mp3").write_text("no music at all" * 100)
    return music


@pytest.fixture(name="shown", scope="session")
def _shown(tmp_path_factory: pytest.TempPathFactory, music: Path) -> Iterator[Shown]:
    """A daemon that has imported them."""
    segued = Segued(tmp_path_factory.mktemp("shown"))
    with living(segued, music, page=True) as alive:
        alive.until_done(7)
        yield Shown.by(alive)
