"""Schema 27: the groups of files with the same sound are kept; they are made anew."""

from typing import Any


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 26. Its tables stay as they are."""
    del migrator, db
