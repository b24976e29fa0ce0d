"""What a browser loads for a view before any picture."""

from functools import partial
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Response, expect

from tests.web.chromium import open_window
from tests.web.web_client import WebClient

BYTES_MAX = 200_000

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


@pytest.fixture(name="file")
def _file(web_client: WebClient) -> str:
    """The address of the view of a file."""
    return f"file/{quote(web_client.find_file('Tide/01'))}"


def test_every_view_is_small(
    web_client: WebClient, file: str, chromium: Browser
) -> None:
    """Each is opened as the first one, with nothing in the browser's cache."""
    sizes: dict[str, int] = {}
    for view in (*VIEWS, file):
        with open_window(chromium, "about:blank") as window:
            answers: list[Response] = []
            window.page.on("response", partial(list.append, answers))
            window.page.goto(f"{web_client.url}/#/{view}", wait_until="networkidle")
            expect(window.page.locator("main .loading")).to_have_count(0)
            sizes[view] = sum(
                len(each.body())
                for each in answers
                if "/page/" in each.url or each.url == f"{web_client.url}/"
            )

    assert all(100_000 < size < BYTES_MAX for size in sizes.values()), sizes
