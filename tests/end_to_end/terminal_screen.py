"""A program in a pseudo-terminal, and what it writes there."""

import os
import pty
import re
import select
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from tests.limits import WAIT_SECONDS

__all__ = ["TerminalScreen", "run_in_terminal"]

POLL_SECONDS: Final = 0.5

CONTROL_SEQUENCES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\]8;[^\x1b]*\x1b\\")
"""Colors and movements, and the addresses of links."""


class TerminalScreen:
    """The output of a program in a pseudo-terminal, without control sequences."""

    def __init__(self, process: int, terminal: int) -> None:
        self.process = process
        self._terminal = terminal
        self.unread = ""

    def wait_for(self, pattern: str) -> str:
        """Read until the pattern matches; drop the text up to there; return it."""
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            if match := re.search(pattern, self.unread):
                self.unread = self.unread[match.end() :]
                return match.group()
            if not select.select([self._terminal], [], [], POLL_SECONDS)[0]:
                continue
            raw = os.read(self._terminal, 1 << 16).decode()
            self.unread += CONTROL_SEQUENCES.sub("", raw)
        raise TimeoutError(self.unread[-2_000:])

    def press_ctrl_c(self) -> None:
        """Send what a terminal sends for Ctrl-C."""
        os.write(self._terminal, b"\x03")

    def type_line(self, text: str) -> None:
        """Send a line, as a person types it."""
        os.write(self._terminal, text.encode() + b"\n")

    def exit_code(self) -> int:
        """Return the exit code of the program, which is about to end."""
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


@contextmanager
def run_in_terminal(
    command: Sequence[str | bytes], environment: Mapping[str, str]
) -> Iterator[TerminalScreen]:
    """Run a program in a pseudo-terminal; kill it at the end of the context."""
    process, terminal = pty.fork()
    if not process:
        words = [os.fsdecode(word) for word in command]
        os.execve(words[0], words, {**environment, "TERM": "xterm"})  # noqa: S606
    screen = TerminalScreen(process, terminal)
    try:
        yield screen
    finally:
        os.close(terminal)
        try:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        except (ProcessLookupError, ChildProcessError):
            pass  # it has ended by itself
