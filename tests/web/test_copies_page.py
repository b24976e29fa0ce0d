"""Files with the same sound: the API, and the page in a real Chromium."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.running_daemon import running_daemon, write_album
from tests.end_to_end.segued_runner import SeguedRunner
from tests.web.chromium import open_window
from tests.web.web_client import WebClient


@pytest.fixture(name="copies_client", scope="module")
def _copies_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebClient]:
    """A client of a daemon with an album, one of whose songs is there three times."""
    folder = tmp_path_factory.mktemp("copies")
    album = write_album(folder / "music" / "Tide", songs=3)
    downloads = folder / "music" / "Downloads"
    downloads.mkdir()
    shutil.copy(album / "01 song.mp3", downloads / "01 song.mp3")
    shutil.copy(album / "01 song.mp3", album / "01 song (copy).mp3")
    with running_daemon(
        SeguedRunner(folder / "state"), folder / "music", page=True
    ) as daemon:
        daemon.wait_until_done(5)
        yield WebClient.for_daemon(daemon)


def test_copies_are_listed_by_the_api(copies_client: WebClient) -> None:
    """With the best first, how much the others take, and why they are not the best."""
    page = copies_client.get_json("/api/copies")
    (group,) = page["groups"]
    best, *others = group["files"]
    detail = copies_client.get_json(f"/api/files/{others[0]['file']}")

    assert (page["total"], page["more_bytes"]) == (1, 2 * best["size_bytes"])
    assert best["path"].endswith("/Tide/01 song.mp3")
    assert (best["is_best"], best["why"]) == (True, "")
    assert {each["why"] for each in others} == {"named as a copy", "among downloads"}
    assert {each["kind"] for each in others} == {"same file"}
    assert (group["title"], group["artist"]) == ("Song 1", "Marram")
    assert detail["copies"] == group["files"]


def test_copies_are_found_from_what_needs_you(
    copies_client: WebClient, chromium: Browser
) -> None:
    """They fit the window, and lead to the files."""
    for width in (390, 1_440):
        url = f"{copies_client.url}/#/review"
        with open_window(chromium, url, width=width) as window:
            page = window.page
            page.get_by_test_id("to-copies").click()
            rows = page.get_by_test_id("copies").locator("[data-row]")
            expect(rows).to_have_count(3)
            expect(rows.first).to_contain_text("best")
            assert window.overflow_pixels() <= 0, width
            rows.last.get_by_role("link").click()
            copies = page.get_by_test_id("copies-of-file").locator("[data-row]")
            expect(copies).to_have_count(3)
            assert window.overflow_pixels() <= 0, width
            assert window.console == []
