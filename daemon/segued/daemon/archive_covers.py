"""Fetches covers from the Cover Art Archive, one after the other, in the background.

A request for a cover never waits for the archive: a browser has six connections, and a
page of albums would block all of them. The page asks again when `arrived` grows.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import structlog

from segued import __version__
from segued.clients.clock import Clock
from segued.clients.cover_archive import CoverArchive
from segued.clients.http import open_session
from segued.config.sections import ServicesSection
from segued.errors import GarbledAnswerError, SeguedError, ServiceAnswerError

__all__ = ["ArchiveCovers", "ArchiveUse"]

log: Final = structlog.get_logger()

WAITING_MAX: Final = 500
"""Releases that wait; beyond that, the oldest is dropped, and asked for again when it
is shown again."""

AWAY_SECONDS: Final = 120.0
"""After a failure, the archive is not asked for so long."""


class ArchiveUse(NamedTuple):
    """How the archive is used now.

    Attributes:
        services: Its address and limits.
        contact: How it reaches the person who runs this.
        is_offline: Whether only covers that were fetched before are shown.
    """

    services: ServicesSection
    contact: str
    is_offline: bool


class ArchiveCovers:
    """Asks the archive for releases, the one asked for last first.

    Attributes:
        arrived: How many covers arrived since the start.
    """

    def __init__(
        self,
        use: Callable[[], ArchiveUse | None],
        keep: Callable[[str, bytes | None], Awaitable[bool]],
    ) -> None:
        """Prepare.

        Args:
            use: Returns how the archive is used; None if it is not.
            keep: Stores the cover of a release, or that it has none; returns whether
                it can be shown.
        """
        self.arrived = 0
        self._use: Final = use
        self._keep: Final = keep
        self._clock: Final = Clock()
        self._waiting: Final[dict[str, None]] = {}
        self._current: str | None = None
        self._task: asyncio.Task[None] | None = None
        self._away_until = 0.0

    def request(self, release_mbid: str) -> None:
        """Fetch the cover of a release soon, if the archive is used and available."""
        use = self._use()
        is_away = self._clock.now() < self._away_until
        if use is None or use.is_offline or is_away or release_mbid == self._current:
            return
        self._waiting.pop(release_mbid, None)
        self._waiting[release_mbid] = None
        if len(self._waiting) > WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._fetch_all())

    async def close(self) -> None:
        """Stop fetching; what was not fetched is asked for again when it is shown."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _fetch_all(self) -> None:
        while self._waiting and (use := self._use()) is not None:
            async with open_session(use.services, __version__, use.contact) as session:
                archive = CoverArchive(use.services, session, self._clock)
                # Another configuration takes effect with the next session.
                while self._waiting and self._use() == use:
                    self._current, _ = self._waiting.popitem()
                    try:
                        is_available = await self._fetch(archive, self._current)
                    finally:
                        self._current = None
                    if not is_available:
                        self._waiting.clear()
        self._waiting.clear()

    async def _fetch(self, archive: CoverArchive, release: str) -> bool:
        """Fetch one cover; return whether the archive is available."""
        try:
            try:
                picture = await archive.front(release)
            except ServiceAnswerError as error:
                if isinstance(error, GarbledAnswerError):
                    raise  # something else answers
                log.warning("cover.failed", release=release, detail=error.detail)
                picture = None
            if await self._keep(release, picture):
                self.arrived += 1
        except SeguedError as error:
            # The archive is away, or no child process can decode.
            log.warning("cover.failed", release=release, detail=str(error))
            self._away_until = self._clock.now() + AWAY_SECONDS
            return False
        return True
