"""Schema 26: the search index, made anew, has the values that conditions compare."""

from typing import Any


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 25. Its tables stay as they are."""
    del migrator, db
