"""Query files with the same sound: which is best, and why the others are not.

Each function opens its own read-only connection, as in `segued.store.reading.reports`.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from segued.store.reading.reports import open_read_only
from segued.store.reading.rows import PageRequest

__all__ = ["CopyGroup", "CopyPage", "CopyRow", "copies_of_file", "copy_groups"]


@dataclass(frozen=True, slots=True)
class CopyRow:
    """One of several files with the same sound.

    Attributes:
        kind: What it is to the best one: "same file", "same sound, other tags", "other
            encoding"; "best" for that itself.
        why: Why another one is better; empty for the best.
        bit_rate: In bits per second, of the whole file.
        offset_ticks: Add it to a position in the best file to get that in this one.
    """

    file: str
    path: str
    name: str
    is_best: bool
    kind: str
    why: str
    codec: str
    bit_rate: int | None
    size_bytes: int
    duration_ticks: int | None
    offset_ticks: int


@dataclass(frozen=True, slots=True)
class CopyGroup:
    """Files with the same sound, the best first.

    Attributes:
        more_bytes: The size of all but the best.
    """

    copy_id: str
    title: str | None
    artist: str | None
    more_bytes: int
    files: list[CopyRow]


@dataclass(frozen=True, slots=True)
class CopyPage:
    """A page of groups, the largest first.

    Attributes:
        total: The number of all groups.
        more_bytes: The size of all files of all groups but the best ones.
    """

    groups: list[CopyGroup]
    page: int
    per: int
    pages: int
    total: int
    more_bytes: int


def copy_groups(library: Path, request: PageRequest) -> CopyPage:
    """Return a page of the groups of files with the same sound.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        total, more_bytes = database.execute(
            "SELECT count(*), coalesce(sum(more_bytes), 0) FROM copy_groups"
        ).fetchone()
        request = request.with_total(total)
        keys = database.execute(
            "SELECT copy_id FROM copy_groups ORDER BY more_bytes DESC, copy_id"
            " LIMIT ? OFFSET ?",
            [request.limit, request.offset],
        ).fetchall()
        groups = [_group(database, key, _files(database, key)) for (key,) in keys]
    return CopyPage(
        groups, request.page, request.page_size, request.pages, total, more_bytes
    )


def copies_of_file(library: Path, path: bytes) -> list[CopyRow]:
    """Return the files with the sound of a file, itself included; none if it is alone.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        rows = [
            row
            for (copy_id,) in database.execute(
                "SELECT copy_id FROM files JOIN copy_members USING (audio_hash)"
                " WHERE files.path = ? AND status <> 'MISSING'",
                [path],
            )
            for row in _files(database, copy_id)
        ]
    return [_row(row) for row in rows]


def _files(database: sqlite3.Connection, copy_id: str) -> list[sqlite3.Row]:
    return database.execute(
        "SELECT * FROM library_copies WHERE copy_id = ? ORDER BY is_best DESC, path",
        [copy_id],
    ).fetchall()


def _group(
    database: sqlite3.Connection, copy_id: str, rows: list[sqlite3.Row]
) -> CopyGroup:
    named = None
    for row in rows:
        named = (
            named
            or database.execute(
                "SELECT title, artist FROM passages WHERE file_id = ?", [row["file_id"]]
            ).fetchone()
        )
    title, artist = named or (None, None)
    files = [_row(row) for row in rows]
    more = sum(each.size_bytes for each in files if not each.is_best)
    return CopyGroup(copy_id, title, artist, more, files)


def _row(row: sqlite3.Row) -> CopyRow:
    return CopyRow(
        file=row["file_id"],
        path=row["path"],
        name=row["path"].rpartition("/")[2],
        is_best=bool(row["is_best"]),
        kind=row["kind"],
        why=row["why"],
        codec=row["codec"],
        bit_rate=row["bit_rate"],
        size_bytes=row["size_bytes"],
        duration_ticks=row["duration_ticks"],
        offset_ticks=row["offset_ticks"],
    )
