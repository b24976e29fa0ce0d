"""Schema 4: files and passages can be searched."""

from typing import Any

from segued.store import search


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Bring a library of schema 3 up to date."""
    del migrator
    search.build(db)
