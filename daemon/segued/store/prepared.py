"""Prepared queries: the SQL text is built once and run with different values.

peewee builds the SQL of a query on each call, which takes several times as long as
SQLite takes to run it. This matters for queries that run for every file.
"""

import inspect
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
"""A peewee query, which peewee leaves untyped."""


def prepared(build: Callable[P, Query]) -> Callable[P, sqlite3.Cursor]:
    """Turn a function that returns a query into one that runs it.

    `build` is called once, with a placeholder for each argument, so it must not
    depend on their values; values that it computes itself become constants. The
    returned function runs inside a transaction of `Store` and returns a cursor that
    yields plain tuples.

    Raises:
        TypeError: On the first call, if an insert leaves out a column with a default:
            all rows would get the same value.
    """
    names = tuple(inspect.signature(build).parameters)
    places = {name: place for place, name in enumerate(names)}

    @cache
    def build_sql() -> tuple[str, list[Any], list[tuple[int, int]]]:
        """Return the SQL, its values, and which of them are which arguments."""
        placeholders: dict[str, Any] = {name: SQL(f":{name}") for name in names}
        query = build(**placeholders)  # type: ignore[call-arg]
        if isinstance(query, ModelInsert):
            _check_defaults(query)
        text, constants = database.get_sql_context().sql(query).query()
        unused = iter(constants)
        found: list[str] = re.findall(r"\?|:(\w+)", text)
        values = [None if name else next(unused) for name in found]
        arguments = [(n, places[name]) for n, name in enumerate(found) if name]
        return re.sub(r":\w+", "?", text), values, arguments

    @wraps(build)
    def run(*args: P.args, **kwargs: P.kwargs) -> sqlite3.Cursor:
        text, constants, arguments = build_sql()
        given: tuple[Any, ...] = args
        if kwargs:
            given += tuple(kwargs[name] for name in names[len(args) :])
        values = constants.copy()
        for place, argument in arguments:
            values[place] = given[argument]
        cursor: sqlite3.Cursor = database.connection().execute(text, values)
        return cursor

    return run


def _check_defaults(query: Query) -> None:
    defaults = query.model._meta.defaults  # noqa: SLF001
    missing = [field.name for field in defaults if field not in query._insert]  # noqa: SLF001
    if missing:
        raise TypeError(f"{query.model.__name__}: no value for {', '.join(missing)}")
