"""Queries that are put into words once.

peewee builds the SQL of a query anew each time, which takes several times as
long as SQLite takes to run it. What runs for every file is built once, with
its values left open.
"""

import inspect
import itertools
import re
import sqlite3
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeAlias

from peewee import SQL, ModelInsert

from segued.store.schema.files import database

__all__ = ["Query", "prepared"]

P = ParamSpec("P")
Query: TypeAlias = Any
"""A query of peewee, whose types say little."""


def prepared(build: Callable[P, Query]) -> Callable[P, sqlite3.Cursor]:
    """Make a function that returns a query into one that runs it.

    The function is called once, with a placeholder for each argument, so it
    cannot look at them; values it makes itself are the same for ever. The
    result yields rows as plain tuples. Runs inside a transaction of `Store`.

    Raises:
        TypeError: On the first call, for an insert that leaves a column to its
            default: all rows would get the same one.
    """
    signature = inspect.signature(build)

    @cache
    def build_sql() -> tuple[str, dict[str, Any]]:
        placeholders: dict[str, Any] = {
            name: SQL(f":{name}") for name in signature.parameters
        }
        query = build(**placeholders)  # type: ignore[call-arg]
        if isinstance(query, ModelInsert):
            _check(query)
        text, values = database.get_sql_context().sql(query).query()
        numbers = itertools.count()
        named_sql = re.sub(r"\?", lambda _: f":_{next(numbers)}", text)
        return named_sql, {f"_{nth}": value for nth, value in enumerate(values)}

    @wraps(build)
    def run(*args: P.args, **kwargs: P.kwargs) -> sqlite3.Cursor:
        text, constants = build_sql()
        arguments = signature.bind(*args, **kwargs).arguments
        cursor: sqlite3.Cursor = database.execute_sql(text, constants | arguments)
        return cursor

    return run


def _check(query: Query) -> None:
    defaults = query.model._meta.defaults  # noqa: SLF001
    missing = [field.name for field in defaults if field not in query._insert]  # noqa: SLF001
    if missing:
        raise TypeError(f"{query.model.__name__}: no value for {', '.join(missing)}")
