"""Migrate an older library to the current schema, after a backup.

A migration is a numbered script of SQL steps in `migrations/`. peewee's runner runs
each in its own transaction. The steps are plain SQL because the runner's column
helpers rebuild tables without STRICT. Views, triggers and the search index are created
again after the last script; scripts do not use them.
"""

import sqlite3
from pathlib import Path
from typing import Final

import peewee
from playhouse.migrations import Runner

from segued.store import derived

__all__ = ["MIGRATIONS", "SCHEMA_VERSION", "bring_up_to_date"]

SCHEMA_VERSION: Final = 27
"""Version of the schema in `store.schema`; stored as the library's `user_version`."""

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def bring_up_to_date(
    database: peewee.SqliteDatabase,
    path: Path,
    *,
    scripts: Path = MIGRATIONS,
    target_version: int = SCHEMA_VERSION,
) -> None:
    """Run the pending migrations of a library.

    Before that, the library is copied to `<name>.before-<version>` beside it.

    Raises:
        peewee.DatabaseError: A script failed; it is rolled back, and the library
            keeps its version.
    """
    version = int(database.execute_sql("PRAGMA user_version").fetchone()[0])
    if version >= target_version:
        return
    backup_path = path.with_name(f"{path.name}.before-{target_version}")
    backup_path.unlink(missing_ok=True)
    backup_path.touch(mode=0o600)  # it holds the API key, as the library does
    with sqlite3.connect(backup_path) as backup:
        database.connection().backup(backup)
    backup.close()
    runner = Runner(database, str(scripts))
    # A library created with this schema version never ran the earlier scripts.
    included = [each for each in runner.migrations() if each.idx <= version]
    if included:
        runner.up(target=included[-1].name, fake=True)
    runner.up()
    with database.atomic("EXCLUSIVE"):
        derived.rebuild(database)
        database.execute_sql(f"PRAGMA user_version = {target_version}")
