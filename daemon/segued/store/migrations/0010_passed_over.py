"""Schema 10: what scans passed over, and why. The next scan fills the tables."""

from typing import Any, Final

STEPS: Final = """
CREATE TABLE "passed_names" ("folder" BLOB NOT NULL, "reason" TEXT NOT NULL,
    "folder_text" TEXT NOT NULL, "count" INTEGER NOT NULL, "names" TEXT NOT NULL,
    PRIMARY KEY ("folder", "reason")) STRICT, WITHOUT ROWID;
CREATE TABLE "passed_files" ("path" BLOB NOT NULL PRIMARY KEY, "folder" BLOB NOT NULL,
    "path_text" TEXT NOT NULL, "reason" TEXT NOT NULL, "size_bytes" INTEGER NOT NULL,
    "mtime_ns" INTEGER NOT NULL, "inode" INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX "passed_files_folder" ON "passed_files" ("folder")
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 9."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
