"""Questions whose answer could not be used: each waits alone, ever longer.

Such a question is not pending meanwhile: its files go on as if nothing were found.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from segued.model import Service
from segued.store.prepared import Query, prepared
from segued.store.schema.files import now
from segued.store.schema.lookups import Lookup, LookupFailure

__all__ = ["failed_keys", "forget", "keep_put_off", "put_off", "record"]

PAUSE_MIN: Final = timedelta(minutes=10)
PAUSE_MAX: Final = timedelta(days=7)
PAUSE_GROWTH: Final = 4

KEYS_AT_ONCE: Final = 500
"""Keys in the IN list of one statement."""


def record(service: Service, key: str, question: str, reason: str) -> None:
    """Store that the answer to a question cannot be used, and put the question off.

    It is sent again after 10 minutes at first, then after four times the pause of the
    try before, but after a week at most.

    Args:
        service: The service that answered.
        key: The key of the question.
        question: JSON of the complete question.
        reason: Why the answer cannot be used.
    """
    row = LookupFailure.get_or_none(
        LookupFailure.service == service, LookupFailure.key == key
    )
    tries = 1 + (row.tries if row else 0)
    growth = PAUSE_GROWTH ** min(tries - 1, 9)
    due_at = (datetime.now(UTC) + min(PAUSE_MAX, growth * PAUSE_MIN)).isoformat(
        timespec="milliseconds"
    )
    LookupFailure.insert(
        service=service,
        key=key,
        question=question,
        reason=reason,
        tries=tries,
        due_at=due_at,
    ).on_conflict_replace().execute()
    Lookup.update(due_at=due_at).where(
        Lookup.service == service, Lookup.key == key
    ).execute()


def forget(service: Service, key: str) -> bool:
    """Remove the failures of an answered question; return whether it had any."""
    deleted: int = (
        LookupFailure.delete()
        .where(LookupFailure.service == service, LookupFailure.key == key)
        .execute()
    )
    return bool(deleted)


def put_off(service: Service, keys: Collection[str]) -> dict[str, str]:
    """Return why the answers to some questions cannot be used, by key.

    Only of questions that are not due again.
    """
    return {row.key: row.reason for row in _rows(service, keys) if row.due_at > now()}


def keep_put_off(file: str, service: Service, keys: Collection[str]) -> None:
    """Make a file wait for those of some questions that are put off, until due."""
    for row in _rows(service, keys):
        Lookup.insert(
            service=service,
            key=row.key,
            file=file,
            question=row.question,
            due_at=row.due_at,
        ).on_conflict_replace().execute()


def failed_keys(service: Service) -> Any:  # noqa: ANN401
    """Return the subquery of the keys of all questions that failed."""
    return LookupFailure.select(LookupFailure.key).where(
        LookupFailure.service == service
    )


@prepared
def _first_failure() -> Query:
    return LookupFailure.select(LookupFailure.key).limit(1)


def _rows(service: Service, keys: Collection[str]) -> list[LookupFailure]:
    if not list(_first_failure()):
        return []
    all_keys = list(keys)
    found: list[LookupFailure] = []
    for start in range(0, len(all_keys), KEYS_AT_ONCE):
        batch = LookupFailure.key.in_(all_keys[start : start + KEYS_AT_ONCE])
        rows = LookupFailure.select().where(LookupFailure.service == service, batch)
        found.extend(rows)
    return found
