"""Analysis on the page: results, waiting, failures and retries."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sample_library import encode, song, tag

from tests.end_to_end.running_daemon import RunningDaemon, running_daemon
from tests.end_to_end.segued_runner import SeguedRunner
from tests.web.chromium import open_window
from tests.web.web_client import WebClient

MINUS = "\N{MINUS SIGN}"
ESSENTIA = 'sources = ["essentia"]\n'
IMPATIENT = "[compute]\nflavor_seconds = 0.01\n"
"""Too short a time limit for any analysis."""


@pytest.fixture(name="music")
def _music(tmp_path: Path) -> Path:
    """One song."""
    music = tmp_path / "music"
    music.mkdir()
    encode(music / "song.mp3", song(1, 11.0), 44_100, "mp3")
    tag(music / "song.mp3", {"title": "Song", "artist": "Somebody"})
    return music


def wait_for_analysis(daemon: RunningDaemon) -> None:
    """Wait until the one file is analyzed."""
    daemon.wait_for(
        lambda status: status["files_analysed"] == status["files_total"] == 1
    )


def measures_on_page(page: Page) -> dict[str, str]:
    """Return the texts of the measures on the page, by name."""
    cells = page.get_by_test_id("measures").locator("[data-measure]")
    expect(cells).to_have_count(6)
    return {
        each.get_attribute("data-measure") or "": each.locator("dd").inner_text()
        for each in cells.all()
    }


def test_analysis_waits_for_active_hours_and_is_shown(
    segued: SeguedRunner, music: Path, chromium: Browser
) -> None:
    """The page shows that the analysis waits, and later its results."""
    begins = datetime.now().astimezone() + timedelta(hours=2)
    ends = begins + timedelta(hours=1)
    later = f'{ESSENTIA}hours = "{begins:%H:%M}-{ends:%H:%M}"\n'
    waits = f"waits until {begins:%H:%M}"
    with running_daemon(segued, music, page=True, flavoring=later) as daemon:
        status = daemon.wait_until_done(1)
        assert (status["files_analysed"], status["analysis"]) == (0, waits)
        text = segued.control("status", client=daemon.client).out
        assert f"Analysis: {waits}" in text.splitlines()
        web_client = WebClient.for_daemon(daemon)
        metrics = web_client.request("GET", "/metrics").body.decode().splitlines()
        assert {"segued_files_analysed 0.0", "segued_files_unanalysed 1.0"} <= {
            *metrics
        }
        with open_window(chromium, f"{web_client.url}/#/status") as window:
            count = window.page.get_by_test_id("analysed")
            expect(window.page.get_by_test_id("overall")).to_have_text(
                "Imported 1 of 1"
            )
            expect(count).to_have_text(
                f"Analyzed 0 of 1, {waits}; you may stop now, nothing is lost"
            )
            bar = window.page.get_by_test_id("analysis-bar")
            expect(bar).to_have_attribute("aria-valuenow", "0.0")
        url = f"{web_client.url}/#/file/{web_client.find_file('song')}"
        with open_window(chromium, url) as window:
            flavor = window.page.get_by_test_id("flavor")
            expect(flavor).to_contain_text(f"Not yet: analysis {waits}.")

    with running_daemon(segued, music, page=True, flavoring=ESSENTIA) as daemon:
        web_client = WebClient.for_daemon(daemon)
        with open_window(chromium, f"{web_client.url}/#/status") as window:
            count = window.page.get_by_test_id("analysed")
            expect(count).to_be_visible()
            window.layout_shift()
            expect(count).to_have_text("Analyzed 1 of 1")
            bar = window.page.get_by_test_id("analysis-bar")
            expect(bar).to_have_attribute("aria-valuenow", "100.0")
            assert window.layout_shift() == 0
        assert daemon.status()["analysis"] == ""
        assert_passage_is_shown(web_client, chromium)


def assert_passage_is_shown(web_client: WebClient, chromium: Browser) -> None:
    """Assert that the measures are in the API, on the file page and in the list."""
    file = web_client.find_file("song")
    (passage,) = web_client.get_json(f"/api/files/{file}")["passages"]
    assert 40 < passage["bpm"] < 220
    assert passage["scale"] in {"major", "minor"}
    assert 0 <= passage["key_strength"] <= 1
    assert -60 < passage["loudness_lufs"] < 0
    assert passage["flavor_failure"] is None
    (row,) = web_client.get_json("/api/passages")["passages"]
    assert [row[name] for name in ("bpm", "key", "loudness_lufs")] == [
        passage[name] for name in ("bpm", "key", "loudness_lufs")
    ]
    loud = f"{passage['loudness_lufs']:.1f}".replace("-", MINUS)
    gain = f"{-18 - passage['loudness_lufs']:+.1f} dB".replace("-", MINUS)
    key = f"{passage['key']} {passage['scale']}"
    with open_window(chromium, f"{web_client.url}/#/file/{file}") as window:
        cells = measures_on_page(window.page)
        assert cells["bpm"] == f"{passage['bpm']:.0f} bpm"
        assert cells["key"].split("\n") == [
            key,
            f"strength {passage['key_strength']:.2f}",
        ]
        assert cells["loudness_lufs"] == f"{loud} LUFS"
        assert cells["loudness_range_lu"] == f"{passage['loudness_range_lu']:.1f} LU"
        assert cells["true_peak_dbtp"].endswith(" dBTP")
        assert cells["gain"] == gain
        source = window.page.get_by_test_id("source")
        expect(source).to_contain_text(f"essentia · {passage['flavor_version']} · 2")
        bars = window.page.locator("[data-characteristic]")
        expect(bars).to_have_count(len(passage["flavor"]["characteristics"]))
        assert window.console == []
    for width, is_seen in ((1_440, True), (375, False)):
        with open_window(
            chromium, f"{web_client.url}/#/passages", width=width
        ) as window:
            row = window.page.locator(f'[data-passage="{passage["passage"]}"]')
            expect(row).to_be_visible()
            cell = row.locator('[data-measure="key"]')
            expect(cell).to_have_text(key)
            expect(cell).to_be_visible(visible=is_seen)
            assert window.overflow_pixels() <= 0


def test_similar_songs_are_found_on_the_page(
    segued: SeguedRunner, music: Path, chromium: Browser
) -> None:
    """By a button; each is a link to its file, and all are a playlist."""
    encode(music / "again.flac", song(1, 11.0), 44_100, "flac")
    tag(music / "again.flac", {"title": "Again", "artist": "Nobody"})
    with running_daemon(segued, music, page=True, flavoring=ESSENTIA) as daemon:
        daemon.wait_for(lambda status: status["files_analysed"] == 2)
        web_client = WebClient.for_daemon(daemon)
        url = f"{web_client.url}/#/file/{web_client.find_file('somebody')}"
        with open_window(chromium, url) as window:
            window.page.locator('[data-similar="search"]').click()
            found = window.page.get_by_test_id("similar").locator("[data-row] a")
            expect(found).to_have_text("Again")
            address = window.page.get_by_text("A playlist of an hour").get_attribute(
                "href"
            )
            found.click()
            expect(window.page.get_by_test_id("details")).to_contain_text("Nobody")
            assert window.console == []
        listed = web_client.request("GET", address or "").body.decode()

    assert "Somebody - Song\n" in listed
    assert "Nobody - Again\n" in listed
    assert listed.count(f"{web_client.url}/api/files/") == 2


def test_failed_analysis_is_shown_and_retried(
    segued: SeguedRunner, music: Path, chromium: Browser
) -> None:
    """The file stays complete; a retry works by file, by code and by passage."""
    with running_daemon(
        segued, music, page=True, flavoring=ESSENTIA, extra_config=IMPATIENT
    ) as daemon:
        wait_for_analysis(daemon)
        web_client = WebClient.for_daemon(daemon)
        failures = web_client.get_json("/api/failures", code="flavor")
        (group,) = failures["groups"]
        assert (group["code"], group["fatal"], group["count"]) == ("flavor", False, 1)
        (failure,) = failures["failures"]
        assert failure["detail"].startswith(f"{music / 'song.mp3'}: ")
        assert (failure["fatal"], failure["phase"]) == (False, 9)
        assert failure["status"] == "INGEST COMPLETE"
        listed = segued.control("failures", client=daemon.client).out
        assert listed.splitlines()[1].split("\t") == ["flavor", failure["detail"]]

        with open_window(
            chromium, f"{web_client.url}/#/failures?code=flavor"
        ) as window:
            row = window.page.get_by_test_id("failures").locator("[data-row]")
            expect(row).to_contain_text("song.mp3")
            expect(row).to_contain_text(failure["detail"].partition(": ")[2])
            row.locator('[data-retry="file"]').click()
            expect(window.page.get_by_test_id("messages")).to_contain_text("1 file")
            assert window.console == []

        def retry_by_code() -> object:
            return web_client.send_json("POST", "/api/retry", {"code": "flavor"}).json

        # Not found while the retry by file is under way: it fails once more first.
        daemon.wait_for(lambda _status: retry_by_code() == {"reopened": 1})
        url = f"{web_client.url}/#/file/{web_client.find_file('song')}"
        with open_window(chromium, url) as window:
            expect(window.page.get_by_test_id("flavor-failure")).to_be_visible()

    with running_daemon(segued, music, page=True, flavoring=ESSENTIA) as daemon:
        daemon.wait_until_done(1)
        with open_window(
            chromium, f"{WebClient.for_daemon(daemon).url}/#/failures"
        ) as window:
            group = window.page.locator('[data-code="flavor"]')
            expect(group).to_contain_text("could not be determined")
        url = url.replace(web_client.url, WebClient.for_daemon(daemon).url)
        with open_window(chromium, url) as window:
            window.page.locator('[data-retry="flavor"]').click()
            expect(window.page.locator("[data-characteristic]")).to_have_count(3)
            expect(window.page.get_by_test_id("flavor-failure")).to_have_count(0)
            assert window.console == []
        assert WebClient.for_daemon(daemon).get_json("/api/failures")["groups"] == []
