"""The exit codes of both command lines, and the message of the last one."""

from enum import IntEnum
from typing import Final

__all__ = ["CANCELLED_NOTE", "ExitCode"]

CANCELLED_NOTE: Final = "Cancelled. The same command continues from here."


class ExitCode(IntEnum):
    """The exit code of a command."""

    ALL_DONE = 0
    NOT_ALL_DONE = 1
    USAGE = 2
    FATAL = 3
    NO_DAEMON = 4
    CANCELLED = 130
