"""Schema 4: the search index, which is built after the last script."""

from typing import Any


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 3: no table changes."""
    del migrator, db
