"""segued, run on a folder as it is measured: without services and flavor."""

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
SERVE_CONFIG: Final = """
[library]
control_socket = "{socket}"
[page]
port = {port}
"""


@dataclass(frozen=True, slots=True)
class MeasuredImport:
    """An import that was measured.

    Attributes:
        summary: What `--json` printed.
    """

    cost: Cost
    summary: dict[str, Any]

    @property
    def stall_ms(self) -> float:
        """Longest time the event loop was held up."""
        return float(self.summary["loop_stall_ms"])


def import_folder(
    folder: Path,
    database: Path,
    *,
    workers: int = 2,
    memory: bool = False,
    config: str = CONFIG,
) -> MeasuredImport:
    """Import a folder into a library, and say what it took.

    Raises:
        MeasureError: The import ended early.
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
    folder: Path, database: Path, place: Path, config: str = "", port: int = 0
) -> Iterator[tuple[int, DaemonClient]]:
    """Let a daemon serve a folder; yield its process, and the line to it.

    Args:
        folder: The music.
        database: The library.
        place: An empty folder, for its socket and its log.
        config: More of its configuration.
        port: Of its page; 0 for any that is free.
    """
    socket, file = place / "control.sock", place / "segued.toml"
    file.write_text(CONFIG + SERVE_CONFIG.format(socket=socket, port=port) + config)
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
    """Return the environment for it: compiled once, as an installed program is."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(sample_music.cache_folder() / "pycache")}
