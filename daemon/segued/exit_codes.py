"""How a command ends, as its caller is told."""

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """A command's exit code."""

    ALL_DONE = 0
    NOT_ALL_DONE = 1
    USAGE = 2
    FATAL = 3
    NO_DAEMON = 4
    CANCELLED = 130
