"""Schema 3: an index on the inode, for renamed files, and crash counts."""

from typing import Any, Final

STEPS: Final = """
CREATE INDEX "files_inode" ON "files" ("inode");
CREATE TABLE "crashes" ("file_id" TEXT NOT NULL PRIMARY KEY,
    "count" INTEGER NOT NULL,
    FOREIGN KEY ("file_id") REFERENCES "files" ("id") ON DELETE CASCADE)
    STRICT
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 2."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
