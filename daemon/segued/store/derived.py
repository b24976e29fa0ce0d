"""What the tables of the library imply: its views, triggers and search index.

Their SQL is in `schema/`. They hold nothing of their own, so a migration does not
change them: they are dropped and created again after it.
"""

from importlib import resources
from typing import Final

from peewee import SqliteDatabase

from segued.store import copy_index, index_terms, row_changes, search, search_index

__all__ = ["create", "rebuild", "refresh", "register_functions"]

SCRIPTS: Final = (
    "status.sql",
    "albums.sql",
    "changes.sql",
    "copies.sql",
    "views.sql",
    "search.sql",
)

INDEX_TABLES: Final = (
    "file_index",
    "passage_index",
    "index_counts",
    "index_stale",
    "index_unlisted",
    "gram_terms",
    "file_grams",
    "track_index",
    "album_index",
    "artist_index",
    "stale_albums",
    "stale_artists",
    "copy_members",
    "copy_groups",
    "stale_sounds",
    "stale_groups",
)


def create(database: SqliteDatabase) -> None:
    """Create views, triggers and the search index, and fill the index."""
    for name in SCRIPTS:
        script = resources.files("segued.store.schema").joinpath(name).read_text()
        for statement in search.split_statements(script):
            database.execute_sql(statement)
    refresh(database)


def register_functions(database: SqliteDatabase) -> None:
    """Register the SQL functions that they use, before the database is opened."""
    search.register_functions(database)
    index_terms.register_functions(database)
    row_changes.register_functions(database)


def refresh(database: SqliteDatabase) -> None:
    """Bring them up to date, within the current transaction."""
    row_changes.refresh(database)
    # The tracks are among the values of the search, and say which copy is best.
    search_index.refresh(database)
    copy_index.refresh(database)


def rebuild(database: SqliteDatabase) -> None:
    """Drop them, also those of another version, and create them again."""
    found = database.execute_sql(
        "SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger')"
    ).fetchall()
    for kind, name in found:
        # A view takes its triggers with it.
        database.execute_sql(f'DROP {kind} IF EXISTS "{name}"')
    for name in INDEX_TABLES:
        database.execute_sql(f'DROP TABLE IF EXISTS "{name}"')
    create(database)
