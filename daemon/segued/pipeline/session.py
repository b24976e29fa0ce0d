"""The session under way, put on record."""

from collections.abc import Sequence
from typing import Final

import structlog

from segued.model import SessionState
from segued.paths import shown
from segued.progress.progress import Board
from segued.store import sessions
from segued.store.database import Store

__all__ = ["Roll"]

log: Final = structlog.get_logger()


class Roll:
    """The session under way, on record.

    Attributes:
        session: Its id; None while there is none.
    """

    def __init__(self, store: Store, board: Board) -> None:
        self.session: str | None = None
        self._store: Final = store
        self._board: Final = board

    async def begin(self, roots: Sequence[bytes]) -> None:
        """Open a session, unless one is under way."""
        if self.session is None:
            names = [shown(root) for root in roots]
            self.session = await self._store.do(sessions.start, names)

    async def move(self, state: SessionState, reason: str | None = None) -> None:
        """Put on record where it stands, and then on the board."""
        if self.session is not None:
            session, now = self.session, self._board.snapshot()
            await self._store.do(sessions.count, session, now)
            await self._store.do(sessions.move, session, state, reason)
            counted = {group: named for group, named in now.counters.items() if named}
            log.info("session.moved", state=state.value, reason=reason, counted=counted)
        self._board.turn(state)

    async def end(self, state: SessionState, reason: str | None = None) -> None:
        """Close it, if one is under way."""
        await self.move(state, reason)
        self.session = None
