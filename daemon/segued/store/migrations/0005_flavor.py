"""Schema 5: lookups at AcousticBrainz."""

from typing import Any, Final

STEPS: Final = """
CREATE TABLE "acousticbrainz_cache" ("key" TEXT NOT NULL PRIMARY KEY,
    "question" TEXT NOT NULL, "answer" BLOB, "at" TEXT NOT NULL,
    "expires_at" TEXT) STRICT;
ALTER TABLE "lookups" RENAME TO "lookups_before";
DROP INDEX "lookups_file_id";
DROP INDEX "lookups_service_at";
CREATE TABLE "lookups" ("service" TEXT NOT NULL, "key" TEXT NOT NULL,
    "file_id" TEXT NOT NULL, "question" TEXT NOT NULL, "at" TEXT NOT NULL,
    "due_at" TEXT NOT NULL, PRIMARY KEY ("service", "key", "file_id"),
    FOREIGN KEY ("file_id") REFERENCES "files" ("id") ON DELETE CASCADE,
    CHECK (service IN ('acoustid', 'musicbrainz', 'acousticbrainz')))
    STRICT, WITHOUT ROWID;
CREATE INDEX "lookups_file_id" ON "lookups" ("file_id");
CREATE INDEX "lookups_service_at" ON "lookups" ("service", "at");
INSERT INTO "lookups" SELECT * FROM "lookups_before";
DROP TABLE "lookups_before"
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 4."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
