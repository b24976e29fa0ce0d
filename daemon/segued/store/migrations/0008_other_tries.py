"""Schema 8: files that failed for a cause that may have gone are tried again.

A file that failed for a cause outside its bytes gets a time for another try. Files that
were not recognized as audio, or whose tags could not be read, are read again: more are
recognized now. So is audio whose channels cancel each other in their mean, from which
the level was computed.
"""

import json
import math
import zlib
from typing import Any, Final

STEPS: Final = """
ALTER TABLE "failures" ADD COLUMN "tries" INTEGER;
ALTER TABLE "failures" ADD COLUMN "retry_at" TEXT;
CREATE INDEX "failures_retry_at" ON "failures" ("retry_at") WHERE retry_at IS NOT NULL;
UPDATE "failures" SET "retry_at" = "at" WHERE "fatal" = 1
    AND "code" IN ('permission', 'io', 'timeout', 'memory', 'spool');
DELETE FROM "checkpoints" WHERE "phase" >= 2 AND "file_id" IN
    (SELECT "file_id" FROM "failures" WHERE "fatal" = 1 AND "code" = 'not-audio');
UPDATE "files" SET "status" = 'PENDING' WHERE "status" = 'FAILED' AND "id" IN
    (SELECT "file_id" FROM "failures" WHERE "fatal" = 1 AND "code" = 'not-audio');
DELETE FROM "checkpoints" WHERE "phase" >= 3 AND "file_id" IN
    (SELECT "file_id" FROM "failures" WHERE "fatal" = 0 AND "code" = 'tags');
UPDATE "files" SET "status" = 'PENDING' WHERE "status" = 'INGEST COMPLETE' AND "id" IN
    (SELECT "file_id" FROM "failures" WHERE "fatal" = 0 AND "code" = 'tags')
"""

FORGET_AUDIO: Final = """
DELETE FROM "checkpoints" WHERE "phase" >= 4
    AND "file_id" IN (SELECT "id" FROM "files" WHERE "audio_hash" = :audio);
UPDATE "files" SET "status" = 'PENDING' WHERE "audio_hash" = :audio
    AND "status" IN ('INGEST COMPLETE', 'NO AUDIO');
DELETE FROM "decode_cache" WHERE "audio_hash" = :audio
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 7."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
    rows = db.execute_sql(
        "SELECT audio_hash, levels, hop_frames, facts FROM decode_cache"
    )
    cancelled = [audio for audio, *row in rows if _channels_cancel(*row)]
    for audio in cancelled:
        for step in FORGET_AUDIO.split(";"):
            db.execute_sql(step, {"audio": audio})


def _channels_cancel(levels: bytes, hop_frames: int, facts_json: str) -> bool:
    """Return whether the loudest hop cannot have the peak, unless channels cancel.

    A single peak in one channel of a hop that is silent otherwise still has this level.
    """
    facts = json.loads(facts_json)
    if facts["channels"] < 2 or not facts["peak"]:  # noqa: PLR2004
        return False
    steps_of_half_decibels = min(zlib.decompress(levels), default=255)
    least = 20 * math.log10(facts["peak"] / facts["channels"])
    least -= 10 * math.log10(hop_frames)
    return -steps_of_half_decibels / 2 < least - 1
