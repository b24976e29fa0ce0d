"""The live view in terminals of all kinds."""

import io
import os
import re
import threading
from typing import Literal, TypeAlias

import pytest
from rich.console import Console

from segued.model import SessionState
from segued.progress.progress import Snapshot
from segued.units import Seconds
from segued.views import daemon_view, live, wording
from segued.views.daemon_view import DaemonView, Frame
from tests.limits import WAIT_SECONDS


def snapshot(done: int, total: int) -> Snapshot:
    """Return a session in which some files are done."""
    return Snapshot(
        state=SessionState.PROCESSING,
        total=total,
        done=done,
        failed=0,
        deferred=0,
        analyzed=done,
        elapsed=Seconds(1.0),
        rate=None,
        time_left=None,
        analysis_per_hour=None,
        analysis_left=None,
        lookups=0,
        again=0,
        cards=0,
        workers=(),
        counters={},
        work={},
        repeated={},
    )


Colors: TypeAlias = Literal["standard", "256", "truecolor"]


def bar_colors(done: int, colors: Colors) -> list[str]:
    """Return the color codes of the parts of a bar of which 1 to 4 parts are done."""
    output = io.StringIO()
    console = Console(
        file=output, force_terminal=True, color_system=colors, width=120, _environ={}
    )
    console.print(live.render(snapshot(done, 4), []))
    return re.findall(r"\x1b\[([0-9;]+)m[━╸╺]+", output.getvalue())


@pytest.mark.parametrize("colors", ["standard", "256", "truecolor"])
def test_a_finished_bar_looks_finished(colors: Colors) -> None:
    """Its color is neither that of the background nor that of an unfinished bar."""
    (background,) = set(bar_colors(0, colors))
    unfinished = bar_colors(2, colors)
    (finished,) = bar_colors(4, colors)

    assert finished not in {background, *unfinished}
    assert unfinished[0] != background == unfinished[-1]


def test_a_terminal_that_takes_nothing_delays_nobody() -> None:
    """As after Ctrl-S: lines beyond a bound are dropped, and their number is shown."""
    reading, writing = os.pipe()
    blocked = open(writing, "w", encoding="utf-8")  # noqa: SIM115
    console = Console(file=blocked, force_terminal=True, width=80)
    view = DaemonView(console, "Ctrl-C ends it")
    frame = Frame(snapshot(1, 2), [], [], "http://127.0.0.1:1/")
    text = []

    def read() -> None:
        with open(reading, encoding="utf-8", newline="") as lines:
            text.append(lines.read())

    reader = threading.Thread(target=read)
    with view:
        view.show(frame)
        for number in range(3 * daemon_view.LINES_MAX):
            view.write(f"line {number} {'x' * 200}")
        reader.start()
        view.show(Frame(snapshot(2, 2), [], [], ""))
    view.join(WAIT_SECONDS)
    blocked.close()
    reader.join(WAIT_SECONDS)

    dropped = map(int, re.findall(r"could not be written: (\d+)", text[0]))
    written = re.findall(r"line \d+", text[0])
    assert len(written) + sum(dropped) == 3 * daemon_view.LINES_MAX
    assert len(written) >= daemon_view.LINES_MAX


def test_a_session_without_files_says_so() -> None:
    """In words: a share of nothing beside COMPLETED would look like a failure."""
    row = {
        "state": "COMPLETED",
        "files_done": 0,
        "files_total": 0,
        "files_failed": 0,
        "started_at": "2026-01-01T00:00:00.000+00:00",
        "ended_at": None,
        "reason": None,
    }

    assert wording.progress_line(snapshot(0, 0)) == "no music files yet"
    assert wording.session_line(row).startswith("COMPLETED   no music files yet   ")
    assert wording.progress_line(snapshot(0, 2)).startswith("0 of 2 files (0.0 %)")
