"""How songs sound, on the page: measured, waited for, not found out, tried again."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sample_library import encode, song, tag

from tests.page.asking import Shown
from tests.page.browsing import opened
from tests.stories.living import Living, living
from tests.stories.program import Segued

MINUS = "\N{MINUS SIGN}"
ESSENTIA = 'sources = ["essentia"]\n'
HASTY = "[compute]\nflavor_seconds = 0.01\n"
"""Nothing is heard in so short a time."""


@pytest.fixture(name="music")
def _music(tmp_path: Path) -> Path:
    """One song."""
    music = tmp_path / "music"
    music.mkdir()
    encode(music / "song.mp3", song(1, 11.0), 44_100, "mp3")
    tag(music / "song.mp3", {"title": "Song", "artist": "Somebody"})
    return music


def analysed(alive: Living) -> None:
    """Wait until there is nothing to wait for."""
    alive.until(lambda told: told["files_analysed"] == told["files_total"] == 1)


def measured(page: Page) -> dict[str, str]:
    """Return the measures of the passage that is shown."""
    cells = page.get_by_test_id("measures").locator("[data-measure]")
    expect(cells).to_have_count(6)
    return {
        each.get_attribute("data-measure") or "": each.locator("dd").inner_text()
        for each in cells.all()
    }


def test_what_is_heard_waits_for_its_hours_and_is_shown(
    segued: Segued, music: Path, chromium: Browser
) -> None:
    """Imported and not analysed, until then; and then with all that was measured."""
    begins = datetime.now().astimezone() + timedelta(hours=2)
    ends = begins + timedelta(hours=1)
    later = f'{ESSENTIA}hours = "{begins:%H:%M}-{ends:%H:%M}"\n'
    waits = f"waits until {begins:%H:%M}"
    with living(segued, music, page=True, flavoring=later) as alive:
        told = alive.until_done(1)
        assert (told["files_analysed"], told["analysis"]) == (0, waits)
        said = segued.control("status", line=alive.line).out
        assert f"Analysis: {waits}" in said.splitlines()
        shown = Shown.by(alive)
        metrics = shown.ask("GET", "/metrics").body.decode().splitlines()
        assert {"segued_files_analysed 0.0", "segued_files_unanalysed 1.0"} <= {
            *metrics
        }
        with opened(chromium, shown.url) as window:
            count = window.page.get_by_test_id("analysed")
            expect(count).to_have_text("Fully analysed 0 of 1")
            sentence = window.page.get_by_test_id("trouble")
            expect(sentence).to_have_text(f"All is imported. Analysis {waits}.")
        place = f"{shown.url}/#/file/{shown.file('song')}"
        with opened(chromium, place) as window:
            flavor = window.page.get_by_test_id("flavor")
            expect(flavor).to_contain_text(f"Not yet: analysis {waits}.")

    with living(segued, music, page=True, flavoring=ESSENTIA) as alive:
        shown = Shown.by(alive)
        with opened(chromium, shown.url) as window:
            count = window.page.get_by_test_id("analysed")
            expect(count).to_be_visible()
            window.shifts()
            expect(count).to_have_text("Fully analysed 1 of 1")
            assert window.shifts() == 0
        assert alive.status()["analysis"] == ""
        passage_is_shown(shown, chromium)


def passage_is_shown(shown: Shown, chromium: Browser) -> None:
    """Assert that what is measured is told, shown in full, and in the list."""
    file = shown.file("song")
    (told,) = shown.get(f"/api/files/{file}")["passages"]
    assert 40 < told["bpm"] < 220
    assert told["scale"] in {"major", "minor"}
    assert 0 <= told["key_strength"] <= 1
    assert -60 < told["loudness_lufs"] < 0
    assert told["flavor_failure"] is None
    (line,) = shown.get("/api/passages")["passages"]
    assert [line[name] for name in ("bpm", "key", "loudness_lufs")] == [
        told[name] for name in ("bpm", "key", "loudness_lufs")
    ]
    loud = f"{told['loudness_lufs']:.1f}".replace("-", MINUS)
    gain = f"{-18 - told['loudness_lufs']:+.1f} dB".replace("-", MINUS)
    key = f"{told['key']} {told['scale']}"
    with opened(chromium, f"{shown.url}/#/file/{file}") as window:
        cells = measured(window.page)
        assert cells["bpm"] == f"{told['bpm']:.0f} bpm"
        assert cells["key"].split("\n") == [
            key,
            f"strength {told['key_strength']:.2f}",
        ]
        assert cells["loudness_lufs"] == f"{loud} LUFS"
        assert cells["loudness_range_lu"] == f"{told['loudness_range_lu']:.1f} LU"
        assert cells["true_peak_dbtp"].endswith(" dBTP")
        assert cells["gain"] == gain
        source = window.page.get_by_test_id("source")
        expect(source).to_contain_text(f"essentia · {told['flavor_version']} · 2")
        bars = window.page.locator("[data-characteristic]")
        expect(bars).to_have_count(len(told["flavor"]["characteristics"]))
        assert window.said == []
    for width, is_seen in ((1_440, True), (375, False)):
        with opened(chromium, f"{shown.url}/#/passages", width=width) as window:
            row = window.page.locator(f'[data-passage="{told["passage"]}"]')
            expect(row).to_be_visible()
            cell = row.locator('[data-measure="key"]')
            expect(cell).to_have_text(key)
            expect(cell).to_be_visible(visible=is_seen)
            assert window.width_over() <= 0


def test_what_could_not_be_heard_is_a_failure_and_tried_again(
    segued: Segued, music: Path, chromium: Browser
) -> None:
    """Not of the file; by the group, by the file, and by its code."""
    with living(segued, music, page=True, flavoring=ESSENTIA, more=HASTY) as alive:
        analysed(alive)
        shown = Shown.by(alive)
        told = shown.get("/api/failures", code="flavor")
        (group,) = told["groups"]
        assert (group["code"], group["fatal"], group["count"]) == ("flavor", False, 1)
        (failure,) = told["failures"]
        assert failure["detail"].startswith(f"{music / 'song.mp3'}: ")
        assert (failure["fatal"], failure["phase"]) == (False, 9)
        assert failure["status"] == "INGEST COMPLETE"
        listed = segued.control("failures", line=alive.line).out
        assert listed.splitlines()[1].split("\t") == ["flavor", failure["detail"]]

        with opened(chromium, f"{shown.url}/#/failures?code=flavor") as window:
            row = window.page.get_by_test_id("failures").locator("[data-row]")
            expect(row).to_contain_text("song.mp3")
            expect(row).to_contain_text(failure["detail"].partition(": ")[2])
            row.locator('[data-retry="file"]').click()
            expect(window.page.get_by_test_id("messages")).to_contain_text("1 file")
            assert window.said == []
        analysed(alive)
        assert shown.tell("POST", "/api/retry", {"code": "flavor"}).json == {
            "reopened": 1
        }
        analysed(alive)
        place = f"{shown.url}/#/file/{shown.file('song')}"
        with opened(chromium, place) as window:
            expect(window.page.get_by_test_id("flavor-failure")).to_be_visible()

    with living(segued, music, page=True, flavoring=ESSENTIA) as alive:
        alive.until_done(1)
        with opened(chromium, f"{Shown.by(alive).url}/#/failures") as window:
            group = window.page.locator('[data-code="flavor"]')
            expect(group).to_contain_text("could not be found out")
        place = place.replace(shown.url, Shown.by(alive).url)
        with opened(chromium, place) as window:
            window.page.locator('[data-retry="flavor"]').click()
            expect(window.page.locator("[data-characteristic]")).to_have_count(3)
            expect(window.page.get_by_test_id("flavor-failure")).to_have_count(0)
            assert window.said == []
        assert Shown.by(alive).get("/api/failures")["groups"] == []
