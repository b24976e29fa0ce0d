"""What plain sqlite3 takes to store as many rows as an import of tiny files commits."""

import sqlite3
import tempfile
import time
import uuid
from contextlib import closing
from pathlib import Path
from typing import Final

from bench.measure import MeasureError

__all__ = ["commit_seconds"]

PHASES: Final = 10
PAYLOAD: Final = '{"key":"%s"}' % ("x" * 100)


def commit_seconds(files: int) -> float:
    """Return the CPU seconds of a row for each phase of some files, each committed.

    As in a library, each commit is written to the disk before the next one, and rows
    are found by the random id of a file.
    """
    with (
        tempfile.TemporaryDirectory(prefix="segued-bench-") as place,
        closing(sqlite3.connect(Path(place) / "rows.db")) as database,
    ):
        database.isolation_level = None
        database.execute("PRAGMA journal_mode = wal")
        database.execute("PRAGMA synchronous = full")
        database.execute(
            "CREATE TABLE checkpoints (file TEXT, phase INTEGER, payload TEXT,"
            " PRIMARY KEY (file, phase)) STRICT"
        )
        started = time.process_time()
        for _ in range(files):
            file = str(uuid.uuid4())
            for phase in range(1, PHASES + 1):
                database.execute(
                    "INSERT INTO checkpoints VALUES (?, ?, ?)", (file, phase, PAYLOAD)
                )
        seconds = time.process_time() - started
        (rows,) = database.execute("SELECT count(*) FROM checkpoints").fetchone()
    if rows != PHASES * files:
        raise MeasureError(f"{rows} rows were stored")
    return seconds
