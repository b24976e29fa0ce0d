"""Import sessions: one row for each, from its first scan to its end."""

from collections.abc import Sequence
from typing import Protocol

from segued.model import SessionState
from segued.store import codec
from segued.store.schema.files import Session, now

__all__ = ["find_paused", "set_counts", "set_state", "start"]


class SessionCounts(Protocol):
    """Files, counted: found, with nothing ahead of them, failed."""

    @property
    def total(self) -> int:
        """Files found."""

    @property
    def done(self) -> int:
        """Files with nothing ahead of them."""

    @property
    def failed(self) -> int:
        """Files that failed."""


ACTIVE_STATES = (SessionState.SCANNING, SessionState.PROCESSING)
OPEN_STATES = (*ACTIVE_STATES, SessionState.PAUSED)


def start(roots: Sequence[str]) -> str:
    """Open a session; one that a killed process left open is closed first.

    One that is paused waits for whoever resumes it.
    """
    Session.update(
        state=SessionState.FAILED, ended_at=now(), reason="the process was killed"
    ).where(Session.state.in_(list(ACTIVE_STATES))).execute()
    session: str = Session.create(roots=codec.encode(list(roots))).id
    return session


def find_paused() -> str | None:
    """Return the session that somebody paused and nobody resumed, if there is one."""
    row = (
        Session.select(Session.id)
        .where(Session.state == SessionState.PAUSED, Session.ended_at.is_null())
        .order_by(Session.started_at.desc())
        .first()
    )
    return row.id if row else None


def set_state(session: str, state: SessionState, reason: str | None = None) -> None:
    """Put on record where a session stands."""
    ended = None if state in OPEN_STATES else now()
    Session.update(state=state, reason=reason, ended_at=ended).where(
        Session.id == session
    ).execute()


def set_counts(session: str, counts: SessionCounts) -> None:
    """Put a session's counts of files on record."""
    Session.update(
        files_total=counts.total, files_done=counts.done, files_failed=counts.failed
    ).where(Session.id == session).execute()
