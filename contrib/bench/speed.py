"""What an import costs, against doing parts of it by other means.

    contrib/bench/speed [FOLDER] [--rounds N]

FOLDER is imported if it holds music. If it is empty or absent, eighty songs
are made in it; without FOLDER, in the user's cache. The music is only read.
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
from bench.measured_program import import_folder
from bench.tables import Target, print_table, print_targets

SUFFIXES: Final = (".mp3", ".flac", ".ogg", ".m4a", ".opus", ".wav")
MIB: Final = 1 << 20

TWO, ONE = "import, 2 workers", "import, 1 worker"
FPCALC = "(a) fpcalc, file by file: 120 s of each"
SILENCE = "(b) ffmpeg silencedetect, file by file"
DECODING = "(c) floor: decoders, Chromaprint"
HASHING = "    floor: b3sum, its BLAKE3"
RESAMPLED = "(d) as (c), but resampled as in fpcalc"

CPU_MAX: Final = 1.35
SPEED_UP_MIN: Final = 1.8
MEMORY_MIB_MAX: Final = 400
STALL_MS_MAX: Final = 100


@dataclass(slots=True)
class SpeedRounds:
    """What was measured, round by round.

    Attributes:
        others: What share of the CPUs other programs took meanwhile.
    """

    costs: dict[str, list[Cost]] = field(default_factory=dict)
    stalls_ms: list[float] = field(default_factory=list)
    others: float = 0.0

    def all(self) -> Iterator[Cost]:
        """Yield every single one."""
        return chain.from_iterable(self.costs.values())

    def cpu(self, *names: str) -> list[float]:
        """Return the CPU seconds of several together, for each round."""
        return [sum(c.cpu for c in each) for each in self._per_round(names)]

    def wall(self, *names: str) -> list[float]:
        """Return the wall seconds of several together, for each round."""
        return [sum(c.wall for c in each) for each in self._per_round(names)]

    def _per_round(self, names: tuple[str, ...]) -> list[tuple[Cost, ...]]:
        return list(zip(*(self.costs[name] for name in names), strict=True))


def main() -> int:
    """Measure, and print what was found."""
    words = parser("speed", __doc__)
    words.add_argument("folder", nargs="?", type=Path, help="of music, or for it")
    words.add_argument("--rounds", type=int, default=3, help="of measuring (3)")
    given = words.parse_args()
    folder = (given.folder or sample_music.cache_folder() / "songs").absolute()
    return run_measurement("speed", lambda: _measure(folder, given.rounds))


def _measure(folder: Path, rounds: int) -> None:
    require_packages(
        [*lower_bound.missing_build_packages(), *missing_packages("fpcalc", "ffmpeg")]
    )
    sample_music.songs(folder)
    files = [str(path) for path in sorted(folder.rglob("*")) if path.suffix in SUFFIXES]
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as made:
        place = Path(made)
        best = lower_bound.build(place, files)
        # The first reading fills the system's cache, the first import Python's.
        minutes = float(measure_cost(best.command(files)).stdout.split()[0]) / 60
        import_folder(folder, place / "first.db")
        found = SpeedRounds()
        jobs = _jobs(folder, files, place, best, found)
        started, busy = time.monotonic(), busy_seconds()
        for nth in range(rounds):
            # To and fro, so that a machine that grows slower does so for all.
            for name in list(jobs)[:: -1 if nth % 2 else 1]:
                found.costs.setdefault(name, []).append(jobs[name]())
                print(".", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        others = busy_seconds() - busy - sum(c.cpu for c in found.all())
        found.others = others / (time.monotonic() - started) / cpu_count()
        watched = import_folder(folder, place / "watched.db", memory=True)
    found.stalls_ms.append(watched.stall_ms)
    _print_report(files, minutes, found, watched.cost.memory, best)


def _jobs(
    folder: Path,
    files: Sequence[str],
    place: Path,
    best: lower_bound.FloorProgram,
    found: SpeedRounds,
) -> dict[str, Callable[[], Cost]]:
    def imported(workers: int) -> Cost:
        with tempfile.TemporaryDirectory(dir=place) as fresh:
            done = import_folder(folder, Path(fresh) / "library.db", workers=workers)
        found.stalls_ms.append(done.stall_ms)
        return done.cost

    def each(*words: str) -> Cost:
        """Run a command on one file after another, put where it says FILE."""
        return sum_of(
            measure_cost([file if word == "FILE" else word for word in words])
            for file in files
        )

    detect = ("-nostdin", "-nostats", "-i", "FILE", "-vn", "-af", "silencedetect")
    return {
        ONE: lambda: imported(1),
        TWO: lambda: imported(2),
        DECODING: lambda: measure_cost(best.command(files)),
        HASHING: lambda: measure_cost(["b3sum", "--num-threads", "1", *files]),
        RESAMPLED: lambda: measure_cost(best.command(files, swresample=True)),
        FPCALC: lambda: each("fpcalc", "FILE"),
        SILENCE: lambda: each("ffmpeg", *detect, "-f", "null", "-"),
    }


def _print_report(
    files: Sequence[str],
    minutes: float,
    found: SpeedRounds,
    memory: Memory,
    best: lower_bound.FloorProgram,
) -> None:
    kinds = Counter(os.path.splitext(file)[1].removeprefix(".") for file in files)
    size = sum(os.path.getsize(file) for file in files) / MIB
    mix = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    print(f"{len(files)} songs, {minutes:.0f} minutes, {size:.0f} MiB: {mix}")
    chosen = ", ".join(f"{name} for {kind[1:]}" for kind, name in best.decoders.items())
    print(f"The best decoders here: {chosen or 'libavcodec'}; libavcodec for all else")
    print(
        f"{cpu_count()} CPUs, of which other programs took {found.others:.0%}; "
        f"medians of {len(found.costs[TWO])} rounds\n"
    )
    each = (TWO, ONE, FPCALC, SILENCE, DECODING, HASHING)
    rows = [
        *(_row(name, found, (name,), minutes) for name in each),
        _row("(c) in all", found, (DECODING, HASHING), minutes),
        _row(RESAMPLED, found, (RESAMPLED, HASHING), minutes),
    ]
    print_table(("", "CPU s", "ms a minute", "wall s"), rows)
    print(
        f"Peak memory, parent and children together: {memory.pss:.0f} MiB (PSS); "
        f"{memory.rss:.0f} MiB if shared pages count in each (RSS).\n"
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
    of_floor = ratio(cpu, found.cpu(DECODING, HASHING))
    of_resampled = ratio(cpu, found.cpu(RESAMPLED, HASHING))
    of_both = ratio(cpu, found.cpu(FPCALC, SILENCE))
    wall_of_both = ratio(wall, found.wall(FPCALC, SILENCE))
    speed_up = ratio(found.wall(ONE), wall)
    stall = max(found.stalls_ms)
    return [
        _max_target("CPU of the import / of (c)", of_floor, CPU_MAX),
        _max_target("CPU of the import / of (d)", of_resampled, CPU_MAX),
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
