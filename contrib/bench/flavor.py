"""What it costs to find out how music sounds, against the plain library calls.

    contrib/bench/flavor [--models FOLDER] [--songs N]

An import of made songs with everybody who can hear, less one with nobody, by one
child process and by two; and the same libraries called file after file, in one
process that keeps nothing. `segued flavor install-models` comes first.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench import music
from bench.commandline import concluded, lacking, need, parser
from bench.measure import Cost, MeasureError, cost_of
from bench.program import environment, import_folder
from bench.tables import Target, print_table, print_targets

from segued.config.config import Config
from segued.media.analyzers import essentia, musicnn

HEARD: Final = """
[flavoring]
sources = ["essentia", "musicnn"]
models = "{models}"
cpu_share = {share}

[compute]
processes = 2
"""

COST_MAX: Final = 1.15
FASTER_MIN: Final = 1.8
ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> int:
    """Measure, and print what was found."""
    words = parser("flavor", __doc__)
    words.add_argument("--models", type=Path, default=Config().models_folder)
    words.add_argument("--songs", type=int, default=8)
    given = words.parse_args()
    return concluded("flavor", lambda: _measure(given.models, given.songs))


def _measure(models: Path, count: int) -> None:
    need(lacking("ffmpeg"))
    if not (essentia.available() and musicnn.is_installed(models)):
        raise MeasureError(
            "wants the extras essentia and tags, and `segued flavor install-models`"
        )
    music.songs(music.cache() / "songs")
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as place:
        folder = Path(place) / "songs"
        folder.mkdir()
        minutes = 0.0
        for path, seed in _some(count):
            shutil.copy(path, folder)
            minutes += music.length_of(seed) / 60
        plain = _plain(models, folder)
        costs = {"nobody": import_folder(folder, Path(place) / "nobody.db").cost}
        for share in (0.5, 1.0):
            config = HEARD.format(models=models, share=share)
            done = import_folder(folder, Path(place) / f"{share}.db", config=config)
            costs[f"{share}"] = done.cost
    _tell(plain, costs, minutes)


def _some(count: int) -> list[tuple[Path, int]]:
    """Return songs in codings that Essentia reads itself, with their seeds."""
    every = sorted((music.cache() / "songs").rglob("*.*"))
    readable = [path for path in every if path.suffix in {".mp3", ".flac", ".ogg"}]
    return list(zip(readable, music.SEEDS, strict=False))[:count]


def _plain(models: Path, folder: Path) -> Cost:
    files = [str(path) for path in sorted(folder.iterdir())]
    command = [sys.executable, "-P", "-m", "bench.plain", str(models), *files]
    return cost_of(command, env=environment() | dict.fromkeys(ONE_THREAD, "1"))


def _tell(plain: Cost, costs: dict[str, Cost], minutes: float) -> None:
    nobody = costs["nobody"]
    one, two = (
        Cost(each.cpu - nobody.cpu, each.wall - nobody.wall)
        for each in (costs["0.5"], costs["1.0"])
    )
    rows = [
        (name, f"{cost.cpu / minutes:.2f}", f"{cost.wall / minutes:.2f}")
        for name, cost in (
            ("the plain calls", plain),
            ("an import, by one child", one),
            ("an import, by two", two),
        )
    ]
    print_table(("a minute of music", "CPU s", "wall s"), rows)
    ratio, faster = one.cpu / plain.cpu, one.wall / two.wall
    print_targets(
        [
            Target(
                "CPU, of the plain calls'",
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
