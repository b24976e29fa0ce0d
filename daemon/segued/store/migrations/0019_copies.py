"""Schema 19: sounds that are other encodings of one recording.

They are found when the files go through phase 10 again.
"""

from typing import Any, Final

STEPS: Final = """
CREATE TABLE "printed_sounds" ("id" INTEGER NOT NULL PRIMARY KEY,
    "audio_hash" TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX "printed_sounds_audio_hash" ON "printed_sounds" ("audio_hash");
CREATE TABLE "print_items" ("item" INTEGER NOT NULL, "sound_id" INTEGER NOT NULL,
    PRIMARY KEY ("item", "sound_id"), FOREIGN KEY ("sound_id")
    REFERENCES "printed_sounds" ("id") ON DELETE CASCADE) STRICT, WITHOUT ROWID;
CREATE INDEX "print_items_sound_id" ON "print_items" ("sound_id");
CREATE TABLE "same_sounds" ("audio_hash" TEXT NOT NULL, "other_hash" TEXT NOT NULL,
    "offset_ticks" INTEGER NOT NULL, "error" REAL NOT NULL, "spread_db" REAL NOT NULL,
    PRIMARY KEY ("audio_hash", "other_hash")) STRICT, WITHOUT ROWID
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 18."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
