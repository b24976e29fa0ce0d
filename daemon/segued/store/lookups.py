"""Questions to outside services: what is waiting, and what was answered.

The durable queue of questions is here, as that of files is in `intake`. A
file that waits for answers is complete with what is known without them; when
the last of them has come, it is taken up again at the phase that waited.
"""

import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from peewee import fn

from segued.model import FileId, FileStatus, Need, PhaseNumber, Service
from segued.paths import is_within
from segued.store.lookup_keys import LookupKind
from segued.store.prepared import Query, prepared
from segued.store.requeue import is_under_any, requeue_from_phase
from segued.store.schema.files import Checkpoint, File, iter_rows, now
from segued.store.schema.lookups import ANSWER_TABLES, Lookup

__all__ = [
    "LookupAnswer",
    "LookupQuestion",
    "cached_answers",
    "count_questions",
    "known_keys",
    "next_questions",
    "requeue_all_answered",
    "requeue_if_answered",
    "save_answers",
    "set_pending",
]

NOT_FOUND_DAYS: Final = 7
"""An empty answer can be a time-out of the service's: it is asked again."""

PHASE_BY_SERVICE: Final = {
    Service.ACOUSTID: PhaseNumber.FINGERPRINT,
    Service.MUSICBRAINZ: PhaseNumber.MATCH,
    Service.ACOUSTICBRAINZ: PhaseNumber.FLAVOR,
}
"""The phase that a service's answers are for."""

KEYS_AT_ONCE: Final = 500
FILES_PER_QUESTION: Final = 16
"""So many files may ask the same; more only make a batch less full."""


@dataclass(frozen=True, slots=True)
class LookupQuestion:
    """One thing to ask a service.

    Attributes:
        key: What it is kept under: the same question has the same key.
        text: JSON of all that it takes to ask it.
    """

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class LookupAnswer:
    """A question with the answer to it.

    Attributes:
        raw: The answer as it came; None when it is refused for ever.
        not_found: Whether it says that nothing was found.
    """

    question: LookupQuestion
    raw: bytes | None
    not_found: bool = False


def set_pending(
    file: FileId,
    service: Service,
    questions: Iterable[LookupQuestion],
    not_found: Collection[str],
) -> None:
    """Put on record what a file waits for, instead of what it waited for.

    Args:
        file: The file.
        service: Who is to be asked.
        questions: What is not answered yet.
        not_found: Keys of what nothing was found for, to be asked again one day.
    """
    if not_found:
        Lookup.delete().where(
            Lookup.file == file,
            Lookup.service == service,
            Lookup.key.not_in(list(not_found)),
        ).execute()
    else:
        _delete_pending(file, service)
    for question in questions:
        Lookup.insert(
            service=service, key=question.key, file=file, question=question.text
        ).on_conflict_replace().execute()
    if not not_found:
        return
    # Another file may have been answered for it: it is due again all the same.
    table = ANSWER_TABLES[service]
    expiring = table.select(table.key, table.question, table.expires_at).where(
        table.key.in_(list(not_found)), ~table.expires_at.is_null()
    )
    for key, text, expires in iter_rows(expiring):
        Lookup.insert(
            service=service, key=key, file=file, question=text, due_at=expires
        ).on_conflict_ignore().execute()


@prepared
def _delete_pending(file: FileId, service: Service) -> Query:
    return Lookup.delete().where(Lookup.file == file, Lookup.service == service)


def next_questions(
    service: Service,
    limit: int,
    *,
    exclude: Collection[str] = (),
    kind: LookupKind = LookupKind.ONLY,
    roots: Sequence[bytes] = (),
) -> list[LookupQuestion]:
    """Return what there is to ask a service, what was wanted last first.

    Args:
        service: Who is to be asked.
        limit: How many questions at most.
        exclude: Keys of what is being asked already.
        kind: Only questions of this kind.
        roots: Music folders that they are about; all, if there are none.
    """
    # By the index of what was wanted last; a dozen files ask the same question.
    newest = (
        Lookup.select(Lookup.key)
        .where(
            _is_due(service, roots),
            Lookup.key.not_in(list(exclude)),
            # A range, so that a kind that nobody asks for costs nothing.
            Lookup.key.between(kind.prefix, f"{kind.prefix}~") if kind else True,
        )
        .order_by(Lookup.at.desc())
        .limit(limit * FILES_PER_QUESTION)
    )
    keys = list(dict.fromkeys(key for (key,) in iter_rows(newest)))[:limit]
    rows = Lookup.select(Lookup.key, Lookup.question).where(
        Lookup.service == service, Lookup.key.in_(keys)
    )
    texts = dict(iter_rows(rows))
    return [LookupQuestion(key, texts[key]) for key in keys]


