"""Read and write one file's row: status, tags, audio facts, failure."""

from collections.abc import Sequence

from peewee import fn

from segued.errors import FileError, OutsideCauseError
from segued.model import (
    AudioFacts,
    AudioFile,
    FileId,
    FileStatus,
    FileWarning,
    PassageStatus,
    PhaseNumber,
    Signature,
)
from segued.paths import shown
from segued.store import duplicates, retries
from segued.store.prepared import Query, prepared
from segued.store.schema.files import Failure, File, Passage, now
from segued.units import frames_to_ticks

__all__ = [
    "count_folder_files",
    "end_of_import",
    "is_unchanged",
    "mark_failed",
    "mark_finished",
    "mark_pending",
    "mark_processing",
    "record_warnings",
    "retagged_at",
    "set_assignment",
    "set_audio_facts",
    "status_of",
]


def status_of(file: FileId) -> tuple[FileStatus, Signature] | None:
    """Return the stored status and signature of a file; None for an unknown id."""
    for status, *signature in _status_and_signature(file):
        return FileStatus(status), Signature(*signature)
    return None


def retagged_at(file: FileId) -> int:
    """Return the ctime at which other tags were found in a file of the same mtime.

    It is 0 if that never happened.
    """
    for (ctime,) in _retagged_at(file):
        return ctime or 0
    return 0


def mark_processing(file: AudioFile, retagged_ns: int = 0) -> None:
    """Make a file PROCESSING and store the signature with which it is read."""
    signature = file.signature
    _mark_processing(
        file.id,
        signature.size_bytes,
        signature.mtime_ns,
        signature.inode,
        signature.ctime_ns,
        retagged_ns or None,
    )


def end_of_import(file: FileId) -> str:
    """Return when the import of a file ended last; empty if it never did."""
    return next((time or "" for (time,) in _finished_at(file)), "")


def is_unchanged(
    file: FileId, signature: Signature, *, finished_at: str | None = None
) -> bool:
    """Return whether status and signature still are as when the import began.

    The folder watcher may have found meanwhile that the file is missing or changed.

    Args:
        file: The file.
        signature: Its signature when the import began.
        finished_at: When its import had ended, if it is only analyzed further; None
            while it is imported.
    """
    if finished_at is None:
        return status_of(file) == (FileStatus.PROCESSING, signature)
    is_same = status_of(file) == (FileStatus.COMPLETE, signature)
    return is_same and end_of_import(file) == finished_at


def mark_finished(file: FileId, status: FileStatus) -> None:
    """Store the final status of a file and clear its failure.

    A duplicate or a file without audio has no passages: those of its earlier
    content are deleted.
    """
    if status in (FileStatus.DUPLICATE, FileStatus.NO_AUDIO):
        Passage.delete().where(Passage.file == file).execute()
    _mark_finished(file, status, now())
    _clear_failure(file)


def mark_pending(file: FileId) -> None:
    """Make a file PENDING again if its import was canceled."""
    File.update(status=FileStatus.PENDING).where(
        File.id == file, File.status == FileStatus.PROCESSING
    ).execute()


def mark_failed(
    file: FileId,
    phase: PhaseNumber | None,
    error: FileError,
    signature_before: Signature | None = None,
) -> None:
    """Make a file FAILED, store the error, and requeue a duplicate in its place.

    Nothing is stored if the file is missing or its bytes changed meanwhile.

    Args:
        file: The file.
        phase: The phase that failed; None if not known.
        error: The reason.
        signature_before: Its signature when the import began; None if not known.
    """
    status, signature = status_of(file) or (FileStatus.MISSING, None)
    changed = status is FileStatus.PENDING and signature_before not in (None, signature)
    if changed or status is FileStatus.MISSING:
        return
    if phase is None or phase <= PhaseNumber.SEGMENT:
        # Passages that were not imported again are of the content it had before.
        Passage.delete().where(
            Passage.file == file, Passage.status == PassageStatus.PENDING
        ).execute()
    tries = retries.count_tries(file) + 1
    _record_failure(file, phase, FileWarning(error.code, str(error)), fatal=True)
    if isinstance(error, OutsideCauseError):
        retries.schedule_retry(file, tries)
    _mark_finished(file, FileStatus.FAILED, now())
    duplicates.promote_duplicate_of(file)


