"""Number the rows of the views that changed, and keep albums and artists up to date.

Triggers note the changed rows (`schema/changes.sql`). At the end of a transaction they
get the next numbers of one counter, so that another program can ask what changed since
a number, and ends up with what a full read gives.
"""

import math
from functools import lru_cache
from importlib import resources
from typing import Final

from peewee import SqliteDatabase

from segued.store import search
from segued.store.album_gaps import missing_tracks_json

__all__ = ["album_statements", "refresh", "register_functions"]

SCRIPT: Final = "refresh_albums.sql"

TRACK: Final = "track"
"""Stands for a passage whose album or artist has to be derived again; the last of the
kinds in their order."""

NUMBER_SQL: Final = """
INSERT OR REPLACE INTO row_changes
SELECT kind, id, (SELECT coalesce(max(change), 0) FROM row_changes)
    + row_number() OVER (ORDER BY kind, id)
FROM changed_rows
"""


def register_functions(database: SqliteDatabase) -> None:
    """Register the SQL functions of the script, before the database is opened."""
    database.register_function(_energy, "segued_energy", 1)
    database.register_function(_level, "segued_level", 1)
    database.register_function(missing_tracks_json, "segued_missing", 3)


def refresh(database: SqliteDatabase) -> None:
    """Number the changed rows, within the current transaction."""
    execute = database.connection().execute
    found = execute("SELECT max(kind) FROM changed_rows").fetchone()[0]
    if found is None:
        return
    if found == TRACK:
        for statement in album_statements():
            execute(statement)
    execute(NUMBER_SQL)
    execute("DELETE FROM changed_rows")


@lru_cache(maxsize=1)
def album_statements() -> tuple[str, ...]:
    """Return the statements that keep albums and artists up to date."""
    script = resources.files("segued.store.schema").joinpath(SCRIPT).read_text()
    return tuple(search.split_statements(script))


def _energy(level_db: float | None) -> float | None:
    return None if level_db is None else 10.0 ** (level_db / 10)


def _level(energy: float | None) -> float | None:
    return round(10 * math.log10(energy), 2) if energy else None
