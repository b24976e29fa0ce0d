"""Every view of the page, checked by axe-core in a real Chromium."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.end_to_end.review_music import FILES, import_review_music
from tests.end_to_end.running_daemon import running_daemon
from tests.web.chromium import open_window
from tests.web.web_client import WebClient

VIEWS = (
    "status",
    "albums",
    "artists",
    "review",
    "copies",
    "files",
    "passages",
    "failures",
    "settings",
    "setup",
)


@pytest.fixture(name="web_client", scope="module")
def _web_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebClient]:
    """A client of a daemon with albums, and with three open cards."""
    music = import_review_music(tmp_path_factory.mktemp("accessibility"))
    with running_daemon(music.segued, music.music, page=True) as daemon:
        daemon.wait_until_done(FILES)
        daemon.wait_for(lambda status: status["cards"] == 3)
        yield WebClient.for_daemon(daemon)


@pytest.fixture(name="addresses", scope="module")
def _addresses(web_client: WebClient) -> list[str]:
    """All views, and those of one album, one artist and one file."""
    album = web_client.get_json("/api/albums", per=1)["albums"][0]["album_id"]
    artist = web_client.get_json("/api/artists", per=1)["artists"][0]["artist_key"]
    file = web_client.get_json("/api/files", per=1)["files"][0]["file"]
    details = (f"album/{album}", f"artist/{quote(artist)}", f"file/{file}")
    return [f"{web_client.url}/#/{view}" for view in (*VIEWS, *details)]


@pytest.mark.parametrize(
    ("width", "dark"),
    [
        pytest.param(1_440, False, id="wide and light"),
        pytest.param(390, True, id="narrow and dark"),
    ],
)
def test_no_view_violates_a_rule(
    addresses: list[str], chromium: Browser, width: int, *, dark: bool
) -> None:
    """For people who see little, hear the page, or use the keyboard alone."""
    axe, found = Axe(), []
    with open_window(chromium, addresses[0], width=width, dark=dark) as window:
        for address in addresses:
            window.page.goto(address)
            window.page.reload(wait_until="networkidle")  # not only another fragment
            expect(window.page.locator("main .loading")).to_have_count(0)
            results = axe.run(window.page).response
            assert len(results["passes"]) > 10
            found += [
                (address.partition("#")[2], each["id"], node["target"], node["html"])
                for each in results["violations"]
                for node in each["nodes"]
            ]

    assert found == []
