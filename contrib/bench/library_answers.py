"""Measure the answers of a daemon with a large library of files that do not exist."""

import asyncio
import http.client
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from bench import sample_music
from bench.large_library import make_large_library
from bench.library_pages import PAGES
from bench.measure import MeasureError, pss_mib
from bench.measured_program import running_daemon
from bench.tables import Target, print_table

from segued.cli.daemon_client import DaemonClient
from segued.store.database import Store

__all__ = [
    "QUICK",
    "LibraryAnswers",
    "answer_targets",
    "measure_library",
    "print_library",
]

REQUESTS_PER_PAGE: Final = 20
REFILL_SECONDS: Final = 1.5
"""A pause after each page, so that the daemon does not delay requests."""

LIMIT_SECONDS: Final = 600.0
MEDIAN_MS_MAX: Final = 50.0
LONGEST_MS_MAX: Final = 150.0
QUICK: Final = """
[watching]
settle_seconds = 0.1
folder_seconds = 0.0
"""


class LibraryAnswers(NamedTuple):
    """How a daemon with a large library answers.

    Attributes:
        start_seconds: The time until it answers with its first status.
        first_mib: Its memory then.
        last_mib: Its memory after all requests.
        pages: Name, and median and maximum response time in milliseconds.
    """

    files: int
    start_seconds: float
    first_mib: float
    last_mib: float
    pages: list[tuple[str, float, float]]

    @property
    def slowest_ms(self) -> float:
        """The median of the slowest page."""
        return max(median for _, median, _ in self.pages)

    @property
    def longest_ms(self) -> float:
        """The longest single response."""
        return max(longest for *_, longest in self.pages)


def measure_library(count: int) -> LibraryAnswers:
    """Measure a daemon with a library of `count` files, which is created once."""
    database = sample_music.cache_folder() / f"{count}-songs.db"
    if not database.exists():
        print(f"creating {database}, once ...", file=sys.stderr)
        partial = database.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        make_large_library(partial, count)
        partial.rename(database)
    _open_once(database)
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as made:
        place = Path(made)
        (place / "music").mkdir()
        started = time.monotonic()
        with running_daemon(place / "music", database, place, QUICK) as (
            process,
            client,
        ):
            while not client.is_up and time.monotonic() < started + LIMIT_SECONDS:
                time.sleep(0.02)
            status = client.request("GET", "/api/import/session")
            took = time.monotonic() - started
            first = pss_mib([process])
            connection = http.client.HTTPConnection(
                urlsplit(status["page"]).netloc, timeout=30
            )
            pages = [_measure_page(connection, each) for each in _pages(client, count)]
            connection.close()
            return LibraryAnswers(count, took, first, pss_mib([process]), pages)


def print_library(answers: LibraryAnswers) -> None:
    """Print what a library of this size costs beside its pages."""
    print_table(
        ("files in the library", "start, s", "MiB", "MiB after all pages"),
        [
            (
                f"{answers.files:,}",
                f"{answers.start_seconds:.2f}",
                f"{answers.first_mib:.0f}",
                f"{answers.last_mib:.0f}",
            )
        ],
    )


def answer_targets(answers: LibraryAnswers) -> list[Target]:
    """Return the targets for the response times."""
    return [
        Target(name, f"<= {most:g}", f"{found:.1f}", found <= most)
        for name, most, found in (
            ("slowest page, median, ms", MEDIAN_MS_MAX, answers.slowest_ms),
            ("longest response, ms", LONGEST_MS_MAX, answers.longest_ms),
        )
    ]


def _open_once(database: Path) -> None:
    """Migrate a library of an earlier version, which is not measured."""

    async def open_it() -> None:
        store = Store(database)
        await store.open()
        await store.close()

    asyncio.run(open_it())


def _pages(client: DaemonClient, count: int) -> list[tuple[str, str]]:
    """Return the name and the address of each page."""
    values = _values(client) | {
        "middle_page": f"{count // 100}",
        "middle_change": f"{count}",
    }
    pages = []
    for name, path, query in PAGES:
        sent = {key: str(each).format(**values) for key, each in query.items()}
        pages.append((name, path.format(**values) + f"?{urlencode(sent)}"))
    return pages


def _measure_page(
    connection: http.client.HTTPConnection, page: tuple[str, str]
) -> tuple[str, float, float]:
    name, where = page
    times = [_response_ms(connection, where) for _ in range(REQUESTS_PER_PAGE)]
    time.sleep(REFILL_SECONDS)
    return name, statistics.median(times), max(times)


def _values(client: DaemonClient) -> dict[str, str]:
    """Return what the pages are about: a file, an album, an artist, a place."""
    (file,) = client.request("GET", "/api/files?per=1")["files"]
    after, page = "", {}
    for _ in range(20):
        page = client.request("GET", f"/api/albums?per=200{after}")
        after = f"&after={page['next']}"
    album = page["albums"][0]
    return {
        "file": file["file"],
        "album": album["album_id"],
        "artist": quote(album["artist_key"]),
        "middle": page["next"],
        "path_bytes": file["path"].encode().hex(),
    }


def _response_ms(connection: http.client.HTTPConnection, where: str) -> float:
    started = time.perf_counter()
    connection.request("GET", where)
    reply = connection.getresponse()
    reply.read()
    if reply.status != http.client.OK:
        raise MeasureError(f"{where}: HTTP {reply.status}")
    return 1_000 * (time.perf_counter() - started)
