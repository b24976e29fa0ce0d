"""Whether a library has files below other folders: if not, no query filters by them."""

import sqlite3
from collections.abc import Sequence

from segued.paths import ranges_outside

__all__ = ["has_files_outside"]


def has_files_outside(database: sqlite3.Connection, roots: Sequence[bytes]) -> bool:
    """Return whether the library has files that are not below the folders."""
    return any(
        database.execute(
            "SELECT 1 FROM files WHERE path >= ? AND path < coalesce(?, x'FF') LIMIT 1",
            [start, end],
        ).fetchone()
        for start, end in ranges_outside(roots)
    )
