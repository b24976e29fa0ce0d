"""Schema 24: the releases that people choose, and their history."""

from typing import Any, Final

STEPS: Final = """
CREATE TABLE "chosen_releases" ("audio_hash" TEXT NOT NULL PRIMARY KEY,
    "release_mbid" TEXT NOT NULL, "at" TEXT NOT NULL) STRICT, WITHOUT ROWID;
ALTER TABLE "answers" ADD COLUMN "releases" TEXT
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 23."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
