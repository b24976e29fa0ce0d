"""Requeue files: after a crash, after a change of rules, or on request."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from peewee import SQL, fn

from segued.errors import WorkCrashedError
from segued.model import FileId, FileStatus, Need, PhaseNumber, Service
from segued.store import files, retries
from segued.store.duplicates import NON_OWNING_STATUSES
from segued.store.schema.files import (
    Checkpoint,
    Crash,
    Failure,
    File,
    Passage,
    is_under,
    is_under_any,
    iter_rows,
)

__all__ = [
    "FILES_AT_ONCE",
    "count_crashes",
    "count_unanalyzed",
    "deferred_files",
    "files_with_stale_checkpoints",
    "requeue",
    "requeue_due_retries",
    "requeue_finished",
    "requeue_for_matching",
    "requeue_from_phase",
    "requeue_without_service",
    "reset_interrupted",
    "retry_failed",
]

FILES_AT_ONCE: Final = 500
"""Files changed by one statement; bounds the length of its IN list."""

CRASHES_MAX: Final = 3
"""A file that was being imported in so many crashes is the likely cause: it fails."""

OUTDATED_RECIPE: Final = ""
"""The recipe of a checkpoint whose phase must run again."""

RESTART_PHASE: Final = {
    FileStatus.COMPLETE: PhaseNumber.FINALIZE,
    FileStatus.NO_AUDIO: PhaseNumber.SEGMENT,
    FileStatus.DUPLICATE: PhaseNumber.HASH,
    FileStatus.FAILED: PhaseNumber.HASH,
}
"""The phase from which a requeued file continues, by its status: the phase that
ended it must run again, otherwise the file would not be finished a second time."""


def reset_interrupted() -> int:
    """Requeue the files that a killed process was importing; return their number.

    Duplicates whose original is gone are requeued as well.
    """
    changed: int = (
        File.update(status=FileStatus.PENDING)
        .where(File.status == FileStatus.PROCESSING)
        .execute()
    )
    return changed + requeue(_orphaned_duplicates())


def count_crashes() -> int:
    """Increment the crash count of the files that a killed process was importing.

    A file fails at its third crash (`CRASHES_MAX`) without a new checkpoint between.

    Returns:
        The number of files that failed.
    """
    failed = 0
    for file, path in iter_rows(
        File.select(File.id, File.path).where(File.status == FileStatus.PROCESSING)
    ):
        row = Crash.get_or_none(Crash.file == file)
        count = 1 + (row.count if row else 0)
        Crash.insert(file=file, count=count).on_conflict_replace().execute()
        if count >= CRASHES_MAX:
            detail = f"segued was killed {count} times while it imported this file"
            files.mark_failed(FileId(file), None, WorkCrashedError(bytes(path), detail))
            Crash.delete().where(Crash.file == file).execute()
            failed += 1
    return failed


def _orphaned_duplicates() -> list[FileId]:
    """Return duplicates whose content no other file owns.

    They remain when a file is renamed and then cannot be read.
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
    """Return the files with a checkpoint of another version or other settings.

    Args:
        recipes: The current recipe of each phase.
    """
    # Two ranges instead of "<>", which cannot use the index.
    file_ids = [
        file
        for phase, recipe in recipes
        for differs in (Checkpoint.recipe < recipe, Checkpoint.recipe > recipe)
        for file in _file_ids(
            Checkpoint.select(Checkpoint.file).where(Checkpoint.phase == phase, differs)
        )
    ]
    return sorted(set(file_ids))


def deferred_files(available: Collection[Need]) -> list[FileId]:
    """Return the files whose deferred phase can run with what is available."""
    waiting = Checkpoint.select(Checkpoint.file).where(
        Checkpoint.needs.in_(list(available))
    )
    return sorted(set(_file_ids(waiting)))


def requeue_finished(roots: Sequence[bytes], files: Sequence[FileId]) -> int:
    """Requeue those of the files that are complete or without audio.

    Args:
        roots: Only files below these folders.
        files: At most `FILES_AT_ONCE`, to keep the transaction short.

    Returns:
        The number of requeued files.
    """
    finished = File.select(File.id).where(
        File.id.in_(list(files)),
        File.status.in_([FileStatus.COMPLETE, FileStatus.NO_AUDIO]),
        is_under_any(roots),
    )
    return requeue(_file_ids(finished))


