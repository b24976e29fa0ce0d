"""Measure the cost of listeners for an import, and the response times of the page.

    contrib/bench/page [--files N] [--library N] [--rounds N]

Small files are imported without listeners, and with fifty listeners of which ten read
nothing; and pages of a synthetic library are requested.
"""

import http.client
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from bench import sample_music
from bench.commandline import parser, run_measurement
from bench.large_library import make_large_library
from bench.measure import MeasureError
from bench.measured_program import running_daemon
from bench.tables import Target, print_table, print_targets

from segued.cli.daemon_client import DaemonClient
from segued.errors import DaemonError

LISTENERS: Final = 50
STALLED_LISTENERS: Final = 10
CHANGE_MAX: Final = 1.05
ANSWER_MS_MAX: Final = 50.0
REQUESTS_PER_PAGE: Final = 20
REFILL_SECONDS: Final = 1.5
"""A pause after each page, so that the daemon does not delay requests."""

LIMIT_SECONDS: Final = 600.0
QUICK: Final = """
[watching]
settle_seconds = 0.1
folder_seconds = 0.0
"""

PAGES: Final[tuple[tuple[str, str, Mapping[str, object]], ...]] = (
    ("start page", "/", {}),
    ("status", "/api/import/session", {}),
    ("files, first page", "/api/files", {}),
    ("files, last page", "/api/files", {"page": 1_000_000}),
    ("files, 200 per page", "/api/files", {"per": 200}),
    ("files by status", "/api/files", {"status": "FAILED"}),
    ("files by a word that a third match", "/api/files", {"query": "river"}),
    ("files by a letter that all match", "/api/files", {"query": "a", "page": 900}),
    ("files by two words", "/api/files", {"query": "artist 01234"}),
    ("files by a word that none matches", "/api/files", {"query": "zebra"}),
    ("passages, first page", "/api/passages", {}),
    ("passages, last page", "/api/passages", {"page": 1_000_000}),
    ("passages by confidence", "/api/passages", {"confidence": "Low"}),
    ("passages by words", "/api/passages", {"query": "quiet river"}),
    ("albums, first page", "/api/albums", {}),
    ("albums, page from the middle", "/api/albums", {"after": "{middle}"}),
    ("albums, newest, 200 per page", "/api/albums", {"order": "new", "per": 200}),
    ("albums by year", "/api/albums", {"order": "year"}),
    ("albums with uncertain songs", "/api/albums", {"uncertain": "true"}),
    ("albums by words", "/api/albums", {"query": "quiet river"}),
    ("one album", "/api/albums/{album}", {}),
    ("artists, first page", "/api/artists", {}),
    ("artists by a word", "/api/artists", {"query": "golden"}),
    ("one artist", "/api/artists/{artist}", {}),
    ("search for songs, albums, artists", "/api/search", {"query": "quiet river"}),
    ("changes since the start, 200", "/api/changes", {}),
    ("failures", "/api/failures", {}),
    ("one file", "/api/files/{file}", {}),
    ("metrics", "/metrics", {}),
)


@dataclass(frozen=True, slots=True)
class TimedImport:
    """A measured import.

    Attributes:
        events: Progress events of the workers per second.
    """

    seconds: float
    events: float
    listeners: int


def main() -> int:
    """Run the measurement, and print the results."""
    options = parser("page", __doc__)
    options.add_argument(
        "--files", type=int, default=1_500, help="number of files to import (1500)"
    )
    options.add_argument(
        "--library",
        type=int,
        default=100_000,
        help="number of files in the library (100000)",
    )
    options.add_argument("--rounds", type=int, default=3, help="number of imports (3)")
    arguments = options.parse_args()
    return run_measurement(
        "page", lambda: _measure(arguments.files, arguments.library, arguments.rounds)
    )


def _measure(files: int, library: int, rounds: int) -> None:
    folder = sample_music.cache_folder() / f"{files}-files"
    sample_music.small_files(folder, files)
    alone: list[TimedImport] = []
    watched: list[TimedImport] = []
    for nth in range(rounds):
        # Alternating order, so that a machine that slows down affects both equally.
        for found, listeners in ((alone, 0), (watched, LISTENERS))[
            :: -1 if nth % 2 else 1
        ]:
            found.append(_import(folder, files, listeners))
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    slowest = _pages(library)
    _print_report(files, alone, watched, slowest)


def _import(folder: Path, files: int, listeners: int) -> TimedImport:
    """Import a folder that is moved into a watched folder."""
    with tempfile.TemporaryDirectory(
        prefix="segued-bench-", dir=sample_music.cache_folder()
    ) as made:
        place = Path(made)
        watched = place / "music"
        (watched / "before").mkdir(parents=True)
        shutil.copy2(next(folder.rglob("*.wav")), watched / "before")
        with running_daemon(watched, place / "library.db", place, QUICK) as (_, client):
            _wait_until_done(client, 1)
            page = urlsplit(client.request("GET", "/api/import/session")["page"])
            with _open_listeners(page.hostname or "", page.port or 0, listeners):
                started = time.monotonic()
                copy = watched / "music"
                folder.rename(copy)
                try:
                    _wait_until_done(client, files + 1)
                    took = time.monotonic() - started
                    return TimedImport(took, _events(page.netloc) / took, listeners)
                finally:
                    copy.rename(folder)


