"""Schema 23: the search index, which is made anew, counts its rows."""

from typing import Any


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 22, of which no table changes."""
    del migrator, db
