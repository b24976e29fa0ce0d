"""The page in a real Chromium: views, buttons, player, search, keyboard."""

import json
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, expect
from sample_library import encode, song, tag

from segued.units import TICKS_PER_SECOND
from tests.end_to_end.running_daemon import (
    running_daemon,
    write_noise_mp3,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner
from tests.end_to_end.service_catalog import ServiceCatalog, mbid
from tests.end_to_end.test_lookups import config_for
from tests.fake_services import FakeServices, services_in_background
from tests.web.chromium import BrowserWindow, Picture, decode_png, open_window
from tests.web.conftest import HOSTILE
from tests.web.web_client import WebClient

RATE = 44_100
LOUD, QUIET = 8_000, 180
"""Peaks of white noise in 16-bit samples: -17 and -50 dBFS."""


CUE = """\
PERFORMER "Marram"
FILE "side.wav" WAVE
  TRACK 01 AUDIO
    TITLE "One"
    INDEX 01 00:03:00
  TRACK 02 AUDIO
    TITLE "Two"
    INDEX 01 00:13:00
"""


def test_patterns_mean_the_same_to_javascript(
    chromium: Browser, web_client: WebClient
) -> None:
    """JSON Schema has the regular expressions of ECMAScript."""
    described = web_client.request("GET", "/api/openapi.json").body.decode()
    patterns = sorted(
        set(map(json.loads, re.findall(r'"pattern":(".*?[^\\]")', described)))
    )
    recording = "0a0b0c0d-0000-4000-8000-000000000001"
    texts = ["", "key", "key\n", "a key", "/a", "/a\nb\n", "a/", recording]
    texts += [f"{recording}\n", f"x{recording}"]
    page = chromium.new_page()
    in_javascript = page.evaluate(
        "([patterns, texts]) => patterns.map("
        "(pattern) => texts.map((text) => new RegExp(pattern, 'u').test(text)))",
        [patterns, texts],
    )
    page.close()

    assert len(patterns) >= 3
    assert in_javascript == [
        [re.search(pattern, text) is not None for text in texts] for pattern in patterns
    ]


def test_import_is_shown_cancelled_and_resumed(
    segued: SeguedRunner, tmp_path: Path, chromium: Browser
) -> None:
    """Workers and totals are live, without layout shifts; cancel and resume work."""
    music = tmp_path / "music"
    music.mkdir()
    long = write_noise_mp3(music / "00.mp3", 4.0).read_bytes()
    for number in range(1, 30):
        (music / f"{number:02}.mp3").write_bytes(long[number * 2_500 :])
    with (
        running_daemon(segued, music, page=True) as daemon,
        open_window(chromium, f"{WebClient.for_daemon(daemon).url}/#/status") as window,
    ):
        page = window.page
        overall = page.get_by_test_id("overall")
        state = page.get_by_test_id("state")
        panel = page.locator('[data-worker="1"]')
        expect(state).to_have_text("PROCESSING")
        expect(panel).to_have_attribute("data-state", "busy")
        expect(panel).to_contain_text(re.compile(r"\d\d\.mp3"))
        expect(panel).to_contain_text(re.compile(r"Phase \d+ \w+"))
        expect(overall).to_have_text(re.compile(r"^Imported [1-9] of 30$"))
        names = {panel.locator("a").inner_text()}
        window.layout_shift()
        expect(overall).to_have_text(re.compile(r"^Imported 1\d of 30$"))
        names.add(panel.locator("a").inner_text())
        assert len(names) > 1
        assert window.layout_shift() == 0

        page.locator('[data-action="cancel"]').click()
        expect(state).to_have_text("CANCELLED")
        expect(panel).to_have_attribute("data-state", "idle")
        stopped = daemon.status()
        assert (stopped["state"], stopped["workers"]) == ("CANCELLED", [])
        assert 10 <= stopped["files_done"] < 30

        page.locator('[data-action="resume"]').click()
        expect(state).to_have_text("COMPLETED")
        expect(overall).to_have_text("Imported 30 of 30")
        counted = page.locator('[data-group="4"] [data-count="segmented"]')
        expect(counted).to_be_visible()
        assert window.console == []


def test_what_is_passed_over_is_shown(
    segued: SeguedRunner, tmp_path: Path, chromium: Browser
) -> None:
    """Beside the music folder; other files come last."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    for name in ("cover.jpg", "notes.txt", ".hidden.wav"):
        (music / name).touch()
    (music / "link").symlink_to(music)
    with (
        running_daemon(segued, music, page=True) as daemon,
        open_window(chromium, f"{WebClient.for_daemon(daemon).url}/#/status") as window,
    ):
        expect(window.page.locator(".folder .why")).to_have_text(
            "passed over: 1 link, 1 hidden name, 2 other files"
        )


def test_passage_marks_are_drawn_at_the_audio(
    segued: SeguedRunner, tmp_path: Path, chromium: Browser
) -> None:
    """Two passages after a silence, each with a quiet start and end."""
    music = tmp_path / "music"
    music.mkdir()
    expected_marks = {
        (1, "start"): 3.0,
        (1, "lead-in"): 4.0,
        (1, "lead-out"): 11.0,
        (1, "end"): 13.0,
        (2, "start"): 13.0,
        (2, "lead-in"): 15.0,
        (2, "lead-out"): 22.0,
        (2, "end"): 23.0,
    }
    parts = (
        (0, 3.0),
        (QUIET, 1.0),
        (LOUD, 7.0),
        (QUIET, 2.0),
        (QUIET, 2.0),
        (LOUD, 7.0),
        (QUIET, 1.0),
    )
    _write_noise(music / "side.wav", parts)
    (music / "side.cue").write_text(CUE)
    seconds = sum(length for _, length in parts)
    with running_daemon(segued, music, page=True) as daemon:
        daemon.wait_until_done(1)
        web_client = WebClient.for_daemon(daemon)
        url = f"{web_client.url}/#/file/{web_client.find_file('side')}"
        with open_window(chromium, url) as window:
            drawing = window.page.get_by_test_id("waveform")
            expect(window.page.locator("[data-kind]")).to_have_count(8)
            drawing_left, drawing_width = _horizontal_extent(drawing)
            for (passage, kind), second in expected_marks.items():
                mark = window.page.locator(
                    f'[data-passage="{passage}"][data-kind="{kind}"]'
                )
                ticks = int(mark.get_attribute("data-ticks") or 0)
                assert ticks / TICKS_PER_SECOND == pytest.approx(second, abs=0.1)
                at = drawing_left + drawing_width * ticks / TICKS_PER_SECOND / seconds
                mark_left, mark_width = _horizontal_extent(mark)
                assert mark_left + mark_width / 2 == pytest.approx(at, abs=1.0)

            # The waveform: half of the height is -30 dBFS.
            picture = _waveform_image(drawing, window.page.locator("[data-kind]").first)
            for second, is_loud in ((1.5, False), (7.5, True), (18.5, True)):
                column = picture[:, round(second / seconds * picture.shape[1])]
                ink = _drawn_share(column)
                assert (ink > 0.5) is is_loud, (second, ink)
            quiet_share = _drawn_share(
                picture[:, round(3.5 / seconds * picture.shape[1])]
            )
            assert 0.05 < quiet_share < 0.3
            assert window.console == []


def test_a_passage_is_played(web_client: WebClient, chromium: Browser) -> None:
    """The play line moves on from the start of the passage."""
    url = f"{web_client.url}/#/file/{web_client.find_file('tide 01 song')}"
    with open_window(chromium, url) as window:
        line = window.page.get_by_test_id("play-line")
        window.page.locator('[data-play="toggle"]').click()
        before, _ = _horizontal_extent(line)
        # At least a third of a second.
        expect(line).to_have_attribute("data-ticks", re.compile(r"^\d{8,}"))
        expect(window.page.get_by_test_id("clock").first).not_to_contain_text("0:00.00")
        after, _ = _horizontal_extent(line)
        assert after > before + 5
        assert window.console == []


def test_page_reconnects_to_the_daemon(
    segued: SeguedRunner, tmp_path: Path, chromium: Browser
) -> None:
    """The page reconnects after a restart without user action."""
    music = tmp_path / "music"
    write_noise_wav(music / "one.wav", 1)
    with running_daemon(segued, music, page=True) as daemon:
        daemon.wait_until_done(1)
        web_client = WebClient.for_daemon(daemon)
        with open_window(chromium, f"{web_client.url}/#/status") as window:
            connection = window.page.get_by_test_id("connection")
            overall = window.page.get_by_test_id("overall")
            expect(overall).to_have_text("Imported 1 of 1")
            expect(connection).not_to_have_attribute("data-lost", "")
            daemon.stop()
            expect(connection).to_have_attribute("data-lost", "")
            expect(connection).to_contain_text("No connection")
            expect(overall).to_have_text("Imported 1 of 1")
            write_noise_wav(music / "two.wav", 2)
            with running_daemon(segued, music, page=f"port = {web_client.port}\n"):
                expect(connection).not_to_have_attribute("data-lost", "")
                expect(overall).to_have_text("Imported 2 of 2")
            refused = [
                message for message in window.console if "ERR_CONNECTION" not in message
            ]
            assert [
                message for message in refused if "ERR_INCOMPLETE" not in message
            ] == []


def test_names_stay_text(web_client: WebClient, chromium: Browser) -> None:
    """HTML in names is shown as text, in each view."""
    file = web_client.find_file("bjork")
    for fragment in ("#/files?query=bjork", "#/passages?query=bjork", f"#/file/{file}"):
        with open_window(chromium, f"{web_client.url}/{fragment}") as window:
            page = window.page
            expect(page.get_by_text(HOSTILE).first).to_be_visible()
            assert page.title() != "1"
            assert page.locator('img[src="x"]').count() == 0
            assert window.console == []


def test_the_library_is_searched(web_client: WebClient, chromium: Browser) -> None:
    """By typing; the URL has the query, and a row links to its file."""
    everything = web_client.get_json("/api/files")["total"]
    with open_window(chromium, f"{web_client.url}/#/files") as window:
        page = window.page
        rows = page.locator("[data-file]")
        expect(rows).to_have_count(everything)
        page.keyboard.press("/")
        page.keyboard.type("TIDE sóng 03")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("Song 3")
        assert "query=TIDE" in page.url
        rows.get_by_role("link").first.click()
        expect(page.get_by_test_id("waveform")).to_be_visible()
        page.go_back()
        expect(rows).to_have_count(1)
        page.get_by_test_id("search").fill("")
        expect(rows).to_have_count(everything)
        page.locator('[data-chip="FAILED"]').click()
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("broken.mp3")
        page.get_by_test_id("search").fill("tide")
        expect(page.get_by_test_id("empty")).to_be_visible()
        assert window.console == []


def test_override_is_shown(web_client: WebClient, chromium: Browser) -> None:
    """'No song' is shown as the reason, and the match before it after 'clear'."""
    url = f"{web_client.url}/#/file/{web_client.find_file('tide 03 song')}"
    with open_window(chromium, url) as window:
        page = window.page
        why = page.get_by_test_id("why")
        expect(why).to_contain_text("Low")
        page.locator('[data-decide="no-song"]').click()
        expect(why).to_contain_text("a person says that it is no song")
        page.locator('[data-decide="clear"]').click()
        expect(why).not_to_contain_text("a person says")
        expect(why).to_contain_text("Low")
        assert window.console == []


def test_candidate_can_be_chosen(
    segued: SeguedRunner, tmp_path: Path, chromium: Browser
) -> None:
    """AcoustID's candidates are listed, the best first; a choice is applied."""
    music = tmp_path / "music"
    music.mkdir()
    encode(music / "song.flac", song(1, 20.0), 44_100, "flac")
    tag(music / "song.flac", {"title": "Song 1", "artist": "Marram"})
    first_import = SeguedRunner(tmp_path / "known")
    first_import.import_folders(music)
    catalogue = ServiceCatalog(first_import.database)
    (row,) = catalogue.passages("")
    best, other = mbid("Marram", "Song 1"), mbid("Sandpiper", "Other")
    catalogue.add_candidates(
        row,
        [
            (best, "Song 1", "Marram", 12, mbid("Tide")),
            (other, "Other", "Sandpiper", 3, mbid("Ebb")),
        ],
    )
    with services_in_background(
        lambda: FakeServices(catalogue.in_memory_answers, limits=False)
    ) as fake_services:
        config = config_for(segued, fake_services.services)
        assert segued.import_folders(music, options=("--config", config)).code == 0

    with running_daemon(segued, music, page=True) as daemon:
        daemon.wait_until_done(1)
        web_client = WebClient.for_daemon(daemon)
        file = web_client.find_file("song")
        with open_window(chromium, f"{web_client.url}/#/file/{file}") as window:
            candidates = window.page.locator("[data-candidate]")
            expect(candidates).to_have_count(2)
            expect(candidates.nth(0)).to_contain_text("Song 1")
            expect(candidates.nth(0)).to_contain_text("12 sources")
            expect(candidates.nth(1)).to_contain_text("Sandpiper")
            candidates.nth(1).locator('[data-decide="this"]').click()
            why = window.page.get_by_test_id("why")
            expect(why).to_contain_text("a person says so")
            expect(why).to_contain_text("High")
            assert window.console == []
        (passage,) = web_client.get_json(f"/api/files/{file}")["passages"]
        assert passage["recording_mbid"] == other
        assert [each["score"] for each in passage["candidates"]] == [0.97, 0.97]


def test_failures_are_tried_again(web_client: WebClient, chromium: Browser) -> None:
    """The meaning of the code is shown, and a message after the retry."""
    with open_window(chromium, f"{web_client.url}/#/failures") as window:
        group = window.page.locator('[data-code="not-audio"]')
        expect(group).to_contain_text("not audio in any supported format")
        window.page.locator('[data-retry="group"]').click()
        expect(window.page.get_by_test_id("messages")).to_contain_text("1 ")
        expect(group).to_be_visible()
        assert window.console == []
    web_client.daemon.wait_until_done(7)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [375, 1_440])
