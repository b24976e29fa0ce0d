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

from bench import music
from bench.measure import Cost, cost_of

from segued.cli.daemon_client import Line

__all__ = [
    "SOME_FAILED",
    "Import",
    "command",
    "environment",
    "import_folder",
    "serving",
]

SOME_FAILED: Final = 1
CONFIG: Final = (
    "[flavoring]\nsources = []\nloudness = false\n\n[compute]\nprocesses = 2\n"
)
SERVED: Final = """
[library]
control_socket = "{socket}"
[page]
port = {port}
"""


@dataclass(frozen=True, slots=True)
class Import:
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
) -> Import:
    """Import a folder into a library, and say what it took.

    Raises:
        MeasureError: The import ended early.
    """
    cost = cost_of(
        command(folder, database, workers=workers, config=config),
        env=environment(),
        memory=memory,
        codes=(0, SOME_FAILED),
    )
    return Import(cost, json.loads(cost.said))


def command(
    folder: Path, database: Path, *, workers: int = 2, config: str = CONFIG
) -> list[str]:
    """Return the command that imports a folder into a library."""
    file = database.with_name("bench.toml")
    file.write_text(config)
    program = [sys.executable, "-P", "-m", "segued", "import", "--offline", "--json"]
    options = ["--config", str(file), "--database", str(database)]
    return [*program, *options, "--workers", str(workers), str(folder)]


@contextmanager
def serving(
    folder: Path, database: Path, place: Path, config: str = "", port: int = 0
) -> Iterator[tuple[int, Line]]:
    """Let a daemon serve a folder; yield its process, and the line to it.

    Args:
        folder: The music.
        database: The library.
        place: An empty folder, for its socket and its log.
        config: More of its configuration.
        port: Of its page; 0 for any that is free.
    """
    socket, file = place / "control.sock", place / "segued.toml"
    file.write_text(CONFIG + SERVED.format(socket=socket, port=port) + config)
    program = [sys.executable, "-P", "-m", "segued", "serve", "--offline"]
    where = ["--config", str(file), "--database", str(database)]
    with (
        (place / "log").open("wb") as log,
        subprocess.Popen(  # noqa: S603
            [*program, *where, os.fspath(folder)], env=environment(), stderr=log
        ) as process,
    ):
        try:
            yield process.pid, Line(socket)
        finally:
            process.terminate()


def environment() -> dict[str, str]:
    """Return the environment for it: compiled once, as an installed program is."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(music.cache() / "pycache")}
