"""Schema 13: spectrum curves. Audio that was decoded earlier has none."""

from typing import Any, Final

STEPS: Final = """
CREATE TABLE "spectrum_cache" ("audio_hash" TEXT NOT NULL PRIMARY KEY,
    "version" INTEGER NOT NULL, "interval_frames" INTEGER NOT NULL,
    "spectra" BLOB NOT NULL) STRICT
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 12."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
