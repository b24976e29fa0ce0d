"""Finished files taken up again: after a crash, a change of rules, on request."""

from collections.abc import Collection, Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any, Final

from peewee import SQL, fn

from segued.errors import WorkCrashedError
from segued.model import FileId, FileStatus, Need, PhaseNumber, Service
from segued.paths import folder_prefix
from segued.store import files
from segued.store.duplicates import NON_OWNING_STATUSES
from segued.store.schema.files import (
    Checkpoint,
    Crash,
    Failure,
    File,
    Passage,
    iter_rows,
)

__all__ = [
    "FILES_AT_ONCE",
    "count_crashes",
    "count_unanalyzed",
    "deferred_files",
    "files_with_stale_checkpoints",
    "is_under",
    "is_under_any",
    "requeue",
    "requeue_finished",
    "requeue_for_matching",
    "requeue_from_phase",
    "requeue_without_service",
    "reset_interrupted",
    "retry_failed",
]


FILES_AT_ONCE: Final = 500

CRASHES_MAX: Final = 3


def is_under(root: bytes) -> Any:  # noqa: ANN401
    """Return the condition that a file is below a folder."""
    slash = folder_prefix(root)
    return (File.path > slash) & (File.path < slash[:-1] + b"0")


def is_under_any(roots: Sequence[bytes]) -> Any:  # noqa: ANN401
    """Return the condition that a file is below one of some folders."""
    return reduce(or_, map(is_under, roots), SQL("0"))


def reset_interrupted() -> int:
    """Take back what a killed process left in the middle; return how many."""
    changed: int = (
        File.update(status=FileStatus.PENDING)
        .where(File.status == FileStatus.PROCESSING)
        .execute()
    )
    return changed + requeue(_orphaned_duplicates())


def count_crashes() -> int:
    """Take note of the files that a daemon which was killed was working on.

    One that it happens to again and again, without getting any further, fails.

    Returns:
        How many failed.
    """
    failed = 0
    for file, path in iter_rows(
        File.select(File.id, File.path).where(File.status == FileStatus.PROCESSING)
    ):
        before = Crash.get_or_none(Crash.file == file)
        count = 1 + (before.count if before else 0)
        Crash.insert(file=file, count=count).on_conflict_replace().execute()
        if count >= CRASHES_MAX:
            detail = f"segued was killed {count} times while it worked on this file"
            files.mark_failed(FileId(file), None, WorkCrashedError(bytes(path), detail))
            Crash.delete().where(Crash.file == file).execute()
            failed += 1
    return failed


def _orphaned_duplicates() -> list[FileId]:
    """Return duplicates of a content that no file has any more.

    A file that was renamed and then could not be read leaves some.
    """
    other = File.alias()
    original = other.select(other.id).where(
        other.content_hash == File.content_hash,
        other.status.not_in(list(NON_OWNING_STATUSES)),
    )
    return _file_ids(
        File.select(File.id).where(
            File.status == FileStatus.DUPLICATE, ~fn.EXISTS(original)
        )
    )


def files_with_stale_checkpoints(
    recipes: Iterable[tuple[PhaseNumber, str]],
) -> list[FileId]:
    """Return the files that a newer phase would see otherwise.

    Args:
        recipes: For each phase, by number, the recipe it has today.
    """
    # Two ranges and not "other than": only those are found by the index.
    found = [
        file
        for number, recipe in recipes
        for other in (Checkpoint.recipe < recipe, Checkpoint.recipe > recipe)
        for file in _file_ids(
            Checkpoint.select(Checkpoint.file).where(Checkpoint.phase == number, other)
        )
    ]
    return sorted(set(found))


def deferred_files(available: Collection[Need]) -> list[FileId]:
    """Return the files whose deferred phase could be done now."""
    waiting = Checkpoint.select(Checkpoint.file).where(
        Checkpoint.needs.in_(list(available))
    )
    return sorted(set(_file_ids(waiting)))


def requeue_finished(roots: Sequence[bytes], files: Sequence[FileId]) -> int:
    """Make those of some files PENDING that are finished, and below a folder.

    Args:
        roots: The folders.
        files: Not more at once than others can wait for: `FILES_AT_ONCE`.
    """
    finished_statuses = [FileStatus.COMPLETE, FileStatus.NO_AUDIO]
    wanted = File.select(File.id).where(
        File.id.in_(list(files)),
        File.status.in_(finished_statuses),
        is_under_any(roots),
    )
    return requeue(_file_ids(wanted))


