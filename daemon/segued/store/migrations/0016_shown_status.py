"""Schema 16: a complete file is shown as complete while its import continues."""

from typing import Any, Final

STEPS: Final = """
ALTER TABLE "files" ADD COLUMN "shown_status" TEXT;
UPDATE "files" SET "shown_status" = "status";
CREATE INDEX "files_again" ON "files" ("path") WHERE shown_status <> status
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 14 or 15."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
