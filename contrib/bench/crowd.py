"""What a daemon takes when 200,000 files appear at once.

    contrib/bench/crowd [--files N] [--per-folder N] [--seconds N]

They are moved into a folder that it watches, 200 in a folder, and a tenth of
them into another one before, to compare with. Each is a few bytes that are no
music, so that finding them is what is measured: that they are all known, and
some seconds of what comes next, in which the first of them fail.
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
    """What was seen of a daemon while files appeared.

    Attributes:
        all_known_seconds: Seconds until all were known.
        slowest_answer_seconds: Seconds that the slowest answer took.
        stall_ms: Longest time its event loop was held up.
        peak_memory: The most it and its children held, in MiB, as PSS.
        memory_before: The same, before there was a file.
        files_done: Files that were worked on, in the seconds after that.
    """

    all_known_seconds: float = 0.0
    slowest_answer_seconds: float = 0.0
    stall_ms: float = 0.0
    peak_memory: float = 0.0
    memory_before: float = 0.0
    files_done: int = 0


def main() -> int:
    """Measure, and print what was found."""
    words = parser("crowd", __doc__)
    words.add_argument("--files", type=int, default=200_000, help="how many (200000)")
    words.add_argument(
        "--per-folder", type=int, default=200, help="how many in a folder (200)"
    )
    words.add_argument("--seconds", type=int, default=20, help="of work on them (20)")
    given = words.parse_args()
    return run_measurement(
        "crowd", lambda: _measure(given.files, given.per_folder, given.seconds)
    )


def _measure(count: int, per_folder: int, seconds: int) -> None:
    few, many = (
        _import_crowd(each, per_folder, seconds) for each in (count // 10, count)
    )
    rows = [
        (f"{number:,} files", *_figures(seen))
        for number, seen in ((count // 10, few), (count, many))
    ]
    heads = ("", "all known, s", "slowest answer, s", "longest stall, ms")
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
                "slowest answer, s",
                f"<= {ANSWER_SECONDS_MAX}",
                f"{many.slowest_answer_seconds:.2f}",
                many.slowest_answer_seconds <= ANSWER_SECONDS_MAX,
            ),
            Target(
                "memory (PSS) for ten times as many, MiB more",
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
    """Have so many files appear in a folder that is watched, and look on."""
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as name:
        place = Path(name)
        folder = place / "music"
        folder.mkdir()
        print(f"making {count:,} files ...", file=sys.stderr)
        _make_files(place / "crowd", count, per_folder)
        with running_daemon(folder, place / "library.db", place) as (process, line):
            look = _DaemonMonitor(line, process)
            look.wait_for(_is_watching)
            before, look.seen = look.seen.peak_memory, CrowdFigures()
            began = time.monotonic()
            (place / "crowd").rename(folder / "crowd")
            told = look.wait_for(lambda told: told["files_total"] == count)
            look.seen.all_known_seconds = time.monotonic() - began
            look.seen.memory_before, done = before, told["files_done"]
            enough = time.monotonic() + seconds
            told = look.wait_for(lambda _: time.monotonic() > enough)
            if told["files_total"] != count:
                raise MeasureError(f"it counts {told['files_total']} of {count} files")
            look.seen.files_done = told["files_done"] - done
            return look.seen


def _make_files(folder: Path, count: int, per_folder: int) -> None:
    for number in range(count):
        inside = folder / f"{number // per_folder:04}"
        if number % per_folder == 0:
            inside.mkdir(parents=True)
        (inside / f"{number % per_folder:06}.mp3").write_bytes(b"%d" % number)


def _is_watching(told: dict[str, Any]) -> bool:
    return bool(told["folders"] and told["folders"][0]["state"] == "watching")


class _DaemonMonitor:
    """Asks a daemon how it stands, and takes note of the worst."""

    def __init__(self, line: DaemonClient, process: int) -> None:
        self.seen = CrowdFigures()
        self._line: Final = line
        self._process: Final = process

    def wait_for(self, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Look on until it stands as wanted, and return how."""
        until = time.monotonic() + LIMIT_SECONDS
        told: dict[str, Any] = {}
        while time.monotonic() < until:
            asked = time.monotonic()
            try:
                told = self._line.request("GET", "/api/import/session")
            except DaemonError:
                told = {}
            if told:
                self._record(told, time.monotonic() - asked)
                if what(told):
                    return told
            time.sleep(POLL_SECONDS)
        raise MeasureError(f"it does not come to that: {json.dumps(told)[:1_000]}")

    def _record(self, told: dict[str, Any], answer: float) -> None:
        seen = self.seen
        seen.slowest_answer_seconds = max(seen.slowest_answer_seconds, answer)
        seen.stall_ms = max(seen.stall_ms, told["loop_stall_ms"])
        seen.peak_memory = max(seen.peak_memory, pss_mib(process_tree(self._process)))


if __name__ == "__main__":
    sys.exit(main())
