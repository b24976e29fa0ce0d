"""Schema 2: pending lookups, cached answers and overrides."""

from typing import Any, Final

STEPS: Final = """
CREATE TABLE "acoustid_cache" ("key" TEXT NOT NULL PRIMARY KEY,
    "question" TEXT NOT NULL, "answer" BLOB, "at" TEXT NOT NULL,
    "expires_at" TEXT) STRICT;
CREATE TABLE "musicbrainz_cache" ("key" TEXT NOT NULL PRIMARY KEY,
    "question" TEXT NOT NULL, "answer" BLOB, "at" TEXT NOT NULL,
    "expires_at" TEXT) STRICT;
CREATE TABLE "lookups" ("service" TEXT NOT NULL, "key" TEXT NOT NULL,
    "file_id" TEXT NOT NULL, "question" TEXT NOT NULL, "at" TEXT NOT NULL,
    "due_at" TEXT NOT NULL, PRIMARY KEY ("service", "key", "file_id"),
    FOREIGN KEY ("file_id") REFERENCES "files" ("id") ON DELETE CASCADE,
    CHECK (service IN ('acoustid', 'musicbrainz'))) STRICT, WITHOUT ROWID;
CREATE INDEX "lookups_file_id" ON "lookups" ("file_id");
CREATE INDEX "lookups_service_at" ON "lookups" ("service", "at");
CREATE TABLE "overrules" ("audio_hash" TEXT NOT NULL,
    "start_ticks" INTEGER NOT NULL, "recording_mbid" TEXT, "title" TEXT,
    "artist" TEXT, "at" TEXT NOT NULL,
    PRIMARY KEY ("audio_hash", "start_ticks")) STRICT, WITHOUT ROWID
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 1."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
