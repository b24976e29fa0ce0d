"""The music folders of a session and the state of their scans."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from segued.paths import is_within

__all__ = ["IntakeState"]


@dataclass(frozen=True, slots=True)
class IntakeState:
    """The state that folder watchers, feeder and workers share.

    Attributes:
        roots: The music folders, as `existing_roots` returns them.
        offline_roots: Those whose disk is away; their files stay PENDING.
        work_available: Set when the library may have new PENDING files.
        first_scan_done: Set when all folders were scanned once, or are offline.
        requested_scans: Music folders with a scan that was requested and has not ended.
        priority_folders: Folders with newly arrived files, which are imported first.
        stale_counts: Those of which a worker passed over a file; their watcher counts
            again.
        is_watched: Whether a watcher brings a folder back whose disk was away.
    """

    roots: Sequence[bytes]
    offline_roots: set[bytes] = field(default_factory=set)
    work_available: asyncio.Event = field(default_factory=asyncio.Event)
    first_scan_done: asyncio.Event = field(default_factory=asyncio.Event)
    requested_scans: set[bytes] = field(default_factory=set)
    priority_folders: dict[bytes, None] = field(default_factory=dict)
    stale_counts: set[bytes] = field(default_factory=set)
    is_watched: bool = False

    @property
    def all_scanned(self) -> bool:
        """Whether the first scans and all requested ones have ended."""
        return self.first_scan_done.is_set() and not self.requested_scans

    def root_of(self, path: bytes) -> bytes | None:
        """Return the music folder that contains a path; None if none does."""
        for root in self.roots:
            if is_within(path, root):
                return root
        return None