def test_layout_fits_the_window(
    web_client: WebClient, chromium: Browser, width: int, *, dark: bool
) -> None:
    """Each view, at the widths of a phone and of a desktop, light and dark."""
    file = web_client.find_file("tide 01 song")
    views = ("status", "files", "passages", "failures", "settings", f"file/{file}")
    for view in views:
        url = f"{web_client.url}/#/{view}"
        with open_window(chromium, url, width=width, height=812, dark=dark) as window:
            expect(window.page.get_by_role("main")).not_to_be_empty()
            assert window.overflow_pixels() <= 0, view
            assert _brightness(window) < 0.3 if dark else _brightness(window) > 0.7
            assert window.console == [], view


def test_keyboard_navigation(web_client: WebClient, chromium: Browser) -> None:
    """Tab reaches all buttons, and the focused one is outlined."""
    with open_window(chromium, f"{web_client.url}/#/status") as window:
        page = window.page
        expect(page.get_by_test_id("overall")).to_be_visible()
        names = set()
        for _ in range(25):
            page.keyboard.press("Tab")
            names.add(page.evaluate("document.activeElement.innerText.trim()"))
            outlined = page.evaluate(
                "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
                " || document.activeElement === document.body"
            )
            assert outlined
        assert {"Files", "Passages", "Failures", "Settings", "Scan now"} <= names