def record_warnings(
    file: FileId, phase: PhaseNumber, warnings: Sequence[FileWarning]
) -> None:
    """Store the first warning of a phase, with the file's path.

    A file has one failure row: a warning of an earlier phase stays, other rows are
    replaced, or deleted if there is no warning.
    """
    for earlier, fatal in _failures_of(file):
        if earlier < phase and not fatal:
            return
        Failure.delete().where(Failure.file == file).execute()
    if warnings:
        path = bytes(File.get_by_id(file).path)
        first = warnings[0]
        detail = f"{shown(path)}: {first.detail}"
        _record_failure(file, phase, FileWarning(first.code, detail), fatal=False)


def _record_failure(
    file: FileId, phase: PhaseNumber | None, warning: FileWarning, *, fatal: bool
) -> None:
    Failure.insert(
        file=file,
        phase=phase or 0,
        code=warning.code,
        detail=warning.detail,
        fatal=int(fatal),
        at=now(),
    ).on_conflict_replace().execute()


def set_assignment(file: FileId, assignment: str) -> None:
    """Store the release and track that phase 6 assigned to a file; "" for none."""
    _set_assignment(file, assignment)


def set_audio_facts(file: FileId, facts: AudioFacts) -> None:
    """Store the properties that decoding a file measured."""
    duration = frames_to_ticks(facts.frames, facts.rate)
    _set_audio_facts(file, duration, facts.rate, facts.channels, facts.codec)


def count_folder_files(file: FileId) -> int:
    """Return the number of files in a file's folder that are not MISSING."""
    ((count,),) = _count_folder_files(file)
    return int(count)


@prepared
def _status_and_signature(file: FileId) -> Query:
    return File.select(
        File.status, File.size_bytes, File.mtime_ns, File.inode, File.ctime_ns
    ).where(File.id == file)


@prepared
def _finished_at(file: FileId) -> Query:
    return File.select(File.finished_at).where(File.id == file)


@prepared
def _retagged_at(file: FileId) -> Query:
    return File.select(File.retagged_ns).where(File.id == file)


@prepared
def _mark_processing(  # noqa: PLR0913, PLR0917
    file: FileId,
    size: int,
    mtime: int,
    inode: int,
    ctime: int | None,
    retagged: int | None,
) -> Query:
    return File.update(
        status=FileStatus.PROCESSING,
        size_bytes=size,
        mtime_ns=mtime,
        inode=inode,
        ctime_ns=ctime,
        retagged_ns=retagged,
    ).where(File.id == file)


@prepared
def _mark_finished(file: FileId, status: FileStatus, at: str) -> Query:
    return File.update(status=status, finished_at=at).where(File.id == file)


@prepared
def _clear_failure(file: FileId) -> Query:
    return Failure.delete().where(Failure.file == file, Failure.fatal == 1)


@prepared
def _failures_of(file: FileId) -> Query:
    return Failure.select(Failure.phase, Failure.fatal).where(Failure.file == file)


@prepared
def _set_audio_facts(
    file: FileId, duration: int, rate: int, channels: int, codec: str
) -> Query:
    return File.update(
        duration_ticks=duration, sample_rate=rate, channels=channels, codec=codec
    ).where(File.id == file)


@prepared
def _set_assignment(file: FileId, assignment: str) -> Query:
    return File.update(assignment=assignment).where(File.id == file)


@prepared
def _count_folder_files(file: FileId) -> Query:
    folder = File.select(File.folder).where(File.id == file)
    return File.select(fn.COUNT(File.id)).where(
        File.folder == folder, File.status != FileStatus.MISSING
    )
