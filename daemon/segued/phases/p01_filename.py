"""Phase 1, filename matching: whether a file is known and unchanged.

The cheapest phase skips the most work: a finished file with the same size,
modification time and inode is never opened again, unless its ctime changed. Some
programs restore the modification time after writing tags, so the tags are read then:
others count as a change of the file, and the same tags as none.
"""

import os
import stat
from dataclasses import dataclass
from typing import Final

from segued.errors import (
    DiskReadError,
    FileVanishedError,
    NotRegularError,
    OutsideCauseError,
    WorkCrashedError,
)
from segued.media.disk_calls import DISK_CALL_TIMEOUT, call_disk
from segued.media.safe_open import file_error, signature_of
from segued.media.tags import reader
from segued.model import (
    FINISHED,
    AudioFile,
    FileStatus,
    PhaseNumber,
    Signature,
)
from segued.phases.base import FileResults, Phase, PhaseContext, Read, Stop
from segued.store import file_tags, files
from segued.units import Seconds

__all__ = ["PHASE", "FileChecked"]


@dataclass(frozen=True, slots=True)
class FileChecked:
    """The file's signature; every later phase fails if the file has another.

    Attributes:
        retagged_ns: The ctime at which the file had other tags, but the same
            signature; 0 if that never happened.
    """

    signature: Signature
    retagged_ns: int = 0


async def run(context: PhaseContext, file_results: FileResults) -> FileChecked | Stop:
    """Compare the file on disk with the one in the library.

    Returns:
        Its signature, or `Stop` if it is finished and unchanged.

    Raises:
        DiskReadError: The disk does not respond.
        FileChangedError: It changed while its tags were compared.
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
    known = await file_results.read(context.store, files.status_of, file.id)
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
    retagged_ns = await file_results.read(context.store, files.retagged_at, file.id)
    touched = signature.ctime_ns not in (None, found.ctime_ns)
    if signature == found and touched and await _has_other_tags(context, file, found):
        retagged_ns = found.ctime_ns or 0
    return FileChecked(found, retagged_ns)


async def _has_other_tags(
    context: PhaseContext, file: AudioFile, signature: Signature
) -> bool:
    """Return whether a file has other tags than those that are stored.

    It has if they crash the child process: phase 3 then finds out why.
    """
    limit = Seconds(context.config.compute.tags_seconds)
    stored = await context.store.do(file_tags.load, file.id)
    try:
        reading = await context.compute.run_short(
            limit, reader.read_tags, file.path, signature
        )
    except OutsideCauseError:
        return False  # an access right, for example: a later change is seen again
    except WorkCrashedError:
        return True
    complete = all(warning.code != "tags" for warning in reading.warnings)
    return stored.updated(reading.tags, complete=complete).tags != stored.tags


def _stat_signature(path: bytes, follow_links: bool) -> Signature:  # noqa: FBT001
    try:
        status = os.stat(path, follow_symlinks=follow_links)
    except OSError as error:
        raise file_error(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        raise NotRegularError(path, "not a regular file")
    return signature_of(status)


def _reads(file_results: FileResults) -> tuple[Read, ...]:
    file = file_results.file.id
    return (files.status_of, (file,)), (files.retagged_at, (file,))


def save(file_results: FileResults, result: FileChecked) -> None:
    """Set the file's status to PROCESSING and store its current signature."""
    if file_results.already_imported:
        return
    file = file_results.file
    files.mark_processing(
        AudioFile(file.id, file.path, file.root, result.signature), result.retagged_ns
    )


PHASE: Final = Phase(
    number=PhaseNumber.FILENAME,
    name="filename",
    title="Filename matching",
    version=1,
    result_type=FileChecked,
    run=run,
    reads=_reads,
    save=save,
    counts=lambda _checked: {"looked up": 1},
    always_run=True,
)
