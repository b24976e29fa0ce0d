"""Phase 7, recording: the passages enter the library.

The one place where a file's old passages make way for its new ones, in one
short transaction: nobody ever sees half of either.
"""

from dataclasses import dataclass
from typing import Final

from segued.model import PhaseNumber
from segued.phases import p06_match
from segued.phases.base import FileResults, Phase, PhaseContext
from segued.store import passages, songs

__all__ = ["PHASE", "Recorded"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many passages were recorded, and how many of them have a song."""

    passages: int
    songs: int


async def run(context: PhaseContext, file_results: FileResults) -> Recorded:
    """Count what `save` is about to record; there is nothing to work out."""
    del context
    matches = file_results[p06_match.PHASE].matches
    return Recorded(len(matches), sum(match.song is not None for match in matches))


def save(file_results: FileResults, result: Recorded) -> None:
    """Replace the file's passages. Running twice is the same as running once."""
    del result
    matches = file_results[p06_match.PHASE].matches
    ids = passages.replace(file_results.file.id, [match.passage for match in matches])
    for passage, match in zip(ids, matches, strict=True):
        songs.link_passage(passage, match.song, match.album)


PHASE: Final = Phase(
    number=PhaseNumber.RECORD,
    name="record",
    title="Recording",
    version=1,
    result_type=Recorded,
    run=run,
    save=save,
    counts=lambda recorded: {"passages": recorded.passages, "songs": recorded.songs},
)
