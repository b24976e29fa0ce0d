"""One file's row: its status, what was read from it, what went wrong."""

from collections.abc import Sequence

from peewee import fn

from segued.errors import FileError
from segued.model import (
    AudioFacts,
    AudioFile,
    FileId,
    FileStatus,
    Signature,
    Tags,
    Warned,
)
from segued.paths import shown
from segued.store import codec, duplicates
from segued.store.prepared import Query, prepared
from segued.store.schema.files import Failure, File, Passage, now
from segued.units import frames_to_ticks

__all__ = [
    "begin",
    "fail",
    "finish",
    "is_ours",
    "keep_facts",
    "keep_tags",
    "put_back",
    "siblings",
    "status_of",
    "tags_of",
    "warn",
]


def status_of(file: FileId) -> tuple[FileStatus, Signature] | None:
    """Return where a file stands and its signature on record, if it is known."""
    for status, size, mtime, inode in _signed(file):
        return FileStatus(status), Signature(size, mtime, inode)
    return None


def begin(file: AudioFile) -> None:
    """Make a file PROCESSING, under the signature it is read by."""
    _begin(
        file.id,
        file.signature.size_bytes,
        file.signature.mtime_ns,
        file.signature.inode,
    )


def is_ours(file: FileId, signature: Signature, *, finished: bool = False) -> bool:
    """Return whether a file is still worked on as what it was begun as.

    Somebody who watches its folder may know better by now: that it is gone, or
    that other bytes are there.
    """
    status = FileStatus.COMPLETE if finished else FileStatus.PROCESSING
    return status_of(file) == (status, signature)


def finish(file: FileId, status: FileStatus) -> None:
    """Put on record that a file came to its end.

    One that ended without passages of its own loses those it had as other
    bytes.
    """
    if status in (FileStatus.DUPLICATE, FileStatus.NO_AUDIO):
        Passage.delete().where(Passage.file == file).execute()
    _finish(file, status, now())
    _forgive(file)


def put_back(file: FileId) -> None:
    """Make a file PENDING again that a cancel caught in the middle."""
    File.update(status=FileStatus.PENDING).where(
        File.id == file, File.status == FileStatus.PROCESSING
    ).execute()


def fail(
    file: FileId, phase: int, error: FileError, was: Signature | None = None
) -> None:
    """Put on record that a file failed; a duplicate of it takes its place.

    Not if what failed is no longer there.

    Args:
        file: The file.
        phase: Which phase failed.
        error: Why.
        was: What it looked like when it was taken up.
    """
    status, signature = status_of(file) or (FileStatus.MISSING, was)
    renewed = status is FileStatus.PENDING and was not in (None, signature)
    if renewed or status is FileStatus.MISSING:
        return
    _note(file, phase, Warned(error.code, str(error)), fatal=True)
    _finish(file, FileStatus.FAILED, now())
    duplicates.promote_duplicate_of(file)


def warn(file: FileId, phase: int, warnings: Sequence[Warned]) -> None:
    """Put on record what a file was imported in spite of.

    The warning of the lowest phase is the one kept, with the file's name.
    """
    for earlier, fatal in _noted(file):
        if earlier < phase and not fatal:
            return
        Failure.delete().where(Failure.file == file).execute()
    if warnings:
        path = bytes(File.get_by_id(file).path)
        first = warnings[0]
        detail = f"{shown(path)}: {first.detail}"
        _note(file, phase, Warned(first.code, detail), fatal=False)


def _note(file: FileId, phase: int, what: Warned, *, fatal: bool) -> None:
    Failure.insert(
        file=file,
        phase=phase,
        code=what.code,
        detail=what.detail,
        fatal=int(fatal),
        at=now(),
    ).on_conflict_replace().execute()


def tags_of(file: FileId) -> Tags:
    """Return the tags on record; none of them set for a new file."""
    for (text,) in _tags(file):
        return codec.decode(text, Tags) if text else Tags()
    return Tags()


def keep_tags(file: FileId, tags: Tags) -> None:
    """Put a file's merged tags on record."""
    _keep_tags(file, codec.encode(tags))


def keep_facts(file: FileId, facts: AudioFacts) -> None:
    """Put on record what decoding a file showed."""
    duration = frames_to_ticks(facts.frames, facts.rate)
    _keep_facts(file, duration, facts.rate, facts.channels, facts.codec)


def siblings(file: FileId) -> int:
    """Return how many files are in a file's folder, itself included."""
    ((count,),) = _siblings(file)
    return int(count)


@prepared
def _signed(file: FileId) -> Query:
    return File.select(File.status, File.size_bytes, File.mtime_ns, File.inode).where(
        File.id == file
    )


@prepared
def _begin(file: FileId, size: int, mtime: int, inode: int) -> Query:
    return File.update(
        status=FileStatus.PROCESSING, size_bytes=size, mtime_ns=mtime, inode=inode
    ).where(File.id == file)


@prepared
def _finish(file: FileId, status: FileStatus, at: str) -> Query:
    return File.update(status=status, finished_at=at).where(File.id == file)


@prepared
def _forgive(file: FileId) -> Query:
    return Failure.delete().where(Failure.file == file, Failure.fatal == 1)


@prepared
def _noted(file: FileId) -> Query:
    return Failure.select(Failure.phase, Failure.fatal).where(Failure.file == file)


@prepared
def _tags(file: FileId) -> Query:
    return File.select(File.tags).where(File.id == file)


@prepared
def _keep_tags(file: FileId, tags: str) -> Query:
    return File.update(tags=tags).where(File.id == file)


@prepared
def _keep_facts(
    file: FileId, duration: int, rate: int, channels: int, codec: str
) -> Query:
    return File.update(
        duration_ticks=duration, sample_rate=rate, channels=channels, codec=codec
    ).where(File.id == file)


@prepared
def _siblings(file: FileId) -> Query:
    folder = File.select(File.folder).where(File.id == file)
    return File.select(fn.COUNT(File.id)).where(
        File.folder == folder, File.status != FileStatus.MISSING
    )
