"""A real Chromium on a daemon's page, and what a person sees in it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Browser, Page, sync_playwright

__all__ = ["BrowserWindow", "Picture", "decode_png", "open_window", "start_browser"]

Picture: TypeAlias = npt.NDArray[np.uint8]

CHROMIUM: Final = "/usr/bin/chromium"
TIMEOUT_MS: Final = 20_000

RECORD_SHIFTS_SCRIPT: Final = """
window.shifted = [];
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
        if (!entry.hadRecentInput) { window.shifted.push(entry.value); }
    }
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass
class BrowserWindow:
    """One page, and what it said on its console."""

    page: Page
    console: list[str] = field(default_factory=list)

    def layout_shift(self) -> float:
        """Return how much of the layout has moved by itself since this was asked."""
        moved: float = self.page.evaluate(
            "() => { const sum = window.shifted.reduce((a, b) => a + b, 0);"
            " window.shifted = []; return sum; }"
        )
        return moved

    def overflow_pixels(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        over: int = self.page.evaluate(
            "document.documentElement.scrollWidth - innerWidth"
        )
        return over


@contextmanager
def start_browser() -> Iterator[Browser]:
    """Start Chromium."""
    with sync_playwright() as playwright:
        playwright.selectors.set_test_id_attribute("data-test")
        # Root, which the tests may be, has no sandbox.
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--mute-audio"]
        )
        try:
            yield started
        finally:
            started.close()


@contextmanager
def open_window(
    chromium: Browser,
    url: str,
    *,
    width: int = 1_440,
    height: int = 900,
    dark: bool = False,
) -> Iterator[BrowserWindow]:
    """Open a page in a window of its own."""
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
    )
    context.set_default_timeout(TIMEOUT_MS)
    context.add_init_script(RECORD_SHIFTS_SCRIPT)
    window = BrowserWindow(context.new_page())
    window.page.on("console", lambda told: window.console.append(told.text))
    window.page.on("pageerror", lambda error: window.console.append(str(error)))
    try:
        window.page.goto(url)
        yield window
    finally:
        context.close()


def decode_png(png: bytes) -> Picture:
    """Return a picture as rows, columns and three colours."""
    width = int.from_bytes(png[16:20])
    drawn = subprocess.run(
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
    return np.frombuffer(drawn.stdout, np.uint8).reshape(-1, width, 3)
