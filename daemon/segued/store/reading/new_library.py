"""Whether a library is new, and nobody has ended its first visit."""

from pathlib import Path

from segued.store.reading.reports import open_read_only
from segued.store.settings import FIRST_VISIT_ENDED

__all__ = ["is_first_visit"]

IS_NEW = """
SELECT NOT EXISTS (SELECT 1 FROM files)
   AND NOT EXISTS (SELECT 1 FROM settings WHERE key = ?)
"""


def is_first_visit(path: Path) -> bool:
    """Return whether the library has no file, and its first visit has not ended.

    Raises:
        StoreError: The library cannot be read.
    """
    with open_read_only(path) as database:
        (answer,) = database.execute(IS_NEW, (FIRST_VISIT_ENDED,)).fetchone()
    return bool(answer)
