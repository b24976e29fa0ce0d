"""One file's row: its status, what was read from it, what went wrong."""

from collections.abc import Sequence

from segued.errors import FileError, shown
from segued.model import (
    AudioFacts,
    AudioFile,
    FileId,
    FileStatus,
    Signature,
    Tags,
    Warned,
)
from segued.store import codec, content
from segued.store.models import Failure, File, Passage, now
from segued.units import frames_to_ticks

__all__ = [
    "begin",
    "fail",
    "finish",
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
    row = File.get_or_none(File.id == file)
    if row is None:
        return None
    signature = Signature(row.size_bytes, row.mtime_ns, row.inode)
    return FileStatus(row.status), signature


def begin(file: AudioFile) -> None:
    """Make a file PROCESSING, under the signature it is read by."""
    File.update(
        status=FileStatus.PROCESSING,
        size_bytes=file.signature.size_bytes,
        mtime_ns=file.signature.mtime_ns,
        inode=file.signature.inode,
    ).where(File.id == file.id).execute()


def finish(file: FileId, status: FileStatus) -> None:
    """Put on record that a file came to its end.

    One that ended without passages of its own loses those it had as other
    bytes.
    """
    if status in (FileStatus.DUPLICATE, FileStatus.NO_AUDIO):
        Passage.delete().where(Passage.file == file).execute()
    File.update(status=status, finished_at=now()).where(File.id == file).execute()
    Failure.delete().where(Failure.file == file, Failure.fatal == 1).execute()


def put_back(file: FileId) -> None:
    """Make a file PENDING again that a cancel caught in the middle."""
    File.update(status=FileStatus.PENDING).where(
        File.id == file, File.status == FileStatus.PROCESSING
    ).execute()


def fail(file: FileId, phase: int, error: FileError) -> None:
    """Put on record that a file failed; a duplicate of it takes its place."""
    _note(file, phase, Warned(error.code, str(error)), fatal=True)
    File.update(status=FileStatus.FAILED, finished_at=now()).where(
        File.id == file
    ).execute()
    content.promote_duplicate_of(file)


def warn(file: FileId, phase: int, warnings: Sequence[Warned]) -> None:
    """Put on record what a file was imported in spite of.

    The warning of the lowest phase is the one kept, with the file's name.
    """
    earlier = Failure.get_or_none(Failure.file == file)
    if earlier is not None and earlier.phase < phase and not earlier.fatal:
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
    text = File.get_by_id(file).tags
    return codec.decode(text, Tags) if text else Tags()


def keep_tags(file: FileId, tags: Tags) -> None:
    """Put a file's merged tags on record."""
    File.update(tags=codec.encode(tags)).where(File.id == file).execute()


def keep_facts(file: FileId, facts: AudioFacts) -> None:
    """Put on record what decoding a file showed."""
    File.update(
        duration_ticks=frames_to_ticks(facts.frames, facts.rate),
        sample_rate=facts.rate,
        channels=facts.channels,
        codec=facts.codec,
    ).where(File.id == file).execute()


def siblings(file: FileId) -> int:
    """Return how many files are in a file's folder, itself included."""
    folder = File.select(File.folder).where(File.id == file)
    count: int = (
        File.select()
        .where(File.folder == folder, File.status != FileStatus.MISSING)
        .count()
    )
    return count
