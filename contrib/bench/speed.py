"""Measure the cost of an import, compared with other programs for parts of it.

    contrib/bench/speed [FOLDER] [--rounds N]

FOLDER is imported if it holds music. If it is empty or missing, eighty songs are
generated in it; without FOLDER, in the user's cache folder. The music is only read.
The import measures loudness, as by default.
"""

import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final

from bench import lower_bound, sample_music
from bench.commandline import (
    missing_packages,
    parser,
    require_packages,
    run_measurement,
)
from bench.measure import Cost, Memory, busy_seconds, cpu_count, measure_cost, sum_of
from bench.measured_program import CONFIG, DEFAULT_CONFIG, import_folder
from bench.tables import Target, print_table, print_targets

SUFFIXES: Final = (".mp3", ".flac", ".ogg", ".m4a", ".opus", ".wav")
MIB: Final = 1 << 20

TWO, ONE = "import, 2 workers", "import, 1 worker"
QUIET = "import, 2 workers, without loudness"
FPCALC = "(a) fpcalc, file by file, 120 s each"
SILENCE = "(b) ffmpeg silencedetect, file by file"
DECODING = "lower bound: decoders"
PRINTS = "lower bound: decoders, Chromaprint"
LOUDNESS = "lower bound: decoders, Chromaprint, libebur128"
RESAMPLED = "(d) as (c), but resampled as in fpcalc"
QUIET_RESAMPLED = "(e) as (d), without libebur128"
HASHING = "lower bound: BLAKE3 (b3sum)"

CPU_MAX: Final = 1.35
LOUDNESS_CPU_MAX: Final = 1.25
SPEED_UP_MIN: Final = 1.8
MEMORY_MIB_MAX: Final = 400
STALL_MS_MAX: Final = 100


@dataclass(slots=True)
class SpeedRounds:
    """The measurements of all rounds.

    Attributes:
        costs: By job, one for each round.
        stalls_ms: Longest stall of the event loop in each import.
        others: Share of the CPU time that other programs used meanwhile.
    """

    costs: dict[str, list[Cost]] = field(default_factory=dict)
    stalls_ms: list[float] = field(default_factory=list)
    others: float = 0.0

    def all(self) -> Iterator[Cost]:
        """Yield the costs of all jobs in all rounds."""
        return chain.from_iterable(self.costs.values())

    def cpu(self, *names: str) -> list[float]:
        """Return the sum of the CPU seconds of some jobs, for each round."""
        return [sum(c.cpu for c in each) for each in self._per_round(names)]

    def wall(self, *names: str) -> list[float]:
        """Return the sum of the wall seconds of some jobs, for each round."""
        return [sum(c.wall for c in each) for each in self._per_round(names)]

    def _per_round(self, names: tuple[str, ...]) -> list[tuple[Cost, ...]]:
        return list(zip(*(self.costs[name] for name in names), strict=True))


def main() -> int:
    """Run the measurement, and print the results."""
    options = parser("speed", __doc__)
    options.add_argument("folder", nargs="?", type=Path, help="folder of music")
    options.add_argument("--rounds", type=int, default=3, help="number of rounds (3)")
    arguments = options.parse_args()
    folder = (arguments.folder or sample_music.cache_folder() / "songs").absolute()
    return run_measurement("speed", lambda: _measure(folder, arguments.rounds))