def test_settings_are_saved_and_invalid_values_explained(
    segued: SeguedRunner, tmp_path: Path, chromium: Browser
) -> None:
    """The page shows the daemon's error message."""
    music = tmp_path / "music"
    write_noise_wav(music / "one.wav", 1)
    with running_daemon(segued, music, page=True) as daemon:
        daemon.wait_until_done(1)
        with open_window(
            chromium, f"{WebClient.for_daemon(daemon).url}/#/settings"
        ) as window:
            page = window.page
            row = page.locator('[data-setting="lead_in_threshold_dB"]')
            field = row.locator("input")
            expect(field).to_have_value("45")
            field.fill("500")
            page.get_by_test_id("save").click()
            expect(row).to_contain_text("120")
            field.fill("41.5")
            page.get_by_test_id("save").click()
            daemon.wait_for(
                lambda _: (
                    daemon.client.request("GET", "/api/settings")[
                        "lead_in_threshold_dB"
                    ]
                    == 41.5
                )
            )
            assert [message for message in window.console if "400" not in message] == []


def _write_noise(path: Path, parts: tuple[tuple[int, float], ...]) -> None:
    """Write white noise; each part is a peak and a length in seconds."""
    rng = np.random.default_rng(1)
    samples = np.concatenate(
        [
            rng.integers(-peak, peak + 1, round(seconds * RATE)).astype(np.int16)
            for peak, seconds in parts
        ]
    )
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + samples.nbytes,
        b"WAVE",
        b"fmt ",
        16,  # bytes of the format chunk
        1,  # PCM
        1,  # channel
        RATE,
        2 * RATE,  # bytes a second
        2,  # bytes a frame
        16,  # bits a sample
        b"data",
        samples.nbytes,
    )
    path.write_bytes(header + samples.tobytes())


def _horizontal_extent(element: Locator) -> tuple[float, float]:
    """Return the left edge and the width of an element, in pixels of the window."""
    box = element.bounding_box()
    assert box is not None
    return box["x"], box["width"]


def _waveform_image(drawing: Locator, mark: Locator) -> Picture:
    """Return the image of the waveform, between its header and its scale."""
    whole, line = drawing.bounding_box(), mark.bounding_box()
    assert whole is not None
    assert line is not None
    top = round(line["y"] - whole["y"])
    return decode_png(drawing.screenshot())[top : top + round(line["height"])]


def _drawn_share(column: Picture) -> float:
    """Return the drawn share of a column; its third pixel is always background."""
    background = column[2].astype(int)
    drawn = np.abs(column.astype(int) - background).sum(axis=1) > 60
    return float(drawn.mean())


def _brightness(window: BrowserWindow) -> float:
    """Return the mean brightness of the page, 0 to 1."""
    return float(decode_png(window.page.screenshot()).mean()) / 255
