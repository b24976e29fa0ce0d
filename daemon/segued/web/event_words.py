"""How a change of the status is put into events of the stream."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TypeAlias

__all__ = ["OwnWords", "StreamEvent", "StreamWords"]

StreamEvent: TypeAlias = tuple[str, Mapping[str, Any]]
"""The name of an event, and its data."""


class StreamWords(Protocol):
    """Puts the status and its changes into events; called once for all subscribers."""

    def snapshot(self, status: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Yield the events of a client that connects, or that fell behind."""

    def changes(
        self, before: Mapping[str, Any], status: Mapping[str, Any]
    ) -> Iterator[StreamEvent]:
        """Yield the events of a change; `before` is empty at the first one."""


class OwnWords:
    """The events of `/api/events`: the whole status, then the fields that change."""

    def snapshot(self, status: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Yield the whole status."""
        yield "snapshot", status

    def changes(
        self, before: Mapping[str, Any], status: Mapping[str, Any]
    ) -> Iterator[StreamEvent]:
        """Yield the changed fields."""
        changed = {
            name: value
            for name, value in status.items()
            if before.get(name, ...) != value
        }
        yield "change", changed
