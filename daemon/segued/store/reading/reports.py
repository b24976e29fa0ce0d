"""The library as people and other programs read it: through its stable views.

Everything here reads on a connection of its own that cannot write, so it may
be used beside a running import.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from segued.errors import StoreError
from segued.model import Need
from segued.paths import folder_prefix, shown
from segued.progress.progress import FileCounts
from segued.store.reading.problems import FILE_PROBLEMS
from segued.store.sqlite_errors import store_error

__all__ = [
    "TOPICS",
    "FlavoredPassage",
    "Summary",
    "count_files",
    "open_read_only",
    "passages_with_flavor",
    "passages_with_reasons",
    "roots",
    "rows",
    "session",
    "summary",
]

TOPICS: Final = {
    "files": "SELECT * FROM library_files ORDER BY path_bytes",
    "passages": "SELECT * FROM library_passages ORDER BY path, ordinal",
    "failures": (
        "SELECT files.id AS file_id, files.path_text AS path, files.status,"  # noqa: S608
        f" phase, code, detail, at, fatal FROM {FILE_PROBLEMS}"
        " JOIN files ON files.id = problems.file_id AND files.status <> 'MISSING'"
        " ORDER BY fatal DESC, code, files.path"
    ),
}
"""What can be asked for, and how it is read."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What is in the library, or in some folders of it.

    Attributes:
        files: Files by status.
        passages: Passages by confidence.
        failed: Code and sentence of every failed file.
        warned: The same of files imported in spite of something.
        waiting: Complete files with deferred work, by what it waits for.
    """

    files: dict[str, int] = field(default_factory=dict)
    passages: dict[str, int] = field(default_factory=dict)
    failed: list[tuple[str, str]] = field(default_factory=list)
    warned: list[tuple[str, str]] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FlavoredPassage:
    """A passage, and how it sounds.

    Attributes:
        source: Who says so.
        flavor: JSON, as it is kept.
    """

    passage: str
    path: str
    ordinal: int
    artist: str | None
    title: str | None
    source: str
    flavor: str


@contextmanager
def open_read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a library to read from it, within this context.

    Raises:
        StoreError: There is no library there, or it cannot be read.
    """
    if not path.exists():
        raise StoreError(f"{path}: there is no library yet; import something first")
    try:
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            database.row_factory = sqlite3.Row
            yield database
        finally:
            database.close()
    except sqlite3.Error as error:
        raise store_error(path, error) from error


def rows(path: Path, topic: str) -> Iterator[dict[str, Any]]:
    """Yield what the library says on one of `TOPICS`, a row at a time.

    Raises:
        StoreError: There is no library there, or it cannot be read.
    """
    with open_read_only(path) as database:
        for row in database.execute(TOPICS[topic]):
            yield dict(row)


def summary(path: Path, roots: Sequence[bytes] = ()) -> Summary:
    """Sum up the library, or what it knows below some folders.

    Raises:
        StoreError: There is no library there, or it cannot be read.
    """
    condition, bounds = _under(roots)

    with open_read_only(path) as database:

        def select(columns: str, rest: str = "") -> list[Any]:
            sql = f"SELECT {columns} FROM files {rest}"  # noqa: S608
            return database.execute(sql.replace("BELOW", condition), bounds).fetchall()

        def problems(fatal: int) -> list[tuple[str, str]]:
            found = select(
                "code, detail",
                f"JOIN {FILE_PROBLEMS} ON problems.file_id = files.id WHERE BELOW"
                f" AND fatal = {fatal} AND status <> 'MISSING'"
                " ORDER BY code, files.path",
            )
            return [(code, detail) for code, detail in found]

        return Summary(
            files=dict(select("status, count(*)", "WHERE BELOW GROUP BY status")),
            passages=dict(
                select(
                    "confidence, count(*)",
                    "JOIN passages ON passages.file_id = files.id"
                    " WHERE BELOW AND files.status = 'INGEST COMPLETE'"
                    " GROUP BY confidence",
                )
            ),
            failed=problems(1),
            warned=problems(0),
            waiting=dict(
                select(
                    "needs, count(DISTINCT files.id)",
                    "JOIN checkpoints ON checkpoints.file_id = files.id WHERE BELOW"
                    " AND files.status = 'INGEST COMPLETE' AND needs IS NOT NULL"
                    " GROUP BY needs",
                )
            ),
        )


