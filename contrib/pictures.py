"""Makes the pictures of the documentation: pictures.py FOLDER.

The music is the sample library, with drawn covers. The page is a daemon's, in Chromium;
the terminal's picture is what `segued import` writes to a pseudo-terminal.
"""

import io
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import av
import numpy as np
from rich.console import Console
from rich.text import Text
from sample_library import make_library

from segued.cli.daemon_client import DaemonClient
from segued.errors import DaemonError
from tests.web.chromium import open_window, start_browser

SEGUED: Final = str(Path(sys.executable).with_name("segued"))
COLUMNS: Final = 108
LINES: Final = 40
WIDTH, HEIGHT = 1_280, 800
SONGS: Final = 16
SONG_SECONDS: Final = 25.0
WAIT_SECONDS: Final = 300.0

COVER_PIXELS: Final = 500
CONTROL: Final = re.compile(r"\x1b\[(\d*)([AK])|\r\n|\r|\n")
MODES: Final = re.compile(r"\x1b\[\?[0-9;]*[a-z]|\x1b\]8;[^\x1b]*\x1b\\")


def draw_cover(path: Path, seed: int) -> None:
    """Write a picture of a few bands of color."""
    random = np.random.default_rng(seed)
    colors = random.integers(30, 230, size=(4, 3))
    y, x = np.mgrid[:COVER_PIXELS, :COVER_PIXELS] / COVER_PIXELS
    angle = random.uniform(0, np.pi)
    place = x * np.cos(angle) + y * np.sin(angle)
    wave = place + 0.1 * np.sin(random.uniform(4, 14) * (x - y))
    bands = np.digitize(wave, np.quantile(wave, [0.3, 0.55, 0.8]))
    image = av.VideoFrame.from_ndarray(colors[bands].astype(np.uint8), format="rgb24")
    with av.open(str(path), "w", format="image2") as container:
        stream = container.add_stream("png", rate=1)
        stream.width = stream.height = COVER_PIXELS
        stream.pix_fmt = "rgb24"
        container.mux(stream.encode(image))
        container.mux(stream.encode())


class Terminal:
    """The lines that a terminal shows; colors stay in them as sequences."""

    def __init__(self) -> None:
        self.lines: list[str] = [""]
        self.row = 0

    def write(self, text: str) -> None:
        """Apply text, line ends, movements up and deletions of lines."""
        position = 0
        text = MODES.sub("", text)
        for control in CONTROL.finditer(text):
            self.lines[self.row] += text[position : control.start()]
            position = control.end()
            number, action = control.groups()
            if action == "A":
                self.row = max(0, self.row - int(number or 1))
            elif action == "K":
                self.lines[self.row] = ""
            elif "\n" in control.group():
                self.row += 1
                if self.row == len(self.lines):
                    self.lines.append("")
        self.lines[self.row] += text[position:]

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines).strip("\n")


def run_import(music: Path, home: Path) -> tuple[str, str]:
    """Import in a pseudo-terminal; return the view halfway, and the last lines."""
    process, descriptor = pty.fork()
    if not process:
        os.chdir(music.parent)
        environment = environment_of(home) | {
            "TERM": "xterm-256color",
            "COLUMNS": str(COLUMNS),
            "LINES": str(LINES),
        }
        words = ["segued", "import", "--offline", music.name]
        os.execve(SEGUED, words, environment)  # noqa: S606
    terminal, halfway = Terminal(), ""
    while True:
        try:
            ready = select.select([descriptor], [], [], WAIT_SECONDS)[0]
            data = os.read(descriptor, 1 << 16) if ready else b""
        except OSError:
            data = b""
        if not data:
            break
        terminal.write(data.decode("utf-8", "replace"))
        done = re.search(r"(\d+) of (\d+)", re.sub(r"\x1b\[[\d;]*m", "", terminal.text))
        if done and not halfway and int(done[1]) * 2 >= int(done[2]) > 0:
            halfway = terminal.text
    os.waitpid(process, 0)
    return halfway, terminal.text


def environment_of(home: Path) -> dict[str, str]:
    """Return the environment of a new user."""
    return {
        "HOME": str(home),
        "PATH": f"{Path(SEGUED).parent}:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        # Analysis would take minutes, and no picture shows it.
        "SEGUED_FLAVORING__SOURCES": "[]",
    }


def picture_of_terminal(halfway: str, end: str, music: Path) -> str:
    """Return an SVG of the command, its view, and its end."""
    console = Console(
        record=True,
        file=io.StringIO(),
        width=COLUMNS,
        force_terminal=True,
        color_system="truecolor",
        soft_wrap=True,
    )
    console.print(f"[bold green]$[/] segued import {music.name}")
    console.print(Text.from_ansi(halfway))
    console.print("[dim]⋮[/]")
    console.print(Text.from_ansi(end))
    return console.export_svg(title="segued import")


@contextmanager
def running_daemon(music: Path, home: Path) -> Iterator[str]:
    """Run a daemon until its import is complete; yield the address of its page."""
    socket = home / "control.sock"
    environment = environment_of(home) | {
        "SEGUED_PAGE__PORT": "5796",
        "SEGUED_LIBRARY__CONTROL_SOCKET": str(socket),
    }
    command = (SEGUED, "serve", "--offline", music)
    with subprocess.Popen(  # noqa: S603
        command, env=environment, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until_complete(DaemonClient(socket))
            yield "http://127.0.0.1:5796"
        finally:
            process.terminate()


def wait_until_complete(client: DaemonClient) -> None:
    """Wait until all is imported and analyzed."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            if client.status().state == "COMPLETED":
                return
        except DaemonError:
            pass  # it is starting
        time.sleep(0.2)
    sys.exit("the import does not complete")


def main() -> None:
    """Make all pictures."""
    target = Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory(prefix="segued-pictures-") as name:
        home = Path(name)
        music = home / "Music"
        make_library(music, songs=SONGS, seconds=SONG_SECONDS)
        folders = sorted({path.parent for path in music.rglob("*.*")})
        for seed, folder in enumerate(folders):
            draw_cover(folder / "cover.png", seed)
        halfway, end = run_import(music, home)
        svg = picture_of_terminal(halfway, end.replace(str(home), "~"), music)
        (target / "terminal.svg").write_text(svg)
        with running_daemon(music, home) as url, start_browser() as chromium:
            for picture, address in (
                ("albums.png", "#/albums"),
                ("file.png", "#/files?query=side"),
            ):
                with open_window(
                    chromium, f"{url}/{address}", width=WIDTH, height=HEIGHT
                ) as window:
                    page = window.page
                    if picture == "file.png":
                        page.locator("main table a").first.click()
                        page.locator("main canvas, main svg").first.wait_for()
                    page.wait_for_load_state("networkidle")
                    page.screenshot(path=target / picture)


if __name__ == "__main__":
    main()
