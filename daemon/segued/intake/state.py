"""The music folders of a session, and how far it is with them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from segued.paths import is_within

__all__ = ["IntakeState"]


@dataclass(frozen=True, slots=True)
class IntakeState:
    """What the parts of an intake tell each other.

    Attributes:
        roots: The music folders, as `existing_roots` returns them.
        offline_roots: Those whose disk went away; their files wait on record.
        work_available: Set by whoever puts new work on record.
        first_scan_done: Set when nobody will do so any more but the workers.
        priority_folders: Folders where something was dropped in, to be seen to first.
    """

    roots: Sequence[bytes]
    offline_roots: set[bytes] = field(default_factory=set)
    work_available: asyncio.Event = field(default_factory=asyncio.Event)
    first_scan_done: asyncio.Event = field(default_factory=asyncio.Event)
    priority_folders: dict[bytes, None] = field(default_factory=dict)

    def root_of(self, path: bytes) -> bytes | None:
        """Return the music folder that a path is in."""
        for root in self.roots:
            if is_within(path, root):
                return root
        return None
