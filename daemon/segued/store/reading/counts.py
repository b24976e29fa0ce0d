"""Count the files and passages of the library as they stand.

A count is of the rows at this moment, over restarts too: what was done twice counts
once. Each function opens its own read-only connection.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from segued.model import Confidence, FileStatus, Need, PhaseNumber
from segued.progress.progress import FileCounts
from segued.store.outside_files import has_files_outside
from segued.store.reading.reports import open_read_only, under

__all__ = ["count_by_phase", "count_files"]

DONE_IN_PHASE: Final = (
    "looked up",
    "hashed",
    "read",
    "segmented",
    "fingerprinted",
    "matched",
    "recorded",
    "measured",
    "flavored",
    "completed",
)
"""What a file with a result of phase 1 to 10 is."""

UNFINISHED: Final = frozenset({FileStatus.PENDING, FileStatus.PROCESSING})


@dataclass(frozen=True, slots=True)
class _Below:
    """Runs queries about the files below some folders.

    Attributes:
        has_others: Whether the library has files elsewhere.
    """

    database: sqlite3.Connection
    condition: str
    bounds: Sequence[bytes]
    has_others: bool

    def select(self, sql: str) -> list[tuple[object, ...]]:
        """Return the rows of a query, in which BELOW is the condition."""
        query = sql.replace("BELOW", self.condition)
        times = sql.count("BELOW")
        return self.database.execute(query, [*self.bounds] * times).fetchall()

    def group(self, columns: str, table: str, where: str) -> dict[str, int]:
        """Return counts by key from a table that has `file_id`, without missing files.

        Args:
            columns: The key and the count.
            table: The table.
            where: The condition on its rows.
        """
        joined = (
            f"SELECT {columns} FROM {table} JOIN files ON files.id = file_id"  # noqa: S608
            f" WHERE {where}"
        )
        if self.has_others:
            return _as_counts(
                self.select(f"{joined} AND BELOW AND status <> 'MISSING' GROUP BY 1")
            )
        # All files are below the folders: without the join it is 30 times faster, and
        # the missing files are few.
        counts = _as_counts(
            self.select(f"SELECT {columns} FROM {table} WHERE {where} GROUP BY 1")  # noqa: S608
        )
        for key, missing in _as_counts(
            self.select(f"{joined} AND status = 'MISSING' GROUP BY 1")
        ).items():
            counts[key] -= missing
        return {key: count for key, count in counts.items() if count}


def count_files(path: Path, roots: Sequence[bytes]) -> FileCounts:
    """Count the files below the folders that are not missing.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    if not roots:
        return FileCounts(0, 0, 0, 0, 0)
    with open_read_only(path) as database:
        below = _below(database, roots)
        statuses = _statuses(below)
        again = _count_again(below)
        total = sum(statuses.values())
        waiting = sum(statuses.get(each, 0) for each in UNFINISHED) - again
        ((deferred, unanalyzed),) = _waiting(below)
    return FileCounts(
        total=total,
        done=total - waiting,
        failed=statuses.get(FileStatus.FAILED, 0),
        deferred=deferred,
        unanalyzed=unanalyzed,
        again=again,
    )


def count_by_phase(path: Path, roots: Sequence[bytes]) -> dict[str, dict[str, int]]:
    """Return what is known of the files below the folders, by phase and kind.

    The keys are the numbers of the phases, and "files complete", of files by status.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    if not roots:
        return {}
    with open_read_only(path) as database:
        below = _below(database, roots)
        files = below.group("phase, count(*)", "checkpoints", "1")
        # The plus keeps SQLite from the index by phase, with which it reads each row.
        deferred = below.group("+phase, count(*)", "checkpoints", "needs IS NOT NULL")
        counts: dict[str, dict[str, int]] = {}
        # A deferred flavor is incomplete; of the other phases, only answers are.
        flavor = f"{PhaseNumber.FLAVOR}"
        files[flavor] = files.get(flavor, 0) - deferred.get(flavor, 0)
        for number, word in enumerate(DONE_IN_PHASE, start=1):
            counts[f"{number}"] = {
                name: by_phase[f"{number}"]
                for name, by_phase in ((word, files), ("deferred", deferred))
                if by_phase.get(f"{number}")
            }
        passages = _passages(below)
        counts["4"] |= {"passages": sum(passages.values())} if passages else {}
        counts["6"] |= {
            band.lower(): passages[band] for band in Confidence if band in passages
        }
        complete = dict(_complete(_statuses(below), _count_again(below)))
    return {**counts, "files complete": complete}


def _below(database: sqlite3.Connection, roots: Sequence[bytes]) -> _Below:
    condition, bounds = under(roots)
    has_others = has_files_outside(database, roots)
    return _Below(database, condition, bounds, has_others)


def _statuses(below: _Below) -> dict[str, int]:
    """Return the number of files by status, without those that are missing.

    The search index counts its rows by the status that is shown: complete files whose
    import continues are complete there.
    """
    if not below.has_others:
        shown = dict(
            below.database.execute(
                "SELECT kind, count FROM index_counts"
                " WHERE listing = 'file_index' AND count > 0"
            ).fetchall()
        )
        again = _as_counts(
            below.select(
                # Else SQLite takes the index by status, which has a row for each file.
                "SELECT status, count(*) FROM files INDEXED BY files_again"
                " WHERE shown_status <> status GROUP BY status"
            )
        )
        for status, count in again.items():
            shown[status] = shown.get(status, 0) + count
            shown[FileStatus.COMPLETE] -= count
        shown.pop(FileStatus.MISSING, None)
        return {status: count for status, count in shown.items() if count}
    return _as_counts(
        below.select(
            "SELECT status, count(*) FROM files WHERE BELOW"
            " AND status <> 'MISSING' GROUP BY status"
        )
    )


def _count_again(below: _Below) -> int:
    """Return the number of complete files whose import continues."""
    ((count,),) = below.select(
        "SELECT count(*) FROM files WHERE shown_status <> status AND BELOW"
    )
    return int(str(count))


def _waiting(below: _Below) -> list[tuple[int, int]]:
    """Return how many files wait for something but idle time, and how many for it."""
    others = below.group(
        "0, count(DISTINCT file_id)",
        "checkpoints",
        f"needs IS NOT NULL AND needs <> '{Need.IDLE}'",
    )
    idle = below.group("0, count(*)", "checkpoints", f"needs = '{Need.IDLE}'")
    return [(others.get("0", 0), idle.get("0", 0))]


def _passages(below: _Below) -> dict[str, int]:
    """Return the number of passages by confidence, from the search index."""
    if not below.has_others:
        return _as_counts(
            below.database.execute(
                "SELECT kind, count FROM index_counts"
                " WHERE listing = 'passage_index' AND count > 0"
            ).fetchall()
        )
    condition = below.condition.replace("files.path", "file_index.path")
    return _as_counts(
        below.database.execute(
            "SELECT confidence, count(*) FROM file_index"  # noqa: S608
            f" CROSS JOIN passage_index USING (place) WHERE {condition}"
            " GROUP BY confidence",
            below.bounds,
        ).fetchall()
    )


def _complete(statuses: Mapping[str, int], again: int) -> Iterator[tuple[str, int]]:
    for status in FileStatus:
        kept = again if status is FileStatus.COMPLETE else 0
        count = statuses.get(status, 0) + kept
        if count and status not in UNFINISHED:
            yield status.value, count


def _as_counts(rows: Sequence[tuple[object, ...]]) -> dict[str, int]:
    return {str(key): int(str(count)) for key, count in rows}
