"""Schema 25: indexes of pending questions. The search index, made anew, lists terms."""

from typing import Any, Final

STEPS: Final = """
DROP INDEX "lookups_service_at";
CREATE INDEX lookups_newest ON lookups (service, at, due_at);
CREATE INDEX lookups_newest_of_kind
    ON lookups (service, substr(key, 1, instr(key, ':')), at, due_at);
CREATE INDEX lookups_to_count ON lookups (service, key, due_at)
"""


def up(migrator: Any, db: Any) -> None:  # noqa: ANN401
    """Migrate a library of schema 24. The large tables stay as they are."""
    del migrator
    for step in STEPS.split(";"):
        db.execute_sql(step)
