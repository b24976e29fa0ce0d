"""Finished files taken up again: after a crash, a change of rules, on request."""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any, Final

from peewee import SQL, fn

from segued.errors import WorkCrashedError
from segued.model import FileId, FileStatus
from segued.paths import slashed
from segued.store import files
from segued.store.checkpoints import LEISURE
from segued.store.duplicates import NOT_OWNERS
from segued.store.schema.files import Checkpoint, Crash, Failure, File, Passage, tuples

__all__ = [
    "FILES_AT_ONCE",
    "FINGERPRINTING",
    "FLAVORING",
    "MATCHING",
    "below",
    "below_any",
    "deferred",
    "go_on_without",
    "note_crashes",
    "recover",
    "rematch",
    "reopen",
    "reopen_failed",
    "stale",
    "take_up",
    "take_up_from",
    "unanalysed",
]


FINGERPRINTING: Final = 5
MATCHING: Final = 6
FLAVORING: Final = 9
"""The phases that files are taken up at when more is known from outside."""

FILES_AT_ONCE: Final = 500

CRASHES_MAX: Final = 3


def below(root: bytes) -> Any:  # noqa: ANN401
    """Return the condition that a file is below a folder."""
    slash = slashed(root)
    return (File.path > slash) & (File.path < slash[:-1] + b"0")


def below_any(roots: Sequence[bytes]) -> Any:  # noqa: ANN401
    """Return the condition that a file is below one of some folders."""
    return reduce(or_, map(below, roots), SQL("0"))


def recover() -> int:
    """Take back what a killed process left in the middle; return how many."""
    changed: int = (
        File.update(status=FileStatus.PENDING)
        .where(File.status == FileStatus.PROCESSING)
        .execute()
    )
    return changed + take_up(_without_original())


def note_crashes() -> int:
    """Take note of the files that a daemon which was killed was working on.

    One that it happens to again and again, without getting any further, fails.

    Returns:
        How many failed.
    """
    failed = 0
    for file, path in tuples(
        File.select(File.id, File.path).where(File.status == FileStatus.PROCESSING)
    ):
        before = Crash.get_or_none(Crash.file == file)
        count = 1 + (before.count if before else 0)
        Crash.insert(file=file, count=count).on_conflict_replace().execute()
        if count >= CRASHES_MAX:
            detail = f"segued was killed {count} times while it worked on this file"
            files.fail(FileId(file), 0, WorkCrashedError(bytes(path), detail))
            Crash.delete().where(Crash.file == file).execute()
            failed += 1
    return failed


def _without_original() -> list[FileId]:
    """Return duplicates of a content that no file has any more.

    A file that was renamed and then could not be read leaves some.
    """
    other = File.alias()
    original = other.select(other.id).where(
        other.content_hash == File.content_hash, other.status.not_in(list(NOT_OWNERS))
    )
    return _ids(
        File.select(File.id).where(
            File.status == FileStatus.DUPLICATE, ~fn.EXISTS(original)
        )
    )


def stale(recipes: Iterable[tuple[int, str]]) -> list[FileId]:
    """Return the files that a newer phase would see otherwise.

    Args:
        recipes: For each phase, by number, the recipe it has today.
    """
    # Two ranges and not "other than": only those are found by the index.
    found = [
        file
        for number, recipe in recipes
        for other in (Checkpoint.recipe < recipe, Checkpoint.recipe > recipe)
        for file in _ids(
            Checkpoint.select(Checkpoint.file).where(Checkpoint.phase == number, other)
        )
    ]
    return sorted(set(found))


def deferred(available: Sequence[str]) -> list[FileId]:
    """Return the files whose deferred phase could be done now."""
    waiting = Checkpoint.select(Checkpoint.file).where(
        Checkpoint.needs.in_(list(available))
    )
    return sorted(set(_ids(waiting)))


