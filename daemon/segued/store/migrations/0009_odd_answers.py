"""Schema 9: questions whose answer could not be used, and merged MusicBrainz ids."""

import json
import zlib
from typing import Any, Final

STEPS: Final = """
CREATE TABLE "lookup_failures" ("service" TEXT NOT NULL, "key" TEXT NOT NULL,
    "question" TEXT NOT NULL, "reason" TEXT NOT NULL,
    "tries" INTEGER NOT NULL, "at" TEXT NOT NULL,
    "due_at" TEXT NOT NULL, PRIMARY KEY ("service", "key"),
    CHECK (service IN ('acoustid', 'musicbrainz', 'acousticbrainz'))) STRICT,
    WITHOUT ROWID;
CREATE TABLE "merged_ids" ("old_mbid" TEXT NOT NULL PRIMARY KEY,
    "new_mbid" TEXT NOT NULL) STRICT
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 8."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
    answers = db.execute_sql(
        "SELECT key, answer FROM musicbrainz_cache"
        " WHERE key BETWEEN 'release:' AND 'release:~' AND answer IS NOT NULL"
    )
    for key, answer in answers:
        old_mbid = key.removeprefix("release:")
        new_mbid = _merged_into(old_mbid, zlib.decompress(answer))
        if new_mbid:
            db.execute_sql("INSERT INTO merged_ids VALUES (?, ?)", (old_mbid, new_mbid))


def _merged_into(mbid: str, answer: bytes) -> str:
    """Return the id of the release in an answer if it has another one, or nothing."""
    if not answer or mbid.encode() in answer.lower():
        return ""
    try:
        found = json.loads(answer)["id"].lower()
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return str(found)
