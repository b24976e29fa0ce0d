"""Return what changed in the views since a number, for programs that follow them."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from segued.paths import shown
from segued.store.reading.reports import open_read_only

__all__ = ["ChangePage", "RemovedRow", "changes"]

VIEWS: Final = {
    "file": ("library_files", "file_id"),
    "passage": ("library_passages", "passage_id"),
    "album": ("library_albums", "album_id"),
}
"""The view of each kind of row, and its key."""

IDS_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class RemovedRow:
    """A row that is gone from its view.

    Attributes:
        kind: "file", "passage" or "album".
    """

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Rows that changed, as they are now.

    Attributes:
        change: The number to ask with next.
        more: Whether there are further changes.
        files: Rows of `library_files`, without `path_bytes`.
        passages: Rows of `library_passages`.
        albums: Rows of `library_albums`.
        removed: Rows that are gone.
    """

    change: int
    more: bool
    files: list[dict[str, Any]]
    passages: list[dict[str, Any]]
    albums: list[dict[str, Any]]
    removed: list[RemovedRow]


def changes(library: Path, since: int, limit: int) -> ChangePage:
    """Return the rows with a change after `since`, in the order of their changes.

    A row that changed twice is returned once, at its last change.

    Args:
        library: The path of the library.
        since: The number of the last change that is known; 0 for a full read.
        limit: How many rows at most.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        database.execute("BEGIN")  # one state of the library for all queries
        numbered = database.execute(
            "SELECT change, kind, id FROM row_changes WHERE change > ?"
            " ORDER BY change LIMIT ?",
            [since, limit + 1],
        ).fetchall()
        more = len(numbered) > limit
        numbered = numbered[:limit]
        rows: dict[str, list[dict[str, Any]]] = {}
        removed: list[RemovedRow] = []
        for kind, (view, key) in VIEWS.items():
            ids = [each["id"] for each in numbered if each["kind"] == kind]
            found = dict(_rows(database, view, key, ids))
            rows[kind] = [found[each] for each in ids if each in found]
            removed += [RemovedRow(kind, each) for each in ids if each not in found]
    return ChangePage(
        change=numbered[-1]["change"] if numbered else since,
        more=more,
        files=rows["file"],
        passages=rows["passage"],
        albums=rows["album"],
        removed=removed,
    )


def _rows(
    database: sqlite3.Connection, view: str, key: str, ids: list[str]
) -> Iterable[tuple[str, dict[str, Any]]]:
    for start in range(0, len(ids), IDS_AT_ONCE):
        batch = ids[start : start + IDS_AT_ONCE]
        marks = ", ".join("?" for _ in batch)
        for row in database.execute(
            f"SELECT * FROM {view} WHERE {key} IN ({marks})",  # noqa: S608
            batch,
        ):
            values = dict(row)
            path = values.pop("path_bytes", None)
            if path is not None:
                values["path"] = shown(bytes(path))
            yield values[key], values
