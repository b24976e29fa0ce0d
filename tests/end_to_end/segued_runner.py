"""segued as a person runs it: a process, its output, its exit code."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from segued.cli.daemon_client import DaemonClient

__all__ = ["CommandResult", "SeguedRunner"]

LIMIT_SECONDS: Final = 120

QUICK_CONFIG: Final = "[flavoring]\nsources = []\nloudness = false\n"
"""Essentia takes seconds for what the stories do a hundred times."""

DEBUG_CONFIG: Final = QUICK_CONFIG + '[logging]\nlevel = "debug"\n'


@dataclass(frozen=True)
class CommandResult:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        """Return what it printed, as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class SeguedRunner:
    """A library of its own in a folder, and the commands run on it."""

    home: Path
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def database(self) -> Path:
        """The library."""
        return self.home / "library.db"

    def run(
        self, *arguments: str | Path | bytes, module: str = "segued"
    ) -> CommandResult:
        """Run a command to its end."""
        done = subprocess.run(
            self.command(*arguments, module=module),
            env=self.environment(),
            capture_output=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        return CommandResult(
            done.returncode,
            done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"),
        )

    def control(self, *arguments: str | Path, client: DaemonClient) -> CommandResult:
        """Run seguectl on a daemon."""
        name, *rest = arguments
        where = ("--database", self.database, "--socket", client.path)
        return self.run(name, *where, *rest, module="segued.cli.control")

    def import_folders(
        self, *folders: Path, options: Sequence[str] = ()
    ) -> CommandResult:
        """Import folders, with a summary in JSON."""
        where = ("--database", str(self.database))
        config = (
            ()
            if "--config" in options
            else ("--config", self.write_config(QUICK_CONFIG))
        )
        return self.run("import", "--json", *where, *config, *options, *folders)

    def write_config(self, text: str) -> str:
        """Write a configuration file, and return its name."""
        self.home.mkdir(parents=True, exist_ok=True)
        path = self.home / f"{abs(hash(text))}.toml"
        path.write_text(text)
        return str(path)

    @contextmanager
    def start_import(
        self, *folders: Path, options: Sequence[str] = ()
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start an import that logs all it does; kill it in the end."""
        where = (
            "--database",
            str(self.database),
            "--config",
            self.write_config(DEBUG_CONFIG),
        )
        arguments = ("import", *where, *options, *map(str, folders))
        with subprocess.Popen(
            self.command(*arguments),
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def leftover_processes(self) -> list[int]:
        """Return the processes that are left of any command run here."""
        wanted = f"SEGUED_STORY={self.run_id}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                alive = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue
            if alive not in "ZX" and wanted in environment.split(b"\0"):
                found.append(int(folder.name))
        return found

    def environment(self) -> dict[str, str]:
        """Return the environment of a person with this home."""
        home = str(self.home)
        extra = {"SEGUED_STORY": self.run_id, "HOME": home, "XDG_STATE_HOME": home}
        return {**os.environ, **extra, "COLUMNS": "200"}

    def command(
        self, *arguments: str | Path | bytes, module: str = "segued"
    ) -> list[str | bytes]:
        """Return what to execute for a command."""
        given = [each if isinstance(each, bytes) else str(each) for each in arguments]
        return [sys.executable, "-m", module, *given]


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Press Ctrl-C: the whole group gets it."""
    os.killpg(process.pid, signal.SIGINT)
