"""Measure the analysis on several machines: what a job costs the daemon, and nodes.

    contrib/bench/cluster [--jobs N] [--nodes N] [--slots N] [--seconds N] [--songs N]

Three measurements: jobs on made-up nodes, which answer at once, for what the daemon
spends on each and how long its event loop is blocked; a real node without work; and
songs analyzed by one node with one process, and by two. The last is only meaningful on
a quiet machine with at least two processors.
"""

import argparse
import asyncio
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from bench import sample_music
from bench.commandline import parser, run_measurement
from bench.made_up_nodes import PASSAGE_SECONDS
from bench.measure import MeasureError, cpu_seconds, process_tree, pss_mib
from bench.measured_program import environment, running_daemon
from bench.tables import Target, print_table, print_targets

from segued import log
from segued.cli.daemon_client import DaemonClient
from segued.cluster.authority import Authority
from segued.cluster.nodes import Nodes
from segued.cluster.remote_analysis import RemoteAnalysis
from segued.cluster.scheduler import ClusterScheduler
from segued.config.cluster_sections import ClusterSection
from segued.errors import DaemonError
from segued.media.analyzers.passage_analysis import AnalyzerSelection, PassageRequest
from segued.model import Signature, Span
from segued.progress.loop_monitor import LoopMonitor
from segued.units import TICKS_PER_SECOND, Ticks

JOB_MS_MAX: Final = 15.0
STALL_MS_MAX: Final = 100.0
IDLE_PERCENT_MAX: Final = 1.0
IDLE_MIB_MAX: Final = 80.0
SPEEDUP_MIN: Final = 1.8

SAMPLED_EVERY: Final = 50
IDLE_PROCESSES: Final = 2

LIMIT_SECONDS: Final = 3_600.0
HEARING_SECONDS: Final = 4.0
"""CPU seconds of the quick analysis of a song, about; see contrib/bench/flavor."""

LIBRARY_SONGS: Final = 100_000
ENCODING: Final[sample_music.Encoding] = ("-c:a", "libmp3lame", "-q:a", "2")

CONFIG: Final = """
[flavoring]
sources = ["essentia"]
loudness = true
[cluster]
listen = "127.0.0.1:{port}"
here = false
"""


def main() -> int:
    """Run the measurements, and print the results."""
    options = parser("cluster", __doc__)
    add = options.add_argument
    add("--jobs", type=int, default=5_000, help="jobs on made-up nodes (5000)")
    add("--nodes", type=int, default=50, help="made-up nodes (50)")
    add("--slots", type=int, default=8, help="jobs that each runs at once (8)")
    add("--seconds", type=int, default=60, help="seconds to measure an idle node (60)")
    add("--songs", type=int, default=12, help="songs for one node and two; 0: none")
    arguments = options.parse_args()
    log.configure("error", None, as_json=False)
    return run_measurement("cluster", lambda: _measure(arguments))


