"""Schema 22: an index of the music folders that files were found in."""

from typing import Any


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 21."""
    del migrator
    db.execute_sql('CREATE INDEX "files_root" ON "files" ("root")')
