"""Import sessions: one row for each, from its first scan to its end."""

from collections.abc import Sequence

from segued.model import SessionState
from segued.store import codec
from segued.store.models import Session, now

__all__ = ["count", "move", "start"]

OPEN = (SessionState.SCANNING, SessionState.PROCESSING)


def start(roots: Sequence[str]) -> str:
    """Open a session; one that a killed process left open is closed first."""
    Session.update(
        state=SessionState.FAILED, ended_at=now(), reason="the process was killed"
    ).where(Session.state.in_(list(OPEN))).execute()
    session: str = Session.create(roots=codec.encode(list(roots))).id
    return session


def move(session: str, state: SessionState, reason: str | None = None) -> None:
    """Put on record where a session stands."""
    ended = None if state in OPEN else now()
    Session.update(state=state, reason=reason, ended_at=ended).where(
        Session.id == session
    ).execute()


def count(session: str, *, total: int, done: int, failed: int) -> None:
    """Put a session's counts of files on record."""
    Session.update(files_total=total, files_done=done, files_failed=failed).where(
        Session.id == session
    ).execute()
