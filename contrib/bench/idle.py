"""Measure an idle daemon that watches 50,000 files.

    contrib/bench/idle [--files N] [--minutes N]

The files are those of contrib/bench/rescan, generated and imported once. The full scan,
which is due every five minutes by default, runs once a minute here, so that each
measured minute contains one.
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
    """Run the measurement, and print the results."""
    options = parser("idle", __doc__)
    options.add_argument(
        "--files", type=int, default=50_000, help="number of files (50000)"
    )
    options.add_argument(
        "--minutes", type=int, default=3, help="minutes to measure (3)"
    )
    arguments = options.parse_args()
    return run_measurement("idle", lambda: _measure(arguments.files, arguments.minutes))


def _measure(count: int, minutes: int) -> None:
    folder = sample_music.cache_folder() / f"{count}-files"
    database = sample_music.cache_folder() / f"{count}-files.db"
    sample_music.small_files(folder, count)
    print("importing what is not in the library yet ...", file=sys.stderr)
    import_folder(folder, database)
    with (
        tempfile.TemporaryDirectory(prefix="segued-bench-") as place,
        running_daemon(folder, database, Path(place), CONFIG) as (process, client),
    ):
        status = _wait_until_watching(client)
        # The daemon ends its child processes after an idle minute.
        time.sleep(WARMUP_SECONDS)
        shares = [_measure_minute(process) for _ in range(minutes)]
        memory = pss_mib(process_tree(process))
        idle_status = client.request("GET", "/api/import/session")
    print(f"{status['files_total']:,} files watched\n")
    rows = [(f"minute {nth}", f"{cpu:.2f}") for nth, cpu in enumerate(shares, start=1)]
    print_table(("", "CPU, %"), rows)
    most, stall = max(shares), idle_status["loop_stall_ms"]
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
    """Return the CPU use of a process and its children in a minute, in percent."""
    before, started = cpu_seconds(process_tree(process)), time.monotonic()
    time.sleep(60.0)
    return (
        100
        * (cpu_seconds(process_tree(process)) - before)
        / (time.monotonic() - started)
    )


def _wait_until_watching(client: DaemonClient) -> dict[str, Any]:
    until = time.monotonic() + LIMIT_SECONDS
    status: dict[str, Any] = {}
    while time.monotonic() < until:
        try:
            status = client.request("GET", "/api/import/session")
        except DaemonError:
            status = {}
        watching = status and status["folders"][0]["state"] == "watching"
        if watching and status["state"] == "COMPLETED":
            return status
        time.sleep(0.5)
    raise MeasureError(f"the daemon does not become idle: {json.dumps(status)}")


if __name__ == "__main__":
    sys.exit(main())
