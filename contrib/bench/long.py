"""Measure memory and CPU for one file of four hours, compared with eighty songs.

    contrib/bench/long

The file is generated once, in the user's cache folder: sixty songs with silences
between them, so that it is cut into passages, and its audio is buffered until then.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final

from bench import sample_music
from bench.commandline import (
    missing_packages,
    parser,
    require_packages,
    run_measurement,
)
from bench.measured_program import MeasuredImport, import_folder
from bench.tables import Target, print_table, print_targets

SONGS_MINUTES: Final = sum(map(sample_music.length_of, sample_music.SEEDS)) / 60
LONG_MINUTES: Final = sample_music.LONG_SECONDS / 60
MORE_MIB_MAX: Final = 30


def main() -> int:
    """Run the measurement, and print the results."""
    parser("long", __doc__).parse_args()
    return run_measurement("long", _measure)


def _measure() -> None:
    songs, long = (
        sample_music.cache_folder() / "songs",
        sample_music.cache_folder() / "four-hours",
    )
    require_packages(missing_packages("ffmpeg"))
    sample_music.songs(songs)
    sample_music.long_file(long)
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as place:
        # The first run fills the page cache, and Python's cache of compiled modules.
        import_folder(songs, Path(place) / "first.db")
        many = import_folder(songs, Path(place) / "songs.db", memory=True)
        one = import_folder(long, Path(place) / "long.db", memory=True)
    _print_report(many, one)


def _print_report(many: MeasuredImport, one: MeasuredImport) -> None:
    rows = [
        _row("80 songs", many, SONGS_MINUTES),
        _row("one file of 4 hours", one, LONG_MINUTES),
    ]
    heads = ("", "passages", "CPU s", "ms per minute", "wall s", "PSS MiB", "RSS MiB")
    print_table(heads, rows)
    more = one.cost.memory.pss - many.cost.memory.pss
    reached = more <= MORE_MIB_MAX
    what = "memory beyond that of 80 songs, MiB"
    print_targets([Target(what, f"<= {MORE_MIB_MAX}", f"{more:+.0f}", reached)])


def _row(title: str, done: MeasuredImport, minutes: float) -> tuple[str, ...]:
    cost = done.cost
    return (
        title,
        str(sum(done.summary["passages"].values())),
        f"{cost.cpu:.2f}",
        f"{1_000 * cost.cpu / minutes:.1f}",
        f"{cost.wall:.2f}",
        f"{cost.memory.pss:.0f}",
        f"{cost.memory.rss:.0f}",
    )


if __name__ == "__main__":
    sys.exit(main())
