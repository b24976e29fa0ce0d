"""Pending questions to lookup services, and their cached answers.

The pending questions are the durable queue of the lookup dispatcher. A file that
waits for answers is complete with the results available without them; when the last
answer arrives, it is requeued from the phase that waited.
"""

import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from segued.model import FileId, FileStatus, Need, PhaseNumber, Service
from segued.store import lookup_failures, merged_ids
from segued.store.lookup_keys import LookupKey, kept_question
from segued.store.prepared import Query, prepared
from segued.store.requeue import requeue_from_phase
from segued.store.schema.files import (
    Checkpoint,
    File,
    is_under_any,
    iter_rows,
    now,
)
from segued.store.schema.lookups import ANSWER_TABLES, Lookup

__all__ = [
    "LookupAnswer",
    "LookupQuestion",
    "add_pending",
    "cached_answers",
    "known_keys",
    "requeue_if_answered",
    "save_answers",
    "set_pending",
]

NOT_FOUND_DAYS: Final = 7
"""An empty answer expires after a week: the service may have timed out internally."""

PHASE_BY_SERVICE: Final = {
    Service.ACOUSTID: PhaseNumber.FINGERPRINT,
    Service.MUSICBRAINZ: PhaseNumber.MATCH,
    Service.ACOUSTICBRAINZ: PhaseNumber.FLAVOR,
}
"""The phase that uses a service's answers."""

SERVICE_BY_NEED: Final = {
    (phase, Need(service)): service for service, phase in PHASE_BY_SERVICE.items()
} | {(PhaseNumber.MATCH, Need.ACOUSTID): Service.ACOUSTID}
"""The service whose answers a checkpoint waits for, by its phase and need. Phase 6 asks
about the pieces of a side."""

KEYS_AT_ONCE: Final = 500
"""Keys in the IN list of one statement."""


@dataclass(frozen=True, slots=True)
class LookupQuestion:
    """A question to a service.

    Attributes:
        key: Its key in the library; equal questions have equal keys.
        text: JSON of the complete question.
    """

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class LookupAnswer:
    """The answer to a question.

    Attributes:
        raw: The response as received; None if the question is rejected permanently.
        not_found: Whether the response says that nothing was found.
        failure: Why the response cannot be used, so that the question is put off;
            None if it can be.
        merged_into: The id that the question's id is merged into, if it is.
    """

    question: LookupQuestion
    raw: bytes | None
    not_found: bool = False
    failure: str | None = None
    merged_into: str | None = None


def set_pending(
    file: FileId,
    service: Service,
    questions: Iterable[LookupQuestion],
    not_found: Collection[str],
) -> None:
    """Replace the questions that a file waits for.

    Args:
        file: The file.
        service: The service that answers them.
        questions: The questions that had no cached answer when the phase read them.
        not_found: Keys whose cached answer is that nothing was found; they are sent
            again when that answer expires. Also keys of questions that are put off.
    """
    if not_found:
        Lookup.delete().where(
            Lookup.file == file,
            Lookup.service == service,
            Lookup.key.not_in(list(not_found)),
        ).execute()
    else:
        _delete_pending(file, service)
    asks = add_pending(file, service, questions)
    asked = [*(question.key for question in asks), *not_found]
    lookup_failures.keep_put_off(file, service, asked)
    if not not_found:
        return
    # If the answer came for another file, this file has no row for it yet.
    table = ANSWER_TABLES[service]
    expiring = table.select(table.key, table.question, table.expires_at).where(
        table.key.in_(list(not_found)), ~table.expires_at.is_null()
    )
    for key, text, expires in iter_rows(expiring):
        Lookup.insert(
            service=service, key=key, file=file, question=text, due_at=expires
        ).on_conflict_ignore().execute()


def add_pending(
    file: FileId, service: Service, questions: Iterable[LookupQuestion]
) -> list[LookupQuestion]:
    """Add questions that a file waits for; return those that have no answer by now."""
    asks = _unanswered(service, questions)
    for question in asks:
        Lookup.insert(
            service=service, key=question.key, file=file, question=question.text
        ).on_conflict_replace().execute()
    return asks


def _unanswered(
    service: Service, questions: Iterable[LookupQuestion]
) -> list[LookupQuestion]:
    """Return the questions that have no answer by now.

    One may have come for another file since the phase looked for answers. The file is
    then requeued when it ends: see `requeue_if_answered`.
    """
    by_key = {question.key: question for question in questions}
    if not by_key:
        return []
    table = ANSWER_TABLES[service]
    rows = table.select(table.key).where(table.key.in_(list(by_key)))
    for (key,) in iter_rows(rows):
        del by_key[key]
    return list(by_key.values())


@prepared
def _delete_pending(file: FileId, service: Service) -> Query:
    return Lookup.delete().where(Lookup.file == file, Lookup.service == service)


