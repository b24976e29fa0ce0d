"""Covers of albums: served, kept, and shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sample_library import encode, song, tag

from tests.end_to_end.running_daemon import running_daemon
from tests.end_to_end.segued_runner import SeguedRunner
from tests.media.test_cover_pictures import bomb, picture
from tests.web.chromium import open_window
from tests.web.web_client import WebClient


@pytest.fixture(name="cover_client", scope="module")
def _cover_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebClient]:
    """A client of a daemon with three albums: with a picture, a bomb, and none."""
    folder = tmp_path_factory.mktemp("covers")
    for number, title in enumerate(("Bomb", "None", "Picture")):
        album = folder / "music" / title
        album.mkdir(parents=True)
        encode(album / "song.mp3", song(number, 3.0), 44_100, "mp3")
        tag(album / "song.mp3", {"title": title, "artist": "Marram", "album": title})
    picture(folder / "music" / "Picture" / "Cover.jpg", "red", "900x900")
    (folder / "music" / "Bomb" / "cover.png").write_bytes(bomb())
    segued = SeguedRunner(folder / "state")
    with running_daemon(segued, folder / "music", page=True) as daemon:
        daemon.wait_until_done(3)
        yield WebClient.for_daemon(daemon)


def cover_path(client: WebClient, title: str) -> str:
    """Return the path of an album's cover."""
    (album,) = client.get_json("/api/albums", query=title)["albums"]
    return f"/api/albums/{album['album_id']}/cover"


def test_a_cover_is_served_in_two_sizes_and_kept(
    cover_client: WebClient, tmp_path: Path
) -> None:
    """As JPEG, to be cached; the second time from beside the library."""
    del tmp_path
    path = cover_path(cover_client, "Picture")
    small = cover_client.request("GET", path)
    large = cover_client.request("GET", path, query={"size": "large"})
    again = cover_client.request(
        "GET", path, headers={"If-None-Match": small.headers["ETag"]}
    )
    wrong = cover_client.request("GET", path, query={"size": "huge"})

    assert (small.status, small.headers["Content-Type"]) == (200, "image/jpeg")
    assert small.body[:3] == large.body[:3] == b"\xff\xd8\xff"
    assert len(small.body) < len(large.body)
    assert "max-age=3600" in small.headers["Cache-Control"]
    assert (again.status, again.body) == (304, b"")
    assert wrong.status == 400
    database = cover_client.daemon.segued.database
    kept = sorted(database.with_name(f"{database.name}.covers").glob("*/*.jpg"))
    assert {file.read_bytes() for file in kept} >= {small.body, large.body}


def test_an_album_without_a_cover_has_an_empty_answer(cover_client: WebClient) -> None:
    """A picture bomb counts as none, and is not tried a second time."""
    for title in ("None", "Bomb"):
        for _ in range(2):
            found = cover_client.request("GET", cover_path(cover_client, title))
            assert (found.status, found.body) == (204, b"")
    assert cover_client.request("GET", "/api/albums/none/cover").status == 404


def test_covers_are_shown(cover_client: WebClient, chromium: Browser) -> None:
    """Without one, the initials of the title; nothing moves."""
    with open_window(chromium, f"{cover_client.url}/#/albums") as window:
        cards = window.page.locator("[data-album]")
        expect(cards).to_have_count(3)
        shown = cards.filter(has_text="Picture").locator("img")
        expect(shown).to_have_js_property("naturalWidth", 256)
        for title in ("None", "Bomb"):
            card = cards.filter(has_text=title)
            expect(card.locator("img")).to_have_attribute("data-none", "")
            expect(card.locator(".initials")).to_be_visible()
        assert window.layout_shift() == 0
        assert window.console == []
