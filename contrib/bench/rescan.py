"""Measure a second import of 50,000 unchanged files.

    contrib/bench/rescan [--files N]

The files, 0.3 seconds of noise each, are generated once, in the user's cache folder,
and imported, which takes some minutes. The measured runs are the next ones.
strace shows that they open no music file. To prove that strace would show it, one file
is touched afterwards: it must be the only one that is opened.
"""

import os
import re
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench import sample_music
from bench.commandline import (
    missing_packages,
    parser,
    require_packages,
    run_measurement,
)
from bench.measure import measure_cost
from bench.measured_program import (
    SOME_FAILED,
    MeasuredImport,
    environment,
    import_command,
    import_folder,
)
from bench.tables import Target, print_table, print_targets

RUNS: Final = 5
SECONDS_MAX: Final = 5.0
STALL_MS_MAX: Final = 100
OPENED: Final = re.compile(rb'open(?:at2?)?\((?:AT_FDCWD, |\d+, )?"(.*\.wav)"')
LISTED: Final = re.compile(rb'openat\(AT_FDCWD, "[^"]*/Album \d+",.*O_DIRECTORY')


def main() -> int:
    """Run the measurement, and print the results."""
    options = parser("rescan", __doc__)
    options.add_argument(
        "--files", type=int, default=50_000, help="number of files (50000)"
    )
    count: int = options.parse_args().files
    return run_measurement("rescan", lambda: _measure(count))


def _measure(count: int) -> None:
    folder = sample_music.cache_folder() / f"{count}-files"
    database = sample_music.cache_folder() / f"{count}-files.db"
    require_packages(missing_packages("strace"))
    sample_music.small_files(folder, count)
    print("importing files that are not in the library yet ...", file=sys.stderr)
    first = import_folder(folder, database)
    again = [import_folder(folder, database) for _ in range(RUNS)]
    folders = -(-count // sample_music.PER_FOLDER)
    done = first.summary["files"].get("INGEST COMPLETE", 0)
    print(f"{count:,} files in {folders:,} folders; {done:,} of them complete\n")
    walls = [each.cost.wall for each in again]
    cpu = statistics.median(each.cost.cpu for each in again)
    rows = [
        ("first import", f"{first.cost.wall:.2f}", f"{first.cost.cpu:.2f}"),
        (f"rescan, median of {RUNS}", f"{statistics.median(walls):.2f}", f"{cpu:.2f}"),
    ]
    print_table(("", "wall s", "CPU s"), rows)
    print_targets([*_targets(again), *_count_opened(folder, database, folders)])


def _targets(again: list[MeasuredImport]) -> list[Target]:
    longest = max(each.cost.wall for each in again)
    stall = max(each.stall_ms for each in again)
    hashed = sum(each.summary["work"]["2"].get("hashed", 0) for each in again)
    within, quick = longest <= SECONDS_MAX, stall <= STALL_MS_MAX
    return [
        Target("longest rescan, s", f"<= {SECONDS_MAX}", f"{longest:.2f}", within),
        Target("files hashed in rescans", "0", str(hashed), not hashed),
        Target(
            "longest stall of the event loop, ms",
            f"<= {STALL_MS_MAX}",
            f"{stall:.0f}",
            quick,
        ),
    ]


def _count_opened(folder: Path, database: Path, folders: int) -> list[Target]:
    """Count the files that a rescan opens, before and after one of them is touched."""
    files, listed = _trace(folder, database)
    touched = min(folder.rglob("*.wav"))
    os.utime(touched)
    one, _ = _trace(folder, database)
    only = one == {os.fsencode(touched)}
    return [
        Target("folders listed", f"{folders}", f"{listed}", listed == folders),
        Target("music files opened", "0", str(len(files)), not files),
        Target("files opened after one was touched", "1", str(len(one)), only),
    ]


def _trace(folder: Path, database: Path) -> tuple[set[bytes], int]:
    """Return the music files that an import opens, and how many folders it lists."""
    with tempfile.NamedTemporaryFile() as log:
        tracing = ["strace", "-f", "-qq", "-s", "4096", "-o", log.name]
        calls = ["-e", "trace=open,openat,openat2"]
        measure_cost(
            [*tracing, *calls, *import_command(folder, database)],
            env=environment(),
            codes=(0, SOME_FAILED),
        )
        text = Path(log.name).read_bytes()
    return set(OPENED.findall(text)), len(LISTED.findall(text))


if __name__ == "__main__":
    sys.exit(main())
