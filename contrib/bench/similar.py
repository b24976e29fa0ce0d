"""Measure how long a search for similar passages takes.

    contrib/bench/similar [--files N]

The library lists 100,000 files with 5,000 random flavors, all from one source. Three
quarters of them have all eighteen characteristics, the others some of them.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from bench.commandline import parser, run_measurement
from bench.large_library import make_large_library
from bench.tables import Target, print_table, print_targets

from segued.matching.flavor import CHARACTERISTICS
from segued.matching.flavor_distance import METRICS
from segued.store.database import Store
from segued.store.reading.similar import PlaylistRequest, SimilarPassages
from segued.store.schema.files import Passage, iter_rows
from segued.units import TICKS_PER_SECOND

SEARCHES: Final = 50
CHANGED: Final = 1_000
FLAVORS: Final = 5_000
SEARCH_MS_MAX: Final = 50.0
INCOMPLETE_EVERY: Final = 4


def main() -> int:
    """Make the library, and measure; return the exit code."""
    options = parser("similar", __doc__)
    options.add_argument("--files", type=int, default=100_000, metavar="N")
    files = options.parse_args().files
    return run_measurement("similar", lambda: measure(files))


def measure(files: int) -> None:
    """Print the durations of searches."""
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as folder:
        library = Path(folder) / "library.db"
        make_large_library(library, files)
        ids = asyncio.run(add_flavors(library))
        similar = SimilarPassages(library)
        first = milliseconds(lambda: similar.nearest(ids[0], 10, "squares"))
        dice = np.random.default_rng(2)
        chosen = [ids[number] for number in dice.integers(0, len(ids), SEARCHES)]
        durations = {
            metric: search_durations(similar, chosen, metric) for metric in METRICS
        }
        asyncio.run(change_flavors(library, ids[:CHANGED]))
        after_changes = milliseconds(lambda: similar.nearest(ids[0], 10, "squares"))
        hour = 3_600 * TICKS_PER_SECOND
        like = milliseconds(
            lambda: similar.playlist(PlaylistRequest(ids[0], None, hour, 5))
        )
        way = milliseconds(
            lambda: similar.playlist(PlaylistRequest(ids[0], ids[1], hour, 5))
        )
    rows = [
        (f"search, {metric}: median", f"{statistics.median(each):.1f}")
        for metric, each in durations.items()
    ]
    rows += [
        ("first search, which reads all flavors", f"{first:.0f}"),
        (f"search after {CHANGED:,} changes", f"{after_changes:.0f}"),
        ("playlist of an hour", f"{like:.0f}"),
        ("way of an hour from one song to another", f"{way:.0f}"),
    ]
    print_table((f"{len(ids):,} passages", "ms"), rows)
    worst = max(statistics.median(each) for each in durations.values())
    target = Target(
        "search, ms",
        f"< {SEARCH_MS_MAX:g}",
        f"{worst:.1f}",
        is_reached=worst < SEARCH_MS_MAX,
    )
    print_targets([target])


def search_durations(
    similar: SimilarPassages, passages: list[str], metric: str
) -> list[float]:
    """Return how long the search of each passage takes."""
    return [
        milliseconds(partial(similar.nearest, each, 10, metric)) for each in passages
    ]


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    begin = time.perf_counter()
    work()
    return 1_000 * (time.perf_counter() - begin)


async def add_flavors(library: Path) -> list[str]:
    """Give each passage a random flavor; return their ids."""
    store = Store(library)
    await store.open()
    try:
        ids = await store.do(_passages)
        await store.do(_write_flavors, ids, 1)
    finally:
        await store.close()
    return ids


async def change_flavors(library: Path, ids: list[str]) -> None:
    """Give some passages other flavors."""
    store = Store(library)
    await store.open()
    try:
        await store.do(_write_flavors, ids, 3)
    finally:
        await store.close()


def _passages() -> list[str]:
    return [passage for (passage,) in iter_rows(Passage.select(Passage.id))]


def _write_flavors(ids: list[str], seed: int) -> None:
    dice = np.random.default_rng(seed)
    flavors = [
        _random_flavor(dice, is_complete=number % INCOMPLETE_EVERY != 0)
        for number in range(FLAVORS)
    ]
    for number, passage in enumerate(ids):
        flavor = flavors[number % FLAVORS]
        Passage.update(flavor=flavor, flavor_source="musicnn").where(
            Passage.id == passage
        ).execute()


def _random_flavor(dice: np.random.Generator, *, is_complete: bool) -> str:
    names = list(CHARACTERISTICS)[: None if is_complete else 10]
    shares = {
        name: dict(
            zip(
                CHARACTERISTICS[name],
                dice.dirichlet(np.ones(len(CHARACTERISTICS[name]))).round(6).tolist(),
                strict=True,
            )
        )
        for name in names
    }
    return json.dumps({"characteristics": shares})


if __name__ == "__main__":
    sys.exit(main())
