"""What an operator may ask of the daemon, as values."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = [
    "Cancel",
    "Command",
    "CommandHandler",
    "CommandResult",
    "GetSettings",
    "GetStatus",
    "Pause",
    "PutSetting",
    "Resume",
    "Retry",
    "Scan",
    "SetOverride",
]


@dataclass(frozen=True, slots=True)
class GetStatus:
    """Say how everything stands, or how a session on record does.

    Attributes:
        session: Its id; None for the one under way, and all else.
    """

    session: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop working, until told to resume; also after a restart."""

    session: str | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on, after a pause or a cancel."""

    session: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the session; what is done stays done."""

    session: str | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """Walk the music folders, or one folder in them, and go on working.

    Attributes:
        path: The folder; None for all there are.
    """

    path: bytes | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Try failed files again: all, those of a code, or those at or below a path."""

    code: str | None = None
    path: bytes | None = None


@dataclass(frozen=True, slots=True)
class GetSettings:
    """Tell the settings."""


@dataclass(frozen=True, slots=True)
class SetOverride:
    """Say what a passage is, over all that was found out, or take that back.

    Attributes:
        path: The file.
        passage: Which passage of it, from 1.
        recording: The recording that it is; None if it is no song.
        title: Its title, over MusicBrainz's.
        artist: Its artist, over MusicBrainz's.
        clear: Whether what was said before is to be forgotten.
    """

    path: bytes
    passage: int = 1
    recording: str | None = None
    title: str | None = None
    artist: str | None = None
    clear: bool = False


@dataclass(frozen=True, slots=True)
class PutSetting:
    """Give a setting a value, which may be secret."""

    name: str
    value: object = field(repr=False)


Command: TypeAlias = (
    GetStatus
    | Pause
    | Resume
    | Cancel
    | Scan
    | Retry
    | GetSettings
    | PutSetting
    | SetOverride
)
CommandResult: TypeAlias = Any
"""A value for JSON."""

CommandHandler: TypeAlias = Callable[[Command], Awaitable[CommandResult]]
"""Carries a command out; raises ConfigError if it makes no sense."""
