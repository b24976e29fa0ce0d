"""Import sessions: one row for each, from its first scan to its end."""

from collections.abc import Sequence
from typing import Protocol

from segued.model import SessionState
from segued.store import codec
from segued.store.models import Session, now

__all__ = ["count", "move", "start"]


class Counts(Protocol):
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


def count(session: str, counts: Counts) -> None:
    """Put a session's counts of files on record."""
    Session.update(
        files_total=counts.total, files_done=counts.done, files_failed=counts.failed
    ).where(Session.id == session).execute()
