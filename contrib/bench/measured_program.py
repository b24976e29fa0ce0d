"""Run segued for measurements: without services and without flavor."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench import sample_music
from bench.measure import Cost, measure_cost

from segued.cli.daemon_client import DaemonClient

__all__ = [
    "CONFIG",
    "DEFAULT_CONFIG",
    "SOME_FAILED",
    "MeasuredImport",
    "environment",
    "import_command",
    "import_folder",
    "running_daemon",
]

SOME_FAILED: Final = 1
CONFIG: Final = (
    "[flavoring]\nsources = []\nloudness = false\n\n[compute]\nprocesses = 2\n"
)
DEFAULT_CONFIG: Final = "[flavoring]\nsources = []\n\n[compute]\nprocesses = 2\n"
"""With loudness, as by default. A flavor comes after the import, in idle time."""

SERVE_CONFIG: Final = """
[library]
control_socket = "{socket}"
[page]
port = 0
"""


@dataclass(frozen=True, slots=True)
class MeasuredImport:
    """A measured import.

    Attributes:
        summary: The summary that `--json` printed.
    """

    cost: Cost
    summary: dict[str, Any]

    @property
    def stall_ms(self) -> float:
        """Longest stall of the event loop, in milliseconds."""
        return float(self.summary["loop_stall_ms"])


def import_folder(
    folder: Path,
    database: Path,
    *,
    workers: int = 2,
    memory: bool = False,
    config: str = CONFIG,
) -> MeasuredImport:
    """Import a folder into a library, and return the cost.

    Raises:
        MeasureError: The import did not complete.
    """
    cost = measure_cost(
        import_command(folder, database, workers=workers, config=config),
        env=environment(),
        memory=memory,
        codes=(0, SOME_FAILED),
    )
    return MeasuredImport(cost, json.loads(cost.stdout))


def import_command(
    folder: Path, database: Path, *, workers: int = 2, config: str = CONFIG
) -> list[str]:
    """Return the command that imports a folder into a library."""
    file = database.with_name("bench.toml")
    file.write_text(config)
    program = [sys.executable, "-P", "-m", "segued", "import", "--offline", "--json"]
    options = ["--config", str(file), "--database", str(database)]
    return [*program, *options, "--workers", str(workers), str(folder)]


@contextmanager
def running_daemon(
    folder: Path,
    database: Path,
    place: Path,
    config: str = "",
    base: str = CONFIG,
) -> Iterator[tuple[int, DaemonClient]]:
    """Run a daemon that watches a folder; yield its process id and a client.

    Args:
        folder: The music folder.
        database: The library.
        place: An empty folder for its socket and its log.
        config: Further lines of its configuration.
        base: The first lines of its configuration.
    """
    socket, file = place / "control.sock", place / "segued.toml"
    file.write_text(base + SERVE_CONFIG.format(socket=socket) + config)
    program = [sys.executable, "-P", "-m", "segued", "serve", "--offline"]
    where = ["--config", str(file), "--database", str(database)]
    with (
        (place / "log").open("wb") as log,
        subprocess.Popen(  # noqa: S603
            [*program, *where, os.fspath(folder)], env=environment(), stderr=log
        ) as process,
    ):
        try:
            yield process.pid, DaemonClient(socket)
        finally:
            process.terminate()


def environment() -> dict[str, str]:
    """Return the environment of segued: with compiled modules, as when installed."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(sample_music.cache_folder() / "pycache")}
