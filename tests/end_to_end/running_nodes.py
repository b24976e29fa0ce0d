"""Nodes that run for the length of a test, beside a daemon on this machine."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.end_to_end.running_daemon import RunningDaemon
from tests.end_to_end.segued_runner import SeguedRunner
from tests.limits import WAIT_SECONDS

__all__ = ["RunningNode", "cluster_config", "free_port", "running_node", "write_key"]

POLL_SECONDS: Final = 0.02


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def cluster_config(port: int | str, more: str = "") -> str:
    """Return a `[cluster]` section with this port on the loopback interface.

    A text is an address of another interface, with its port.
    """
    return f'[cluster]\nlisten = "{_address(port)}"\n{more}\n'


def _address(port: int | str) -> str:
    return port if isinstance(port, str) else f"127.0.0.1:{port}"


def write_key(segued: SeguedRunner, name: str) -> Path:
    """Write the key file of a node, by the command for that."""
    segued.home.mkdir(parents=True, exist_ok=True)
    path = segued.home / f"{name}.pem"
    paths = ("--database", segued.database)
    done = segued.run("cluster", "key", name, "--output", path, *paths)
    assert done.code == 0, done.err
    return path


@dataclass
class RunningNode:
    """A started node and its log."""

    name: str
    process: subprocess.Popen[bytes]
    runner: SeguedRunner
    log_path: Path

    def log_entries(self, name: str) -> list[dict[str, Any]]:
        """Return all log entries of this name."""
        lines = self.log_path.read_bytes().splitlines()
        entries = [json.loads(line) for line in lines if line.startswith(b"{")]
        return [entry for entry in entries if entry["event"] == name]

    def wait_for_log(self, name: str, count: int = 1) -> None:
        """Wait until so many events of this name are in the log."""
        wait_until(
            lambda: len(self.log_entries(name)) >= count, self.log_path.read_text
        )

    def children(self) -> list[int]:
        """Return the process ids of all processes that the node has started."""
        own = self.runner.leftover_processes()
        return [each for each in own if each != self.process.pid]

    def has_ended(self, child: int) -> bool:
        """Return whether a child process is gone."""
        return child not in self.children()

    def analyzers(self) -> list[int]:
        """Return the child processes that analyze a song now."""
        found = []
        for child in self.children():
            with suppress(OSError):
                title = Path(f"/proc/{child}/cmdline").read_bytes()
                if b"analyzing" in title:
                    found.append(child)
        return found

    def kill(self) -> None:
        """Kill the node as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(WAIT_SECONDS)


def wait_until(predicate: Callable[[], object], what: Callable[[], str]) -> None:
    """Wait until a predicate holds; else fail with a text."""
    until = time.monotonic() + WAIT_SECONDS
    while not predicate():
        if time.monotonic() > until:
            raise TimeoutError(what())
        time.sleep(POLL_SECONDS)


@contextmanager
def running_node(  # noqa: PLR0913
    daemon: RunningDaemon | None,
    key: Path,
    port: int | str,
    folders: dict[Path, Path],
    more: str = "",
    *,
    wrapper: Sequence[str] = (),
    **environment: str,
) -> Iterator[RunningNode]:
    """Start a node; stop it at the end of the context.

    Args:
        daemon: The daemon, to wait until the node may work; None to not wait.
        key: The key file, named after the node.
        port: The port of the daemon, or its address with the port.
        folders: Where each music folder of the daemon is on the node.
        more: Further lines of the section `[node]`.
        wrapper: A command that runs the node's in its place.
        environment: Further environment variables.
    """
    runner = SeguedRunner(key.parent / key.stem)
    config = write_node_config(runner, key, port, folders, more)
    log_path = runner.home / "node.log"
    with (
        log_path.open("ab") as log,
        subprocess.Popen(
            [*wrapper, *runner.command("node", "--config", config)],
            env=runner.environment() | environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        node = RunningNode(key.stem, process, runner, log_path)
        try:
            if daemon is not None:
                daemon.wait_for(lambda status: node_line(status, key.stem))
            yield node
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(WAIT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def write_node_config(
    runner: SeguedRunner,
    key: Path,
    port: int | str,
    folders: dict[Path, Path],
    more: str = "",
) -> str:
    """Write the configuration of a node, and return its path."""
    music = "".join(
        f'[[node.music]]\nthere = "{there}"\nhere = "{here}"\n'
        for there, here in folders.items()
    )
    return runner.write_config(
        f'[logging]\nlevel = "debug"\nformat = "json"\n'
        f'[node]\njoin = "{_address(port)}"\nkey_file = "{key}"\n{more}\n{music}'
    )


def node_line(status: dict[str, Any], name: str) -> dict[str, Any] | None:
    """Return what the status says of a node that offers a folder; None without."""
    for node in status["nodes"]:
        if node["name"] == name and node["folders"]:
            found: dict[str, Any] = node
            return found
    return None


def copy_music(music: Path, there: Path) -> Path:
    """Copy music to another path, with its times but with other inodes."""
    subprocess.run(("cp", "-a", os.fspath(music), os.fspath(there)), check=True)
    return there
