"""Phase 10, passages complete: the file is in the library."""

from dataclasses import dataclass
from typing import Final

from segued.model import FileStatus
from segued.phases import p06_match
from segued.phases.base import Dossier, Phase, Tools
from segued.store import files, passages

__all__ = ["PHASE", "Finalized"]


@dataclass(frozen=True, slots=True)
class Finalized:
    """How many passages are complete."""

    passages: int


async def run(tools: Tools, dossier: Dossier) -> Finalized:
    """Count the passages that `save` is about to complete."""
    del tools
    return Finalized(len(dossier[p06_match.PHASE].matches))


def save(dossier: Dossier, result: Finalized) -> None:
    """Complete the passages, and with them the file."""
    del result
    if dossier.finished:
        return
    passages.complete(dossier.file.id)
    files.finish(dossier.file.id, FileStatus.COMPLETE)


PHASE: Final = Phase(
    number=10,
    name="finalize",
    title="Passages complete",
    version=1,
    result=Finalized,
    run=run,
    save=save,
    tally=lambda _finalized: {"completed": 1},
)
