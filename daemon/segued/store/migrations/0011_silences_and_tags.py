"""Schema 11: long silences inside passages, and tags that a file held before.

Files get their ctime at the next scan, without being read.

The silences are measured in stored level curves, if there are any, and so are lead
points that were not found. Files of containers whose tags are read only since then are
read again.
"""

import zlib
from typing import Any, Final

STEPS: Final = """
DROP VIEW IF EXISTS "library_passages";
DROP VIEW IF EXISTS "library_files";
ALTER TABLE "passages" ADD COLUMN "silences" TEXT;
ALTER TABLE "files" ADD COLUMN "remembered_tags" TEXT;
ALTER TABLE "files" ADD COLUMN "tags_read_at" TEXT;
ALTER TABLE "files" ADD COLUMN "ctime_ns" INTEGER;
ALTER TABLE "files" ADD COLUMN "retagged_ns" INTEGER;
UPDATE "files" SET "tags_read_at" = (SELECT "at" FROM "checkpoints"
    WHERE "file_id" = "id" AND "phase" = 3) WHERE "tags" IS NOT NULL
"""

READ_AGAIN: Final = """
DELETE FROM "checkpoints" WHERE "phase" >= 3 AND "file_id" IN
    (SELECT "id" FROM "files" WHERE lower("path_text") LIKE ?);
UPDATE "files" SET "status" = 'PENDING'
    WHERE "status" = 'INGEST COMPLETE' AND lower("path_text") LIKE ?
"""

NOT_FOUND: Final = """
CREATE TEMPORARY TABLE "measure_again" AS
    SELECT DISTINCT "file_id" FROM "passages" JOIN "files" ON "files"."id" = "file_id"
    WHERE ("lead_in_ticks" IS NULL OR "lead_out_ticks" IS NULL)
    AND "audio_hash" IN (SELECT "audio_hash" FROM "decode_cache")
"""

MEASURE_AGAIN: Final = """
DELETE FROM "checkpoints" WHERE "phase" >= 8
    AND "file_id" IN (SELECT "file_id" FROM "measure_again");
UPDATE "files" SET "status" = 'PENDING' WHERE "status" = 'INGEST COMPLETE'
    AND "id" IN (SELECT "file_id" FROM "measure_again");
DROP TABLE "measure_again"
"""

QUIET: Final = bytes(120) + b"\1" * 136
"""For each level byte, whether it is -60 dBFS or less."""

LONG_SILENCE: Final = b"\1" * 990
"""Its hops, of 10 ms."""

ENDINGS: Final = ("mka", "mkv", "webm", "caf", "au", "snd", "w64")


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 8 to 10."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
    for ending in ENDINGS:
        for step in READ_AGAIN.split(";"):
            db.execute_sql(step, [f"%.{ending}"])
    for step in NOT_FOUND.split(";"):
        db.execute_sql(step)
    for audio, levels in db.execute_sql("SELECT audio_hash, levels FROM decode_cache"):
        if LONG_SILENCE in zlib.decompress(levels).translate(QUIET):
            db.execute_sql(
                'INSERT INTO "measure_again" SELECT "id" FROM "files"'
                ' WHERE "audio_hash" = ?',
                [audio],
            )
    for step in MEASURE_AGAIN.split(";"):
        db.execute_sql(step)
