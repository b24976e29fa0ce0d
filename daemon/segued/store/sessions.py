"""Write import sessions: one row per session, from its first scan to its end."""

from collections.abc import Sequence
from typing import Protocol

from segued.model import SessionState
from segued.store import codec
from segued.store.schema.files import Session, now

__all__ = ["find_paused", "set_counts", "set_state", "start"]


class SessionCounts(Protocol):
    """The file counts of a session."""

    @property
    def total(self) -> int:
        """Number of files found."""

    @property
    def done(self) -> int:
        """Number of files without phases left to run."""

    @property
    def failed(self) -> int:
        """Number of files that failed."""


ACTIVE_STATES = (SessionState.SCANNING, SessionState.PROCESSING)
OPEN_STATES = (*ACTIVE_STATES, SessionState.PAUSED)


def start(roots: Sequence[str]) -> str:
    """Start a session and return its id; mark one left open by a killed process FAILED.

    A paused session stays open until it is resumed.
    """
    Session.update(
        state=SessionState.FAILED, ended_at=now(), reason="the process was killed"
    ).where(Session.state.in_(list(ACTIVE_STATES))).execute()
    session: str = Session.create(roots=codec.encode(list(roots))).id
    return session


def find_paused() -> str | None:
    """Return the id of the newest session that is still paused, if there is one."""
    row = (
        Session.select(Session.id)
        .where(Session.state == SessionState.PAUSED, Session.ended_at.is_null())
        .order_by(Session.started_at.desc())
        .first()
    )
    return row.id if row else None


def set_state(session: str, state: SessionState, reason: str | None = None) -> None:
    """Store the state of a session, and its end unless the state is an open one."""
    ended_at = None if state in OPEN_STATES else now()
    Session.update(state=state, reason=reason, ended_at=ended_at).where(
        Session.id == session
    ).execute()


def set_counts(session: str, counts: SessionCounts) -> None:
    """Store the file counts of a session."""
    Session.update(
        files_total=counts.total, files_done=counts.done, files_failed=counts.failed
    ).where(Session.id == session).execute()
