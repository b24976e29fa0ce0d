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

from bench.commandline import concluded, parser
from bench.measure import MeasureError, family, pss_mib
from bench.program import serving
from bench.tables import Target, print_table, print_targets

from segued.cli.daemon_client import Line
from segued.errors import DaemonError

MEMORY_MIB_MAX: Final = 100
STALL_MS_MAX: Final = 250
ANSWER_SECONDS_MAX: Final = 1.0
LOOK_SECONDS: Final = 0.1
LIMIT_SECONDS: Final = 1_800.0


@dataclass
class Seen:
    """What was seen of a daemon while files appeared.

    Attributes:
        known: Seconds until all were known.
        answer: Seconds that the slowest answer took.
        stall_ms: Longest time its event loop was held up.
        memory: The most it and its children held, in MiB, as PSS.
        before: The same, before there was a file.
        done: Files that were worked on, in the seconds after that.
    """

    known: float = 0.0
    answer: float = 0.0
    stall_ms: float = 0.0
    memory: float = 0.0
    before: float = 0.0
    done: int = 0


def main() -> int:
    """Measure, and print what was found."""
    words = parser("crowd", __doc__)
    words.add_argument("--files", type=int, default=200_000, help="how many (200000)")
    words.add_argument(
        "--per-folder", type=int, default=200, help="how many in a folder (200)"
    )
    words.add_argument("--seconds", type=int, default=20, help="of work on them (20)")
    given = words.parse_args()
    return concluded(
        "crowd", lambda: _measure(given.files, given.per_folder, given.seconds)
    )


def _measure(count: int, per_folder: int, seconds: int) -> None:
    few, many = (_appeared(each, per_folder, seconds) for each in (count // 10, count))
    rows = [
        (f"{number:,} files", *_figures(seen))
        for number, seen in ((count // 10, few), (count, many))
    ]
    heads = ("", "all known, s", "slowest answer, s", "longest stall, ms")
    print_table((*heads, "memory, MiB", "before, MiB", f"done in {seconds} s"), rows)
    grown = many.memory - few.memory
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
                f"{many.answer:.2f}",
                many.answer <= ANSWER_SECONDS_MAX,
            ),
            Target(
                "memory (PSS) for ten times as many, MiB more",
                f"<= {MEMORY_MIB_MAX}",
                f"{grown:.0f}",
                grown <= MEMORY_MIB_MAX,
            ),
        ]
    )


def _figures(seen: Seen) -> tuple[str, ...]:
    return (
        f"{seen.known:.1f}",
        f"{seen.answer:.2f}",
        f"{seen.stall_ms:.0f}",
        f"{seen.memory:.0f}",
        f"{seen.before:.0f}",
        f"{seen.done:,}",
    )


def _appeared(count: int, per_folder: int, seconds: int) -> Seen:
    """Have so many files appear in a folder that is watched, and look on."""
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as name:
        place = Path(name)
        folder = place / "music"
        folder.mkdir()
        print(f"making {count:,} files ...", file=sys.stderr)
        _make(place / "crowd", count, per_folder)
        with serving(folder, place / "library.db", place) as (process, line):
            look = _Look(line, process)
            look.until(_is_watching)
            before, look.seen = look.seen.memory, Seen()
            began = time.monotonic()
            (place / "crowd").rename(folder / "crowd")
            told = look.until(lambda told: told["files_total"] == count)
            look.seen.known = time.monotonic() - began
            look.seen.before, done = before, told["files_done"]
            enough = time.monotonic() + seconds
            told = look.until(lambda _: time.monotonic() > enough)
            if told["files_total"] != count:
                raise MeasureError(f"it counts {told['files_total']} of {count} files")
            look.seen.done = told["files_done"] - done
            return look.seen


def _make(folder: Path, count: int, per_folder: int) -> None:
    for number in range(count):
        inside = folder / f"{number // per_folder:04}"
        if number % per_folder == 0:
            inside.mkdir(parents=True)
        (inside / f"{number % per_folder:06}.mp3").write_bytes(b"%d" % number)


def _is_watching(told: dict[str, Any]) -> bool:
    return bool(told["folders"] and told["folders"][0]["state"] == "watching")


class _Look:
    """Asks a daemon how it stands, and takes note of the worst."""

    def __init__(self, line: Line, process: int) -> None:
        self.seen = Seen()
        self._line: Final = line
        self._process: Final = process

    def until(self, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Look on until it stands as wanted, and return how."""
        until = time.monotonic() + LIMIT_SECONDS
        told: dict[str, Any] = {}
        while time.monotonic() < until:
            asked = time.monotonic()
            try:
                told = self._line.ask("GET", "/api/import/session")
            except DaemonError:
                told = {}
            if told:
                self._note(told, time.monotonic() - asked)
                if what(told):
                    return told
            time.sleep(LOOK_SECONDS)
        raise MeasureError(f"it does not come to that: {json.dumps(told)[:1_000]}")

    def _note(self, told: dict[str, Any], answer: float) -> None:
        seen = self.seen
        seen.answer = max(seen.answer, answer)
        seen.stall_ms = max(seen.stall_ms, told["loop_stall_ms"])
        seen.memory = max(seen.memory, pss_mib(family(self._process)))


if __name__ == "__main__":
    sys.exit(main())
