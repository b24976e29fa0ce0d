"""Albums and artists: the API with its pages, and the views in a real Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sample_library import encode, song, tag

from tests.end_to_end.running_daemon import running_daemon
from tests.end_to_end.segued_runner import SeguedRunner
from tests.web.chromium import open_window
from tests.web.web_client import WebClient

ALBUMS = (("Salt", "Curlew", 2010), ("Ebb", "Marram", 1999), ("Tide", "Marram", 1994))
TRACKS = (1, 2, 4)
FILES = len(ALBUMS) * len(TRACKS)


@pytest.fixture(name="album_client", scope="module")
def _album_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebClient]:
    """A client of a daemon with three albums, whose third tracks are missing."""
    folder = tmp_path_factory.mktemp("albums")
    for number, (title, artist, year) in enumerate(ALBUMS):
        album = folder / "music" / artist / title
        album.mkdir(parents=True)
        for track in TRACKS:
            path = album / f"{track:02}.mp3"
            encode(path, song(10 * number + track, 3.0), 44_100, "mp3")
            tags = {"title": f"{title} {track}", "artist": artist, "album": title}
            tag(path, tags | {"date": str(year), "tracknumber": f"{track}/5"})
        (album / "01.lrc").write_text("[00:01.00]Low tide\n[00:02.00]turns\n")
    segued = SeguedRunner(folder / "state")
    with running_daemon(segued, folder / "music", page=True) as daemon:
        daemon.wait_until_done(FILES)
        yield WebClient.for_daemon(daemon)


def test_pages_of_albums_continue_where_the_last_ended(album_client: WebClient) -> None:
    """In each order; a place of another order is refused."""
    titles = {
        "artist": ["Salt", "Tide", "Ebb"],
        "title": ["Ebb", "Salt", "Tide"],
        "year": ["Salt", "Ebb", "Tide"],
    }
    for order, expected in titles.items():
        found: list[str] = []
        after: dict[str, str] = {}
        while True:
            page = album_client.get_json("/api/albums", order=order, per=2, **after)
            assert page["total"] == 3
            found += [each["title"] for each in page["albums"]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        assert found == expected
    first = album_client.get_json("/api/albums", order="year", per=1)["next"]
    wrong = album_client.request("GET", "/api/artists", query={"after": first})
    assert (wrong.status, wrong.json["error"]["code"]) == (404, "not-known")
    assert album_client.request("GET", "/api/albums/none").status == 404
    assert album_client.request("GET", "/api/artists/none").status == 404


def test_changes_are_returned_since_a_number(album_client: WebClient) -> None:
    """Read page by page, they are all rows; after the last number there are none."""
    since, count = 0, 0
    while True:
        page = album_client.get_json("/api/changes", since=since, limit=4)
        count += len(page["files"]) + len(page["passages"]) + len(page["albums"])
        assert page["removed"] == []
        since = page["change"]
        if not page["more"]:
            break
    last = album_client.get_json("/api/changes", since=since)

    assert count == 2 * FILES + len(ALBUMS)
    assert (last["change"], last["files"], last["more"]) == (since, [], False)


def test_an_album_is_found_opened_and_played(
    album_client: WebClient, chromium: Browser
) -> None:
    """From the list to its tracks; the search finds songs and artists as well."""
    with open_window(chromium, album_client.url) as window:  # the first view
        page = window.page
        cards = page.locator("[data-album]")
        expect(cards).to_have_count(3)
        assert window.layout_shift() == 0
        page.locator('[data-order="year"]').click()
        expect(cards.first).to_contain_text("Salt")
        page.get_by_test_id("search").fill("marram 2")
        expect(page.get_by_test_id("found-songs").locator("[data-row]")).to_have_count(
            2
        )
        page.get_by_test_id("search").fill("marram")
        expect(cards).to_have_count(2)
        expect(page.get_by_test_id("found-artists")).to_contain_text("Marram")
        cards.filter(has_text="Ebb").get_by_role("link").first.click()
        rows = page.get_by_test_id("tracks").locator("[data-passage]")
        expect(rows).to_have_count(3)
        expect(rows.nth(2)).to_contain_text("Ebb 4")
        expect(page.get_by_test_id("missing")).to_have_text("Tracks 3, 5 are missing.")
        rows.nth(1).get_by_test_id("play").click()
        expect(rows.nth(1)).to_have_attribute("data-playing", "")
        expect(rows.nth(2)).to_have_attribute("data-playing", "")  # the next one
        rows.nth(2).get_by_role("link").click()
        place = page.get_by_test_id("details").locator(".passage-names")
        expect(place).to_contain_text("Marram · Ebb · track 4")
        page.get_by_test_id("album-of-passage").click()
        expect(rows).to_have_count(3)
        page.get_by_role("link", name="Marram").click()
        expect(page.locator("main .card[data-album]")).to_have_count(2)
        expect(page.get_by_test_id("songs").locator("[data-row]")).to_have_count(6)
        assert window.console == []


def test_lyrics_beside_a_song_are_shown(
    album_client: WebClient, chromium: Browser
) -> None:
    """On its page, line by line; other programs get them with the passage."""
    file = album_client.find_file("salt 01")
    changes = album_client.get_json("/api/changes", limit=1_000)
    with open_window(chromium, f"{album_client.url}/#/file/{file}") as window:
        lyrics = window.page.get_by_test_id("lyrics")
        expect(lyrics).to_contain_text("[00:01.00]Low tide")
        assert "turns" in lyrics.inner_text().splitlines()[-1]
        assert window.console == []
    texts = [each["lyrics"] for each in changes["passages"]]
    assert sum(text is not None for text in texts) == len(ALBUMS)


NARROW_TITLES = """[...document.querySelectorAll("table[data-test=tracks]")]
    .filter((table) => table.querySelector(".main").clientWidth < table.clientWidth / 3)
    .length"""


@pytest.mark.parametrize("dark", [False, True])
def test_music_views_fit_the_window(
    album_client: WebClient, chromium: Browser, *, dark: bool
) -> None:
    """At three widths, with room for titles, and no scroll bar on a page that fits."""
    album = album_client.get_json("/api/albums")["albums"][0]["album_id"]
    for width in (390, 1_024, 1_440):
        for view in ("albums", "artists", f"album/{album}", "artist/marram"):
            url = f"{album_client.url}/#/{view}"
            with open_window(chromium, url, width=width, dark=dark) as window:
                expect(window.page.locator("main [data-row]").first).to_be_visible()
                assert window.overflow_pixels() <= 0, (view, width)
                assert window.layout_shift() == 0, (view, width)
                assert window.console == [], view
                assert window.page.evaluate(NARROW_TITLES) == 0, (view, width)
                height = window.page.evaluate("document.documentElement.scrollHeight")
                if view == "artists":
                    assert height <= 900
