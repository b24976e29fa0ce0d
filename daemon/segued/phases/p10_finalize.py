"""Phase 10, passages complete: mark the file and its passages as complete."""

from dataclasses import dataclass
from typing import Final

from segued.model import (
    FileStatus,
    PhaseNumber,
)
from segued.phases import p06_match
from segued.phases.base import FileResults, Phase, PhaseContext
from segued.store import files, passages

__all__ = ["PHASE", "Finalized"]


@dataclass(frozen=True, slots=True)
class Finalized:
    """The number of complete passages."""

    passages: int


async def run(_context: PhaseContext, file_results: FileResults) -> Finalized:
    """Count the passages that `save` will mark as complete."""
    return Finalized(len(file_results[p06_match.PHASE].matches))


def save(file_results: FileResults, _result: Finalized) -> None:
    """Mark the passages as complete, and with them the file."""
    if file_results.already_imported:
        return
    passages.mark_complete(file_results.file.id)
    files.mark_finished(file_results.file.id, FileStatus.COMPLETE)


PHASE: Final = Phase(
    number=PhaseNumber.FINALIZE,
    name="finalize",
    title="Passages complete",
    version=1,
    result_type=Finalized,
    run=run,
    save=save,
    counts=lambda _finalized: {"completed": 1},
)
