"""Measure the analysis on several machines: what a job costs the daemon, and nodes.

    contrib/bench/cluster [--jobs N] [--nodes N] [--slots N] [--seconds N] [--songs N]

Three measurements: jobs on made-up nodes, which answer at once, for what the daemon
spends on each and how long its event loop is blocked; a real node without work; and
songs analyzed by one node with one process, and by two, beside what one and two
processes of this machine do without nodes. The last is only meaningful on a quiet
machine with at least two processors. A projection says what limits a large library.
"""

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import sample_music
from bench.commandline import parser, run_measurement
from bench.made_up_nodes import PASSAGE_SECONDS
from bench.measure import cpu_seconds, process_tree, pss_mib
from bench.measured_program import environment
from bench.nodes_here import (
    LIMIT_SECONDS,
    daemon_and_nodes,
    free_port,
    status_of,
)
from bench.tables import Target, print_table, print_targets

from segued import log
from segued.cli.daemon_client import DaemonClient
from segued.cluster.authority import Authority
from segued.cluster.nodes import Nodes
from segued.cluster.remote_analysis import RemoteAnalysis
from segued.cluster.scheduler import ClusterScheduler
from segued.compute.pools import ProcessPools
from segued.config.cluster_sections import ClusterSection
from segued.media.analyzers import quick_analysis
from segued.media.analyzers.passage_analysis import AnalyzerSelection, PassageRequest
from segued.media.safe_open import signature_of
from segued.model import Signature, Span
from segued.progress.loop_monitor import LoopMonitor
from segued.units import TICKS_PER_SECOND, Seconds, Ticks

JOB_MS_MAX: Final = 15.0
STALL_MS_MAX: Final = 100.0
IDLE_PERCENT_MAX: Final = 1.0
IDLE_MIB_MAX: Final = 80.0
SPEEDUP_MIN: Final = 1.8

SAMPLED_EVERY: Final = 50
IDLE_PROCESSES: Final = 2

HEARING_SECONDS: Final = 4.0
"""CPU seconds of the quick analysis of a song, about; see contrib/bench/flavor."""

PROCESSOR_SHARE_MIN: Final = 90.0
"""Two nodes on this machine cannot do more than two of its processes do."""

OVERHEAD_PERCENT_MAX: Final = 1.0

LARGE_SONGS: Final = 10_000_000
LARGE_CORES: Final = 400
NETWORK_MB_PER_SECOND: Final = 110.0
"""1 Gbit/s."""

SOON_SONGS: Final = 4

SONG_MB: Final = 8.0
IMPORTS_PER_SECOND: Final = 50.0
"""Files that a daemon imports, about: one writer, one event loop."""

DAY_SECONDS: Final = 86_400.0
ENCODING: Final[sample_music.Encoding] = ("-c:a", "libmp3lame", "-q:a", "2")


def main() -> int:
    """Run the measurements, and print the results."""
    options = parser("cluster", __doc__)
    add = options.add_argument
    add("--jobs", type=int, default=5_000, help="jobs on made-up nodes (5000)")
    add("--nodes", type=int, default=50, help="made-up nodes (50)")
    add("--slots", type=int, default=8, help="jobs that each runs at once (8)")
    add("--seconds", type=int, default=60, help="seconds of an idle node (60); 0: none")
    add("--songs", type=int, default=24, help="songs for one node and two; 0: none")
    arguments = options.parse_args()
    log.configure("error", None, as_json=False)
    return run_measurement("cluster", lambda: _measure(arguments))


