"""Schema 17: a number for the last change of each row of the views."""

from typing import Any, Final

STEPS: Final = """
CREATE TABLE "row_changes" ("kind" TEXT NOT NULL, "id" TEXT NOT NULL,
    "change" INTEGER NOT NULL, PRIMARY KEY ("kind", "id")) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX "row_changes_change" ON "row_changes" ("change");
CREATE TABLE "changed_rows" ("kind" TEXT NOT NULL, "id" TEXT NOT NULL,
    PRIMARY KEY ("kind", "id")) STRICT, WITHOUT ROWID
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 16."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
