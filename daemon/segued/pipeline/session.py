"""Store the state and the counts of the current session in the library."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from segued.model import SessionState
from segued.paths import shown
from segued.progress.progress import Progress
from segued.store import sessions
from segued.store.database import Store

__all__ = ["SessionRecorder"]

log: Final = structlog.get_logger()


class SessionRecorder:
    """Stores the current session in the library.

    Attributes:
        session_id: The id of the current session; None between sessions.
    """

    def __init__(self, store: Store, progress: Progress) -> None:
        self.session_id: str | None = None
        self._store: Final = store
        self._progress: Final = progress
        self._starting: Final = asyncio.Lock()

    async def start(self, roots: Sequence[bytes]) -> None:
        """Start a session, unless one is running."""
        async with self._starting:
            if self.session_id is None:
                names = [shown(root) for root in roots]
                self.session_id = await self._store.do(sessions.start, names)

    async def set_state(self, state: SessionState, reason: str | None = None) -> None:
        """Store the session's state and counts, then show the state in `progress`."""
        await self._store_state(self.session_id, state, reason)

    async def _store_state(
        self, session_id: str | None, state: SessionState, reason: str | None
    ) -> None:
        if session_id is not None:
            snapshot = self._progress.snapshot()
            await self._store.do(sessions.set_counts, session_id, snapshot)
            await self._store.do(sessions.set_state, session_id, state, reason)
            work = {group: named for group, named in snapshot.work.items() if named}
            log.info(
                "session.state_changed",
                state=state.value,
                reason=reason,
                counted=work,
            )
        self._progress.set_state(state)

    async def finish(self, state: SessionState, reason: str | None = None) -> None:
        """Store the final state and close the session, if one is running."""
        # Closed first, so that nobody joins a session that is about to end.
        session_id, self.session_id = self.session_id, None
        await self._store_state(session_id, state, reason)
