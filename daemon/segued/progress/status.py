"""How workers and folders stand, a line each."""

from dataclasses import dataclass
from typing import Final

from segued.model import FileId
from segued.units import Seconds

__all__ = ["FolderStatus", "WorkerStatus"]

STALLED_SECONDS: Final = 120.0
"""Hardly any file takes so long over one phase ..."""

FLAVOR_PHASE: Final = 9
"""... but over this one, which gives way to everybody."""


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """What one worker is at.

    Attributes:
        passage: Which passage of the file; None when it is at all of them.
        passages: How many there are; None while that is not known.
        seconds: How long it has been in this phase.
    """

    worker: int
    file: FileId
    name: str
    phase: int
    title: str
    passage: int | None
    passages: int | None
    seconds: Seconds

    @property
    def stalled(self) -> bool:
        """Whether it looks as if it did not get on."""
        return self.seconds >= STALLED_SECONDS and self.phase != FLAVOR_PHASE


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """How it stands with a music folder.

    Attributes:
        state: "scanning", "watching", "polling" or "offline".
        why: Why it is not watched for events.
        unsettled: Files that are being written.
        restless: Those that have been for very long.
        unreadable: Folders that could not be looked into, with the reason.
    """

    root: str
    state: str
    why: str | None = None
    unsettled: int = 0
    restless: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
