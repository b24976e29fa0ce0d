"""Summarize the library, or some folders of it; kept counts are taken if they fit."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from segued.model import FileStatus
from segued.store.outside_files import has_files_outside
from segued.store.reading.problems import FILE_PROBLEMS
from segued.store.reading.reports import (
    kept_counts,
    open_read_only,
    passed_over_counts,
    under,
)

__all__ = ["Summary", "summary"]

UNFINISHED: Final = ", ".join(
    f"'{each}'"
    for each in FileStatus
    if each not in {FileStatus.COMPLETE, FileStatus.MISSING}
)
"""The statuses of files that are in the index, but not complete, for SQL."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The contents of the library, or of some folders of it.

    Attributes:
        files: Number of files by status.
        passages: Number of passages by confidence.
        failed: Code and detail of each failed file.
        warned: Code and detail of each file that was imported with a problem.
        waiting: Number of complete files with deferred phases, by what they wait for.
        passed_over: Number of files and folders that scans passed over, by reason.
    """

    files: dict[str, int] = field(default_factory=dict)
    passages: dict[str, int] = field(default_factory=dict)
    failed: list[tuple[str, str]] = field(default_factory=list)
    warned: list[tuple[str, str]] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    passed_over: dict[str, int] = field(default_factory=dict)


def summary(path: Path, roots: Sequence[bytes] = ()) -> Summary:
    """Return a summary of the library, or of the files below `roots`.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    condition, bounds = under(roots)

    with open_read_only(path) as database:
        covers_all = not roots or not has_files_outside(database, roots)

        def select(columns: str, rest: str, source: str = "files") -> list[Any]:
            sql = f"SELECT {columns} FROM {source} {rest}"  # noqa: S608
            return database.execute(sql.replace("BELOW", condition), bounds).fetchall()

        def problems(fatal: int) -> list[tuple[str, str]]:
            rows = select(
                "code, detail",
                f"JOIN {FILE_PROBLEMS} ON problems.file_id = files.id WHERE BELOW"
                f" AND fatal = {fatal} AND status <> 'MISSING'"
                " ORDER BY code, files.path",
            )
            return [(code, detail) for code, detail in rows]

        return Summary(
            files=kept_counts(database, "file_index")
            if covers_all
            else dict(
                select("shown_status, count(*)", "WHERE BELOW GROUP BY shown_status")
            ),
            passages=_complete_passages(
                database,
                condition,
                bounds,
                kept_counts(database, "passage_index") if covers_all else None,
            ),
            failed=problems(1),
            warned=problems(0),
            # CROSS JOIN: first the checkpoints that need something, by their index.
            waiting=dict(
                select(
                    "needs, count(DISTINCT files.id)",
                    "CROSS JOIN files ON files.id = checkpoints.file_id WHERE BELOW"
                    " AND files.status = 'INGEST COMPLETE' AND needs IS NOT NULL"
                    " GROUP BY needs",
                    source="checkpoints",
                )
            ),
            passed_over=passed_over_counts(database, roots),
        )


def _complete_passages(
    database: sqlite3.Connection,
    condition: str,
    bounds: Sequence[bytes],
    kept: dict[str, int] | None,
) -> dict[str, int]:
    """Return the number of passages of complete files by confidence: all but others'.

    Args:
        database: The connection.
        condition: The condition on files.
        bounds: Its values.
        kept: The counts of the search index, if all files fulfill the condition.
    """
    found = Counter(kept)
    if kept is None:
        found.update(
            dict(
                database.execute(
                    "SELECT confidence, count(*) FROM file_index AS files"  # noqa: S608
                    " CROSS JOIN passage_index USING (place)"
                    f" WHERE {condition} GROUP BY confidence",
                    bounds,
                ).fetchall()
            )
        )
    found.subtract(
        dict(
            database.execute(
                "SELECT confidence, count(*) FROM files"  # noqa: S608
                " CROSS JOIN passages ON passages.file_id = files.id"
                f" WHERE {condition} AND files.status IN ({UNFINISHED})"
                " GROUP BY confidence",
                bounds,
            ).fetchall()
        )
    )
    return {name: count for name, count in found.items() if count}
