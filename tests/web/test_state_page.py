"""What the page says about the state of the import and about uncertain songs."""

import json

import pytest
from playwright.sync_api import Browser, expect

from tests.web.chromium import open_window
from tests.web.web_client import WebClient


def test_a_completed_import_is_not_green_during_analysis(
    web_client: WebClient, chromium: Browser
) -> None:
    """Two lines say what is imported and analyzed, and that it may be stopped."""
    status = web_client.get_json("/api/import/session") | {
        "state": "COMPLETED",
        "files_total": 72,
        "files_done": 72,
        "files_analysed": 21,
        "analysis": "51 files to go",
        "analysis_per_hour": 218.6,
        "analysis_seconds_left": 840.0,
    }

    def open_and_read(is_busy: bool) -> str:  # noqa: FBT001
        """Return the color of the state; check the lines beside it."""
        shown = status | ({} if is_busy else {"files_analysed": 72, "analysis": ""})
        body = f"retry: 600000\nid: 1\nevent: snapshot\ndata: {json.dumps(shown)}\n\n"
        with open_window(chromium, "about:blank") as window:
            page = window.page
            page.route(
                "**/api/events",
                lambda route: route.fulfill(
                    body=body, content_type="text/event-stream"
                ),
            )
            page.goto(f"{web_client.url}/#/status")
            state = page.get_by_test_id("state")
            expect(state).to_have_text("COMPLETED")
            expect(page.get_by_test_id("overall")).to_have_text("Imported 72 of 72")
            expect(page.get_by_test_id("analysed")).to_have_text(
                "Analyzed 21 of 72, 219 files per hour, 14 min left;"
                " you may stop now, nothing is lost"
                if is_busy
                else "Analyzed 72 of 72, 219 files per hour, 14 min left"
            )
            color: str = state.evaluate("each => getComputedStyle(each).color")
            return color

    assert open_and_read(is_busy=True) != open_and_read(is_busy=False)


@pytest.mark.parametrize("dark", [False, True])
def test_an_empty_library_is_not_shown_as_a_success(
    web_client: WebClient, chromium: Browser, *, dark: bool
) -> None:
    """The state says that there is no music, without a share of nothing, in gray."""
    status = web_client.get_json("/api/import/session") | {
        "state": "COMPLETED",
        "files_total": 0,
        "files_done": 0,
        "files_analysed": 0,
        "analysis": "",
        "percent": 0.0,
        "workers": [],
    }
    body = f"retry: 600000\nid: 1\nevent: snapshot\ndata: {json.dumps(status)}\n\n"
    with open_window(chromium, "about:blank", dark=dark) as window:
        page = window.page
        page.route(
            "**/api/events",
            lambda route: route.fulfill(body=body, content_type="text/event-stream"),
        )
        page.goto(f"{web_client.url}/#/status")
        state = page.get_by_test_id("state")
        expect(state).to_have_text("NO MUSIC YET")
        expect(page.get_by_test_id("percent")).to_have_text("")
        expect(page.get_by_test_id("overall")).to_have_text("No music files yet")
        expect(page.get_by_test_id("analysed")).to_have_text("Nothing to analyze yet")
        is_gray = state.evaluate(
            "each => getComputedStyle(each).color"
            " === getComputedStyle(document.querySelector('.keys')).color"
        )
        assert is_gray


def test_low_is_no_warning_and_says_what_would_help(
    web_client: WebClient, chromium: Browser
) -> None:
    """Here, that its sound is not looked up."""
    file = web_client.find_file("tide 01 song")
    with open_window(chromium, f"{web_client.url}/#/file/{file}") as window:
        badge = window.page.get_by_test_id("why").locator(".badge")
        expect(badge).to_have_text("Low")
        expect(window.page.get_by_test_id("would-confirm")).to_have_text(
            "Known from its names only."
            " Its sound is not looked up while segued is offline."
        )
        neutral = badge.evaluate(
            "each => getComputedStyle(each).color"
            " === getComputedStyle(document.querySelector('.muted')).color"
        )
        assert neutral


def test_other_machines_are_listed_if_there_are_any(
    web_client: WebClient, chromium: Browser
) -> None:
    """With what they do, and why one of them gets no work."""
    node = {
        "host": "vm",
        "slots": 4,
        "running": 5,
        "done": 1_200,
        "refused": 0,
        "sound_per_minute": 90.0,
        "folders": ["/srv/music"],
        "missing": [],
        "may": ["hearing"],
        "why_not": [],
        "joined_seconds": 9.0,
        "seen_seconds": 1.2,
    }
    rests = {"may": [], "why_not": ["it runs on battery"], "missing": ["/srv/more"]}
    part = {"why_not": ["not decoding: Chromaprint 1.5.0 there, 1.5.1 here"]}
    nodes = [
        node | {"name": "<desk1>"},
        node | rests | {"name": "laptop"},
        node | part | {"name": "part"},
    ]
    status = web_client.get_json("/api/import/session")
    assert status["nodes"] == []

    def shown(nodes: list[dict[str, object]]) -> list[str]:
        body = json.dumps(status | {"nodes": nodes})
        body = f"retry: 600000\nid: 1\nevent: snapshot\ndata: {body}\n\n"
        with open_window(chromium, "about:blank") as window:
            page = window.page
            page.route(
                "**/api/events",
                lambda route: route.fulfill(
                    body=body, content_type="text/event-stream"
                ),
            )
            page.goto(f"{web_client.url}/#/status")
            expect(page.get_by_test_id("overall")).to_be_visible()
            return page.locator("[data-node]").all_inner_texts()

    assert shown([]) == []
    works, laptop, part_shown = shown(nodes)
    assert "<desk1>" in works
    assert "5 with it, 4 at once · 1,200 done · 1.5 minutes of sound a minute" in works
    assert "it runs on battery" in laptop
    assert "works" in part_shown.lower()
    assert "not decoding: Chromaprint 1.5.0 there, 1.5.1 here" in part_shown
    assert "2 folders" in laptop
