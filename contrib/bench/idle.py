"""What a daemon takes that watches 50,000 files and has nothing to do.

    contrib/bench/idle [--files N] [--minutes N]

The files are those of contrib/bench/rescan, made and imported once. A walk of
all of them, which is due every five minutes, happens here once a minute, so
that each minute that is measured has one.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from bench import sample_music
from bench.commandline import parser, run_measurement
from bench.measure import MeasureError, cpu_seconds, process_tree, pss_mib
from bench.measured_program import import_folder, running_daemon
from bench.tables import Target, print_table, print_targets

from segued.cli.daemon_client import DaemonClient
from segued.errors import DaemonError

CPU_MAX: Final = 1.0
MEMORY_MIB_MAX: Final = 150
WARMUP_SECONDS: Final = 75.0
LIMIT_SECONDS: Final = 600.0
CONFIG: Final = """
[watching]
reconcile_seconds = 60.0
"""


def main() -> int:
    """Measure, and print what was found."""
    words = parser("idle", __doc__)
    words.add_argument("--files", type=int, default=50_000, help="how many (50000)")
    words.add_argument("--minutes", type=int, default=3, help="of measuring (3)")
    given = words.parse_args()
    return run_measurement("idle", lambda: _measure(given.files, given.minutes))


def _measure(count: int, minutes: int) -> None:
    folder = sample_music.cache_folder() / f"{count}-files"
    database = sample_music.cache_folder() / f"{count}-files.db"
    sample_music.small_files(folder, count)
    print("importing what is not in the library yet ...", file=sys.stderr)
    import_folder(folder, database)
    with (
        tempfile.TemporaryDirectory(prefix="segued-bench-") as place,
        running_daemon(folder, database, Path(place), CONFIG) as (process, line),
    ):
        told = _wait_until_watching(line)
        # It sends its children home when it has been idle for a minute.
        time.sleep(WARMUP_SECONDS)
        shares = [_measure_minute(process) for _ in range(minutes)]
        memory = pss_mib(process_tree(process))
        slept = line.request("GET", "/api/import/session")
    print(f"{told['files_total']:,} files watched\n")
    rows = [(f"minute {nth}", f"{cpu:.2f}") for nth, cpu in enumerate(shares, start=1)]
    print_table(("", "CPU, %"), rows)
    most, stall = max(shares), slept["loop_stall_ms"]
    print_targets(
        [
            Target(
                "CPU in a minute, %", f"<= {CPU_MAX}", f"{most:.2f}", most <= CPU_MAX
            ),
            Target(
                "memory (PSS), parent and children, MiB",
                f"<= {MEMORY_MIB_MAX}",
                f"{memory:.0f}",
                memory <= MEMORY_MIB_MAX,
            ),
            Target("longest stall, ms", "<= 100", f"{stall:.0f}", stall <= 100),  # noqa: PLR2004
        ]
    )


def _measure_minute(process: int) -> float:
    """Return what share of a CPU a process and its children take in a minute."""
    before, began = cpu_seconds(process_tree(process)), time.monotonic()
    time.sleep(60.0)
    return (
        100 * (cpu_seconds(process_tree(process)) - before) / (time.monotonic() - began)
    )


def _wait_until_watching(line: DaemonClient) -> dict[str, Any]:
    until = time.monotonic() + LIMIT_SECONDS
    told: dict[str, Any] = {}
    while time.monotonic() < until:
        try:
            told = line.request("GET", "/api/import/session")
        except DaemonError:
            told = {}
        watching = told and told["folders"][0]["state"] == "watching"
        if watching and told["state"] == "COMPLETED":
            return told
        time.sleep(0.5)
    raise MeasureError(f"the daemon does not come to rest: {json.dumps(told)}")


if __name__ == "__main__":
    sys.exit(main())
