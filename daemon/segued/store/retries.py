"""When to try a failed file again whose cause may be outside its bytes.

A disk that recovers, or a permission that is granted, does not change the file itself,
so that no scan notices. Such a file is tried again after growing pauses.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from segued.model import FileId
from segued.store.schema.files import Failure, iter_rows

__all__ = ["PAUSES", "count_tries", "is_due", "schedule_retry"]

PAUSES: Final = (
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=7),
)
"""The pause after each failed try in a row; the last one from then on."""


def count_tries(file: FileId) -> int:
    """Return how many tries of a file failed in a row for a cause outside its bytes."""
    rows = Failure.select(Failure.tries).where(Failure.file == file)
    return sum(tries or 0 for (tries,) in iter_rows(rows))


def schedule_retry(file: FileId, tries: int, at: datetime | None = None) -> None:
    """Store when a failed file is tried again.

    Args:
        file: The file; its failure is stored already.
        tries: How many tries failed in a row, this one included.
        at: When the last one failed; None for now.
    """
    due = (at or datetime.now(UTC)) + PAUSES[min(tries, len(PAUSES)) - 1]
    Failure.update(tries=tries, retry_at=_text(due)).where(
        Failure.file == file
    ).execute()


def is_due() -> Any:  # noqa: ANN401
    """Return the query condition that the next try of a failed file is due."""
    now = datetime.now(UTC)
    # A time beyond the longest pause is of a clock that was wrong.
    return (Failure.retry_at <= _text(now)) | (
        Failure.retry_at > _text(now + PAUSES[-1])
    )


def _text(time: datetime) -> str:
    """Return a time in the library's format."""
    return time.isoformat(timespec="milliseconds")
