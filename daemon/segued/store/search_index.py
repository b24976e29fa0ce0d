"""Keep the search index of files and passages, which is derived from the other tables.

Triggers store the paths whose rows are stale; `refresh` rebuilds those rows at the end
of each transaction. The rows are numbered in the order of their paths, with gaps, as
BASIC programs number their lines: a new path takes a number between its neighbors, and
if none is free there, the rows after it get new ones.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from peewee import SqliteDatabase

from segued.store.search import split_statements

__all__ = ["refresh"]

STEP: Final = 4_096
"""Between the numbers of the rows of a new index."""

NEW_STEP: Final = 64
"""Between those of rows that are added, so that others can follow them."""

STEP_MIN: Final = 16
"""Rows that get new numbers are at least so far apart."""

WINDOW: Final = 64
"""So many rows get new numbers where there are none, or a multiple of it."""

UNLISTED_MAX: Final = 500
"""So many rows are searched one by one: to list each alone takes six times as long."""

STALE: Final = "path IN (SELECT path FROM index_stale)"

REBUILD_STATEMENTS: Final = tuple(
    split_statements(
        f"""
DELETE FROM passage_index
    WHERE place IN (SELECT place FROM file_index WHERE {STALE});
DELETE FROM file_index WHERE {STALE}
    AND NOT EXISTS (SELECT 1 FROM files WHERE files.path = file_index.path);
UPDATE file_index SET (file_id, status, words) = (
        SELECT file_id, status, words FROM file_words
        WHERE file_words.path = file_index.path
    )
    WHERE {STALE};
"""  # noqa: S608
    )
)
NEW_PATHS_SQL: Final = (
    f"SELECT path FROM files WHERE {STALE} AND NOT EXISTS"  # noqa: S608
    " (SELECT 1 FROM file_index WHERE file_index.path = files.path) ORDER BY path"
)
NEW_FILE_SQL: Final = (
    "INSERT INTO file_index SELECT ?, path, file_id, status, words, ''"
    " FROM file_words WHERE path = ?"
)
ALL_FILES_SQL: Final = f"""
INSERT INTO file_index
    SELECT {STEP} * row_number() OVER (ORDER BY path), path, file_id, status, words, ''
    FROM file_words
"""  # noqa: S608
PASSAGES_SQL: Final = f"""
INSERT INTO passage_index
    SELECT place, ordinal, passage_id, confidence, passage_words.words
    FROM passage_words JOIN file_index USING (path) WHERE {STALE}
"""  # noqa: S608
LISTING_STATEMENTS: Final = tuple(
    split_statements(
        """
INSERT INTO file_grams (file_grams, rowid, terms)
    SELECT 'delete', place, segued_terms(listed_words, listed_facts)
    FROM index_unlisted WHERE listed_words IS NOT NULL;
UPDATE file_index SET facts = (
        SELECT file_facts.facts FROM file_facts WHERE file_facts.path = file_index.path
    )
    WHERE place IN (SELECT place FROM index_unlisted);
INSERT INTO file_grams (rowid, terms)
    SELECT place, segued_terms(words, facts)
    FROM index_unlisted JOIN file_index USING (place) ORDER BY place;
DELETE FROM index_unlisted;
"""
    )
)


def refresh(database: SqliteDatabase) -> None:
    """Rebuild the stale rows of the index, within the current transaction."""
    execute = database.connection().execute
    if not execute("SELECT 1 FROM index_stale LIMIT 1").fetchone():
        return
    if not execute("SELECT 1 FROM file_index LIMIT 1").fetchone():
        execute(ALL_FILES_SQL)
    else:
        for statement in REBUILD_STATEMENTS:
            execute(statement)
        _insert_new_files(database)
    execute(PASSAGES_SQL)
    execute("DELETE FROM index_stale")
    unlisted = execute("SELECT count(*) FROM index_unlisted").fetchone()
    if unlisted[0] > UNLISTED_MAX:
        for statement in LISTING_STATEMENTS:
            execute(statement)


def _insert_new_files(database: SqliteDatabase) -> None:
    paths = [bytes(path) for (path,) in database.connection().execute(NEW_PATHS_SQL)]
    # All paths before the same row are numbered together.
    for _, group in groupby(paths, lambda path: _row_after(database, path)[0]):
        new = list(group)
        places = _free_places(database, new[0], len(new))
        database.connection().executemany(NEW_FILE_SQL, zip(places, new, strict=True))


def _row_after(
    database: SqliteDatabase, path: bytes
) -> tuple[bytes, int] | tuple[None, None]:
    """Return path and number of the row after a path."""
    row = database.execute_sql(
        "SELECT path, place FROM file_index WHERE path > ? ORDER BY path LIMIT 1",
        [path],
    ).fetchone()
    return (None, None) if row is None else (bytes(row[0]), int(row[1]))


def _place_before(database: SqliteDatabase, path: bytes) -> int:
    row = database.execute_sql(
        "SELECT place FROM file_index WHERE path < ? ORDER BY path DESC LIMIT 1", [path]
    ).fetchone()
    return 0 if row is None else int(row[0])


def _free_places(database: SqliteDatabase, path: bytes, count: int) -> Sequence[int]:
    """Return ascending numbers for new rows, of which the first has this path."""
    before = _place_before(database, path)
    _, after = _row_after(database, path)
    if after is None:
        return range(before + STEP, before + STEP * (count + 1), STEP)
    if after - before > count:
        step = min((after - before) // (count + 1), NEW_STEP)
        return range(before + step, before + step * (count + 1), step)
    return _make_room(database, before, count)


def _make_room(database: SqliteDatabase, before: int, count: int) -> Sequence[int]:
    """Number the rows after a place anew, with room for new rows before them."""
    rows, step = max(WINDOW, count), 0
    moved: list[int] = []
    while step < STEP_MIN:
        found = [
            place
            for (place,) in database.execute_sql(
                "SELECT place FROM file_index WHERE place > ? ORDER BY place LIMIT ?",
                [before, rows + 1],
            ).fetchall()
        ]
        moved = found[:rows]
        is_at_end = len(found) <= rows
        step = STEP if is_at_end else (found[-1] - before) // (rows + count + 1)
        rows *= 2
    places = [before + step * number for number in range(1, len(moved) + count + 1)]
    _move(database, moved, places[count:])
    return places[:count]


def _move(
    database: SqliteDatabase, places: Sequence[int], new_places: Sequence[int]
) -> None:
    """Give rows other numbers: by negative ones, which no row has."""
    connection = database.connection()
    for index in ("file_index", "passage_index"):
        update = f"UPDATE {index} SET place = ? WHERE place = ?"  # noqa: S608
        pairs = list(zip(places, new_places, strict=True))
        connection.executemany(update, [(-old, old) for old, _ in pairs])
        connection.executemany(update, [(new, -old) for old, new in pairs])