def count_questions(service: Service, roots: Sequence[bytes] = ()) -> int:
    """Return how many questions there are to ask a service, about some folders."""
    due = _is_due(service, roots)
    return int(Lookup.select(Lookup.key).where(due).distinct().count())


def save_answers(
    service: Service, new_answers: Sequence[LookupAnswer], roots: Sequence[bytes] = ()
) -> int:
    """Keep answers, and take up the files that waited for nothing else.

    Args:
        service: Who answered.
        new_answers: What.
        roots: Music folders whose files may be taken up; all, if there are
            none. The others are when they are imported the next time.

    Returns:
        How many files were taken up.
    """
    requeued = 0
    for each in new_answers:
        expires = _in_days(NOT_FOUND_DAYS) if each.not_found else None
        ANSWER_TABLES[service].insert(
            key=each.question.key,
            question=each.question.text,
            answer=None if each.raw is None else zlib.compress(each.raw),
            at=now(),
            expires_at=expires,
        ).on_conflict_replace().execute()
        rows = (Lookup.service == service) & (Lookup.key == each.question.key)
        files = [
            FileId(f) for (f,) in iter_rows(Lookup.select(Lookup.file).where(rows))
        ]
        if expires is None:
            Lookup.delete().where(rows).execute()
        else:
            Lookup.update(due_at=expires).where(rows).execute()
        if not each.not_found:
            # Also whoever did not wait any more, or is in flight, wants to know.
            Checkpoint.update(needs=Need(service)).where(
                Checkpoint.file.in_(files),
                Checkpoint.phase == PHASE_BY_SERVICE[service],
            ).execute()
        requeued += sum(_requeue_if_answered(file, service, roots) for file in files)
    return requeued


def requeue_if_answered(file: FileId) -> bool:
    """Take a complete file up if all it waited for was answered meanwhile.

    A file that is in flight when an answer comes is not touched; it asks here
    at its end.
    """
    return any(_requeue_if_answered(file, service) for service in ANSWER_TABLES)


def requeue_all_answered(roots: Sequence[bytes]) -> int:
    """Take up all complete files below some folders that wait for nothing more."""
    requeued = 0
    for service, phase in PHASE_BY_SERVICE.items():
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


def _requeue_if_answered(
    file: FileId, service: Service, roots: Sequence[bytes] = ()
) -> bool:
    row = File.get_or_none(File.id == file)
    if row is None or row.status != FileStatus.COMPLETE:
        return False
    if roots and not any(is_within(row.path, root) for root in roots):
        return False
    phase = PHASE_BY_SERVICE[service]
    waiting_checkpoint = Checkpoint.select().where(
        Checkpoint.file == file,
        Checkpoint.phase == phase,
        Checkpoint.needs == Need(service),
    )
    unanswered = Lookup.select().where(Lookup.file == file, _is_due(service))
    if unanswered.exists() or not waiting_checkpoint.exists():
        return False
    requeue_from_phase([file], phase)
    return True


def cached_answers(service: Service, keys: Collection[str]) -> dict[str, bytes | None]:
    """Return what is known of some questions: None where it was refused.

    What was never asked is not in the result.
    """
    table = ANSWER_TABLES[service]
    wanted = list(keys)
    found: dict[str, bytes | None] = {}
    for start in range(0, len(wanted), KEYS_AT_ONCE):
        some = table.key.in_(wanted[start : start + KEYS_AT_ONCE])
        for key, raw in iter_rows(table.select(table.key, table.answer).where(some)):
            found[key] = None if raw is None else zlib.decompress(raw)
    return found


def known_keys(service: Service, keys: Collection[str]) -> set[str]:
    """Return which of some questions are answered, or somebody waits for."""
    wanted = list(keys)
    pending = Lookup.select(Lookup.key).where(
        Lookup.service == service, Lookup.key.in_(wanted)
    )
    table = ANSWER_TABLES[service]
    known = table.select(table.key).where(table.key.in_(wanted))
    return {key for query in (pending, known) for (key,) in iter_rows(query)}


def _is_due(service: Service, roots: Sequence[bytes] = ()) -> Any:  # noqa: ANN401
    due = (Lookup.service == service) & (Lookup.due_at <= now())
    if not roots:
        return due
    there = File.select(File.id).where(is_under_any(roots))
    return due & Lookup.file.in_(there)


def _in_days(days: int) -> str:
    later = datetime.now(UTC) + timedelta(days=days)
    return later.isoformat(timespec="milliseconds")
