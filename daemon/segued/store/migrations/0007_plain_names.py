"""Schema 7: tables and values are renamed to the names that the code uses.

The views do not change. The assignment of phase 6 becomes a column, so that no
query depends on the JSON of a checkpoint.
"""

from typing import Any, Final

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
UPDATE "checkpoints" SET "needs" = 'idle' WHERE "needs" = 'leisure'
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 6."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
