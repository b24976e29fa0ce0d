"""Run segued as a user does: a process, its output, its exit code."""

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from segued.cli.daemon_client import DaemonClient
from tests.limits import WAIT_SECONDS

__all__ = ["CommandResult", "SeguedRunner"]

QUICK_CONFIG: Final = "[flavoring]\nsources = []\nloudness = false\n"
"""No analysis: Essentia takes seconds a file, and the tests import hundreds."""

DEBUG_CONFIG: Final = QUICK_CONFIG + '[logging]\nlevel = "debug"\nformat = "json"\n'


@dataclass(frozen=True)
class CommandResult:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        """The standard output, parsed as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class SeguedRunner:
    """A library in a folder of its own, and the commands run on it."""

    home: Path
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def database(self) -> Path:
        """The library file."""
        return self.home / "library.db"

    def run(
        self, *arguments: str | Path | bytes, module: str = "segued"
    ) -> CommandResult:
        """Run a command to its end."""
        completed = subprocess.run(
            self.command(*arguments, module=module),
            env=self.environment(),
            capture_output=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
        return CommandResult(
            completed.returncode,
            completed.stdout.decode("utf-8", "replace"),
            completed.stderr.decode("utf-8", "replace"),
        )

    def control(self, *arguments: str | Path, client: DaemonClient) -> CommandResult:
        """Run seguectl on a daemon."""
        name, *rest = arguments
        paths = ("--database", self.database, "--socket", client.path)
        return self.run(name, *paths, *rest, module="segued.cli.control")

    def import_folders(
        self, *folders: Path, options: Sequence[str] = ()
    ) -> CommandResult:
        """Import folders; print the summary as JSON.

        Without a configuration no service is asked: there is none, and each import
        would wait seconds for it.
        """
        paths = ("--database", str(self.database))
        config: tuple[str, ...] = ()
        if "--config" not in options:
            config = ("--config", self.write_config(QUICK_CONFIG), "--offline")
        return self.run("import", "--json", *paths, *config, *options, *folders)

    def write_config(self, text: str) -> str:
        """Write a configuration file, and return its path."""
        self.home.mkdir(parents=True, exist_ok=True)
        path = self.home / f"{abs(hash(text))}.toml"
        path.write_text(text)
        return str(path)

    @contextmanager
    def start_import(
        self, *folders: Path, options: Sequence[str] = ()
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start an import with debug logs; kill it at the end of the context."""
        paths = (
            "--database",
            str(self.database),
            "--config",
            self.write_config(DEBUG_CONFIG),
        )
        arguments = ("import", *paths, *options, *map(str, folders))
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
        """Return the ids of running processes that any command here has started."""
        variable = f"SEGUED_TEST_RUN={self.run_id}".encode()
        processes = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue
            if state not in "ZX" and variable in environment.split(b"\0"):
                processes.append(int(folder.name))
        return processes

    def assert_no_process_left(self) -> None:
        """Assert that all processes of all commands end by themselves."""
        until = time.monotonic() + WAIT_SECONDS
        while self.leftover_processes() and time.monotonic() < until:
            time.sleep(0.02)
        assert self.leftover_processes() == []

    def environment(self) -> dict[str, str]:
        """Return the environment of a user with this home folder."""
        home = str(self.home)
        extra = {"SEGUED_TEST_RUN": self.run_id, "HOME": home, "XDG_STATE_HOME": home}
        preload = {"LD_PRELOAD": str(_niceness_library())}
        # Each start would load all authorities' certificates, and no test needs one.
        tls = {"SSL_CERT_FILE": os.devnull}
        return {**os.environ, **extra, **preload, **tls, "COLUMNS": "200"}

    def command(
        self, *arguments: str | Path | bytes, module: str = "segued"
    ) -> list[str | bytes]:
        """Return the command line that runs a subcommand."""
        words = [word if isinstance(word, bytes) else str(word) for word in arguments]
        return [sys.executable, "-m", module, *words]


@cache
def _niceness_library() -> Path:
    """Compile the library that lets analyzers run on a busy machine."""
    folder = tempfile.TemporaryDirectory(prefix="segued-test-")
    atexit.register(folder.cleanup)
    Path(folder.name).chmod(0o755)  # also for commands of another user
    library = Path(folder.name) / "niceness.so"
    source = Path(__file__).with_name("niceness.c")
    command = ("tcc", "-shared", "-nostdlib", "-o", str(library), str(source))
    subprocess.run(command, check=True)
    return library


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Send SIGINT to the whole process group, as Ctrl-C does."""
    os.killpg(process.pid, signal.SIGINT)