def save_answers(
    service: Service, new_answers: Sequence[LookupAnswer], roots: Sequence[bytes] = ()
) -> int:
    """Store answers, and requeue the files that wait for no other answer.

    Args:
        service: The service that answered.
        new_answers: The answers.
        roots: Only files below these music folders are requeued; all if empty. The
            others are requeued when their music folder is imported next.

    Returns:
        The number of requeued files.
    """
    requeued = 0
    for each in new_answers:
        rows = (Lookup.service == service) & (Lookup.key == each.question.key)
        files = [
            FileId(f) for (f,) in iter_rows(Lookup.select(Lookup.file).where(rows))
        ]
        if each.failure is not None:
            key, text = each.question.key, each.question.text
            lookup_failures.record(service, key, text, each.failure)
        else:
            expires = _in_days(NOT_FOUND_DAYS) if each.not_found else None
            had_failed = _store_answer(service, each, expires)
            if expires is None:
                Lookup.delete().where(rows).execute()
            else:
                Lookup.update(due_at=expires).where(rows).execute()
            if not each.not_found or had_failed:
                # Also files that are in flight or no longer wait: they run again.
                Checkpoint.update(needs=Need(service)).where(
                    Checkpoint.file.in_(files),
                    Checkpoint.phase == PHASE_BY_SERVICE[service],
                ).execute()
        requeued += sum(
            requeue_if_answered(file, service) for file in _below(roots, files)
        )
    return requeued


def _store_answer(service: Service, answer: LookupAnswer, expires: str | None) -> bool:
    """Store an answer; return whether earlier ones to its question were not usable."""
    ANSWER_TABLES[service].insert(
        key=answer.question.key,
        question=kept_question(answer.question.text, expires),
        answer=None if answer.raw is None else zlib.compress(answer.raw),
        at=now(),
        expires_at=expires,
    ).on_conflict_replace().execute()
    if answer.merged_into is not None:
        old_mbid = LookupKey.parse(answer.question.key).argument
        merged_ids.record(old_mbid, answer.merged_into)
    return lookup_failures.forget(service, answer.question.key)


def requeue_if_answered(file: FileId, service: Service | None = None) -> bool:
    """Requeue a complete file if all its questions were answered; return whether.

    An answer does not requeue a file in flight; this is called at its end instead.

    Args:
        file: The file.
        service: Only the questions to this service; None for each service in turn.
    """
    for phase, need in list(_waiting_phases(file)):
        asked = SERVICE_BY_NEED.get((phase, need))
        if asked is None or service not in (None, asked):
            continue
        if not _due_questions(file, asked, now()).fetchone():
            requeue_from_phase([file], phase)
            return True
    return False


def _below(roots: Sequence[bytes], ids: Sequence[FileId]) -> list[FileId]:
    """Return those of the files that are below one of the folders; all if none."""
    if not roots or not ids:
        return list(ids)
    rows = File.select(File.id).where(File.id.in_(list(ids)), is_under_any(roots))
    return [FileId(file) for (file,) in iter_rows(rows)]


@prepared
def _waiting_phases(file: FileId) -> Query:
    return (
        Checkpoint.select(Checkpoint.phase, Checkpoint.needs)
        .join(File)
        .where(
            Checkpoint.file == file,
            ~Checkpoint.needs.is_null(),
            File.status == FileStatus.COMPLETE,
        )
        .order_by(Checkpoint.phase)
    )


@prepared
def _due_questions(file: FileId, service: Service, time: str) -> Query:
    return (
        Lookup.select(Lookup.key)
        .where(Lookup.file == file, Lookup.service == service, Lookup.due_at <= time)
        .limit(1)
    )


def cached_answers(service: Service, keys: Collection[str]) -> dict[str, bytes | None]:
    """Return the cached answers by key: None where the question was rejected.

    Keys without an answer are not in the result.
    """
    table = ANSWER_TABLES[service]
    all_keys = list(keys)
    answers: dict[str, bytes | None] = {}
    for start in range(0, len(all_keys), KEYS_AT_ONCE):
        batch = table.key.in_(all_keys[start : start + KEYS_AT_ONCE])
        for key, raw in iter_rows(table.select(table.key, table.answer).where(batch)):
            answers[key] = None if raw is None else zlib.decompress(raw)
    return answers


def known_keys(service: Service, keys: Collection[str]) -> set[str]:
    """Return those of the keys that have a cached answer or a pending question."""
    all_keys = list(keys)
    pending = Lookup.select(Lookup.key).where(
        Lookup.service == service, Lookup.key.in_(all_keys)
    )
    table = ANSWER_TABLES[service]
    answered = table.select(table.key).where(table.key.in_(all_keys))
    return {key for query in (pending, answered) for (key,) in iter_rows(query)}


def _in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="milliseconds")
