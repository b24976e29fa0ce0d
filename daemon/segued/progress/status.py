"""The status of each worker and each music folder."""

from dataclasses import dataclass, field
from typing import Final

from segued.model import FileId, PhaseNumber
from segued.units import Seconds

__all__ = ["FolderStatus", "WorkerStatus"]

STALLED_SECONDS: Final = 120.0
"""Hardly any file takes so long for one phase, other than flavoring."""


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """The file and the phase that one worker is at.

    Attributes:
        passage: The number of the passage; None if the phase handles all at once.
        passages: How many passages the file has; None while unknown.
        seconds: How long the worker has been in this phase.
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
        """Whether the phase takes suspiciously long."""
        # Local analysis runs at the lowest priority, so it may take any time.
        return self.seconds >= STALLED_SECONDS and self.phase != PhaseNumber.FLAVOR


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """The state of one music folder.

    Attributes:
        state: "scanning", "watching", "polling" or "offline".
        why: Why it is polled or offline; None if watched or unknown.
        unsettled: How many files are being written.
        restless: Paths of files that have been changing for very long.
        unreadable: Folders that could not be listed, each with the reason.
        passed_over: How many files and folders in it are not imported, by reason.
    """

    root: str
    state: str
    why: str | None = None
    unsettled: int = 0
    restless: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    passed_over: dict[str, int] = field(default_factory=dict)
