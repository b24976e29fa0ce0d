"""Measure what the library stores for each file.

    contrib/bench/size [FOLDER]

FOLDER is imported offline, with loudness: songs of three to four minutes are the
measure. Without FOLDER, eighty generated songs are. What an empty library takes is
subtracted.
"""

import asyncio
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

from bench import sample_music
from bench.commandline import parser, run_measurement
from bench.measured_program import DEFAULT_CONFIG, import_folder
from bench.tables import Target, print_table, print_targets

from segued.store.database import Store

KB_MAX: Final = 30.0
SHOWN_BYTES: Final = 100
WAITING: Final = "lookups"
"""Deleted when they are answered; the answers that replace them are shorter."""

SIZES: Final = """
SELECT coalesce(tables.tbl_name, dbstat.name), sum(pgsize), sum(payload)
FROM dbstat LEFT JOIN sqlite_schema AS tables ON tables.name = dbstat.name
GROUP BY 1
"""


def main() -> int:
    """Run the measurement, and print the results."""
    options = parser("size", __doc__)
    options.add_argument("folder", type=Path, nargs="?", help="music of your own")
    arguments = options.parse_args()
    return run_measurement("size", lambda: _measure(arguments.folder))


def _measure(folder: Path | None) -> None:
    if folder is None:
        folder = sample_music.cache_folder() / "songs"
        sample_music.songs(folder)
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as made:
        empty, full = Path(made) / "empty.db", Path(made) / "library.db"
        asyncio.run(_create(empty))
        import_folder(folder, full, config=DEFAULT_CONFIG)
        with closing(sqlite3.connect(full)) as library:
            files, minutes = library.execute(
                "SELECT count(*), sum(duration_ticks) / 28224000.0 / 60 FROM files"
                " WHERE duration_ticks IS NOT NULL"
            ).fetchone()
        before, after = _sizes(empty), _sizes(full)
    taken = {
        name: (pages - before.get(name, (0, 0))[0], payload)
        for name, (pages, payload) in after.items()
    }
    rows = sorted(taken.items(), key=lambda item: -item[1][0])
    print_table(
        ("table, with its indexes", "bytes a file", "of that, content"),
        [
            (name, f"{pages / files:,.0f}", f"{payload / files:,.0f}")
            for name, (pages, payload) in rows
            if pages / files >= SHOWN_BYTES
        ],
    )
    print(f"{files} files of {minutes / files:.1f} minutes\n")
    found = sum(p for name, (p, _) in taken.items() if name != WAITING) / files / 1_000
    what = "kB a file, without lookups that wait"
    print_targets([Target(what, f"<= {KB_MAX:g}", f"{found:.1f}", found <= KB_MAX)])


def _sizes(database: Path) -> dict[str, tuple[int, int]]:
    """Return the bytes of pages and of content, by table."""
    with closing(sqlite3.connect(database)) as library:
        rows = library.execute(SIZES)
        return {name: (pages, payload) for name, pages, payload in rows}


async def _create(database: Path) -> None:
    store = Store(database)
    await store.open()
    await store.close()


if __name__ == "__main__":
    sys.exit(main())
