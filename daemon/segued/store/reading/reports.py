"""Query the library for reports: tables, summary, counts, flavors, sessions.

Each function opens its own read-only connection, so it can run during an import.
"""

import json
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from segued.errors import StoreError
from segued.paths import folder_prefix, shown
from segued.store.reading.problems import FILE_PROBLEMS
from segued.store.sqlite_errors import library_error

__all__ = [
    "CARD_COUNT",
    "TOPICS",
    "count_cards",
    "explanation",
    "kept_counts",
    "open_read_only",
    "passages_with_reasons",
    "passed_over_counts",
    "pending_folders",
    "remembered_tags",
    "roots",
    "rows",
    "session",
    "stored_settings",
    "under",
]

TOPICS: Final = {
    "files": "SELECT * FROM library_files ORDER BY path_bytes",
    # In the order of indexes: to sort a million wide rows takes minutes.
    "passages": (
        "SELECT library_passages.* FROM files CROSS JOIN passages"
        " ON passages.file_id = files.id CROSS JOIN library_passages"
        " ON library_passages.passage_id = passages.id"
        " ORDER BY files.path, passages.ordinal"
    ),
    "failures": (
        "SELECT files.id AS file_id, files.path_text AS path, files.status,"  # noqa: S608
        f" phase, code, detail, at, fatal, retry_at FROM {FILE_PROBLEMS}"
        " JOIN files ON files.id = problems.file_id AND files.status <> 'MISSING'"
        " ORDER BY fatal DESC, code, files.path"
    ),
    "passed-over": (
        "SELECT reason, folder_text || '/' || value AS path, 0 AS more"
        " FROM passed_names, json_each(names)"
        " UNION ALL SELECT reason, path_text, 0 FROM passed_files"
        " UNION ALL SELECT reason, folder_text || '/', count - json_array_length(names)"
        " FROM passed_names WHERE count > json_array_length(names)"
        " ORDER BY reason, more, path"
    ),
    "copies": "SELECT * FROM library_copies ORDER BY copy_id, is_best DESC, path",
    "review": (
        "SELECT card_id, album_id, file_id, passage_id, question, text, urgency"
        " FROM library_review ORDER BY urgency DESC, card_id, passage_id"
    ),
}
"""The query of each table that `segued library` prints, and `rows` gives."""

ROOTS: Final = """
    WITH RECURSIVE roots (root) AS (
        SELECT min(root) FROM files
        UNION ALL
        SELECT (SELECT min(files.root) FROM files WHERE files.root > roots.root)
        FROM roots WHERE roots.root IS NOT NULL
    )
    SELECT root FROM roots WHERE root IS NOT NULL"""
"""Goes from root to root in their index; DISTINCT would read an entry for each file."""

CARD_COUNT: Final = "SELECT count(DISTINCT card_id) FROM library_review"


@contextmanager
def open_read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a read-only connection to a library for the duration of the context.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    if not path.exists():
        raise StoreError(f"{path}: there is no library yet; import something first")
    try:
        # Not used by two threads at once; one may continue what another has begun.
        database = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False
        )
        try:
            database.row_factory = sqlite3.Row
            yield database
        finally:
            database.close()
    except sqlite3.Error as error:
        raise library_error(path, error) from error


def rows(path: Path, topic: str) -> Generator[dict[str, Any]]:
    """Yield the rows of one of `TOPICS`, each by column name.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(path) as database:
        for row in database.execute(TOPICS[topic]):
            yield dict(row)


def count_cards(path: Path) -> int:
    """Return the number of albums and files with questions for a person.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(path) as database:
        ((count,),) = database.execute(CARD_COUNT)
    return int(count)


def passed_over_counts(
    database: sqlite3.Connection, roots: Sequence[bytes] = ()
) -> dict[str, int]:
    """Count what scans passed over in some folders, or in all, by reason."""
    counted = (
        "(SELECT folder, reason, count FROM passed_names"
        " UNION ALL SELECT folder, reason, 1 FROM passed_files)"
    )
    ranges = " OR ".join("folder = ? OR (folder > ? AND folder < ?)" for _ in roots)
    bounds = [
        each
        for prefix in map(folder_prefix, roots)
        for each in (prefix[:-1] or b"/", prefix, prefix[:-1] + b"0")
    ]
    rows = database.execute(
        f"SELECT reason, sum(count) FROM {counted} WHERE {ranges or 1} GROUP BY reason",  # noqa: S608
        bounds,
    )
    return dict(rows.fetchall())


