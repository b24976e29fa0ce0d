"""Schema 20: events for other programs, until they have taken them."""

from typing import Any, Final

STEPS: Final = """
CREATE TABLE "outbox" ("id" INTEGER NOT NULL PRIMARY KEY, "receiver" TEXT NOT NULL,
    "event" TEXT NOT NULL, "subject" TEXT NOT NULL, "payload" TEXT NOT NULL) STRICT;
CREATE INDEX "outbox_receiver_id" ON "outbox" ("receiver", "id");
CREATE TABLE "told_subjects" ("event" TEXT NOT NULL, "subject" TEXT NOT NULL,
    "state" TEXT NOT NULL, PRIMARY KEY ("event", "subject")) STRICT, WITHOUT ROWID
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 19."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
