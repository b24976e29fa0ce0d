"""The pending questions to lookup services that are due, the next ones first."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from peewee import SQL, fn

from segued.model import FileId, FileStatus, Need, Service
from segued.store import lookup_failures
from segued.store.lookup_keys import LookupKind
from segued.store.lookups import SERVICE_BY_NEED, LookupQuestion
from segued.store.outside_files import has_files_outside
from segued.store.prepared import Query, prepared
from segued.store.requeue import requeue_from_phase
from segued.store.schema.files import (
    Checkpoint,
    File,
    database,
    is_under_any,
    iter_rows,
    now,
)
from segued.store.schema.lookups import KIND_OF_KEY, Lookup

__all__ = [
    "count_questions",
    "has_due_questions",
    "next_questions",
    "requeue_all_answered",
]

FILES_PER_QUESTION: Final = 16
"""Files assumed to wait for the same question; with more, a batch is not full."""


def has_due_questions(service: Service) -> bool:
    """Return whether any question to a service is due, also one that is being sent."""
    return _first_due(service, now()).fetchone() is not None


@prepared
def _first_due(service: Service, at: str) -> Query:
    due = (Lookup.service == service) & (Lookup.due_at <= at)
    return Lookup.select(Lookup.key).where(due).limit(1)


def next_questions(
    service: Service,
    limit: int,
    *,
    exclude: Collection[str] = (),
    kind: LookupKind = LookupKind.ONLY,
    roots: Sequence[bytes] = (),
) -> list[LookupQuestion]:
    """Return due questions to a service, the most recently queued first.

    Questions whose last answer could not be used come after all others, and alone.

    Args:
        service: The service.
        limit: Maximum number of questions.
        exclude: Keys of questions that are being sent already.
        kind: Only questions of this kind; ONLY stands for all kinds.
        roots: Only questions of files below these music folders; all if empty.
    """
    is_asked = (
        _is_due(service, roots)
        & Lookup.key.not_in(list(exclude))
        & (SQL(f"{KIND_OF_KEY} = ?", [kind.prefix]) if kind else True)
    )
    failed = Lookup.key.in_(lookup_failures.failed_keys(service))
    keys = _newest_keys(is_asked & ~failed, limit)
    keys = keys or _newest_keys(is_asked & failed, 1)
    rows = Lookup.select(Lookup.key, Lookup.question).where(
        Lookup.service == service, Lookup.key.in_(keys)
    )
    texts = dict(iter_rows(rows))
    return [LookupQuestion(key, texts[key]) for key in keys]


def _newest_keys(condition: object, limit: int) -> list[str]:
    # In the order of the index; a dozen files may wait for the same question.
    newest = (
        Lookup.select(Lookup.key)
        .where(condition)
        .order_by(Lookup.at.desc())
        .limit(limit * FILES_PER_QUESTION)
    )
    return list(dict.fromkeys(key for (key,) in iter_rows(newest)))[:limit]


def count_questions(service: Service, roots: Sequence[bytes] = ()) -> int:
    """Return the number of due questions to a service, for files below `roots`."""
    due = _is_due(
        service, roots if has_files_outside(database.connection(), roots) else ()
    )
    return int(Lookup.select(Lookup.key).where(due).distinct().count())


def requeue_all_answered(roots: Sequence[bytes]) -> int:
    """Requeue all complete files below the folders whose questions were all answered.

    Returns:
        The number of requeued files.
    """
    requeued = 0
    for (phase, _), service in SERVICE_BY_NEED.items():
        unanswered = Lookup.select(Lookup.file).where(
            Lookup.file == Checkpoint.file, _is_due(service)
        )
        rows = (
            Checkpoint.select(Checkpoint.file)
            .join(File)
            .where(
                Checkpoint.phase == phase,
                Checkpoint.needs == Need(service),
                File.status == FileStatus.COMPLETE,
                is_under_any(roots),
                ~fn.EXISTS(unanswered),
            )
        )
        files = [FileId(file) for (file,) in iter_rows(rows)]
        requeue_from_phase(files, phase)
        requeued += len(files)
    return requeued


def _is_due(service: Service, roots: Sequence[bytes] = ()) -> Any:  # noqa: ANN401
    """Return the condition that a question is due, for a file below `roots` if any."""
    due = (Lookup.service == service) & (Lookup.due_at <= now())
    if not roots:
        return due
    # One file at a time: the library may have a million.
    return due & fn.EXISTS(
        File.select(SQL("1")).where(File.id == Lookup.file, is_under_any(roots))
    )
