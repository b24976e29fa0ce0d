"""What takes events: the interface of all receivers, and how one fails."""

from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from segued.errors import ServiceUnavailableError

__all__ = ["Receiver", "SentEvent", "UnusableReceiver"]


@dataclass(frozen=True, slots=True)
class SentEvent:
    """An event as receivers get it.

    Attributes:
        event: Its name.
        payload: JSON with its id, name, time and facts.
    """

    event: str
    payload: str

    @property
    def facts(self) -> dict[str, Any]:
        """The payload, parsed."""
        parsed: dict[str, Any] = msgspec.json.decode(self.payload)
        return parsed

    @property
    def id(self) -> str:
        """The id, by which a receiver knows a repeated event."""
        return str(self.facts["id"])


class Receiver(Protocol):
    """Takes one event after the other.

    Attributes:
        name: Its name in the outbox and in the log.
        is_summary: Whether the last of several waiting events stands for all.
    """

    name: str
    is_summary: bool

    async def deliver(self, sent: SentEvent) -> None:
        """Return when the event is taken.

        Raises:
            ServiceError: It is not; the message has no secret.
        """

    async def close(self) -> None:
        """Release what the receiver holds open."""


class UnusableReceiver:
    """Stands for a receiver that lacks something, while its events wait."""

    is_summary = False

    def __init__(self, name: str, reason: str) -> None:
        self.name: str = name
        self._reason: Final = reason

    async def deliver(self, sent: SentEvent) -> None:
        """Take nothing.

        Raises:
            ServiceError: Always; the message says what is missing.
        """
        del sent
        raise ServiceUnavailableError(self.name, self._reason)

    async def close(self) -> None:
        """Nothing is held open."""
