"""The music folders of a session, and how far it is with them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from segued.paths import is_within

__all__ = ["Grounds"]


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the parts of an intake tell each other.

    Attributes:
        roots: The music folders, as `roots_of` returns them.
        away: Those whose disk went away; their files wait on record.
        news: Set by whoever puts new work on record.
        scanned: Set when nobody will do so any more but the workers.
        dropped: Folders where something was dropped in, to be seen to first.
    """

    roots: Sequence[bytes]
    away: set[bytes] = field(default_factory=set)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    scanned: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: dict[bytes, None] = field(default_factory=dict)

    def root_of(self, path: bytes) -> bytes | None:
        """Return the music folder that a path is in."""
        for root in self.roots:
            if is_within(path, root):
                return root
        return None
