"""What it costs to be looked at, and how soon the page answers.

    contrib/bench/page [--files N] [--library N] [--rounds N]

Small files are imported with nobody listening and with fifty listeners, ten of
whom take nothing; and pages of a made library are asked for.
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
from urllib.parse import urlencode, urlsplit

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
LIMIT_SECONDS: Final = 600.0
QUICK: Final = """
[watching]
settle_seconds = 0.1
folder_seconds = 0.0
"""

PAGES: Final[tuple[tuple[str, str, Mapping[str, object]], ...]] = (
    ("the page itself", "/", {}),
    ("how it stands", "/api/import/session", {}),
    ("files, first page", "/api/files", {}),
    ("files, last page", "/api/files", {"page": 1_000_000}),
    ("files, 200 of them", "/api/files", {"per": 200}),
    ("files by status", "/api/files", {"status": "FAILED"}),
    ("files by a word that a third have", "/api/files", {"query": "river"}),
    ("files by a letter that all have", "/api/files", {"query": "a", "page": 900}),
    ("files by two words", "/api/files", {"query": "artist 01234"}),
    ("files by a word that none has", "/api/files", {"query": "zebra"}),
    ("passages, first page", "/api/passages", {}),
    ("passages, last page", "/api/passages", {"page": 1_000_000}),
    ("passages by confidence", "/api/passages", {"confidence": "Low"}),
    ("passages by words", "/api/passages", {"query": "quiet river"}),
    ("failures", "/api/failures", {}),
    ("one file", "/api/files/{file}", {}),
    ("metrics", "/metrics", {}),
)


@dataclass(frozen=True, slots=True)
class TimedImport:
    """An import that was measured.

    Attributes:
        events: Times that a worker said in a second what it was at.
    """

    seconds: float
    events: float
    listeners: int


def main() -> int:
    """Measure, and print what was found."""
    words = parser("page", __doc__)
    words.add_argument("--files", type=int, default=1_500, help="imported (1500)")
    words.add_argument("--library", type=int, default=100_000, help="shown (100000)")
    words.add_argument("--rounds", type=int, default=3, help="of importing (3)")
    given = words.parse_args()
    return run_measurement(
        "page", lambda: _measure(given.files, given.library, given.rounds)
    )


def _measure(files: int, library: int, rounds: int) -> None:
    folder = sample_music.cache_folder() / f"{files}-files"
    sample_music.small_files(folder, files)
    alone: list[TimedImport] = []
    watched: list[TimedImport] = []
    for nth in range(rounds):
        # To and fro, so that a machine that grows slower does so for both.
        for found, listeners in ((alone, 0), (watched, LISTENERS))[
            :: -1 if nth % 2 else 1
        ]:
            found.append(_import(folder, files, listeners))
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    slowest = _pages(library)
    _print_report(files, alone, watched, slowest)


def _import(folder: Path, files: int, listeners: int) -> TimedImport:
    """Import a folder that is moved to where a daemon watches."""
    with tempfile.TemporaryDirectory(
        prefix="segued-bench-", dir=sample_music.cache_folder()
    ) as made:
        place = Path(made)
        watched = place / "music"
        (watched / "before").mkdir(parents=True)
        shutil.copy2(next(folder.rglob("*.wav")), watched / "before")
        with running_daemon(watched, place / "library.db", place, QUICK) as (_, line):
            _wait_until_done(line, 1)
            page = urlsplit(line.request("GET", "/api/import/session")["page"])
            with _open_listeners(page.hostname or "", page.port or 0, listeners):
                began = time.monotonic()
                copy = watched / "music"
                folder.rename(copy)
                try:
                    _wait_until_done(line, files + 1)
                    took = time.monotonic() - began
                    return TimedImport(took, _events(page.netloc) / took, listeners)
                finally:
                    copy.rename(folder)


def _events(address: str) -> float:
    """Return how often workers said what they were at: three times a phase."""
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    lines = [line for line in text.splitlines() if "phase_seconds_count" in line]
    return 3 * sum(float(line.rpartition(" ")[2]) for line in lines)


@contextmanager
def _open_listeners(host: str, port: int, count: int) -> Iterator[None]:
    """Listen to what changes; some ask for it and take nothing."""
    request = f"GET /api/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    with ExitStack() as stack:
        lines = [
            stack.enter_context(socket.create_connection((host, port), 10))
            for _ in range(count)
        ]
        for nth, line in enumerate(lines):
            line.sendall(request)
            if nth >= STALLED_LISTENERS:
                line.settimeout(None)
                threading.Thread(target=_drain, args=(line,), daemon=True).start()
        yield
        for line in lines:
            line.shutdown(socket.SHUT_RDWR)


def _drain(line: socket.socket) -> None:
    try:
        while line.recv(1 << 16):
            pass
    except OSError:
        return


def _wait_until_done(line: DaemonClient, files: int) -> dict[str, Any]:
    until = time.monotonic() + LIMIT_SECONDS
    told: dict[str, Any] = {}
    while time.monotonic() < until:
        try:
            told = line.request("GET", "/api/import/session")
        except DaemonError:
            told = {}
        if told and told["files_done"] == told["files_total"] == files:
            return told
        time.sleep(0.05)
    raise MeasureError(f"not done after {LIMIT_SECONDS:g} s: {told.get('text')}")


def _pages(count: int) -> list[tuple[str, float, float]]:
    """Return how long each page takes, in milliseconds: the median, and the most."""
    database = sample_music.cache_folder() / f"{count}-shown.db"
    if not database.exists():
        print(f"making {database}: once ...", file=sys.stderr)
        making = database.with_suffix(".making")
        making.unlink(missing_ok=True)
        make_large_library(making, count)
        making.rename(database)
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as made:
        place = Path(made)
        (place / "music").mkdir()
        with running_daemon(place / "music", database, place, QUICK) as (_, line):
            until = time.monotonic() + LIMIT_SECONDS
            while not line.is_up and time.monotonic() < until:
                time.sleep(0.05)
            page = urlsplit(line.request("GET", "/api/import/session")["page"])
            connection = http.client.HTTPConnection(page.netloc, timeout=30)
            (one,) = line.request("GET", "/api/files?per=1")["files"]
            found = []
            for name, path, query in PAGES:
                where = path.format(file=one["file"]) + f"?{urlencode(query)}"
                times = [
                    _response_ms(connection, where) for _ in range(REQUESTS_PER_PAGE)
                ]
                found.append((name, statistics.median(times), max(times)))
            connection.close()
            return found


def _response_ms(connection: http.client.HTTPConnection, where: str) -> float:
    began = time.perf_counter()
    connection.request("GET", where)
    reply = connection.getresponse()
    reply.read()
    if reply.status != http.client.OK:
        raise MeasureError(f"{where}: HTTP {reply.status}")
    return 1_000 * (time.perf_counter() - began)


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
            ("nobody listens", _figures(alone)),
            (
                f"{LISTENERS} listen, {STALLED_LISTENERS} take nothing",
                _figures(watched),
            ),
        )
    ]
    print_table(("", "wall s", "events/s"), rows)
    print_table(
        ("page", "median ms", "most ms"),
        [(name, f"{median:.1f}", f"{most:.1f}") for name, median, most in pages],
    )
    ratio = statistics.median(
        one.seconds / other.seconds for one, other in zip(watched, alone, strict=True)
    )
    slowest = max(median for _, median, _ in pages)
    print_targets(
        [
            Target(
                "import time, looked at, times as long",
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
