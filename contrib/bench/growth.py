"""Measure how the cost of an import and of a rescan grows with the number of files.

    contrib/bench/growth [--files N [N ...]] [--libraries N [N ...]]

The files, 0.3 seconds of noise each, are generated once, in the user's cache folder.
Each number of them is imported into an empty library, and imported again unchanged.
The cost of a file does not contain the start, which is measured with one folder. It is
compared with that of ten rows in plain sqlite3, each committed: one for each phase. A
daemon is asked for all pages of libraries of files that do not exist.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from bench import sample_music
from bench.commandline import parser, run_measurement
from bench.commit_floor import commit_seconds
from bench.library_answers import LibraryAnswers, answer_targets, measure_library
from bench.measure import Cost
from bench.measured_program import import_folder
from bench.tables import Target, print_table, print_targets

FILES: Final = (1_000, 10_000, 100_000)
LIBRARIES: Final = (100_000, 1_000_000)
GROWTH_MAX: Final = 1.15
RESCANS: Final = 3


class GrowthCost(NamedTuple):
    """The cost of importing a number of files, and of importing them again."""

    files: int
    first: Cost
    again: Cost


def main() -> int:
    """Run the measurement, and print the results."""
    options = parser("growth", __doc__)
    options.add_argument(
        "--files", type=int, nargs="+", default=FILES, help="numbers of files"
    )
    options.add_argument(
        "--libraries", type=int, nargs="+", default=LIBRARIES, help="files in libraries"
    )
    arguments = options.parse_args()
    counts = sorted(arguments.files)
    libraries = sorted(arguments.libraries)
    return run_measurement("growth", lambda: _measure(counts, libraries))


def _measure(counts: list[int], libraries: list[int]) -> None:
    start = _cost(sample_music.PER_FOLDER)
    costs = []
    for count in counts:
        costs.append(_cost(count))
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    _print_report(start, costs)
    _print_rates(start, costs)
    _print_libraries([measure_library(each) for each in libraries])


def _cost(count: int) -> GrowthCost:
    folder = sample_music.cache_folder() / f"{count}-files"
    sample_music.small_files(folder, count)
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as place:
        database = Path(place) / "library.db"
        first = import_folder(folder, database, memory=True).cost
        again = [import_folder(folder, database, memory=True) for _ in range(RESCANS)]
    return GrowthCost(count, first, min((e.cost for e in again), key=lambda e: e.cpu))


def _print_report(start: GrowthCost, costs: list[GrowthCost]) -> None:
    rows = [
        (
            f"{each.files:,}",
            f"{each.first.cpu:.1f}",
            f"{each.first.wall:.1f}",
            f"{_file_ms(each, start):.2f}",
            f"{each.first.memory.pss:.0f}",
            f"{each.again.cpu:.2f}",
            f"{_rescan_us(each, start):.0f}",
            f"{each.again.memory.pss:.0f}",
        )
        for each in costs
    ]
    heads = ("files", "CPU s", "wall s", "CPU ms a file", "MiB")
    again = ("rescan, CPU s", "CPU us a file", "MiB")
    print_table((*heads, *again), rows)
    few, many = costs[0], costs[-1]
    growth = _file_ms(many, start) / _file_ms(few, start)
    rescan = _rescan_us(many, start) / _rescan_us(few, start)
    numbers = f"{many.files:,} / {few.files:,} files"
    print_targets(
        [
            _target(f"cost of a file, {numbers}", growth),
            _target(f"cost of a file in a rescan, {numbers}", rescan),
        ]
    )


def _print_rates(start: GrowthCost, costs: list[GrowthCost]) -> None:
    rows = []
    for each in costs:
        files = each.files - start.files
        rate = files / (each.first.wall - start.first.wall)
        floor_ms = 1_000 * commit_seconds(files) / files
        times = _file_ms(each, start) / floor_ms
        rows.append(
            (f"{each.files:,}", f"{rate:.0f}", f"{floor_ms:.2f}", f"{times:.1f}")
        )
    print_table(
        (
            "files",
            "imported a second",
            "ten commits in sqlite3, CPU ms a file",
            "import / that",
        ),
        rows,
    )


def _print_libraries(libraries: list[LibraryAnswers]) -> None:
    heads = ("files in the library", "start, s", "MiB", "MiB after all pages")
    print_table(
        (*heads, "slowest page, ms", "longest, ms"),
        [
            (
                f"{each.files:,}",
                f"{each.start_seconds:.2f}",
                f"{each.first_mib:.0f}",
                f"{each.last_mib:.0f}",
                f"{each.slowest_ms:.1f}",
                f"{each.longest_ms:.1f}",
            )
            for each in libraries
        ],
    )
    few, many = libraries[0], libraries[-1]
    numbers = f"{many.files:,} / {few.files:,} files"
    memory = _target(f"memory of the daemon, {numbers}", many.last_mib / few.last_mib)
    print_targets([*answer_targets(many), memory])


def _file_ms(cost: GrowthCost, start: GrowthCost) -> float:
    return 1_000 * (cost.first.cpu - start.first.cpu) / (cost.files - start.files)


def _rescan_us(cost: GrowthCost, start: GrowthCost) -> float:
    return 1_000_000 * (cost.again.cpu - start.again.cpu) / (cost.files - start.files)


def _target(what: str, growth: float) -> Target:
    return Target(what, f"<= {GROWTH_MAX:.2f}", f"{growth:.2f}", growth <= GROWTH_MAX)


if __name__ == "__main__":
    sys.exit(main())
