"""A daemon that serves its page, with a small library."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sample_library import tag

from tests.end_to_end.running_daemon import running_daemon, write_album, write_noise_wav
from tests.end_to_end.segued_runner import SeguedRunner
from tests.limits import WAIT_SECONDS
from tests.web.chromium import start_browser
from tests.web.web_client import WebClient

HOSTILE = '<img src=x onerror="document.title=1">'


@pytest.fixture(name="segued")
def _segued(tmp_path: Path) -> SeguedRunner:
    """A library of its own for each test."""
    return SeguedRunner(tmp_path / "state")


@pytest.fixture(name="chromium", scope="module")
def _chromium() -> Iterator[Browser]:
    """One browser for all tests of a module."""
    expect.set_options(timeout=1_000 * WAIT_SECONDS)
    with start_browser() as browser:
        yield browser


@pytest.fixture(name="music", scope="session")
def _music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An album, a song with HTML in name and tags, a short file and a broken one."""
    music = tmp_path_factory.mktemp("music")
    write_album(music / "Tide")
    hostile = write_album(music / HOSTILE, songs=1)
    tag(hostile / "01 song.mp3", {"title": HOSTILE, "artist": "Björk \x1b[31m"})
    (hostile / "01 song.mp3").rename(hostile / f"{HOSTILE}\n.mp3")
    write_noise_wav(music / "short.wav", 1)
    (music / "broken.mp3").write_text("no music at all" * 100)
    return music


@pytest.fixture(name="web_client", scope="session")
def _web_client(
    tmp_path_factory: pytest.TempPathFactory, music: Path
) -> Iterator[WebClient]:
    """A client of a daemon that has imported the music."""
    segued = SeguedRunner(tmp_path_factory.mktemp("shown"))
    with running_daemon(segued, music, page=True) as daemon:
        daemon.wait_until_done(7)
        yield WebClient.for_daemon(daemon)
