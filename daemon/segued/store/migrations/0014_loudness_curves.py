"""Schema 14: the loudness curve of a file, from which passages get their loudness.

The measured loudness of passages stays; only audio without it is measured again.
"""

from typing import Any, Final

STEPS: Final = """
CREATE TABLE "loudness_curves" ("audio_hash" TEXT NOT NULL PRIMARY KEY,
    "version" INTEGER NOT NULL, "rate" INTEGER NOT NULL,
    "block_frames" INTEGER NOT NULL, "frames" INTEGER NOT NULL,
    "blocks" BLOB NOT NULL) STRICT
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 13."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
