"""No statement of an import reads a whole table: its cost would grow with the library.

SQLite has no statistics of a library, so it plans the same for ten files as for a
million.
"""

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from bench.lookups import make_lookup_library, one_shot_import
from bench.prepared_library import prepare_library
from peewee import SqliteDatabase

from segued.clients.clock import Clock
from segued.store import copy_index, derived, row_changes, search_index
from tests.fake_services import AnswersInMemory, FakeServices

SMALL_TABLES = {
    "changed_rows",
    "import_sessions",
    "index_stale",
    "index_unlisted",
    "settings",
    "main",
    "ranked",
    "stale_albums",
    "stale_artists",
    "stale_groups",
    "stale_sounds",
}
"""They hold a few rows, in a library of any size; `main` stands for the schema,
`ranked` for the files with one sound."""

DERIVING_STATEMENTS = (
    row_changes.NUMBER_SQL,
    *row_changes.album_statements(),
    *search_index.REBUILD_STATEMENTS,
    search_index.NEW_PATHS_SQL,
    search_index.PASSAGES_SQL,
    *search_index.LISTING_STATEMENTS,
    *copy_index.REFRESH_STATEMENTS,
)

ANY_ROW = re.compile(r"LIMIT (1|:_0)$")
"""Ends a statement that asks whether there is any row, and reads one."""

COUNTED_BY = "_wrapped"
"""Name that peewee gives to the rows that a query counts: those it has found."""


def scanned_tables(statement: str, plan: list[str]) -> set[str]:
    """Return the tables that a statement reads as a whole."""
    aliases = {
        alias: table for table, alias in re.findall(r'"(\w+)" AS "(\w+)"', statement)
    }
    names = [str(match[1]) for line in plan if (match := re.match(r"SCAN (\w+)", line))]
    return {aliases.get(name, name) for name in names} - {COUNTED_BY}


async def test_no_statement_of_an_import_reads_a_whole_table(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Of the first import, which asks the services, and of a second one."""
    library = make_lookup_library(6)
    music, path = tmp_path / "music", tmp_path / "library.db"
    await prepare_library(music, path, library.songs)
    clock = Clock.scaled(50)
    fake_services = FakeServices(
        AnswersInMemory(library.answers), clock=clock.now, limits=False
    )
    async with fake_services:
        with caplog.at_level(logging.DEBUG, "peewee"):
            for _ in range(2):
                service = one_shot_import(path, fake_services, clock)
                result = await service.run([bytes(music)], workers=2)
                assert result.state == "COMPLETED", result.error

    logged: list[Any] = [each.msg for each in caplog.records if each.name == "peewee"]
    # The statements at the end of each transaction go past peewee, and its log.
    statements = dict(logged) | dict.fromkeys(DERIVING_STATEMENTS, ())
    statements[copy_index.GROUP_SQL] = ("sound",)
    caplog.clear()  # thousands of lines, which a failure would print
    database = SqliteDatabase(str(path))
    derived.register_functions(database)
    scans = {}
    for text, values in statements.items():
        if not re.match(r"(--.*\n|\s)*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", text):
            continue
        plan = database.execute_sql(f"EXPLAIN QUERY PLAN {text}", values).fetchall()
        found = scanned_tables(text, [row[3] for row in plan]) - SMALL_TABLES
        if found and not ANY_ROW.search(text):
            scans[text] = found
    database.close()

    assert scans == {}
