"""Schema 21: what the libraries of other programs say about files."""

from typing import Any, Final

STEPS: Final = """
CREATE TABLE "imported_ids" ("file_id" TEXT NOT NULL, "source" TEXT NOT NULL,
    "recording_mbid" TEXT, "release_mbid" TEXT, "added_at" TEXT,
    "read_at" TEXT NOT NULL, PRIMARY KEY ("file_id", "source"),
    FOREIGN KEY ("file_id") REFERENCES "files" ("id") ON DELETE CASCADE)
    STRICT, WITHOUT ROWID;
CREATE TABLE "listening" ("file_id" TEXT NOT NULL, "source" TEXT NOT NULL,
    "rating" INTEGER, "play_count" INTEGER, "last_played" TEXT,
    "read_at" TEXT NOT NULL, PRIMARY KEY ("file_id", "source"),
    FOREIGN KEY ("file_id") REFERENCES "files" ("id") ON DELETE CASCADE,
    CHECK (rating BETWEEN 0 AND 100), CHECK (play_count >= 0)) STRICT, WITHOUT ROWID
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 20."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
