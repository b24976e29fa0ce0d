"""The live view of a daemon in the terminal that it was started from.

A thread of its own writes to the terminal: one that is stopped by Ctrl-S blocks a write
for as long as that lasts.
"""

import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from segued.progress.progress import Snapshot
from segued.views import live

__all__ = ["DaemonView", "Frame"]

WAIT_SECONDS: Final = 1.0
"""A frame is drawn at least so often, and at the end at most so late."""

LINES_MAX: Final = 1_000
"""More lines of the log than this are dropped while the terminal takes none."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the view shows.

    Attributes:
        snapshot: The session.
        titles: The titles of the phases, in order.
        notices: Further lines.
        page: The URL of the page, or why it is not served; may be empty.
    """

    snapshot: Snapshot
    titles: Sequence[str]
    notices: Sequence[str]
    page: str


class DaemonView:
    """Shows the latest frame, and lines of the log above it, inside its context."""

    def __init__(self, console: Console, hint: str) -> None:
        """Prepare.

        Args:
            console: The terminal.
            hint: The last line, which says how to end the program.
        """
        self._console: Final = console
        self._hint: Final = hint
        self._lines: Final[queue.Queue[str]] = queue.Queue(LINES_MAX)
        self._lock: Final = threading.Lock()
        self._dropped = 0
        self._frame: Frame | None = None
        self._changed: Final = threading.Event()
        self._ended = False
        self._thread: Final = threading.Thread(
            target=self._run, name="view", daemon=True
        )

    def show(self, frame: Frame) -> None:
        """Show a frame instead of the one before; never waits."""
        self._frame = frame
        self._changed.set()

    def write(self, line: str) -> None:
        """Write a line above the frame, or drop it; never waits."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            with self._lock:
                self._dropped += 1
        self._changed.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._ended = True
        self._changed.set()
        self.join(WAIT_SECONDS)

    def join(self, seconds: float) -> None:
        """Wait until everything is written, at most for some seconds."""
        self._thread.join(seconds)

    def _run(self) -> None:
        with Live(console=self._console, auto_refresh=False, transient=True) as output:
            while not self._ended:
                self._changed.wait(WAIT_SECONDS)
                self._changed.clear()
                self._write_lines()
                if self._frame is not None:
                    output.update(render(self._frame, self._hint), refresh=True)
        self._write_lines()

    def _write_lines(self) -> None:
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        if dropped:
            self._console.print(Text(f"Lines that could not be written: {dropped}"))
        while not self._lines.empty():
            self._console.print(Text(self._lines.get_nowait()), soft_wrap=True)


def render(frame: Frame, hint: str) -> RenderableType:
    """Return the view of a frame, with a hint as its last line."""
    page = Text(f"Page: {frame.page}", no_wrap=True)
    if frame.page.startswith("http"):
        page.stylize(f"link {frame.page}", len("Page: "))
    return Group(
        live.render(frame.snapshot, frame.titles, frame.notices),
        *([page] if frame.page else []),
        Text(hint, "dim"),
    )
