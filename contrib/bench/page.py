"""Measure the cost of listeners for an import, and the response times of the page.

    contrib/bench/page [--files N] [--library N] [--rounds N]

Small files are imported without listeners, and with fifty listeners of which ten read
nothing; and pages of a synthetic library, of up to a million files, are requested.
"""

import http.client
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from bench import sample_music
from bench.commandline import parser, run_measurement
from bench.library_answers import (
    QUICK,
    LibraryAnswers,
    answer_targets,
    measure_library,
    print_library,
)
from bench.measure import MeasureError
from bench.measured_program import running_daemon
from bench.tables import Target, print_table, print_targets

from segued.cli.daemon_client import DaemonClient
from segued.errors import DaemonError

LISTENERS: Final = 50
STALLED_LISTENERS: Final = 10
CHANGE_MAX: Final = 1.05
LIMIT_SECONDS: Final = 600.0


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
    _print_report(files, alone, watched, measure_library(library))


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


def _print_report(
    files: int,
    alone: list[TimedImport],
    watched: list[TimedImport],
    answers: LibraryAnswers,
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
        [
            (name, f"{median:.1f}", f"{most:.1f}")
            for name, median, most in answers.pages
        ],
    )
    print_library(answers)
    ratio = statistics.median(
        one.seconds / other.seconds for one, other in zip(watched, alone, strict=True)
    )
    print_targets(
        [
            Target(
                "import time with / without listeners",
                f"<= {CHANGE_MAX}",
                f"{ratio:.3f}",
                ratio <= CHANGE_MAX,
            ),
            *answer_targets(answers),
        ]
    )


def _figures(took: list[TimedImport]) -> list[tuple[list[float], int]]:
    return [([each.seconds for each in took], 1), ([each.events for each in took], 0)]


if __name__ == "__main__":
    sys.exit(main())
