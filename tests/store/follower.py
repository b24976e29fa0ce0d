"""A program that follows the library by asking what changed."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from segued.store.reading.changes import changes

__all__ = ["Follower"]

VIEWS = {
    "file": "library_files",
    "passage": "library_passages",
    "album": "library_albums",
}


class Follower:
    """A program that keeps a copy of the views by asking what changed."""

    def __init__(self, library: Path) -> None:
        self.library = library
        self.change = 0
        self.rows: dict[str, dict[str, Any]] = {kind: {} for kind in VIEWS}

    def catch_up(self, limit: int = 3) -> int:
        """Ask until there are no more changes; return how many rows came."""
        count = 0
        while True:
            page = changes(self.library, self.change, limit)
            self.change = page.change
            found = (("file", page.files), ("passage", page.passages))
            for kind, rows in (*found, ("album", page.albums)):
                for row in rows:
                    self.rows[kind][row[f"{kind}_id"]] = row
                    count += 1
            for each in page.removed:
                self.rows[each.kind].pop(each.id, None)
                count += 1
            if not page.more:
                return count

    def assert_up_to_date(self) -> None:
        """Assert that a full read gives the same rows."""
        with closing(sqlite3.connect(self.library)) as library:
            library.row_factory = sqlite3.Row
            for kind, view in VIEWS.items():
                full = {}
                for row in library.execute(f"SELECT * FROM {view}"):  # noqa: S608
                    values = dict(row)
                    values.pop("path_bytes", None)
                    full[row[f"{kind}_id"]] = values
                assert self.rows[kind] == full
