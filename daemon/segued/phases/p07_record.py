"""Phase 7, recording: store the passages in the library.

The only place where a file's passages are replaced, in one short transaction: a
reader never sees old and new passages mixed.
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
    """The number of passages, and of those among them with a song."""

    passages: int
    songs: int


async def run(_context: PhaseContext, file_results: FileResults) -> Recorded:
    """Count the rows that `save` will write; there is nothing to compute."""
    matches = file_results[p06_match.PHASE].matches
    return Recorded(len(matches), sum(match.song is not None for match in matches))


def save(file_results: FileResults, _result: Recorded) -> None:
    """Replace the file's passages. Running twice is the same as running once."""
    # The fingerprints that phase 5 has stored are not stored again.
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
    joins_previous=True,
    counts=lambda recorded: {"passages": recorded.passages, "songs": recorded.songs},
)