def _events(address: str) -> float:
    """Return the number of progress events of the workers: three per phase."""
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    lines = [line for line in text.splitlines() if "phase_seconds_count" in line]
    return 3 * sum(float(line.rpartition(" ")[2]) for line in lines)


@contextmanager
def _open_listeners(host: str, port: int, count: int) -> Iterator[None]:
    """Open event streams; the first STALLED_LISTENERS read nothing."""
    request = f"GET /api/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    with ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection((host, port), 10))
            for _ in range(count)
        ]
        for nth, connection in enumerate(connections):
            connection.sendall(request)
            if nth >= STALLED_LISTENERS:
                connection.settimeout(None)
                threading.Thread(target=_drain, args=(connection,), daemon=True).start()
        yield
        for connection in connections:
            connection.shutdown(socket.SHUT_RDWR)


def _drain(connection: socket.socket) -> None:
    try:
        while connection.recv(1 << 16):
            pass
    except OSError:
        return


def _wait_until_done(client: DaemonClient, files: int) -> dict[str, Any]:
    until = time.monotonic() + LIMIT_SECONDS
    status: dict[str, Any] = {}
    while time.monotonic() < until:
        try:
            status = client.request("GET", "/api/import/session")
        except DaemonError:
            status = {}
        if status and status["files_done"] == status["files_total"] == files:
            return status
        time.sleep(0.05)
    raise MeasureError(f"not done after {LIMIT_SECONDS:g} s: {status.get('text')}")


def _pages(count: int) -> list[tuple[str, float, float]]:
    """Return median and maximum response time of each page, in milliseconds."""
    database = sample_music.cache_folder() / f"{count}-albums.db"
    if not database.exists():
        print(f"creating {database}, once ...", file=sys.stderr)
        partial = database.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        make_large_library(partial, count)
        partial.rename(database)
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as made:
        place = Path(made)
        (place / "music").mkdir()
        with running_daemon(place / "music", database, place, QUICK) as (_, client):
            until = time.monotonic() + LIMIT_SECONDS
            while not client.is_up and time.monotonic() < until:
                time.sleep(0.05)
            page = urlsplit(client.request("GET", "/api/import/session")["page"])
            connection = http.client.HTTPConnection(page.netloc, timeout=30)
            values = _values(client)
            found = []
            for name, path, query in PAGES:
                sent = {key: str(each).format(**values) for key, each in query.items()}
                where = path.format(**values) + f"?{urlencode(sent)}"
                times = [
                    _response_ms(connection, where) for _ in range(REQUESTS_PER_PAGE)
                ]
                found.append((name, statistics.median(times), max(times)))
                time.sleep(REFILL_SECONDS)
            connection.close()
            return found


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
    }


def _response_ms(connection: http.client.HTTPConnection, where: str) -> float:
    started = time.perf_counter()
    connection.request("GET", where)
    reply = connection.getresponse()
    reply.read()
    if reply.status != http.client.OK:
        raise MeasureError(f"{where}: HTTP {reply.status}")
    return 1_000 * (time.perf_counter() - started)


def _print_report(
    files: int,
    alone: list[TimedImport],
    watched: list[TimedImport],
    pages: list[tuple[str, float, float]],
) -> None:
    print(f"{files:,} files imported, medians of {len(alone)} rounds\n")
    rows = [
        (name, *(f"{statistics.median(v):.{d}f}" for v, d in values))
        for name, values in (
            ("no listeners", _figures(alone)),
            (
                f"{LISTENERS} listeners, {STALLED_LISTENERS} of them stalled",
                _figures(watched),
            ),
        )
    ]
    print_table(("", "wall s", "events/s"), rows)
    print_table(
        ("page", "median ms", "maximum ms"),
        [(name, f"{median:.1f}", f"{most:.1f}") for name, median, most in pages],
    )
    ratio = statistics.median(
        one.seconds / other.seconds for one, other in zip(watched, alone, strict=True)
    )
    slowest = max(median for _, median, _ in pages)
    print_targets(
        [
            Target(
                "import time with / without listeners",
                f"<= {CHANGE_MAX}",
                f"{ratio:.3f}",
                ratio <= CHANGE_MAX,
            ),
            Target(
                "slowest page, median, ms",
                f"<= {ANSWER_MS_MAX:g}",
                f"{slowest:.1f}",
                slowest <= ANSWER_MS_MAX,
            ),
        ]
    )


def _figures(took: list[TimedImport]) -> list[tuple[list[float], int]]:
    return [([each.seconds for each in took], 1), ([each.events for each in took], 0)]


if __name__ == "__main__":
    sys.exit(main())