def _measure(folder: Path, rounds: int) -> None:
    require_packages(
        [*lower_bound.missing_build_packages(), *missing_packages("fpcalc", "ffmpeg")]
    )
    sample_music.songs(folder)
    files = [str(path) for path in sorted(folder.rglob("*")) if path.suffix in SUFFIXES]
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as made:
        place = Path(made)
        program = lower_bound.build(place, files)
        # The first run fills the page cache, and Python's cache of compiled modules.
        minutes = float(measure_cost(program.command(files)).stdout.split()[0]) / 60
        import_folder(folder, place / "first.db", config=DEFAULT_CONFIG)
        found = SpeedRounds()
        jobs = _jobs(folder, files, place, program, found)
        started, busy = time.monotonic(), busy_seconds()
        for nth in range(rounds):
            # Alternating order, so that a machine that slows down affects all equally.
            for name in list(jobs)[:: -1 if nth % 2 else 1]:
                found.costs.setdefault(name, []).append(jobs[name]())
                print(".", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        others = busy_seconds() - busy - sum(c.cpu for c in found.all())
        found.others = others / (time.monotonic() - started) / cpu_count()
        watched = import_folder(
            folder, place / "watched.db", memory=True, config=DEFAULT_CONFIG
        )
    found.stalls_ms.append(watched.stall_ms)
    _print_report(files, minutes, found, watched.cost.memory, program)


def _jobs(
    folder: Path,
    files: Sequence[str],
    place: Path,
    program: lower_bound.LowerBoundProgram,
    found: SpeedRounds,
) -> dict[str, Callable[[], Cost]]:
    def imported(workers: int, config: str = DEFAULT_CONFIG) -> Cost:
        with tempfile.TemporaryDirectory(dir=place) as fresh:
            database = Path(fresh) / "library.db"
            done = import_folder(folder, database, workers=workers, config=config)
        found.stalls_ms.append(done.stall_ms)
        return done.cost

    def for_each(*command: str) -> Cost:
        """Run a command for one file after another, in place of "FILE"."""
        return sum_of(
            measure_cost([file if word == "FILE" else word for word in command])
            for file in files
        )

    def lower_bound_of(*work: str) -> Cost:
        return measure_cost(program.command(files, *work))

    detect = ("-nostdin", "-nostats", "-i", "FILE", "-vn", "-af", "silencedetect")
    return {
        ONE: lambda: imported(1),
        TWO: lambda: imported(2),
        QUIET: lambda: imported(2, CONFIG),
        DECODING: lower_bound_of,
        PRINTS: lambda: lower_bound_of("chromaprint"),
        LOUDNESS: lambda: lower_bound_of("chromaprint", "ebur128"),
        RESAMPLED: lambda: lower_bound_of("swresample", "ebur128"),
        QUIET_RESAMPLED: lambda: lower_bound_of("swresample"),
        HASHING: lambda: measure_cost(["b3sum", "--num-threads", "1", *files]),
        FPCALC: lambda: for_each("fpcalc", "FILE"),
        SILENCE: lambda: for_each("ffmpeg", *detect, "-f", "null", "-"),
    }


def _print_report(
    files: Sequence[str],
    minutes: float,
    found: SpeedRounds,
    memory: Memory,
    program: lower_bound.LowerBoundProgram,
) -> None:
    kinds = Counter(os.path.splitext(file)[1].removeprefix(".") for file in files)
    size = sum(os.path.getsize(file) for file in files) / MIB
    mix = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    print(f"{len(files)} songs, {minutes:.0f} minutes, {size:.0f} MiB: {mix}")
    chosen = ", ".join(
        f"{name} for {kind[1:]}" for kind, name in program.decoders.items()
    )
    print(f"Fastest decoders: {chosen or 'libavcodec'}; libavcodec for all others")
    print(
        f"{cpu_count()} CPUs, of which other programs used {found.others:.0%}; "
        f"medians of {len(found.costs[TWO])} rounds\n"
    )
    each = (TWO, ONE, QUIET, FPCALC, SILENCE, DECODING, PRINTS, LOUDNESS, HASHING)
    rows = [
        *(_row(name, found, (name,), minutes) for name in each),
        _row("(c) lower bound, all of it", found, (LOUDNESS, HASHING), minutes),
        _row(RESAMPLED, found, (RESAMPLED, HASHING), minutes),
        _row(QUIET_RESAMPLED, found, (QUIET_RESAMPLED, HASHING), minutes),
    ]
    print_table(("", "CPU s", "ms per minute", "wall s"), rows)
    print(
        f"Peak memory of parent and children: {memory.pss:.0f} MiB (PSS); "
        f"{memory.rss:.0f} MiB with shared pages counted in each process (RSS).\n"
    )
    print_targets(_targets(found, memory))


def _row(
    title: str, found: SpeedRounds, names: tuple[str, ...], minutes: float
) -> tuple[str, str, str, str]:
    cpu = statistics.median(found.cpu(*names))
    wall = statistics.median(found.wall(*names))
    return title, f"{cpu:.2f}", f"{1_000 * cpu / minutes:.1f}", f"{wall:.2f}"


def _targets(found: SpeedRounds, memory: Memory) -> list[Target]:
    def ratio(upper: list[float], lower: list[float]) -> float:
        """Return the median of the rounds' ratios."""
        return statistics.median(a / b for a, b in zip(upper, lower, strict=True))

    cpu, wall = found.cpu(TWO), found.wall(TWO)
    of_quiet = ratio(cpu, found.cpu(QUIET))
    of_lower_bound = ratio(cpu, found.cpu(LOUDNESS, HASHING))
    of_resampled = ratio(cpu, found.cpu(RESAMPLED, HASHING))
    quiet_bound = found.cpu(QUIET_RESAMPLED, HASHING)
    of_quiet_bound = ratio(found.cpu(QUIET), quiet_bound)
    of_both = ratio(cpu, found.cpu(FPCALC, SILENCE))
    wall_of_both = ratio(wall, found.wall(FPCALC, SILENCE))
    speed_up = ratio(found.wall(ONE), wall)
    stall = max(found.stalls_ms)
    return [
        _max_target("CPU of the import / without loudness", of_quiet, LOUDNESS_CPU_MAX),
        _max_target("CPU of the import / of (c)", of_lower_bound, CPU_MAX),
        _max_target("CPU of the import / of (d)", of_resampled, CPU_MAX),
        _max_target("CPU without loudness / of (e)", of_quiet_bound, CPU_MAX),
        _max_target("CPU of the import / of (a) + (b)", of_both, 1.0),
        _max_target("wall time of the import / of (a) + (b)", wall_of_both, 1.0),
        Target(
            "2 workers, times as fast as 1",
            f">= {SPEED_UP_MIN:.2f}",
            f"{speed_up:.2f}",
            speed_up >= SPEED_UP_MIN,
        ),
        _max_target("peak memory (PSS), MiB", memory.pss, MEMORY_MIB_MAX, digits=0),
        _max_target(
            "longest stall of the event loop, ms", stall, STALL_MS_MAX, digits=0
        ),
    ]


def _max_target(what: str, value: float, limit: float, *, digits: int = 2) -> Target:
    wanted, found = f"<= {limit:.{digits}f}", f"{value:.{digits}f}"
    return Target(what, wanted, found, value <= limit)


if __name__ == "__main__":
    sys.exit(main())