def reopen(roots: Sequence[bytes], files: Sequence[FileId]) -> int:
    """Make those of some files PENDING that are finished, and below a folder.

    Args:
        roots: The folders.
        files: Not more at once than others can wait for: `FILES_AT_ONCE`.
    """
    ended = [FileStatus.COMPLETE, FileStatus.NO_AUDIO]
    wanted = File.select(File.id).where(
        File.id.in_(list(files)), File.status.in_(ended), below_any(roots)
    )
    return take_up(_ids(wanted))


def go_on_without(service: str, roots: Sequence[bytes]) -> int:
    """Make files PENDING whose flavor waits for a service; return how many."""
    waiting = (
        Checkpoint.select(Checkpoint.file)
        .join(File)
        .where(
            Checkpoint.needs == service,
            File.status == FileStatus.COMPLETE,
            below_any(roots),
        )
    )
    found = _ids(waiting)
    take_up_from(found, FLAVORING)
    return len(found)


def unanalysed(roots: Sequence[bytes]) -> int:
    """Return of how many files that are imported more is to be known.

    Args:
        roots: The music folders it is about; all of the library's, if none.
    """
    count: int = (
        Checkpoint.select()
        .join(File)
        .where(
            Checkpoint.needs == LEISURE,
            File.status == FileStatus.COMPLETE,
            below_any(roots) if roots else True,
        )
        .count()
    )
    return count


def reopen_failed(*, code: str | None = None, path: bytes | None = None) -> int:
    """Make failed files PENDING: all, or those of a code, or at or below a path.

    Files whose flavoring failed count as failed with the code `flavor`.
    """
    flavorless = Passage.select(Passage.file).where(~Passage.flavor_failure.is_null())
    failed = File.status == FileStatus.FAILED
    halfway = (File.status == FileStatus.COMPLETE) & File.id.in_(flavorless)
    if code == "flavor":
        wanted = halfway
    elif code is not None:
        wanted = failed & File.id.in_(
            Failure.select(Failure.file).where(Failure.code == code)
        )
    else:
        wanted = failed | halfway
    if path is not None:
        wanted &= (File.path == path) | below(path)
    return take_up(_ids(File.select(File.id).where(wanted)), flavor=True)


def _ids(query: object) -> list[FileId]:
    return [FileId(file) for (file,) in tuples(query)]


ENDED_WITH: Final = {
    FileStatus.COMPLETE: 10,
    FileStatus.NO_AUDIO: 4,
    FileStatus.DUPLICATE: 2,
    FileStatus.FAILED: 2,
}
"""The phase from which a finished file goes on when it is taken up again: the
one that ended it must run, or nothing would end it a second time."""


def take_up(files: Sequence[FileId], *, flavor: bool = False) -> int:
    """Make finished files PENDING, without the checkpoints that ended them.

    Args:
        files: Which.
        flavor: Whether complete ones are to be flavored again.
    """
    for start in range(0, len(files), FILES_AT_ONCE):
        some = list(files[start : start + FILES_AT_ONCE])
        for status in FileStatus:
            ids = _ids(
                File.select(File.id).where(File.id.in_(some), File.status == status)
            )
            Checkpoint.delete().where(
                Checkpoint.file.in_(ids),
                Checkpoint.phase >= ENDED_WITH.get(status, 1) - flavor,
            ).execute()
        File.update(status=FileStatus.PENDING).where(File.id.in_(some)).execute()
    return len(files)


def rematch(roots: Sequence[bytes]) -> int:
    """Take up all complete files below some folders, to be matched anew."""
    files = _ids(
        File.select(File.id).where(File.status == FileStatus.COMPLETE, below_any(roots))
    )
    take_up_from(files, MATCHING)
    return len(files)


def take_up_from(files: Sequence[FileId], phase: int) -> None:
    """Make complete files PENDING, to go on from a phase that will find more."""
    for start in range(0, len(files), FILES_AT_ONCE):
        some = list(files[start : start + FILES_AT_ONCE])
        Checkpoint.delete().where(
            Checkpoint.file.in_(some), Checkpoint.phase >= phase
        ).execute()
        File.update(status=FileStatus.PENDING).where(
            File.id.in_(some), File.status == FileStatus.COMPLETE
        ).execute()