def requeue_without_service(
    service: Service, roots: Sequence[bytes], exclude: Collection[FileId] = ()
) -> list[FileId]:
    """Requeue the files whose flavor waits for a service; return them.

    Args:
        service: The service, which is away.
        roots: The music folders.
        exclude: Files that are left as they are.
    """
    waiting = (
        Checkpoint.select(Checkpoint.file)
        .join(File)
        .where(
            Checkpoint.phase == PhaseNumber.FLAVOR,
            Checkpoint.needs == Need(service),
            File.status == FileStatus.COMPLETE,
            is_under_any(roots),
        )
    )
    found = [file for file in _file_ids(waiting) if file not in exclude]
    requeue_from_phase(found, PhaseNumber.FLAVOR)
    return found


def count_unanalyzed(roots: Sequence[bytes]) -> int:
    """Return of how many files that are imported more is to be known.

    Args:
        roots: The music folders it is about; all of the library's, if none.
    """
    count: int = (
        Checkpoint.select()
        .join(File)
        .where(
            Checkpoint.needs == Need.IDLE,
            File.status == FileStatus.COMPLETE,
            is_under_any(roots) if roots else True,
        )
        .count()
    )
    return count


def retry_failed(*, code: str | None = None, path: bytes | None = None) -> int:
    """Make failed files PENDING: all, or those of a code, or at or below a path.

    Files whose flavoring failed count as failed with the code `flavor`.
    """
    flavorless = Passage.select(Passage.file).where(~Passage.flavor_failure.is_null())
    failed = File.status == FileStatus.FAILED
    flavor_failed = (File.status == FileStatus.COMPLETE) & File.id.in_(flavorless)
    if code == "flavor":
        wanted = flavor_failed
    elif code is not None:
        wanted = failed & File.id.in_(
            Failure.select(Failure.file).where(Failure.code == code)
        )
    else:
        wanted = failed | flavor_failed
    if path is not None:
        wanted &= (File.path == path) | is_under(path)
    return requeue(_file_ids(File.select(File.id).where(wanted)), reflavor=True)


def _file_ids(query: object) -> list[FileId]:
    return [FileId(file) for (file,) in iter_rows(query)]


RESTART_PHASE: Final = {
    FileStatus.COMPLETE: PhaseNumber.FINALIZE,
    FileStatus.NO_AUDIO: PhaseNumber.SEGMENT,
    FileStatus.DUPLICATE: PhaseNumber.HASH,
    FileStatus.FAILED: PhaseNumber.HASH,
}
"""The phase from which a finished file goes on when it is taken up again: the
one that ended it must run, or nothing would end it a second time."""


def requeue(files: Sequence[FileId], *, reflavor: bool = False) -> int:
    """Make finished files PENDING, without the checkpoints that ended them.

    Args:
        files: Which.
        reflavor: Whether complete ones are to be flavored again.
    """
    for start in range(0, len(files), FILES_AT_ONCE):
        some = list(files[start : start + FILES_AT_ONCE])
        for status in FileStatus:
            ids = _file_ids(
                File.select(File.id).where(File.id.in_(some), File.status == status)
            )
            Checkpoint.delete().where(
                Checkpoint.file.in_(ids),
                Checkpoint.phase
                >= RESTART_PHASE.get(status, PhaseNumber.FILENAME) - reflavor,
            ).execute()
        File.update(status=FileStatus.PENDING).where(File.id.in_(some)).execute()
    return len(files)


def requeue_for_matching(roots: Sequence[bytes]) -> int:
    """Take up all complete files below some folders, to be matched anew."""
    files = _file_ids(
        File.select(File.id).where(
            File.status == FileStatus.COMPLETE, is_under_any(roots)
        )
    )
    requeue_from_phase(files, PhaseNumber.MATCH)
    return len(files)


def requeue_from_phase(files: Sequence[FileId], phase: PhaseNumber) -> None:
    """Make complete files PENDING, to go on from a phase that will find more."""
    for start in range(0, len(files), FILES_AT_ONCE):
        some = list(files[start : start + FILES_AT_ONCE])
        Checkpoint.delete().where(
            Checkpoint.file.in_(some), Checkpoint.phase >= phase
        ).execute()
        File.update(status=FileStatus.PENDING).where(
            File.id.in_(some), File.status == FileStatus.COMPLETE
        ).execute()
