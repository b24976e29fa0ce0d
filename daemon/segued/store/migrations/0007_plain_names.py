"""Schema 7: tables and values are renamed to the names that the code uses.

The views do not change. Names are normalized again: an earlier version kept the
capitals in the decomposition of some characters, such as "™". The assignment of
phase 6 becomes a column, so that no query depends on the JSON of a checkpoint. Files
that failed for a cause outside their bytes get a time for another try.
"""

from typing import Any, Final

from segued.matching.normalize import name_key

STEPS: Final = """
ALTER TABLE "level_curves" RENAME TO "decode_cache";
ALTER TABLE "sounds" RENAME TO "analyzer_outputs";
ALTER TABLE "analyzer_outputs" RENAME COLUMN "said" TO "output";
ALTER TABLE "overrules" RENAME TO "overrides";
ALTER TABLE "files" ADD COLUMN "assignment" TEXT;
UPDATE "files" SET "assignment" = (
    SELECT json_extract("payload", '$.given') FROM "checkpoints"
    WHERE "file_id" = "files"."id" AND "phase" = 6
) WHERE "id" IN (SELECT "file_id" FROM "checkpoints" WHERE "phase" = 6);
ALTER TABLE "failures" ADD COLUMN "tries" INTEGER;
ALTER TABLE "failures" ADD COLUMN "retry_at" TEXT;
CREATE INDEX "failures_retry_at" ON "failures" ("retry_at") WHERE retry_at IS NOT NULL;
UPDATE "failures" SET "retry_at" = "at" WHERE "fatal" = 1
    AND "code" IN ('permission', 'io', 'timeout', 'memory', 'spool');
UPDATE "checkpoints" SET "needs" = 'idle' WHERE "needs" = 'leisure';
UPDATE OR IGNORE "songs" SET "name_key" = segued_name_key("name_key")
    WHERE "name_key" <> segued_name_key("name_key");
UPDATE OR IGNORE "artists" SET "name_key" = segued_name_key("name_key")
    WHERE "name_key" <> segued_name_key("name_key");
UPDATE OR IGNORE "albums" SET "name_key" = segued_name_key("name_key")
    WHERE "name_key" <> segued_name_key("name_key");
UPDATE "file_index" SET "words" = segued_plain("words")
    WHERE "words" <> segued_plain("words");
UPDATE "passage_index" SET "words" = segued_plain("words")
    WHERE "words" <> segued_plain("words")
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 6."""
    del migrator
    # A row whose new key another row has keeps its key, and its passages are linked to
    # the other row when they are matched again.
    db.register_function(_normalize_key, "segued_name_key", 1)
    for step in STEPS.split(";"):
        db.execute_sql(step)


def _normalize_key(key: str | None) -> str | None:
    return None if key is None else name_key(*key.split("\x1f"))
