"""A daemon and real nodes on this machine, for contrib/bench/cluster."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from bench.measure import MeasureError
from bench.measured_program import environment, running_daemon

from segued.cli.daemon_client import DaemonClient
from segued.cluster.authority import Authority
from segued.errors import DaemonError

__all__ = ["LIMIT_SECONDS", "daemon_and_nodes", "free_port", "status_of", "wait_for"]

LIMIT_SECONDS: Final = 3_600.0

CONFIG: Final = """
[flavoring]
sources = ["essentia"]
loudness = true
[cluster]
listen = "127.0.0.1:{port}"
here = false
"""


@contextmanager
def daemon_and_nodes(
    place: Path, music: Path, count: int, *, wait_for_import: int = 1
) -> Iterator[tuple[DaemonClient, int, list[int]]]:
    """Yield a daemon's client and process id, and those of nodes that have joined.

    They join when the import has ended.
    """
    port, database = free_port(), place / "library.db"
    run = place / "run"
    run.mkdir()
    config = CONFIG.format(port=port)
    with (
        running_daemon(music, database, run, base=config) as (daemon, client),
        ExitStack() as stack,
    ):
        wait_for(client, lambda status: status["files_done"] >= wait_for_import)
        processes = []
        for number in range(count):
            file = _node_config(place, music, port, f"n{number}")
            command = [
                sys.executable,
                "-P",
                "-m",
                "segued",
                "node",
                "--config",
                str(file),
            ]
            process = stack.enter_context(
                subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL)  # noqa: S603
            )
            stack.callback(process.terminate)
            processes.append(process.pid)
        wait_for(client, lambda status: len(status["nodes"]) == count)
        yield client, daemon, processes


def _node_config(place: Path, music: Path, port: int, name: str) -> Path:
    key = place / f"{name}.pem"
    folder = place / "library.db.cluster"
    key.write_bytes(Authority(folder).issue(name))
    file = place / f"{name}.toml"
    file.write_text(
        f'[node]\njoin = "127.0.0.1:{port}"\nkey_file = "{key}"\nprocesses = 1\n'
        f'spool = "{place / name}"\n'
        f'[[node.music]]\nthere = "{music}"\nhere = "{music}"\n'
    )
    return file


def status_of(client: DaemonClient) -> Any:  # noqa: ANN401
    """Return the status of a daemon."""
    return client.request("GET", "/api/import/session")


def wait_for(client: DaemonClient, predicate: Any) -> None:  # noqa: ANN401
    """Wait until the status of a daemon fulfills a predicate."""
    until = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < until:
        try:
            if predicate(status_of(client)):
                return
        except DaemonError:
            pass
        time.sleep(0.2)
    raise MeasureError("the daemon does not finish")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
