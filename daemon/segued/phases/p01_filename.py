"""Phase 1, filename matching: look at the file, and whether it is known.

The cheapest phase decides the most: a file that is finished, and whose size,
time and inode are as they were, is never opened again.
"""

import os
import stat
from dataclasses import dataclass
from typing import Final

from segued.errors import DiskReadError, FileVanishedError, NotRegularError
from segued.media.disk_calls import DISK_CALL_TIMEOUT, call_disk
from segued.media.safe_open import file_error, signature_of
from segued.model import (
    FINISHED,
    AudioFile,
    FileStatus,
    PhaseNumber,
    Signature,
)
from segued.phases.base import FileResults, Phase, PhaseContext, Stop
from segued.store import files

__all__ = ["PHASE", "FileChecked"]


@dataclass(frozen=True, slots=True)
class FileChecked:
    """The file's signature; every later phase insists on it."""

    signature: Signature


async def run(context: PhaseContext, file_results: FileResults) -> FileChecked | Stop:
    """Look the file up on disk and on record.

    Returns:
        Its signature, or `Stop` when it is finished and unchanged.

    Raises:
        FileVanishedError: It is not on disk, or nobody knows it any more.
        NotRegularError: Something else has taken its name.
    """
    file = file_results.file
    try:
        found = await call_disk(
            file.root, DISK_CALL_TIMEOUT, _stat_signature, file.path
        )
    except TimeoutError as error:
        raise DiskReadError(file.path, "its disk does not answer") from error
    known = await context.store.do(files.status_of, file.id)
    if known is None:
        raise FileVanishedError(file.path, "taken off the library's record")
    status, signature = known
    if file_results.already_imported:
        # Whatever else became of it is for others to find.
        same = status is FileStatus.COMPLETE and signature == found
        return FileChecked(found) if same else Stop(status, "not as it was")
    if status in FINISHED and signature == found:
        return Stop(status, "unchanged")
    return FileChecked(found)


def _stat_signature(path: bytes) -> Signature:
    try:
        status = os.lstat(path)
    except OSError as error:
        raise file_error(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        raise NotRegularError(path, "not a regular file")
    return signature_of(status)


def save(file_results: FileResults, result: FileChecked) -> None:
    """Make the file PROCESSING, under the signature just seen."""
    if file_results.already_imported:
        return
    file = file_results.file
    files.mark_processing(AudioFile(file.id, file.path, file.root, result.signature))


PHASE: Final = Phase(
    number=PhaseNumber.FILENAME,
    name="filename",
    title="Filename matching",
    version=1,
    result_type=FileChecked,
    run=run,
    save=save,
    counts=lambda _looked: {"looked up": 1},
    always_run=True,
)
