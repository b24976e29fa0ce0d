"""The index that files and passages are searched by, kept beside what it is of.

It is derived from the other tables. Triggers note of which paths it may be wrong,
whoever writes; `refresh` makes it right, at the end of each transaction.
"""

import sqlite3
from collections.abc import Iterator
from importlib import resources
from typing import Final

from peewee import SqliteDatabase

from segued.matching.normalize import normalize_name

__all__ = ["build", "refresh", "register_functions", "split_statements"]

PLAIN_FUNCTION: Final = "segued_plain"
"""What the views call `normalize_name`."""

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
    """Teach a connection, before it is opened, what keeping the index takes."""
    database.register_function(_plain, PLAIN_FUNCTION, 1)


def build(database: SqliteDatabase) -> None:
    """Make the index of a library that has none, from what is in it."""
    text = resources.files("segued.store.schema").joinpath("search.sql").read_text()
    for statement in split_statements(text):
        database.execute_sql(statement)
    refresh(database)


def refresh(database: SqliteDatabase) -> None:
    """Make the index right where it may be wrong: within a transaction."""
    if database.execute_sql("SELECT 1 FROM index_stale LIMIT 1").fetchone():
        for statement in split_statements(REFRESH_SQL):
            database.execute_sql(statement)


def split_statements(script: str) -> Iterator[str]:
    """Yield the statements of a script; a trigger, with those inside it, is one."""
    statement = ""
    for part in script.split(";")[:-1]:
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _plain(text: str | None) -> str:
    return normalize_name(text or "")
