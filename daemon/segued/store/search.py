"""The index that files and passages are searched by, kept by the database itself.

It is derived from the other tables: a library without it, or with an older one,
gets it made anew.
"""

import sqlite3
from collections.abc import Iterator
from importlib import resources
from typing import Final

from peewee import SqliteDatabase

from segued.matching.normalize import normalised

__all__ = ["build", "prepare", "statements"]

FUNCTION: Final = "segued_plain"
"""What the triggers call `normalised`; every connection that writes must know it."""


def prepare(database: SqliteDatabase) -> None:
    """Teach a connection, before it is opened, what keeping the index takes."""
    database.register_function(_plain, FUNCTION, 1)


def build(database: SqliteDatabase) -> None:
    """Make the index of a library that has none, from what is in it."""
    text = resources.files(__package__).joinpath("search.sql").read_text()
    for statement in statements(text):
        database.execute_sql(statement)


def statements(script: str) -> Iterator[str]:
    """Yield the statements of a script; a trigger, with those inside it, is one."""
    statement = ""
    for part in script.split(";")[:-1]:
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _plain(text: str | None) -> str:
    return normalised(text or "")
