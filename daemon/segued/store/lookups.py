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

from segued.model import FileId, FileStatus
from segued.store.asked import ANSWERS, Lookup
from segued.store.models import Checkpoint, File, now, tuples
from segued.store.reopen import take_up_from

__all__ = [
    "Answered",
    "Question",
    "answers",
    "count",
    "keep",
    "settle",
    "waiting",
    "want",
]

NOTHING_DAYS: Final = 7
"""An empty answer can be a time-out of the service's: it is asked again."""

WAITED_AT: Final = {"acoustid": 5, "musicbrainz": 6}
"""The phase that a service's answers are for."""

KEYS_AT_ONCE: Final = 500
FILES_OF_ONE: Final = 16
"""So many files may ask the same; more only make a batch less full."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask a service.

    Attributes:
        key: What it is kept under: the same question has the same key.
        text: JSON of all that it takes to ask it.
    """

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with the answer to it.

    Attributes:
        raw: The answer as it came; None when it is refused for ever.
        nothing: Whether it says that nothing was found.
    """

    question: Question
    raw: bytes | None
    nothing: bool = False


def want(
    file: FileId, service: str, questions: Iterable[Question], empty: Collection[str]
) -> None:
    """Put on record what a file waits for, instead of what it waited for.

    Args:
        file: The file.
        service: Who is to be asked.
        questions: What is not answered yet.
        empty: Keys of what nothing was found for, to be asked again one day.
    """
    Lookup.delete().where(
        Lookup.file == file, Lookup.service == service, Lookup.key.not_in(list(empty))
    ).execute()
    for question in questions:
        Lookup.insert(
            service=service, key=question.key, file=file, question=question.text
        ).on_conflict_replace().execute()


def waiting(
    service: str, limit: int, *, but: Collection[str] = (), kind: str = ""
) -> list[Question]:
    """Return what there is to ask a service, what was wanted last first.

    Args:
        service: Who is to be asked.
        limit: How many questions at most.
        but: Keys of what is being asked already.
        kind: What their keys begin with.
    """
    # By the index of what was wanted last; a dozen files ask the same question.
    newest = (
        Lookup.select(Lookup.key)
        .where(
            _due(service),
            Lookup.key.not_in(list(but)),
            Lookup.key.startswith(kind) if kind else True,
        )
        .order_by(Lookup.at.desc())
        .limit(limit * FILES_OF_ONE)
    )
    keys = list(dict.fromkeys(key for (key,) in tuples(newest)))[:limit]
    rows = Lookup.select(Lookup.key, Lookup.question).where(
        Lookup.service == service, Lookup.key.in_(keys)
    )
    texts = dict(tuples(rows))
    return [Question(key, texts[key]) for key in keys]


def count(service: str) -> int:
    """Return how many questions there are to ask a service."""
    return int(Lookup.select(Lookup.key).where(_due(service)).distinct().count())


def keep(service: str, answered: Sequence[Answered]) -> int:
    """Keep answers, and take up the files that waited for nothing else.

    Returns:
        How many files were taken up.
    """
    taken_up = 0
    for each in answered:
        expires = _in_days(NOTHING_DAYS) if each.nothing else None
        ANSWERS[service].insert(
            key=each.question.key,
            question=each.question.text,
            answer=None if each.raw is None else zlib.compress(each.raw),
            at=now(),
            expires_at=expires,
        ).on_conflict_replace().execute()
        rows = (Lookup.service == service) & (Lookup.key == each.question.key)
        files = [FileId(f) for (f,) in tuples(Lookup.select(Lookup.file).where(rows))]
        if expires is None:
            Lookup.delete().where(rows).execute()
        else:
            Lookup.update(due_at=expires).where(rows).execute()
        for file in files:
            taken_up += _settle(file, service, news=not each.nothing)
    return taken_up


def settle(file: FileId) -> bool:
    """Take a complete file up if all it waited for was answered meanwhile.

    A file that is in flight when an answer comes is not touched; it asks here
    at its end.
    """
    return any(_settle(file, service, news=False) for service in ANSWERS)


def _settle(file: FileId, service: str, *, news: bool) -> bool:
    row = File.get_or_none(File.id == file)
    if row is None or row.status != FileStatus.COMPLETE:
        return False
    phase = WAITED_AT[service]
    waited = Checkpoint.select().where(
        Checkpoint.file == file, Checkpoint.phase == phase, Checkpoint.needs == service
    )
    still = Lookup.select().where(Lookup.file == file, _due(service))
    if still.exists() or not (news or waited.exists()):
        return False
    take_up_from([file], phase)
    return True


def answers(service: str, keys: Collection[str]) -> dict[str, bytes | None]:
    """Return what is known of some questions: None where it was refused.

    What was never asked is not in the result.
    """
    table = ANSWERS[service]
    wanted = list(keys)
    found: dict[str, bytes | None] = {}
    for start in range(0, len(wanted), KEYS_AT_ONCE):
        some = table.key.in_(wanted[start : start + KEYS_AT_ONCE])
        for key, raw in tuples(table.select(table.key, table.answer).where(some)):
            found[key] = None if raw is None else zlib.decompress(raw)
    return found


def _due(service: str) -> Any:  # noqa: ANN401
    return (Lookup.service == service) & (Lookup.due_at <= now())


def _in_days(days: int) -> str:
    later = datetime.now(UTC) + timedelta(days=days)
    return later.isoformat(timespec="milliseconds")
