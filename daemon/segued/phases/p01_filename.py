"""Phase 1, filename matching: look at the file, and whether it is known.

The cheapest phase decides the most: a file that is finished, and whose size,
time and inode are as they were, is never opened again.
"""

import os
import stat
from dataclasses import dataclass
from typing import Final

from segued.errors import DiskReadError, FileVanishedError, NotRegularError
from segued.media.disk_calls import LOOK_LIMIT, look
from segued.media.safe_open import file_error, signature_of
from segued.model import FINISHED, AudioFile, FileStatus, Signature
from segued.phases.base import Dossier, Phase, Stop, Tools
from segued.store import files

__all__ = ["PHASE", "Looked"]


@dataclass(frozen=True, slots=True)
class Looked:
    """The file's signature; every later phase insists on it."""

    signature: Signature


async def run(tools: Tools, dossier: Dossier) -> Looked | Stop:
    """Look the file up on disk and on record.

    Returns:
        Its signature, or `Stop` when it is finished and unchanged.

    Raises:
        FileVanishedError: It is not on disk, or nobody knows it any more.
        NotRegularError: Something else has taken its name.
    """
    file = dossier.file
    try:
        found = await look(file.root, LOOK_LIMIT, _look, file.path)
    except TimeoutError as error:
        raise DiskReadError(file.path, "its disk does not answer") from error
    known = await tools.store.do(files.status_of, file.id)
    if known is None:
        raise FileVanishedError(file.path, "taken off the library's record")
    status, signature = known
    if dossier.finished:
        # Whatever else became of it is for others to find.
        same = status is FileStatus.COMPLETE and signature == found
        return Looked(found) if same else Stop(status, "not as it was")
    if status in FINISHED and signature == found:
        return Stop(status, "unchanged")
    return Looked(found)


def _look(path: bytes) -> Signature:
    try:
        status = os.lstat(path)
    except OSError as error:
        raise file_error(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        raise NotRegularError(path, "not a regular file")
    return signature_of(status)


def save(dossier: Dossier, result: Looked) -> None:
    """Make the file PROCESSING, under the signature just seen."""
    if dossier.finished:
        return
    file = dossier.file
    files.begin(AudioFile(file.id, file.path, file.root, result.signature))


PHASE: Final = Phase(
    number=1,
    name="filename",
    title="Filename matching",
    version=1,
    result=Looked,
    run=run,
    save=save,
    tally=lambda _looked: {"looked up": 1},
    always=True,
)
