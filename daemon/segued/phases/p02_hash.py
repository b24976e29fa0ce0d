"""Phase 2, hashing: find copies and moves of files that are in the library.

The content hash identifies copies and moved files, the audio hash retagged ones. A
copy is linked to its original and goes no further; a moved file continues under its
old id, with everything that is stored for it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segued.media import moving_picture
from segued.media.disk_calls import DISK_CALL_TIMEOUT, call_disk
from segued.media.safe_open import root_is_offline
from segued.model import (
    FileId,
    PhaseNumber,
)
from segued.paths import shown
from segued.phases import p01_filename
from segued.phases.base import FileResults, Phase, PhaseContext, Stop
from segued.store import duplicates, moves

__all__ = ["PHASE", "Hashed"]


@dataclass(frozen=True, slots=True)
class Hashed:
    """The file's hashes, as BLAKE3 in hex.

    Attributes:
        absent: The files of the library with the same content or audio that are gone
            from disk, with their stored paths.
    """

    content: str
    audio: str
    absent: tuple[tuple[FileId, bytes], ...] = ()


async def run(context: PhaseContext, file_results: FileResults) -> Hashed:
    """Hash the file, reading it once.

    Raises:
        MovingPictureError: It is a video.
        FileChangedError: It changed while it was being read.
        FileUnreadableError: It cannot be read, or is empty.
    """
    file = file_results.file
    signature = file_results[p01_filename.PHASE].signature
    hashes = await context.compute.run_short(
        None, moving_picture.hash_music, file.path, signature
    )
    await context.claim_turn(hashes.content)
    rivals = await context.store.do(
        duplicates.files_with_content_or_audio, file.id, hashes.content, hashes.audio
    )
    if not rivals:
        return Hashed(hashes.content, hashes.audio)
    try:
        absent = await call_disk(file.root, DISK_CALL_TIMEOUT, _find_absent, rivals)
    except TimeoutError:
        absent = ()  # The disk does not respond: its files count as present.
    return Hashed(hashes.content, hashes.audio, absent)


def _find_absent(
    rivals: Sequence[duplicates.SameContentFile],
) -> tuple[tuple[FileId, bytes], ...]:
    """Return the files that are gone, except those on a disk that is offline.

    An empty music folder is the mount point of an offline disk; a music folder that
    does not exist was renamed or deleted, with all files in it.
    """
    return tuple(
        (rival.id, rival.path)
        for rival in rivals
        if not os.path.lexists(rival.path)
        and not (os.path.lexists(rival.root) and root_is_offline(rival.root))
    )


def save(file_results: FileResults, result: Hashed) -> Stop | None:
    """Claim the content hash; a file that comes second is a copy, or was moved."""
    claim = moves.claim_content(
        file_results.file, result.content, result.audio, result.absent
    )
    if claim.status is None:
        return None
    where = shown(claim.other_path)
    if not claim.moved:
        return Stop(claim.status, f"same content as {where}")
    return Stop(claim.status, f"moved here from {where}", continues_as=claim.other)


PHASE: Final = Phase(
    number=PhaseNumber.HASH,
    name="hash",
    title="Hashing",
    version=1,
    result_type=Hashed,
    run=run,
    save=save,
    counts=lambda _hashed: {"hashed": 1},
)
