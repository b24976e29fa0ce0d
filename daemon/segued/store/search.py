"""The search index of files and passages.

It is derived from the other tables. Triggers store the paths whose rows are stale;
`refresh` rebuilds those rows at the end of each transaction.
"""

import sqlite3
from collections.abc import Iterator
from importlib import resources
from typing import Final

from peewee import SqliteDatabase

from segued.matching.normalize import normalize_name

__all__ = ["build", "refresh", "register_functions", "split_statements"]

PLAIN_FUNCTION: Final = "segued_plain"
"""Name of `normalize_name` in the SQL of the views."""

REFRESH_SQL: Final = """
DELETE FROM file_index WHERE path IN (SELECT path FROM index_stale);
INSERT INTO file_index
    SELECT * FROM file_words WHERE path IN (SELECT path FROM index_stale);
DELETE FROM passage_index WHERE path IN (SELECT path FROM index_stale);
INSERT INTO passage_index
    SELECT * FROM passage_words WHERE path IN (SELECT path FROM index_stale);
DELETE FROM index_stale;
"""


def register_functions(database: SqliteDatabase) -> None:
    """Register the SQL function that the index needs, before the database is opened."""
    database.register_function(_normalize, PLAIN_FUNCTION, 1)


def build(database: SqliteDatabase) -> None:
    """Create the index of a library and fill it from the other tables."""
    text = resources.files("segued.store.schema").joinpath("search.sql").read_text()
    for statement in split_statements(text):
        database.execute_sql(statement)
    refresh(database)


def refresh(database: SqliteDatabase) -> None:
    """Rebuild the stale rows of the index, within the current transaction."""
    if database.execute_sql("SELECT 1 FROM index_stale LIMIT 1").fetchone():
        for statement in split_statements(REFRESH_SQL):
            database.execute_sql(statement)


def split_statements(script: str) -> Iterator[str]:
    """Yield the statements of a script; a trigger with its body is one statement."""
    statement = ""
    for part in script.split(";")[:-1]:
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _normalize(text: str | None) -> str:
    return normalize_name(text or "")
