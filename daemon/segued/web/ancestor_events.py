"""The progress under the names and fields of wkmp-ai, segued's ancestor.

For clients that were written for it. They connect to `/import/events` and get a
progress update with each change, and one event when a session starts or ends.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from segued.model import SessionState
from segued.web.event_words import StreamEvent

__all__ = ["AncestorWords"]

ACTIVE_STATES: Final = (
    SessionState.SCANNING,
    SessionState.PROCESSING,
    SessionState.PAUSED,
)
NO_SESSION: Final = "00000000-0000-0000-0000-000000000000"
"""Clients expect an id at any time, also for a session too short to be seen."""


class AncestorWords:
    """Puts the status and its changes into the events of the ancestor."""

    def __init__(self) -> None:
        self._session = NO_SESSION

    def snapshot(self, status: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Yield the events of a client that connects, or that fell behind."""
        yield self._progress(status)

    def changes(
        self, before: Mapping[str, Any], status: Mapping[str, Any]
    ) -> Iterator[StreamEvent]:
        """Yield the events of a change; `before` is empty at the first one."""
        was_active = before.get("state") in ACTIVE_STATES
        is_active = status["state"] in ACTIVE_STATES
        previous = self._session
        self._session = status["session"] or previous
        is_new = is_active and (not was_active or self._session != previous)
        if before and is_new:
            yield self._event("ImportSessionStarted", root_folder=_first_folder(status))
        yield self._progress(status)
        # A short session may begin and end between two looks: then files came.
        has_ended = was_active or any(
            before.get(name) != status[name] for name in ("state", "files_done")
        )
        if before and not is_active and has_ended:
            yield from self._end(status)

    def _end(self, status: Mapping[str, Any]) -> Iterator[StreamEvent]:
        files = status["files_done"]
        match status["state"]:
            case SessionState.COMPLETED:
                yield self._event(
                    "ImportSessionCompleted",
                    files_processed=files,
                    duration_seconds=round(status["elapsed_seconds"]),
                )
            case SessionState.FAILED:
                trouble = status["trouble"] or {}
                message = trouble.get("detail") or "the import stopped"
                yield self._event(
                    "ImportSessionFailed", error_message=message, files_processed=files
                )
            case SessionState.CANCELLED:
                yield self._event(
                    "ImportSessionCancelled",
                    files_processed=files,
                    files_skipped=max(0, status["files_total"] - files),
                )

    def _progress(self, status: Mapping[str, Any]) -> StreamEvent:
        worker = next(iter(status["workers"]), None)
        seconds_left = status["seconds_left"]
        operation = status["state"].capitalize()
        if worker is not None:
            operation = f"{worker['title']}: {worker['name']}"
        return self._event(
            "ImportProgressUpdate",
            state=status["state"],
            current=status["files_done"],
            total=status["files_total"],
            percentage=status["percent"],
            current_operation=operation,
            elapsed_seconds=round(status["elapsed_seconds"]),
            estimated_remaining_seconds=(
                None if seconds_left is None else round(seconds_left)
            ),
            phases=[],
            current_file=worker and worker["name"],
            phase_statistics=[],
        )

    def _event(self, name: str, **fields: object) -> StreamEvent:
        head = {"type": name, "session_id": self._session}
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        return name, head | fields | {"timestamp": at}


def _first_folder(status: Mapping[str, Any]) -> str:
    folders = status["folders"]
    return str(folders[0]["root"]) if folders else ""
