"""Measure the cost of analyzing music, compared with the plain library calls.

    contrib/bench/flavor [--models FOLDER] [--songs N]
    contrib/bench/flavor --truth [--models FOLDER]

Measures an import of generated songs with all analyzers, minus one without any: the
quick analysis, which is the default, and the full one, with one child process and with
two; and the calls of the same libraries, file by file, in one process that
stores nothing. Run `segued flavor install-models` first.

With --truth, compares the quick analysis of real pieces with the full one.
"""

import itertools
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from bench import sample_music
from bench.commandline import (
    missing_packages,
    parser,
    require_packages,
    run_measurement,
)
from bench.flavor_truth import compare_depths
from bench.measure import Cost, MeasureError, measure_cost
from bench.measured_program import environment, import_folder
from bench.tables import Target, print_table, print_targets

from segued.config.config import Config
from segued.media.analyzers import essentia, musicnn

ANALYSIS_CONFIG: Final = """
[flavoring]
sources = ["essentia", "musicnn"]
models = "{models}"
depth = "{depth}"
cpu_share = {share}

[compute]
processes = 2
"""

ENCODINGS: Final[tuple[sample_music.Encoding, ...]] = (
    ("-c:a", "libmp3lame", "-q:a", "2", ".mp3"),
    ("-sample_fmt", "s16", ".flac"),
    ("-c:a", "libvorbis", "-q:a", "5", ".ogg"),
)

COST_MAX: Final = 1.15
QUICK_SECONDS_MAX: Final = 0.45
"""CPU seconds of the quick analysis for a minute of music."""
LIBRARY_SONGS: Final = 5_736
LIBRARY_SONG_MINUTES: Final = 4
FASTER_MIN: Final = 1.8
RUNS: Final = (("full", 1), ("full", 2), ("quick", 1))
"""Depths, and numbers of child processes."""
ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> int:
    """Run the measurement, and print the results."""
    options = parser("flavor", __doc__)
    options.add_argument("--models", type=Path, default=Config().models_folder)
    options.add_argument("--songs", type=int, default=8)
    options.add_argument("--truth", action="store_true")
    arguments = options.parse_args()
    return run_measurement(
        "flavor",
        lambda: _measure(arguments.models, arguments.songs, truth=arguments.truth),
    )


def _measure(models: Path, count: int, *, truth: bool) -> None:
    require_packages(missing_packages("ffmpeg"))
    if not (essentia.is_installed() and musicnn.is_installed(models)):
        raise MeasureError(
            "the extras essentia and tags, and the models that "
            "`segued flavor install-models` installs, are required"
        )
    if truth:
        compare_depths(models)
        return
    folder = sample_music.cache_folder() / f"flavor-{count}"
    sample_music.make_once(folder, partial(_make_songs, count))
    minutes = sum(sample_music.length_of(seed) for seed in _seeds(count)) / 60
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as place:
        plain = _library_calls_cost(models, folder)
        without = import_folder(folder, Path(place) / "without.db").cost
        costs: dict[tuple[str, int], Cost] = {}
        for depth, children in RUNS:
            config = ANALYSIS_CONFIG.format(
                models=models, depth=depth, share=children / 2
            )
            database = Path(place) / f"{depth}{children}.db"
            done = import_folder(folder, database, config=config).cost
            costs[depth, children] = Cost(
                done.cpu - without.cpu, done.wall - without.wall
            )
    _print_report(plain, costs, minutes)


def _seeds(count: int) -> Sequence[int]:
    return sample_music.SEEDS[:count]


def _make_songs(count: int, folder: Path) -> None:
    """Generate songs in formats that Essentia reads itself, in turn."""
    for seed, encoding in zip(_seeds(count), itertools.cycle(ENCODINGS), strict=False):
        path = folder / f"Song {seed}{encoding[-1]}"
        sample_music.encoded_song(path, seed, encoding[:-1])


def _library_calls_cost(models: Path, folder: Path) -> Cost:
    files = [str(path) for path in sorted(folder.iterdir())]
    command = [sys.executable, "-P", "-m", "bench.library_calls", str(models), *files]
    return measure_cost(command, env=environment() | dict.fromkeys(ONE_THREAD, "1"))


def _print_report(
    plain: Cost, costs: dict[tuple[str, int], Cost], minutes: float
) -> None:
    named = {"plain library calls": plain} | {
        f"{depth} analysis, child processes: {children}": cost
        for (depth, children), cost in costs.items()
    }
    rows = [
        (
            name,
            f"{cost.cpu / minutes:.2f}",
            f"{cost.wall / minutes:.2f}",
            f"{LIBRARY_SONGS * LIBRARY_SONG_MINUTES * cost.cpu / minutes / 3_600:.1f}",
        )
        for name, cost in named.items()
    ]
    library = f"CPU hours for {LIBRARY_SONGS:,} songs"
    print_table(("a minute of music", "CPU s", "wall s", library), rows)
    one, two, quick = (costs[run] for run in RUNS)
    ratio, faster = one.cpu / plain.cpu, one.wall / two.wall
    quick_seconds = quick.cpu / minutes
    print_targets(
        [
            Target(
                "CPU s of the quick analysis for a minute",
                f"at most {QUICK_SECONDS_MAX:.2f}",
                f"{quick_seconds:.2f}",
                quick_seconds <= QUICK_SECONDS_MAX,
            ),
            Target(
                "CPU of the full analysis / CPU of the plain calls",
                f"at most {COST_MAX:.2f}",
                f"{ratio:.2f}",
                ratio <= COST_MAX,
            ),
            Target(
                "2 children, times as fast as 1",
                f"at least {FASTER_MIN:.2f}",
                f"{faster:.2f}",
                faster >= FASTER_MIN,
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
