"""What needs a person, on the page in a real Chromium and in the API."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.review_music import (
    BRINE,
    FILES,
    OTHER,
    RIVALS,
    ReviewMusic,
    import_review_music,
    services_config,
)
from tests.end_to_end.running_daemon import running_daemon
from tests.end_to_end.segued_runner import SeguedRunner
from tests.fake_services import FakeServices, services_in_background
from tests.web.chromium import open_window
from tests.web.web_client import WebClient


@pytest.fixture(name="review_music", scope="module")
def _review_music(tmp_path_factory: pytest.TempPathFactory) -> ReviewMusic:
    """A library with three open cards."""
    return import_review_music(tmp_path_factory.mktemp("questions"))


@pytest.fixture(name="review_client", scope="module")
def _review_client(review_music: ReviewMusic) -> Iterator[WebClient]:
    """A client of a daemon that keeps the library; each test undoes its answers."""
    with running_daemon(review_music.segued, review_music.music, page=True) as daemon:
        daemon.wait_until_done(FILES)
        daemon.wait_for(lambda status: status["cards"] == 3)
        yield WebClient.for_daemon(daemon)


@pytest.fixture(name="online_client", scope="module")
def _online_client(
    review_music: ReviewMusic, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebClient]:
    """A client of a daemon that asks the services, with a copy of the library."""
    segued = SeguedRunner(tmp_path_factory.mktemp("online") / "state")
    segued.home.mkdir()
    with closing(sqlite3.connect(review_music.segued.database)) as library:
        library.execute("VACUUM INTO ?", [str(segued.database)])
    answers = review_music.catalog.in_memory_answers
    with (
        services_in_background(
            lambda: FakeServices(answers, limits=False)
        ) as background,
        running_daemon(
            segued,
            review_music.music,
            page=True,
            online=True,
            extra_config=services_config(background.services),
        ) as daemon,
    ):
        daemon.wait_until_done(FILES)
        yield WebClient.for_daemon(daemon)


def test_answers_by_the_api(review_client: WebClient) -> None:
    """Only open questions are answered, and only with what an answer can be."""
    found = review_client.get_json("/api/review", per=2)
    card = found["cards"][1]
    answer = {"card": card["card"], "action": "recording", "recording": RIVALS[1]}

    missing = {**answer, "recording": None}
    assert review_client.send_json("POST", "/api/review/answer", missing).status == 409
    foreign = {**answer, "passages": ["none"]}
    assert review_client.send_json("POST", "/api/review/answer", foreign).status == 404
    given = review_client.send_json("POST", "/api/review/answer", answer)
    again = review_client.send_json("POST", "/api/review/answer", answer)
    history = review_client.get_json("/api/review/history")["answers"]
    undone = review_client.send_json("POST", "/api/review/undo", {})
    twice = review_client.send_json(
        "POST", "/api/review/undo", {"answer": given.json["answer"]}
    )

    assert (found["total"], found["pages"]) == (3, 2)
    assert (given.status, given.json["cards"]) == (200, 2)
    assert again.status == 404
    assert (history[0]["program"], history[0]["action"]) == ("page", "recording")
    assert history[0]["person"]
    assert (undone.status, undone.json) == (200, {**given.json, "cards": 3})
    assert twice.status == 409
    metrics = review_client.request("GET", "/metrics").body.decode()
    assert "segued_review_cards 3.0" in metrics


def test_a_review_by_keyboard_alone(
    review_client: WebClient, chromium: Browser
) -> None:
    """Move to a song, choose a candidate, accept, leave, and undo all of it."""
    with open_window(chromium, f"{review_client.url}/#/review") as window:
        page = window.page
        cards = page.get_by_test_id("card")
        expect(cards).to_have_count(3)
        expect(page.get_by_test_id("cards")).to_have_text("3")
        expect(cards.nth(2)).to_contain_text("Track 3 is missing")
        page.keyboard.press("j")
        page.keyboard.press("j")
        expect(cards.nth(1).locator("a:focus, button:focus")).to_have_count(1)
        page.keyboard.press("2")
        expect(cards).to_have_count(2)
        expect(page.get_by_test_id("cards")).to_have_text("2")
        page.keyboard.press("k")
        page.keyboard.press("a")
        expect(cards).to_have_count(1)
        page.keyboard.press("l")
        expect(page.get_by_test_id("empty")).to_be_visible()
        expect(page.get_by_test_id("answers").locator("tbody tr")).not_to_have_count(0)
        for count in (1, 2, 3):
            page.keyboard.press("u")
            expect(cards).to_have_count(count)
        assert window.console == []


def test_a_song_is_answered_with_the_mouse(
    review_client: WebClient, chromium: Browser
) -> None:
    """A link of MusicBrainz is pasted; the history undoes it."""
    with open_window(chromium, f"{review_client.url}/#/review") as window:
        page = window.page
        cards = page.get_by_test_id("card")
        first = cards.first
        first.get_by_test_id("play-end").click()
        first.get_by_text("Another recording", exact=True).click()
        box = first.get_by_label("MusicBrainz ID or URL of the recording")
        box.fill("no id")
        first.locator('[data-answer="other"]').click()
        expect(cards).to_have_count(3)
        box.fill(f"https://musicbrainz.org/recording/{RIVALS[0]}")
        first.locator('[data-answer="other"]').click()
        expect(cards).to_have_count(2)
        page.get_by_test_id("undo").first.click()
        expect(cards).to_have_count(3)
        assert window.console == []


def test_musicbrainz_is_searched_by_name(
    online_client: WebClient, chromium: Browser
) -> None:
    """From the question, with the names of the song; a result answers it."""
    with open_window(chromium, f"{online_client.url}/#/review") as window:
        cards = window.page.get_by_test_id("card")
        rivals = cards.nth(1)
        search = rivals.get_by_test_id("search-form")
        rivals.get_by_text("Another recording", exact=True).click()
        expect(search.get_by_label("Artist", exact=True)).to_have_value("Marram")
        search.get_by_label("Title", exact=True).fill("no such song")
        search.get_by_test_id("search-musicbrainz").click()
        expect(rivals.get_by_test_id("nothing-found")).to_be_visible()
        search.get_by_label("Title", exact=True).fill("ebb")
        search.get_by_test_id("search-musicbrainz").click()
        found = rivals.get_by_test_id("found-recordings")
        expect(found.locator(f'[data-candidate="{OTHER}"]')).to_contain_text("Ebb")
        found.locator('[data-answer="found"]').click()
        expect(cards).to_have_count(2)
        assert window.console == []
    (last, *_) = online_client.get_json("/api/review/history")["answers"]
    assert last["action"] == "recording"
    online_client.send_json("POST", "/api/review/undo", {})


def test_an_album_is_said_to_be_another_release(
    online_client: WebClient, chromium: Browser
) -> None:
    """From its card, by a search; its page shows that, and takes it back."""
    with open_window(chromium, f"{online_client.url}/#/review") as window:
        page = window.page
        card = page.get_by_test_id("card").filter(has_text="Salt")
        album = card.get_by_role("link", name="Salt", exact=True).get_attribute("href")
        card.get_by_text("Another release", exact=True).click()
        form = card.get_by_test_id("release-form")
        expect(form.get_by_label("Artist", exact=True)).to_have_value("Curlew")
        form.get_by_label("Album", exact=True).fill("brine")
        form.get_by_test_id("search-releases").click()
        brine = card.get_by_test_id("found-releases").locator("li")
        expect(brine).to_contain_text("Curlew · 1990-01-01 · 4 tracks")
        page.goto(f"{online_client.url}/{album}")
        page.get_by_text("Another release", exact=True).click()
        box = page.get_by_label("MusicBrainz ID or URL of the release")
        box.fill(f"https://musicbrainz.org/recording/{OTHER}")
        page.get_by_role("button", name="Use this release").click()
        assert not box.evaluate("each => each.validity.valid")
        box.fill(f"https://musicbrainz.org/release/{BRINE}")
        page.get_by_role("button", name="Use this release").click()
        expect(page.get_by_role("heading", name="Brine")).to_be_visible()
        expect(page.get_by_test_id("chosen-release")).to_contain_text("by hand")
        expect(page.get_by_test_id("tracks").locator("[data-row]")).to_have_count(3)
        page.get_by_test_id("any-release").click()
        expect(page.get_by_role("heading", name="Salt")).to_be_visible()
        expect(page.get_by_test_id("chosen-release")).to_have_count(0)
        # The album may be gone between two requests: then its file is asked again.
        assert [each for each in window.console if "404" not in each] == []
    history = online_client.get_json("/api/review/history")["answers"]
    actions = [each["action"] for each in history]
    assert actions[:2] == ["any release", "release"]
    assert len(history[0]["releases"]) == 3


def test_a_search_needs_names_and_the_network(review_client: WebClient) -> None:
    """The daemon is offline, so MusicBrainz is not asked."""
    search = "/api/review/search"

    assert review_client.get_json(search) == {"recordings": []}
    offline = review_client.request("GET", search, query={"title": "Twice"})
    assert (offline.status, "offline" in offline.json["error"]["detail"]) == (409, True)


@pytest.mark.parametrize("dark", [False, True])
def test_the_review_fits_the_window(
    review_client: WebClient, chromium: Browser, *, dark: bool
) -> None:
    """At three widths, and nothing moves while it loads."""
    for width in (390, 1_024, 1_440):
        url = f"{review_client.url}/#/review"
        with open_window(chromium, url, width=width, dark=dark) as window:
            expect(window.page.get_by_test_id("card")).to_have_count(3)
            assert window.overflow_pixels() <= 0, width
            assert window.layout_shift() == 0, width
            assert window.console == []
