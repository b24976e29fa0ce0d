"""A real Chromium that opens a daemon's page."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Browser, Page, sync_playwright

from tests.limits import WAIT_SECONDS

__all__ = ["BrowserWindow", "Picture", "decode_png", "open_window", "start_browser"]

Picture: TypeAlias = npt.NDArray[np.uint8]

CHROMIUM: Final = "/usr/bin/chromium"
CHROMIUM_OPTIONS: Final = (
    "--no-sandbox",  # which does not work for root
    "--mute-audio",
    # Without a graphics card, a process and threads for it cost a fifth of the time.
    "--disable-gpu",
    "--in-process-gpu",
    "--num-raster-threads=1",
    # All pages are one site's: a process for each would cost as much as the page.
    "--renderer-process-limit=1",
)

RECORD_SHIFTS_SCRIPT: Final = """
window.layoutShifts = [];
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
        if (!entry.hadRecentInput) { window.layoutShifts.push(entry.value); }
    }
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass
class BrowserWindow:
    """One page, and the messages on its console."""

    page: Page
    console: list[str] = field(default_factory=list)

    def layout_shift(self) -> float:
        """Return the layout shift without user input since the last call."""
        shift: float = self.page.evaluate(
            "() => { const sum = window.layoutShifts.reduce((a, b) => a + b, 0);"
            " window.layoutShifts = []; return sum; }"
        )
        return shift

    def overflow_pixels(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        overflow: int = self.page.evaluate(
            "document.documentElement.scrollWidth - innerWidth"
        )
        return overflow


@contextmanager
def start_browser() -> Iterator[Browser]:
    """Start Chromium."""
    with sync_playwright() as playwright:
        playwright.selectors.set_test_id_attribute("data-test")
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_OPTIONS
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_window(
    chromium: Browser,
    url: str,
    *,
    width: int = 1_440,
    height: int = 900,
    dark: bool = False,
) -> Iterator[BrowserWindow]:
    """Open a URL in a new window; nothing is stored of earlier windows.

    All windows share a profile: a new one takes twice the processor time of a page.
    """
    context = chromium.contexts[0] if chromium.contexts else chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(1_000 * WAIT_SECONDS)
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(
        color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    page.add_init_script(RECORD_SHIFTS_SCRIPT)
    window = BrowserWindow(page)
    page.on("console", lambda message: window.console.append(message.text))
    page.on("pageerror", lambda error: window.console.append(str(error)))
    try:
        page.goto(url)
        yield window
        page.evaluate("localStorage.clear()")
        context.clear_cookies()
    finally:
        page.close()


def decode_png(png: bytes) -> Picture:
    """Decode a PNG; shape (rows, columns, 3), RGB from 0 to 255."""
    width = int.from_bytes(png[16:20])
    decoded = subprocess.run(
        (
            "ffmpeg",
            "-v",
            "error",
            "-i",
            "-",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-",
        ),
        input=png,
        capture_output=True,
        check=True,
    )
    return np.frombuffer(decoded.stdout, np.uint8).reshape(-1, width, 3)
