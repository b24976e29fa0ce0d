"""Phase 2, hashing: what bytes these are, and whether we have them already.

The content hash tells copies and moves, the audio hash tells retagging. A
copy is linked and goes no further; a file that moved gets its old id back
with all that is known of it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segued.media import hashing
from segued.media.disk_calls import LOOK_LIMIT, look
from segued.media.safe_open import is_away
from segued.model import FileId
from segued.paths import shown
from segued.phases import p01_filename
from segued.phases.base import Dossier, Phase, Stop, Tools
from segued.store import duplicates

__all__ = ["PHASE", "Hashed"]


@dataclass(frozen=True, slots=True)
class Hashed:
    """The file's hashes, as BLAKE3 in hex.

    Attributes:
        absent: Files on record with this content that are gone from disk, with
            the path under which they are.
    """

    content: str
    audio: str
    absent: tuple[tuple[FileId, bytes], ...] = ()


async def run(tools: Tools, dossier: Dossier) -> Hashed:
    """Hash the file in one reading.

    Raises:
        FileChangedError: It changed while it was being read.
        FileUnreadableError: It cannot be read, or is empty.
    """
    file = dossier.file
    signature = dossier[p01_filename.PHASE].signature
    hashes = await tools.compute.short(None, hashing.hash_file, file.path, signature)
    rivals = await tools.store.do(duplicates.rivals, file.id, hashes.content)
    try:
        absent = await look(file.root, LOOK_LIMIT, _absent, rivals)
    except TimeoutError:
        absent = ()  # a disk that does not answer: whatever is on it is there
    return Hashed(hashes.content, hashes.audio, absent)


def _absent(
    rivals: Sequence[duplicates.Rival],
) -> tuple[tuple[FileId, bytes], ...]:
    """Return those that are gone, and not just on a disk that is.

    A folder that is there and empty is where a disk belongs; one that is not
    there itself was renamed, with all that was in it.
    """
    return tuple(
        (rival.id, rival.path)
        for rival in rivals
        if not os.path.lexists(rival.path)
        and not (os.path.lexists(rival.root) and is_away(rival.root))
    )


def save(dossier: Dossier, result: Hashed) -> Stop | None:
    """Claim the content; whoever comes second has a copy, or a move."""
    claim = duplicates.claim(dossier.file, result.content, result.audio, result.absent)
    if claim.status is None:
        return None
    where = shown(claim.other_path)
    if not claim.moved:
        return Stop(claim.status, f"same content as {where}")
    return Stop(claim.status, f"moved here from {where}", elsewhere=claim.other)


PHASE: Final = Phase(
    number=2,
    name="hash",
    title="Hashing",
    version=1,
    result=Hashed,
    run=run,
    save=save,
    tally=lambda _hashed: {"hashed": 1},
)