def _under(roots: Sequence[bytes]) -> tuple[str, list[bytes]]:
    """Return the condition that a file is below one of some folders, and its values.

    Without folders, all files are.
    """
    slashes = map(folder_prefix, roots)
    bounds = [each for slash in slashes for each in (slash, slash[:-1] + b"0")]
    either = " OR ".join("(files.path > ? AND files.path < ?)" for _ in roots)
    return f"({either or 1})", bounds


def count_files(path: Path, roots: Sequence[bytes]) -> FileCounts:
    """Count the files below some folders that are not missing.

    Raises:
        StoreError: There is no library there, or it cannot be read.
    """
    total = done = failed = 0
    if not roots:
        return FileCounts(0, 0, 0, 0, 0)
    condition, bounds = _under(roots)
    with open_read_only(path) as database:

        def select(sql: str) -> list[Any]:
            return database.execute(sql.replace("BELOW", condition), bounds).fetchall()

        for status, count in select(
            "SELECT status, count(*) FROM files WHERE BELOW"
            " AND status <> 'MISSING' GROUP BY status"
        ):
            total += count
            done += count if status not in {"PENDING", "PROCESSING"} else 0
            failed += count if status == "FAILED" else 0
        waiting = (
            f"SELECT count(DISTINCT file_id) FILTER (WHERE needs <> '{Need.IDLE}'),"  # noqa: S608
            f" count(*) FILTER (WHERE needs = '{Need.IDLE}') FROM checkpoints"
        )
        ((has_others,),) = select("SELECT EXISTS (SELECT 1 FROM files WHERE NOT BELOW)")
        if has_others:
            ((deferred, unanalyzed),) = select(
                f"{waiting} JOIN files ON files.id = file_id WHERE BELOW"
                " AND needs IS NOT NULL AND status <> 'MISSING'"
            )
        else:
            # A thirtieth of the effort, and the same: all there is is below them.
            ((deferred, unanalyzed),) = database.execute(
                f"{waiting} WHERE needs IS NOT NULL"
            )
    return FileCounts(total, done, failed, deferred, unanalyzed)


def roots(path: Path) -> list[bytes]:
    """Return the music folders that the library's files were found under.

    Raises:
        StoreError: There is no library there, or it cannot be read.
    """
    with open_read_only(path) as database:
        found = database.execute("SELECT DISTINCT root FROM files ORDER BY root")
        return [bytes(root) for (root,) in found]


def passages_with_reasons(path: Path, file: bytes) -> list[dict[str, Any]]:
    """Return the passages of a file, each with why it is said to be what it is.

    Args:
        path: The library.
        file: The file's absolute path, as the system's own bytes.

    Raises:
        StoreError: There is no library there, or it cannot be read.
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


def passages_with_flavor(
    path: Path, source: str | None = None, *, file_path: bytes | None = None
) -> Iterator[FlavoredPassage]:
    """Yield the passages of which it is known how they sound.

    Args:
        path: The library.
        source: Only those of which this source said so.
        file_path: Only those of the file at this path.

    Raises:
        StoreError: There is no library there, or it cannot be read.
    """
    with open_read_only(path) as database:
        rows = database.execute(
            "SELECT library_passages.passage_id, files.path, ordinal, artist, title,"
            " flavor_source, flavor FROM library_passages"
            " JOIN files ON files.id = library_passages.file_id"
            " WHERE flavor IS NOT NULL AND files.status <> 'MISSING'"
            " AND (?1 IS NULL OR flavor_source = ?1)"
            " AND (?2 IS NULL OR files.path = ?2)",
            [source, file_path],
        )
        for passage, place, ordinal, artist, title, flavor_source, flavor in rows:
            yield FlavoredPassage(
                passage,
                shown(bytes(place)),
                ordinal,
                artist,
                title,
                flavor_source,
                flavor,
            )


def session(path: Path, session_id: str | None = None) -> dict[str, Any] | None:
    """Return an import session by its id, or the newest, if there is one.

    Raises:
        StoreError: There is no library there, or it cannot be read.
    """
    with open_read_only(path) as database:
        row = database.execute(
            "SELECT * FROM import_sessions WHERE id = ? OR ? IS NULL"
            " ORDER BY rowid DESC LIMIT 1",
            [session_id, session_id],
        ).fetchone()
        return dict(row) if row else None
