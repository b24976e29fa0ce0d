"""Schema 12: the CUE sheets of a file's folder are a part of its identity.

Files whose marks were read by older rules, and long files in containers whose chapters
were not read, are read again. Only fingerprints of new passages need a decode.
"""

from typing import Any, Final

STEPS: Final = """
ALTER TABLE "files" ADD COLUMN "sheets" TEXT;
CREATE TEMPORARY TABLE "read_again" AS SELECT "file_id" FROM "checkpoints"
    WHERE "phase" = 3 AND "payload" LIKE '%"marks":[{%';
INSERT INTO "read_again" SELECT "id" FROM "files"
    WHERE "duration_ticks" > 600 * 28224000
    AND lower(substr("path_text", -4)) IN
    ('.m4b', '.m4a', '.mp4', '.mka', '.mkv', 'webm', '.wma', '.asf');
DELETE FROM "checkpoints" WHERE "phase" >= 3
    AND "file_id" IN (SELECT "file_id" FROM "read_again");
UPDATE "files" SET "status" = 'PENDING' WHERE "status" = 'INGEST COMPLETE'
    AND "id" IN (SELECT "file_id" FROM "read_again");
DROP TABLE "read_again"
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 11."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
