"""The tables of `segued.toml` about other programs that are told what happens."""

from typing import Annotated, Final, Literal

import msgspec

from segued.config.annotations import SECRET, whole
from segued.config.sections import Section

__all__ = ["HOOK_EVENTS", "HookEvent", "HooksSection"]

HookEvent = Literal[
    "file.imported",
    "album.completed",
    "file.failed",
    "review.needed",
    "session.completed",
    "folder.offline",
    "library.trouble",
]

HOOK_EVENTS: Final[tuple[HookEvent, ...]] = (
    "file.imported",
    "album.completed",
    "file.failed",
    "review.needed",
    "session.completed",
    "folder.offline",
    "library.trouble",
)


class HooksSection(Section, frozen=True):
    """A command and an address that are told what happens.

    Attributes:
        command: The program and its arguments; empty for none.
        url: The address to which events are posted; it may hold a secret itself.
        secret: The key of the signature.
        events: The events that are told.
        limit_seconds: How long a receiver may take for one event.
        keep: How many events wait for a receiver at most.
    """

    command: tuple[str, ...] = ()
    url: Annotated[
        str,
        msgspec.Meta(
            pattern=whole("https?://[!-~]+|"),
            max_length=2_000,
            description='an address, as "https://example.org/hook", or empty',
        ),
        SECRET,
    ] = ""
    secret: Annotated[
        str,
        msgspec.Meta(
            pattern=whole("[!-~]{16,}|"),
            max_length=256,
            description="16 to 256 characters of ASCII without spaces, or empty",
        ),
        SECRET,
    ] = ""
    events: tuple[HookEvent, ...] = HOOK_EVENTS
    limit_seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 30.0
    keep: Annotated[int, msgspec.Meta(ge=10, le=1_000_000)] = 10_000
