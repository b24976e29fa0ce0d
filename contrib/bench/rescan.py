"""What importing a library of 50,000 files takes when nothing has changed.

    contrib/bench/rescan [--files N]

The files, 0.3 seconds of noise each, are made once, in the user's cache, and
imported there; that takes some minutes, and later runs find it done. The run
that is measured is the next one. That it opens no music file is seen by
strace; so that one can trust it, one file is touched afterwards, and must be
the only one that is opened.
"""

import argparse
import os
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench import music
from bench.measure import MeasureError, cost_of
from bench.program import SOME_FAILED, command, environment, import_folder
from bench.tables import Target, print_table, print_targets

RUNS: Final = 5
SECONDS_MAX: Final = 5.0
CANNOT: Final = 2
OPENED: Final = re.compile(rb'open(?:at2?)?\((?:AT_FDCWD, |\d+, )?"(.*\.wav)"')
LISTED: Final = re.compile(rb'openat\(AT_FDCWD, "[^"]*/Album \d+",.*O_DIRECTORY')


def main() -> int:
    """Measure, and print what was found."""
    said, _, usage = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="contrib/bench/rescan", description=said, epilog=usage.partition("\n\n")[2]
    )
    parser.add_argument("--files", type=int, default=50_000, help="(50000)")
    count: int = parser.parse_args().files
    folder = music.cache() / f"{count}-files"
    music.small_files(folder, count)
    database = music.cache() / f"{count}-files.db"
    try:
        _measure(folder, database, count)
    except MeasureError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return CANNOT
    return 0


def _measure(folder: Path, database: Path, count: int) -> None:
    print(f"{count:,} files; importing what is not in the library ...", file=sys.stderr)
    first = import_folder(folder, database)
    done = first.summary["files"].get("INGEST COMPLETE", 0)
    again = [import_folder(folder, database) for _ in range(RUNS)]
    hashed = sum(each.summary["counters"]["2"].get("hashed", 0) for each in again)
    rows = [
        ("first import, now", f"{first.cost.wall:.2f}", f"{first.cost.cpu:.2f}"),
        (
            f"rescan, median of {RUNS}",
            f"{statistics.median(each.cost.wall for each in again):.2f}",
            f"{statistics.median(each.cost.cpu for each in again):.2f}",
        ),
        (
            f"rescan, longest of {RUNS}",
            f"{max(each.cost.wall for each in again):.2f}",
            f"{max(each.cost.cpu for each in again):.2f}",
        ),
    ]
    folders = -(-count // music.PER_FOLDER)
    print(f"{count:,} files in {folders:,} folders; {done:,} of them complete\n")
    print_table(("", "wall s", "CPU s"), rows)
    seconds = statistics.median(each.cost.wall for each in again)
    stall = max(each.stall_ms for each in again)
    within = seconds <= SECONDS_MAX
    targets = [
        Target("rescan, s", f"<= {SECONDS_MAX:.2f}", f"{seconds:.2f}", within),
        Target("files hashed in it", "0", str(hashed), hashed == 0),
        Target(
            "longest stall of the event loop, ms",
            "<= 100",
            f"{stall:.0f}",
            stall <= 100,
        ),
    ]
    if shutil.which("strace") is None:
        print(
            "Without strace it cannot be seen which files are opened.", file=sys.stderr
        )
    else:
        targets += _opened(folder, database, folders)
    print_targets(targets)


def _opened(folder: Path, database: Path, folders: int) -> list[Target]:
    """Look which files a rescan opens, before and after one of them is touched."""
    files, listed = _trace(folder, database)
    touched = min(folder.rglob("*.wav"))
    os.utime(touched)
    one, _ = _trace(folder, database)
    only = one == {os.fsencode(touched)}
    return [
        Target("folders it listed", f"{folders}", f"{listed}", listed == folders),
        Target("music files it opened", "0", str(len(files)), not files),
        Target("files opened after one was touched", "1", str(len(one)), only),
    ]


def _trace(folder: Path, database: Path) -> tuple[set[bytes], int]:
    """Return the music files that a run opens, and how many folders it lists."""
    with tempfile.NamedTemporaryFile() as log:
        tracing = ["strace", "-f", "-qq", "-s", "4096", "-o", log.name]
        calls = ["-e", "trace=open,openat,openat2"]
        cost_of(
            [*tracing, *calls, *command(folder, database)],
            env=environment(database),
            codes=(0, SOME_FAILED),
        )
        text = Path(log.name).read_bytes()
    return set(OPENED.findall(text)), len(LISTED.findall(text))


if __name__ == "__main__":
    sys.exit(main())
