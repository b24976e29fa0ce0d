"""Measure a daemon while 200,000 files appear at once.

    contrib/bench/crowd [--files N] [--per-folder N] [--seconds N]

The files are moved into a watched folder, 200 in a subfolder; the same with a tenth of
them is measured first, for comparison. Each file is a few bytes without audio, so that
only the scan is measured, until all files are in the library, and then some seconds of
the import, in which the first files fail.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.commandline import parser, run_measurement
from bench.measure import MeasureError, process_tree, pss_mib
from bench.measured_program import running_daemon
from bench.tables import Target, print_table, print_targets

from segued.cli.daemon_client import DaemonClient
from segued.errors import DaemonError

MEMORY_MIB_MAX: Final = 100
STALL_MS_MAX: Final = 250
ANSWER_SECONDS_MAX: Final = 1.0
POLL_SECONDS: Final = 0.1
LIMIT_SECONDS: Final = 1_800.0


@dataclass
class CrowdFigures:
    """Measurements of a daemon while files appear.

    Attributes:
        all_known_seconds: Seconds until all files were in the library.
        slowest_answer_seconds: Seconds until the slowest response to a request.
        stall_ms: Longest stall of its event loop.
        peak_memory: Peak memory of the daemon and its children, in MiB, as PSS.
        memory_before: The same, before the files appeared.
        files_done: Files processed in the seconds after all were in the library.
    """

    all_known_seconds: float = 0.0
    slowest_answer_seconds: float = 0.0
    stall_ms: float = 0.0
    peak_memory: float = 0.0
    memory_before: float = 0.0
    files_done: int = 0


def main() -> int:
    """Run the measurement, and print the results."""
    options = parser("crowd", __doc__)
    options.add_argument(
        "--files", type=int, default=200_000, help="number of files (200000)"
    )
    options.add_argument(
        "--per-folder", type=int, default=200, help="files in a folder (200)"
    )
    options.add_argument(
        "--seconds", type=int, default=20, help="seconds to measure the import (20)"
    )
    arguments = options.parse_args()
    return run_measurement(
        "crowd",
        lambda: _measure(arguments.files, arguments.per_folder, arguments.seconds),
    )


def _measure(count: int, per_folder: int, seconds: int) -> None:
    few, many = (
        _import_crowd(each, per_folder, seconds) for each in (count // 10, count)
    )
    rows = [
        (f"{number:,} files", *_figures(seen))
        for number, seen in ((count // 10, few), (count, many))
    ]
    heads = ("", "all in library, s", "slowest response, s", "longest stall, ms")
    print_table((*heads, "memory, MiB", "before, MiB", f"done in {seconds} s"), rows)
    grown = many.peak_memory - few.peak_memory
    print_targets(
        [
            Target(
                "longest stall, ms",
                f"<= {STALL_MS_MAX}",
                f"{many.stall_ms:.0f}",
                many.stall_ms <= STALL_MS_MAX,
            ),
            Target(
                "slowest response, s",
                f"<= {ANSWER_SECONDS_MAX}",
                f"{many.slowest_answer_seconds:.2f}",
                many.slowest_answer_seconds <= ANSWER_SECONDS_MAX,
            ),
            Target(
                "memory (PSS) for ten times as many files, MiB more",
                f"<= {MEMORY_MIB_MAX}",
                f"{grown:.0f}",
                grown <= MEMORY_MIB_MAX,
            ),
        ]
    )


def _figures(seen: CrowdFigures) -> tuple[str, ...]:
    return (
        f"{seen.all_known_seconds:.1f}",
        f"{seen.slowest_answer_seconds:.2f}",
        f"{seen.stall_ms:.0f}",
        f"{seen.peak_memory:.0f}",
        f"{seen.memory_before:.0f}",
        f"{seen.files_done:,}",
    )


def _import_crowd(count: int, per_folder: int, seconds: int) -> CrowdFigures:
    """Move `count` files into a watched folder, and measure the daemon."""
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as name:
        place = Path(name)
        folder = place / "music"
        folder.mkdir()
        print(f"making {count:,} files ...", file=sys.stderr)
        _make_files(place / "crowd", count, per_folder)
        with running_daemon(folder, place / "library.db", place) as (process, client):
            monitor = _DaemonMonitor(client, process)
            monitor.wait_for(_is_watching)
            before, monitor.seen = monitor.seen.peak_memory, CrowdFigures()
            started = time.monotonic()
            (place / "crowd").rename(folder / "crowd")
            status = monitor.wait_for(lambda status: status["files_total"] == count)
            monitor.seen.all_known_seconds = time.monotonic() - started
            monitor.seen.memory_before, done = before, status["files_done"]
            deadline = time.monotonic() + seconds
            status = monitor.wait_for(lambda _: time.monotonic() > deadline)
            if status["files_total"] != count:
                raise MeasureError(
                    f"the daemon counts {status['files_total']} of {count} files"
                )
            monitor.seen.files_done = status["files_done"] - done
            return monitor.seen


def _make_files(folder: Path, count: int, per_folder: int) -> None:
    for number in range(count):
        inside = folder / f"{number // per_folder:04}"
        if number % per_folder == 0:
            inside.mkdir(parents=True)
        (inside / f"{number % per_folder:06}.mp3").write_bytes(b"%d" % number)


def _is_watching(status: dict[str, Any]) -> bool:
    return bool(status["folders"] and status["folders"][0]["state"] == "watching")


class _DaemonMonitor:
    """Polls the status of a daemon, and keeps the largest measurements."""

    def __init__(self, client: DaemonClient, process: int) -> None:
        self.seen = CrowdFigures()
        self._client: Final = client
        self._process: Final = process

    def wait_for(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Poll until the status fulfills a condition, and return the status."""
        until = time.monotonic() + LIMIT_SECONDS
        status: dict[str, Any] = {}
        while time.monotonic() < until:
            started = time.monotonic()
            try:
                status = self._client.request("GET", "/api/import/session")
            except DaemonError:
                status = {}
            if status:
                self._record(status, time.monotonic() - started)
                if condition(status):
                    return status
            time.sleep(POLL_SECONDS)
        raise MeasureError(f"status not reached: {json.dumps(status)[:1_000]}")

    def _record(self, status: dict[str, Any], answer: float) -> None:
        seen = self.seen
        seen.slowest_answer_seconds = max(seen.slowest_answer_seconds, answer)
        seen.stall_ms = max(seen.stall_ms, status["loop_stall_ms"])
        seen.peak_memory = max(seen.peak_memory, pss_mib(process_tree(self._process)))


if __name__ == "__main__":
    sys.exit(main())
