"""Keep the groups of files with the same sound, which are derived from other tables.

Triggers note the sounds whose groups are stale (`schema/copies.sql`).
"""

from typing import Final

from peewee import SqliteDatabase

from segued.store.search import split_statements

__all__ = ["GROUP_SQL", "REFRESH_STATEMENTS", "refresh"]

STALE: Final = "audio_hash IN (SELECT audio_hash FROM stale_sounds)"

REFRESH_STATEMENTS: Final = tuple(
    split_statements(
        f"""
INSERT OR IGNORE INTO stale_sounds
    SELECT other_hash FROM stale_sounds CROSS JOIN same_sounds USING (audio_hash);
INSERT OR IGNORE INTO stale_groups SELECT copy_id FROM copy_members WHERE {STALE};
DELETE FROM copy_members WHERE {STALE};
INSERT INTO copy_members
    SELECT audio_hash, coalesce(
        (
            SELECT min(other_hash) FROM same_sounds
            WHERE same_sounds.audio_hash = stale_sounds.audio_hash
            AND other_hash < stale_sounds.audio_hash
            AND EXISTS (
                SELECT 1 FROM files
                WHERE files.audio_hash = other_hash AND status <> 'MISSING'
            )
        ),
        audio_hash
    )
    FROM stale_sounds
    WHERE EXISTS (
        SELECT 1 FROM same_sounds
        WHERE same_sounds.audio_hash = stale_sounds.audio_hash
    )
    OR 1 < (
        SELECT count(*) FROM files
        WHERE files.audio_hash = stale_sounds.audio_hash AND status <> 'MISSING'
    );
INSERT OR IGNORE INTO stale_groups SELECT copy_id FROM copy_members WHERE {STALE};
DELETE FROM copy_groups WHERE copy_id IN (SELECT copy_id FROM stale_groups);
DELETE FROM stale_sounds;
"""  # noqa: S608
    )
)

# The view only looks at the files of one group if the group is compared with a value.
GROUP_SQL: Final = """
INSERT INTO copy_groups
    SELECT copy_id, sum(size_bytes) FILTER (WHERE NOT is_best)
    FROM library_copies WHERE copy_id = ? GROUP BY copy_id
"""


def refresh(database: SqliteDatabase) -> None:
    """Derive the stale groups anew, within the current transaction."""
    execute = database.connection().execute
    if not execute("SELECT 1 FROM stale_sounds LIMIT 1").fetchone():
        return
    for statement in REFRESH_STATEMENTS:
        execute(statement)
    stale = execute("SELECT copy_id FROM stale_groups").fetchall()
    database.connection().executemany(GROUP_SQL, stale)
    execute("DELETE FROM stale_groups")