def _measure(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as name:
        place = Path(name)
        targets = asyncio.run(_measure_jobs(place, arguments))
        targets += _measure_idle(place / "idle", arguments.seconds)
        if arguments.songs:
            targets += _measure_songs(place, arguments.songs)
    print_targets(targets)


async def _measure_jobs(place: Path, arguments: argparse.Namespace) -> list[Target]:
    """Send jobs to made-up nodes, over TLS, from this process."""
    port, nodes = free_port(), Nodes()
    nodes.makeups = {"hearing": {"segued": "made up"}}
    keys = place / "keys"
    section = ClusterSection(listen=f"127.0.0.1:{port}")
    scheduler = ClusterScheduler(section, keys, place / "spool", nodes, (b"/m",))
    ready = asyncio.Event()
    listening = asyncio.create_task(scheduler.run(ready.set))
    await ready.wait()
    for number in range(arguments.nodes):
        key = await asyncio.to_thread(Authority(keys).issue, f"n{number}")
        (place / f"n{number}.pem").write_bytes(key)
    command = [sys.executable, "-P", "-m", "bench.made_up_nodes", str(port)]
    counts = [str(arguments.nodes), str(arguments.slots), str(place)]
    with subprocess.Popen([*command, *counts], env=environment()) as process:  # noqa: ASYNC220, S603
        try:
            while nodes.places("hearing") < arguments.nodes * (arguments.slots + 1):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            return await _run_jobs(RemoteAnalysis(nodes), arguments.jobs)
        finally:
            process.terminate()
            listening.cancel()
            await asyncio.wait({listening})


async def _run_jobs(remote: RemoteAnalysis, count: int) -> list[Target]:
    span = Span(Ticks(0), Ticks(PASSAGE_SECONDS * TICKS_PER_SECOND))
    requests = [PassageRequest(span, AnalyzerSelection(descriptors=True))]
    monitor = LoopMonitor(0.25)
    most_out = 0
    numbers = iter(range(count))

    async def work() -> None:
        nonlocal most_out
        for number in numbers:
            if number % SAMPLED_EVERY == 0:
                counts = (len(node.out) for node in remote.nodes.all)
                most_out = max(most_out, *counts)
            path = f"/m/{number:06}.mp3".encode()
            await remote.analyze(
                path, Signature(1, 1, 1), requests, is_quick=True, seconds=600.0
            )

    monitoring = asyncio.create_task(monitor.run())
    before, started = _own_cpu(), time.monotonic()
    async with asyncio.TaskGroup() as group:
        for _ in range(remote.nodes.places("hearing")):
            group.create_task(work())
            await asyncio.sleep(0)
    cpu, wall = _own_cpu() - before, time.monotonic() - started
    monitoring.cancel()
    each_ms, stall = 1_000 * cpu / count, 1_000 * monitor.longest_stall
    cores = HEARING_SECONDS / (cpu / count)
    print_table(
        ("jobs on made-up nodes", ""),
        [
            ("nodes", str(len(remote.nodes.all))),
            ("jobs", f"{count:,}"),
            ("jobs a second", f"{count / wall:.0f}"),
            ("the daemon's CPU a job, ms", f"{each_ms:.2f}"),
            ("most jobs with one node", str(most_out)),
            (
                f"cores that these keep busy, at {HEARING_SECONDS:g} s a song",
                f"{cores:,.0f}",
            ),
            (
                f"hours of 20 cores for {LIBRARY_SONGS:,} songs",
                f"{LIBRARY_SONGS * HEARING_SECONDS / 20 / 3_600:.1f}",
            ),
        ],
    )
    return [
        Target(
            "the daemon's CPU a job, ms",
            f"<= {JOB_MS_MAX:g}",
            f"{each_ms:.2f}",
            each_ms <= JOB_MS_MAX,
        ),
        Target(
            "longest stall, ms",
            f"<= {STALL_MS_MAX:g}",
            f"{stall:.0f}",
            stall <= STALL_MS_MAX,
        ),
    ]


def _own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _measure_idle(place: Path, seconds: int) -> list[Target]:
    """Measure a node that has joined and gets no work."""
    music = place / "music"
    music.mkdir(parents=True)
    sample_music.encoded_song(music / "song.mp3", 1, ENCODING)
    with _daemon_and_nodes(place, music, 1) as (_, (node,)):
        # It stops its child processes after an idle minute; one of Python's own stays.
        until = time.monotonic() + LIMIT_SECONDS
        while len(process_tree(node)) > IDLE_PROCESSES and time.monotonic() < until:
            time.sleep(1.0)
        before = cpu_seconds(process_tree(node))
        time.sleep(seconds)
        share = 100 * (cpu_seconds(process_tree(node)) - before) / seconds
        memory = pss_mib(process_tree(node))
    return [
        Target(
            "CPU of an idle node, %",
            f"<= {IDLE_PERCENT_MAX:g}",
            f"{share:.2f}",
            share <= IDLE_PERCENT_MAX,
        ),
        Target(
            "memory of an idle node (PSS), MiB",
            f"<= {IDLE_MIB_MAX:g}",
            f"{memory:.0f}",
            memory <= IDLE_MIB_MAX,
        ),
    ]


def _measure_songs(place: Path, count: int) -> list[Target]:
    """Have the same songs analyzed by one node, and by two, with one process each."""
    music = place / "songs"
    music.mkdir()
    for number in range(count):
        path = music / f"{number:03}.mp3"
        sample_music.encoded_song(path, number, ENCODING)
    walls = []
    for nodes in (1, 2):
        folder = place / f"by-{nodes}"
        folder.mkdir()
        with _daemon_and_nodes(folder, music, nodes, wait_for_import=count) as (
            client,
            _,
        ):
            started = time.monotonic()
            _wait(client, lambda status: status["files_analysed"] == count)
            walls.append(time.monotonic() - started)
    speedup = walls[0] / walls[1]
    rows = [(f"{n} nodes", f"{wall:.1f}") for n, wall in enumerate(walls, start=1)]
    print_table((f"{count} songs", "wall s"), rows)
    return [
        Target(
            "two nodes, times one",
            f">= {SPEEDUP_MIN:g}",
            f"{speedup:.2f}",
            speedup >= SPEEDUP_MIN,
        )
    ]


@contextmanager
def _daemon_and_nodes(
    place: Path, music: Path, count: int, *, wait_for_import: int = 1
) -> Iterator[tuple[DaemonClient, list[int]]]:
    """Yield a client of a daemon, and the process ids of nodes that have joined.

    They join when the import has ended.
    """
    port, database = free_port(), place / "library.db"
    run = place / "run"
    run.mkdir()
    config = CONFIG.format(port=port)
    with (
        running_daemon(music, database, run, base=config) as (_, client),
        ExitStack() as stack,
    ):
        _wait(client, lambda status: status["files_done"] >= wait_for_import)
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
        _wait(client, lambda status: len(status["nodes"]) == count)
        yield client, processes


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


def _wait(client: DaemonClient, predicate: Any) -> None:  # noqa: ANN401
    until = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < until:
        try:
            if predicate(client.request("GET", "/api/import/session")):
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


if __name__ == "__main__":
    sys.exit(main())
