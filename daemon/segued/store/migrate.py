"""Bringing an older library up to date, with a copy kept of how it was.

A migration is a numbered script of plain SQL steps in `migrations/`, run by
peewee's runner, each in a transaction of its own. Plain SQL, because the
runner's own column helpers rebuild a table without STRICT.
"""

import sqlite3
from pathlib import Path
from typing import Final

import peewee
from playhouse.migrations import Runner

__all__ = ["MIGRATIONS", "SCHEMA_VERSION", "bring_up_to_date"]

SCHEMA_VERSION: Final = 7
"""The schema that `schema` declares; kept in the library's `user_version`."""

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def bring_up_to_date(
    database: peewee.SqliteDatabase,
    path: Path,
    *,
    scripts: Path = MIGRATIONS,
    target_version: int = SCHEMA_VERSION,
) -> None:
    """Run the migrations that the library has not had yet.

    The library as it was is kept beside it as `<name>.before-<version>`.

    Raises:
        peewee.DatabaseError: A script failed; it left nothing behind, and
            the library still has the version before it.
    """
    version = int(database.execute_sql("PRAGMA user_version").fetchone()[0])
    if version >= target_version:
        return
    copy = path.with_name(f"{path.name}.before-{target_version}")
    copy.unlink(missing_ok=True)
    with sqlite3.connect(copy) as target:
        database.connection().backup(target)
    target.close()
    runner = Runner(database, str(scripts))
    # A library that was made later than a script has what the script brings.
    past = [each for each in runner.migrations() if each.idx <= version]
    if past:
        runner.up(target=past[-1].name, fake=True)
    runner.up()
    database.execute_sql(f"PRAGMA user_version = {target_version}")
