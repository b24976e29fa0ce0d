"""Phase 1, filename matching: whether a file is known and unchanged.

The cheapest phase skips the most work: a finished file with the same size,
modification time and inode is never opened again.
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
    """The file's signature; every later phase fails if the file has another."""

    signature: Signature


async def run(context: PhaseContext, file_results: FileResults) -> FileChecked | Stop:
    """Compare the file on disk with the one in the library.

    Returns:
        Its signature, or `Stop` if it is finished and unchanged.

    Raises:
        DiskReadError: The disk does not respond.
        FileVanishedError: It is gone from disk or from the library.
        NotRegularError: The path is a folder, a link (unless links are followed) or
            another special file.
    """
    file = file_results.file
    try:
        found = await call_disk(
            file.root,
            DISK_CALL_TIMEOUT,
            _stat_signature,
            file.path,
            context.config.scanning.follow_links,
        )
    except TimeoutError as error:
        raise DiskReadError(file.path, "the disk does not respond") from error
    known = await context.store.do(files.status_of, file.id)
    if known is None:
        raise FileVanishedError(file.path, "no longer in the library")
    status, signature = known
    if file_results.already_imported:
        # Any change is left to the next scan, which makes the file PENDING.
        same = status is FileStatus.COMPLETE and signature == found
        return (
            FileChecked(found)
            if same
            else Stop(status, "changed since it was imported")
        )
    if status in FINISHED and signature == found:
        return Stop(status, "unchanged")
    return FileChecked(found)


def _stat_signature(path: bytes, follow_links: bool) -> Signature:  # noqa: FBT001
    try:
        status = os.stat(path, follow_symlinks=follow_links)
    except OSError as error:
        raise file_error(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        raise NotRegularError(path, "not a regular file")
    return signature_of(status)


def save(file_results: FileResults, result: FileChecked) -> None:
    """Set the file's status to PROCESSING and store its current signature."""
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
    counts=lambda _checked: {"looked up": 1},
    always_run=True,
)
