"""The exit codes of both command lines."""

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """The exit code of a command."""

    ALL_DONE = 0
    NOT_ALL_DONE = 1
    USAGE = 2
    FATAL = 3
    NO_DAEMON = 4
    CANCELLED = 130