def kept_counts(database: sqlite3.Connection, index: str) -> dict[str, int]:
    """Return the number of files by status, or of passages by confidence.

    Args:
        database: The library.
        index: `file_index` or `passage_index`.
    """
    counts = database.execute(
        "SELECT kind, count FROM index_counts"
        " WHERE listing = ? AND count > 0 ORDER BY kind",
        [index],
    )
    return dict(counts.fetchall())


def under(roots: Sequence[bytes]) -> tuple[str, list[bytes]]:
    """Return the SQL condition that a file is below one of the folders, and its values.

    Without folders, the condition is always true.
    """
    prefixes = map(folder_prefix, roots)
    # "0" is the character after "/", so these are ranges of paths with the prefix.
    bounds = [each for prefix in prefixes for each in (prefix, prefix[:-1] + b"0")]
    ranges = " OR ".join("(files.path > ? AND files.path < ?)" for _ in roots)
    return f"({ranges or 1})", bounds


def roots(path: Path) -> list[bytes]:
    """Return the music folders in which the library's files were found.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(path) as database:
        return [bytes(root) for (root,) in database.execute(ROOTS)]


def pending_folders(path: Path) -> list[bytes]:
    """Return the folders with files that wait to be imported.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(path) as database:
        rows = database.execute(
            "SELECT DISTINCT folder FROM files WHERE status = 'PENDING' ORDER BY folder"
        )
        return [bytes(folder) for (folder,) in rows]


def passages_with_reasons(path: Path, file: bytes) -> list[dict[str, Any]]:
    """Return the passages of a file, each with the reasons for its match.

    Args:
        path: Path of the library.
        file: Absolute path of the file, as the file system's bytes.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(path) as database:
        rows = database.execute(
            "SELECT library_passages.*, reason, evidence, rejected"
            " FROM library_passages JOIN decisions USING (passage_id)"
            " JOIN library_files USING (file_id)"
            " WHERE library_files.path_bytes = ? ORDER BY ordinal",
            [file],
        )
        return [
            {
                **dict(row),
                "evidence": json.loads(row["evidence"]),
                "rejected": json.loads(row["rejected"]),
            }
            for row in rows
        ]


def explanation(path: Path, file: bytes) -> dict[str, Any]:
    """Return the passages of a file with their reasons, and its remembered tags.

    Args:
        path: Path of the library.
        file: Absolute path of the file, as the file system's bytes.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    return {
        "file": shown(file),
        "passages": passages_with_reasons(path, file),
        "remembered_tags": remembered_tags(path, file),
    }


def remembered_tags(path: Path, file: bytes) -> dict[str, dict[str, Any]]:
    """Return the tags that a file does not hold any more: value and date, by field.

    Args:
        path: Path of the library.
        file: Absolute path of the file, as the file system's bytes.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(path) as database:
        rows = database.execute(
            "SELECT remembered_tags FROM library_files WHERE path_bytes = ?", [file]
        )
        for (text,) in rows:
            return json.loads(text) if text else {}
    return {}


def session(path: Path, session_id: str | None = None) -> dict[str, Any] | None:
    """Return an import session by its id, or the newest one; None if there is none.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(path) as database:
        row = database.execute(
            "SELECT * FROM import_sessions WHERE id = ? OR ? IS NULL"
            " ORDER BY rowid DESC LIMIT 1",
            [session_id, session_id],
        ).fetchone()
        return {**dict(row), "roots": json.loads(row["roots"])} if row else None


def stored_settings(path: Path) -> dict[str, Any]:
    """Return the settings that the library stores, by name.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(path) as database:
        rows = database.execute("SELECT key, value FROM settings")
        return {key: json.loads(value) for key, value in rows}
