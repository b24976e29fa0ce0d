"""Schema 18: questions about matches, and the history of people's answers.

The questions are derived when songs are matched again, from the stored answers of the
services.
"""

from typing import Any, Final

STEPS: Final = """
ALTER TABLE "decisions" ADD COLUMN "question" TEXT;
ALTER TABLE "decisions" ADD COLUMN "question_text" TEXT;
ALTER TABLE "decisions" ADD COLUMN "candidates" TEXT;
ALTER TABLE "decisions" ADD COLUMN "urgency" INTEGER;
CREATE INDEX "decisions_urgency" ON "decisions" ("urgency") WHERE urgency IS NOT NULL;
ALTER TABLE "overrides" ADD COLUMN "keeps_match" INTEGER;
CREATE TABLE "answers" ("id" INTEGER NOT NULL PRIMARY KEY, "at" TEXT NOT NULL,
    "person" TEXT NOT NULL, "program" TEXT NOT NULL, "version" TEXT NOT NULL,
    "action" TEXT NOT NULL, "changes" TEXT NOT NULL, "undoes" INTEGER) STRICT
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 17."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