def requeue_without_service(
    service: Service, roots: Sequence[bytes], exclude: Collection[FileId] = ()
) -> list[FileId]:
    """Requeue the files whose flavor waits for a service; return them.

    Args:
        service: The service, which is unavailable.
        roots: Only files below these music folders.
        exclude: Files that are not requeued.
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
    requeued = [file for file in _file_ids(waiting) if file not in exclude]
    requeue_from_phase(requeued, PhaseNumber.FLAVOR)
    return requeued


def count_unanalyzed(roots: Sequence[bytes]) -> int:
    """Return the number of imported files whose analysis was deferred until idle.

    Args:
        roots: Only files below these music folders; all files if empty.
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
    """Requeue failed files: all, those with a code, or those at or below a path.

    A complete file with a failed flavor counts as failed with the code `flavor`.

    Returns:
        The number of requeued files.
    """
    flavorless = Passage.select(Passage.file).where(~Passage.flavor_failure.is_null())
    failed = File.status == FileStatus.FAILED
    flavor_failed = (File.status == FileStatus.COMPLETE) & File.id.in_(flavorless)
    if code == "flavor":
        condition = flavor_failed
    elif code is not None:
        condition = failed & File.id.in_(
            Failure.select(Failure.file).where(Failure.code == code)
        )
    else:
        condition = failed | flavor_failed
    if path is not None:
        condition &= (File.path == path) | is_under(path)
    return requeue(_file_ids(File.select(File.id).where(condition)), reflavor=True)


def requeue_due_retries(roots: Sequence[bytes], *, all_retries: bool = False) -> int:
    """Requeue the failed files whose next try is due.

    Args:
        roots: Only files below these music folders.
        all_retries: Whether to try all of them now, whenever they are due.

    Returns:
        The number of requeued files, at most `FILES_AT_ONCE`.
    """
    rows = (
        File.select(File.id)
        .join(Failure, on=Failure.file == File.id)
        .where(
            SQL("retry_at IS NOT NULL"),  # as in the partial index
            True if all_retries else retries.is_due(),
            File.status == FileStatus.FAILED,
            is_under_any(roots),
        )
        .limit(FILES_AT_ONCE)
    )
    return requeue(_file_ids(rows))


def _file_ids(query: object) -> list[FileId]:
    return [FileId(file) for (file,) in iter_rows(query)]


def requeue(files: Sequence[FileId], *, reflavor: bool = False) -> int:
    """Make files PENDING and delete their checkpoints from `RESTART_PHASE` on.

    Args:
        files: Ids of the files; most are finished.
        reflavor: Whether phase 9 runs again for complete files.

    Returns:
        The number of files.
    """
    for start in range(0, len(files), FILES_AT_ONCE):
        batch = list(files[start : start + FILES_AT_ONCE])
        for status in FileStatus:
            ids = _file_ids(
                File.select(File.id).where(File.id.in_(batch), File.status == status)
            )
            Checkpoint.delete().where(
                Checkpoint.file.in_(ids),
                Checkpoint.phase
                >= RESTART_PHASE.get(status, PhaseNumber.FILENAME) - reflavor,
            ).execute()
        File.update(status=FileStatus.PENDING).where(File.id.in_(batch)).execute()
    return len(files)


def requeue_for_matching(roots: Sequence[bytes]) -> int:
    """Requeue all complete files below the folders from phase 6 on; return how many."""
    files = _file_ids(
        File.select(File.id).where(
            File.status == FileStatus.COMPLETE, is_under_any(roots)
        )
    )
    requeue_from_phase(files, PhaseNumber.MATCH)
    return len(files)


def requeue_from_phase(
    files: Sequence[FileId], phase: PhaseNumber, *, in_flight: bool = False
) -> None:
    """Delete checkpoints of files from a phase on, and make complete files PENDING.

    Those of phase 6 to 9 are kept if phase 6 is the first: it runs again, and if its
    result is the same, the others are still valid.

    Args:
        files: Ids of the files.
        phase: The first phase that must run again.
        in_flight: Whether an import that is under way starts again as well.
    """
    statuses = [FileStatus.COMPLETE, *([FileStatus.PROCESSING] if in_flight else [])]
    for start in range(0, len(files), FILES_AT_ONCE):
        batch = list(files[start : start + FILES_AT_ONCE])
        deleted = phase
        if phase is PhaseNumber.MATCH:
            deleted = PhaseNumber.FINALIZE
            Checkpoint.update(recipe=OUTDATED_RECIPE, needs=None).where(
                Checkpoint.file.in_(batch), Checkpoint.phase == phase
            ).execute()
        Checkpoint.delete().where(
            Checkpoint.file.in_(batch), Checkpoint.phase >= deleted
        ).execute()
        File.update(status=FileStatus.PENDING).where(
            File.id.in_(batch), File.status.in_(statuses)
        ).execute()
