"""Schema 6: analyzer outputs, and columns for flavor details and measurements.

The views, which have columns of later schemas, are created again after the last script.
"""

from typing import Any, Final

STEPS: Final = """
CREATE TABLE "sounds" ("audio_hash" TEXT NOT NULL, "start_ticks" INTEGER NOT NULL,
    "end_ticks" INTEGER NOT NULL, "source" TEXT NOT NULL, "version" TEXT NOT NULL,
    "said" BLOB NOT NULL, "at" TEXT NOT NULL,
    PRIMARY KEY ("audio_hash", "start_ticks", "end_ticks", "source"),
    CHECK (0 <= start_ticks AND start_ticks < end_ticks)) STRICT;
ALTER TABLE "passages" ADD COLUMN "flavor_version" TEXT;
ALTER TABLE "passages" ADD COLUMN "flavored_at" TEXT;
ALTER TABLE "passages" ADD COLUMN "flavor_failure" TEXT;
ALTER TABLE "passages" ADD COLUMN "bpm" REAL;
ALTER TABLE "passages" ADD COLUMN "key" TEXT;
ALTER TABLE "passages" ADD COLUMN "scale" TEXT;
ALTER TABLE "passages" ADD COLUMN "key_strength" REAL;
ALTER TABLE "passages" ADD COLUMN "loudness_lufs" REAL;
ALTER TABLE "passages" ADD COLUMN "loudness_range_lu" REAL;
ALTER TABLE "passages" ADD COLUMN "true_peak_dbtp" REAL;
CREATE INDEX "passages_flavorless" ON "passages" ("file_id", "ordinal")
    WHERE flavor_failure IS NOT NULL;
ALTER TABLE "songs" ADD COLUMN "flavor_version" TEXT;
ALTER TABLE "songs" ADD COLUMN "flavored_at" TEXT;
ALTER TABLE "songs" ADD COLUMN "flavor_passage" TEXT;
ALTER TABLE "passage_songs" ADD COLUMN "length_ticks" INTEGER;
UPDATE "songs" SET "flavor_version" = substr("flavor_source", 10),
    "flavor_source" = 'essentia' WHERE "flavor_source" LIKE 'essentia %';
UPDATE "passages" SET "flavor_version" = substr("flavor_source", 10),
    "flavor_source" = 'essentia' WHERE "flavor_source" LIKE 'essentia %';
DROP VIEW "library_passages";
DROP VIEW "library_files"
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 5."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
