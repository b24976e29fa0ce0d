"""The first visit: music folders, the key for AcoustID and the contact address."""

import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.running_daemon import (
    RunningDaemon,
    running_daemon,
    write_album,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner
from tests.fake_services import FakeServices, services_in_background
from tests.fake_services.answers import AnswersInMemory
from tests.web.chromium import open_window
from tests.web.web_client import WebClient


@dataclass(frozen=True)
class FirstVisit:
    """A daemon for which nothing is configured, and AcoustID as it knows it."""

    daemon: RunningDaemon
    client: WebClient
    services: FakeServices


@pytest.fixture(name="visit")
def _visit(segued: SeguedRunner) -> Iterator[FirstVisit]:
    """A daemon without music folders in its command line or configuration."""
    with services_in_background(
        lambda: FakeServices(AnswersInMemory({}), limits=False)
    ) as background:
        services = background.services
        config = f'[services]\nacoustid_url = "{services.acoustid_url}"\n'
        with running_daemon(
            segued, page=True, online=True, extra_config=config
        ) as daemon:
            yield FirstVisit(daemon, WebClient.for_daemon(daemon), services)


def choose(page: Page, folder: Path) -> None:
    """Open the folder around a folder, then the folder, and add it."""
    page.get_by_role("textbox", name="Path of a folder").fill(str(folder.parent))
    page.get_by_test_id("open-folder").click()
    page.get_by_role("button", name=folder.name, exact=True).click()
    expect(page.get_by_test_id("folder-note")).to_contain_text("music file")
    page.get_by_test_id("add-folder").click()


def test_the_first_visit_sets_segued_up(
    visit: FirstVisit, chromium: Browser, tmp_path: Path
) -> None:
    """Folders are chosen, the key is tested, and the music is imported."""
    music = write_album(tmp_path / "music" / "Tide", songs=1)
    with open_window(chromium, visit.client.url) as window:
        page = window.page
        expect(page).to_have_url(re.compile("#/setup$"))
        page.get_by_role("button", name="Do not watch").click()
        choose(page, music)
        key = page.get_by_role("textbox", name="AcoustID key")
        key.fill("wrong-key")
        page.get_by_test_id("check-key").click()
        expect(page.get_by_test_id("key-answer")).to_contain_text("rejects the API key")
        key.fill("test-key")
        page.get_by_test_id("check-key").click()
        expect(page.get_by_test_id("key-answer")).to_contain_text("accepts the key")
        page.get_by_role("textbox", name="Contact").fill("me@example.org")
        page.get_by_test_id("start").click()

        expect(page).to_have_url(re.compile("#/status$"))
        visit.daemon.wait_until_done(1)
        assert window.console == []

    settings = visit.client.get_json("/api/settings")
    assert settings["music_folders"] == [str(music)]
    assert (settings["contact"], settings["acoustid_api_key"]) == (
        "me@example.org",
        "...ey",
    )
    assert visit.client.get_json("/api/setup")["is_first_visit"] is False
    assert visit.services.keys_in_urls == []


# The page asks for folders, and gets no answer until the test asks for the answers.
HOLD_ANSWERS = """() => {
    const fetch = window.fetch;
    window.held = [];
    window.fetch = (url, options) => String(url).includes("/api/setup/folders")
        ? new Promise((give) => held.push(async () => {
            const answer = await fetch(url, options);
            give(new Response(await answer.text(), answer));
            await new Promise(requestAnimationFrame);
          }))
        : fetch(url, options);
}"""
GIVE_LAST_FIRST = "async () => { while (held.length) await held.pop()(); }"


def test_a_slow_disk_adds_the_folder_that_was_chosen_last(
    visit: FirstVisit, chromium: Browser, tmp_path: Path
) -> None:
    """The folder that is still shown is not added; a late answer is not shown."""
    chosen, other = tmp_path / "music" / "Chosen", tmp_path / "music" / "Other"
    chosen.mkdir(parents=True)
    (other / "deep").mkdir(parents=True)
    with open_window(chromium, visit.client.url) as window:
        page = window.page
        page.get_by_role("button", name="Do not watch").click()
        page.get_by_role("textbox", name="Path of a folder").fill(str(chosen.parent))
        page.get_by_test_id("open-folder").click()
        expect(page.get_by_role("button", name="Other", exact=True)).to_be_visible()
        page.evaluate(HOLD_ANSWERS)
        page.get_by_role("button", name="Other", exact=True).click()
        page.get_by_role("button", name="Chosen", exact=True).click()
        page.get_by_test_id("add-folder").click()

        expect(page.locator(".chosen-folders li")).to_have_attribute(
            "data-folder", str(chosen)
        )
        page.evaluate(GIVE_LAST_FIRST)
        expect(page.locator(".chosen-folders")).to_contain_text("segued may read it")
        expect(page.get_by_role("list", name=f"Folders in {chosen}")).to_have_count(1)
        assert page.get_by_role("button", name="deep").count() == 0


def test_the_contact_of_the_page_is_sent(visit: FirstVisit) -> None:
    """With the check of the key that is stored."""
    visit.client.send_json("PUT", "/api/settings/contact", "me@example.org")
    visit.client.send_json("PUT", "/api/settings/acoustid_api_key", "test-key")

    checked = visit.client.send_json("POST", "/api/setup/check-key", {})

    assert checked.json["is_accepted"] is True
    agents = {each.user_agent for each in visit.services.requests}
    assert all("( me@example.org )" in agent for agent in agents)


def test_skipping_is_remembered(visit: FirstVisit, chromium: Browser) -> None:
    """The start is the status then, and everything is found under Settings."""
    with open_window(chromium, visit.client.url) as window:
        page = window.page
        page.get_by_test_id("skip").click()
        expect(page).to_have_url(re.compile("#/status$"))
        page.goto("about:blank")
        page.goto(visit.client.url)
        expect(page).to_have_url(re.compile("#/status$"))
        page.locator('[data-nav="settings"]').click()

        expect(page.get_by_test_id("browser")).to_be_visible()
        expect(page.get_by_test_id("check-key")).to_be_visible()
        expect(page.get_by_role("textbox", name="Contact")).to_be_visible()


def test_chosen_folders_outlast_a_restart(
    segued: SeguedRunner, visit: FirstVisit, tmp_path: Path
) -> None:
    """And a reload of the configuration."""
    write_noise_wav(tmp_path / "music" / "1.wav", 1)
    chosen = [str(tmp_path / "music")]
    visit.client.send_json("PUT", "/api/settings/music_folders", chosen)
    visit.daemon.wait_until_done(1)
    visit.daemon.process.send_signal(signal.SIGHUP)
    visit.daemon.wait_for_log('"config.read"')
    reloaded = visit.daemon.wait_for(lambda status: status["folders"])
    visit.daemon.stop()

    with running_daemon(segued, page=True) as daemon:
        status = daemon.wait_for(lambda status: status["folders"])

    for each_status in (reloaded, status):
        assert [each["root"] for each in each_status["folders"]] == chosen


def test_the_library_cannot_be_in_a_chosen_folder(visit: FirstVisit) -> None:
    """It is written there; what was chosen before stays."""
    parent = str(visit.daemon.segued.home.parent)

    refused = visit.client.send_json("PUT", "/api/settings/music_folders", [parent])
    relative = visit.client.send_json("PUT", "/api/settings/music_folders", ["music"])

    assert (refused.status, relative.status) == (400, 400)
    assert "the library cannot be inside" in refused.json["error"]["detail"]
    assert visit.client.get_json("/api/settings")["music_folders"] == []


def test_folders_of_the_command_line_cannot_be_chosen(web_client: WebClient) -> None:
    """Nor are other folders listed."""
    listed = web_client.request("GET", "/api/setup/folders")
    changed = web_client.send_json("PUT", "/api/settings/music_folders", ["/srv"])

    assert (listed.status, changed.status) == (409, 409)
    assert "fixed by the command line" in changed.json["error"]["detail"]


def test_without_a_service_a_key_is_not_called_wrong(segued: SeguedRunner) -> None:
    """AcoustID gives no answer; nor is it asked offline, or without any key."""
    nowhere = '[services]\nacoustid_url = "http://127.0.0.1:9"\n'
    with running_daemon(segued, page=True, online=True, extra_config=nowhere) as daemon:
        client = WebClient.for_daemon(daemon)
        unasked = client.send_json("POST", "/api/setup/check-key", {})
        unreached = client.send_json("POST", "/api/setup/check-key", {"key": "k"})
    with running_daemon(segued, page=True) as daemon:
        client = WebClient.for_daemon(daemon)
        offline = client.send_json("POST", "/api/setup/check-key", {"key": "k"})

    replies = (unasked, unreached, offline)
    assert [each.status for each in replies] == [409, 409, 409]
    details = [each.json["error"]["detail"] for each in replies]
    assert details[0] == "no key is set"
    assert "cannot be reached" in details[1]
    assert details[2] == "segued runs offline and asks no service"


@pytest.mark.parametrize("width", [390, 1_024])
def test_nothing_is_wider_than_the_window(
    visit: FirstVisit, chromium: Browser, width: int
) -> None:
    """Also with a folder that does not exist, and its reason."""
    with open_window(chromium, visit.client.url, width=width) as window:
        page = window.page
        page.get_by_role("textbox", name="Path of a folder").fill(
            "/no/such/" + "n" * 90
        )
        page.get_by_test_id("open-folder").click()

        expect(page.get_by_test_id("obstacle").last).to_contain_text("no such folder")
        assert window.overflow_pixels() == 0
