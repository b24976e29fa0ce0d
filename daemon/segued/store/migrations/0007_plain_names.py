"""Schema 7: tables and values are renamed to the names that the code uses.

The views do not change. Names are normalized again: an earlier version kept the
capitals in the decomposition of some characters, such as "™". The search index is built
after the last script: it now contains symbols, such as emoji. The assignment of phase 6
becomes a column, so that no query depends on the JSON of a checkpoint. Files that
failed for a cause outside their bytes get a time for another try.
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
UPDATE "checkpoints" SET "needs" = 'idle' WHERE "needs" = 'leisure';
UPDATE OR IGNORE "songs" SET "name_key" = segued_name_key("name_key")
    WHERE "name_key" <> segued_name_key("name_key");
UPDATE OR IGNORE "artists" SET "name_key" = segued_name_key("name_key")
    WHERE "name_key" <> segued_name_key("name_key");
UPDATE OR IGNORE "albums" SET "name_key" = segued_name_key("name_key")
    WHERE "name_key" <> segued_name_key("name_key")
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