def _measure(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as name:
        place = Path(name)
        targets = asyncio.run(_measure_jobs(place, arguments))
        if arguments.seconds:
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
            return await _run_jobs(RemoteAnalysis(nodes), arguments.jobs, process.pid)
        finally:
            process.terminate()
            listening.cancel()
            await asyncio.wait({listening})


async def _run_jobs(
    remote: RemoteAnalysis, count: int, nodes_process: int
) -> list[Target]:
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
    there_before = cpu_seconds([nodes_process])
    async with asyncio.TaskGroup() as group:
        for _ in range(remote.nodes.places("hearing")):
            group.create_task(work())
            await asyncio.sleep(0)
    cpu, wall = _own_cpu() - before, time.monotonic() - started
    there = cpu_seconds([nodes_process]) - there_before
    monitoring.cancel()
    overhead = 100 * (cpu + there) / count / HEARING_SECONDS
    each_ms, stall = 1_000 * cpu / count, 1_000 * monitor.longest_stall
    print_table(
        ("jobs on made-up nodes", ""),
        [
            ("nodes", str(len(remote.nodes.all))),
            ("jobs", f"{count:,}"),
            ("jobs a second", f"{count / wall:.0f}"),
            ("the daemon's CPU a job, ms", f"{each_ms:.2f}"),
            ("the nodes' CPU a job, ms", f"{1_000 * there / count:.2f}"),
            ("most jobs with one node", str(most_out)),
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
            f"overhead of a job, % of {HEARING_SECONDS:g} s",
            f"<= {OVERHEAD_PERCENT_MAX:g}",
            f"{overhead:.3f}",
            overhead <= OVERHEAD_PERCENT_MAX,
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
    with daemon_and_nodes(place, music, 1) as (_, _, (node,)):
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
    paths = [music / f"{number:03}.mp3" for number in range(count)]
    for number, path in enumerate(paths):
        sample_music.encoded_song(path, number, ENCODING)
    here = [asyncio.run(_analyze_here(paths, processes)) for processes in (1, 2)]
    there, daemon_ms = [], []
    for nodes in (1, 2):
        folder = place / f"by-{nodes}"
        folder.mkdir()
        with daemon_and_nodes(folder, music, nodes, wait_for_import=count) as (
            client,
            daemon,
            processes,
        ):
            # The first songs wait for child processes that start.
            songs = count - _wait_analyzed(client, 2 * nodes)
            spent_before = cpu_seconds([daemon])
            with _timed(processes, songs) as timed:
                _wait_analyzed(client, count)
            there.append(timed[0])
            daemon_ms.append(1_000 * (cpu_seconds([daemon]) - spent_before) / songs)
    speedup, possible = (each[0].wall / each[1].wall for each in (there, here))
    rows = [
        ("wall s a song without nodes", *(f"{each.wall:.2f}" for each in here)),
        ("wall s a song by nodes", *(f"{each.wall:.2f}" for each in there)),
        ("CPU s a song without nodes", *(f"{each.cpu:.2f}" for each in here)),
        ("CPU s a song of the nodes", *(f"{each.cpu:.2f}" for each in there)),
        ("the daemon's CPU a song, ms", *(f"{each:.1f}" for each in daemon_ms)),
    ]
    print_table((f"{count} songs", "one", "two"), rows)
    _print_projection(min(daemon_ms) / 1_000)
    share = 100 * speedup / possible
    return [
        Target(
            "two nodes, times one",
            f">= {SPEEDUP_MIN:g}",
            f"{speedup:.2f}",
            speedup >= SPEEDUP_MIN,
        ),
        Target(
            "the same, % of what two processes do here",
            f">= {PROCESSOR_SHARE_MIN:g}",
            f"{share:.0f}",
            share >= PROCESSOR_SHARE_MIN,
        ),
    ]


@dataclass
class _Spent:
    """Wall time and CPU time of a song."""

    wall: float
    cpu: float


@contextmanager
def _timed(processes: Sequence[int], songs: int) -> Iterator[list[_Spent]]:
    """Yield a list that gets what processes and their descendants spend on a song."""
    found: list[_Spent] = []
    before, started = _cpu_of_trees(processes), time.monotonic()
    yield found
    wall = time.monotonic() - started
    cpu = _cpu_of_trees(processes) - before
    found.append(_Spent(wall / songs, cpu / songs))


def _cpu_of_trees(processes: Sequence[int]) -> float:
    return sum(cpu_seconds(process_tree(each)) for each in processes)


def _wait_analyzed(client: DaemonClient, count: int) -> int:
    """Wait until so many songs are analyzed, and return how many are.

    Looks seldom at first, as each look costs the daemon.
    """
    while True:
        done: int = status_of(client)["files_analysed"]
        if done >= count:
            return done
        time.sleep(2.0 if count - done > SOON_SONGS else 0.1)


async def _analyze_here(paths: Sequence[Path], processes: int) -> _Spent:
    """Return what some processes of this machine take without any node."""
    pools = ProcessPools(
        processes=processes, memory_mib=2_048, file_limit=Seconds(LIMIT_SECONDS)
    )

    async def analyze(number: int, path: Path) -> None:
        name, length = bytes(path), sample_music.length_of(number)
        span = Span(Ticks(0), Ticks(int(length * TICKS_PER_SECOND)))
        requests = [PassageRequest(span, AnalyzerSelection(descriptors=True))]
        await pools.run_idle(
            None,
            quick_analysis.analyze_quickly,
            name,
            signature_of(os.stat(name)),
            requests,
        )

    try:
        # The first jobs start the processes.
        await asyncio.gather(*(analyze(0, paths[0]) for _ in range(processes)))
        with _timed([os.getpid()], len(paths)) as timed:
            await asyncio.gather(*(analyze(*each) for each in enumerate(paths)))
        return timed[0]
    finally:
        pools.close()


def _print_projection(daemon_seconds: float) -> None:
    """Print how long a large library takes, and what limits it.

    Args:
        daemon_seconds: The daemon's CPU time for each song that nodes have analyzed.
    """
    days = {
        f"analysis on {LARGE_CORES} cores": HEARING_SECONDS / LARGE_CORES,
        "the daemon, which stores the results": daemon_seconds,
        "the network, 1 Gbit/s": SONG_MB / NETWORK_MB_PER_SECOND,
        "the import before it, on the daemon": 1 / IMPORTS_PER_SECOND,
    }
    rows = [
        (what, f"{LARGE_SONGS * each / DAY_SECONDS:.1f}") for what, each in days.items()
    ]
    limit = max(days, key=lambda what: days[what])
    cores = HEARING_SECONDS / max(daemon_seconds, 1e-6)
    print_table((f"{LARGE_SONGS:,} songs", "days"), [*rows, ("limited by", limit)])
    network_cores = HEARING_SECONDS * NETWORK_MB_PER_SECOND / SONG_MB
    print_table(
        ("cores that are kept busy", ""),
        [
            ("by the daemon", f"{cores:,.0f}"),
            ("by a network of 1 Gbit/s", f"{network_cores:,.0f}"),
            ("by a network of 10 Gbit/s", f"{10 * network_cores:,.0f}"),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
