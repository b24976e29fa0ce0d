"""Schema 4: the search index of files and passages."""

from typing import Any

from segued.store import search


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 3."""
    del migrator
    search.build(db)
