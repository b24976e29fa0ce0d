"""Attack the page of a daemon on this machine, and check that a person is served.

    python -m tests.end_to_end.attack [--port N] [--requests N] [--connections N]
                                      [--seconds N] [--seed N]

Generated requests look for crashes, hangs and errors that are not JSON. Slow clients
and floods are run one after another by `attack_client`; meanwhile a person's requests
are timed, and the daemon's processor time and memory are measured.
"""

import argparse
import ipaddress
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from segued.cli.daemon_client import DaemonClient
from segued.errors import DaemonError
from tests.end_to_end import attack_client
from tests.end_to_end.generated_requests import send_generated_requests
from tests.end_to_end.running_daemon import running_daemon, write_noise_wav
from tests.end_to_end.segued_runner import SeguedRunner

__all__ = ["Bounds", "Result", "own_target", "run_attacks"]

FILES: Final = 20
OTHER_USER: Final = 65_534
"""The account of the attacks, if this is run by root: nobody."""

PAUSE_SECONDS: Final = 0.2
TIMEOUT_SECONDS: Final = 10.0
GENERATED_SECONDS_MAX: Final = 40.0
CPU_SHARE_MAX: Final = 0.5
BURST_CPU_SECONDS: Final = 2.0
"""What the first requests of a peer may cost, which are not delayed."""

MEMORY_MIB_MAX: Final = 64.0
CLOCK_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Bounds:
    """How much an attack may do.

    Attributes:
        requests: The number of generated requests.
        connections: The most connections that a slow or flooding client opens.
        seconds: The length of each of its attacks.
        seed: The seed of the generated requests.
        person_seconds: The longest time that a person's request may take.
    """

    requests: int = 1_500
    connections: int = 500
    seconds: float = 5.0
    seed: int = 1
    person_seconds: float = 2.0


@dataclass(frozen=True)
class Target:
    """The daemon under attack; without a client, one that was not started here."""

    host: str
    port: int
    process: int
    client: DaemonClient | None

    def cpu_seconds(self) -> float:
        """Return the processor time of the daemon's main process."""
        line = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2]
        return sum(map(int, line.split()[11:13])) / CLOCK_TICKS

    def memory_mib(self) -> float:
        """Return the anonymous memory of the daemon's main process."""
        for line in Path(f"/proc/{self.process}/status").read_text().splitlines():
            if line.startswith("RssAnon"):
                return int(line.split()[1]) / 1_024
        raise ValueError(self.process)


@dataclass
class Person:
    """Somebody who uses the page, and `seguectl`, while it is attacked."""

    target: Target
    served: int = 0
    failed: int = 0
    slowest_seconds: float = 0.0
    slowest_control_seconds: float = 0.0
    _is_over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def using_the_page(self) -> Iterator[None]:
        """Send requests while the context lasts."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()

    def _run(self) -> None:
        while not self._is_over.wait(PAUSE_SECONDS):
            for path in ("/", "/api/import/status/current"):
                started = time.monotonic()
                try:
                    is_served = self._get(path) == 200
                except (OSError, HTTPException):
                    is_served = False
                self.served += is_served
                self.failed += not is_served
                self.slowest_seconds = max(
                    self.slowest_seconds, time.monotonic() - started
                )
            self._use_control_socket()

    def _get(self, path: str) -> int:
        connection = HTTPConnection(
            self.target.host, self.target.port, timeout=TIMEOUT_SECONDS
        )
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            reply.read()
            return reply.status
        finally:
            connection.close()

    def _use_control_socket(self) -> None:
        if self.target.client is None:
            return
        started = time.monotonic()
        try:
            self.target.client.status()
        except DaemonError:
            self.failed += 1
        took = time.monotonic() - started
        self.slowest_control_seconds = max(self.slowest_control_seconds, took)


@dataclass(frozen=True)
class Result:
    """What an attack did, what it cost, and what did not hold."""

    attack: str
    sent: int
    cpu_percent: float
    memory_mib: float
    person: Person
    problems: tuple[str, ...]


def run_attacks(target: Target, bounds: Bounds, *, may_change: bool) -> list[Result]:
    """Run all attacks, one after another.

    Args:
        target: The daemon.
        bounds: How much each attack may do.
        may_change: Whether generated requests may change settings and decisions.
    """

    def generate() -> tuple[int, list[str]]:
        return send_generated_requests(
            (target.host, target.port),
            bounds.requests,
            seed=bounds.seed,
            may_change=may_change,
            until=time.monotonic() + GENERATED_SECONDS_MAX,
        )

    limit = bounds.person_seconds
    results = [_measure(target, "generated requests", limit, generate)]
    for name in attack_client.ATTACKS:
        results.append(  # noqa: PERF401  (each is printed when it ends)
            _measure(target, name, limit, partial(_attack, target, name, bounds))
        )
    return results


def _attack(target: Target, name: str, bounds: Bounds) -> tuple[int, list[str]]:
    """Run one attack in a process of its own; return what it sent."""
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            attack_client.__file__,
            name,
            target.host,
            str(target.port),
            str(bounds.connections),
            str(bounds.seconds),
            str(OTHER_USER),
        ],
        capture_output=True,
        text=True,
        timeout=bounds.seconds + 60,
        check=True,
    )
    return int(done.stdout), []


def _measure(
    target: Target,
    name: str,
    person_seconds_max: float,
    attack: Callable[[], tuple[int, list[str]]],
) -> Result:
    """Run an attack, and return what it cost and what did not hold."""
    person = Person(target)
    cpu, memory, started = target.cpu_seconds(), target.memory_mib(), time.monotonic()
    with person.using_the_page():
        sent, problems = attack()
    seconds = time.monotonic() - started
    cpu_seconds = target.cpu_seconds() - cpu
    growth = target.memory_mib() - memory
    # Without root, the person shares the limits of the attacking account.
    is_separate = os.getuid() == 0
    if is_separate and person.failed:
        problems.append(f"{person.failed} of the person's requests failed")
    if is_separate and person.slowest_seconds > person_seconds_max:
        problems.append(f"the person waited {person.slowest_seconds:.1f} s")
    if person.slowest_control_seconds > person_seconds_max:
        problems.append(f"seguectl waited {person.slowest_control_seconds:.1f} s")
    if cpu_seconds > BURST_CPU_SECONDS + CPU_SHARE_MAX * seconds:
        problems.append(f"{cpu_seconds:.1f} s of processor time in {seconds:.1f} s")
    if growth > MEMORY_MIB_MAX:
        problems.append(f"{growth:.0f} MiB more memory")
    percent = 100 * cpu_seconds / seconds
    result = Result(name, sent, percent, growth, person, tuple(problems))
    _print_result(result)
    return result


def _print_header() -> None:
    print(  # noqa: T201
        f"{'attack':26}{'sent':>9}{'CPU %':>8}{'MiB':>7}{'served':>8}{'failed':>8}"
        f"{'slowest ms':>12}{'seguectl ms':>13}"
    )


def _print_result(result: Result) -> None:
    person = result.person
    print(  # noqa: T201
        f"{result.attack:26}{result.sent:9,}{result.cpu_percent:8.1f}"
        f"{result.memory_mib:7.1f}{person.served:8}{person.failed:8}"
        f"{1_000 * person.slowest_seconds:12.0f}"
        f"{1_000 * person.slowest_control_seconds:13.0f}",
        flush=True,
    )
    for problem in result.problems:
        print(f"    did not hold: {problem}", flush=True)  # noqa: T201


@contextmanager
def own_target(folder: Path) -> Iterator[Target]:
    """Start a daemon over a few drawn files."""
    music = folder / "music"
    for number in range(FILES):
        write_noise_wav(music / f"album {number % 4}" / f"{number:02} a.wav", number)
    with running_daemon(SeguedRunner(folder / "state"), music, page=True) as daemon:
        daemon.wait_until_done(FILES)
        page = urlsplit(daemon.status()["page"])
        assert page.hostname is not None
        assert page.port is not None
        yield Target(page.hostname, page.port, daemon.process.pid, daemon.client)


def _running_target(host: str, port: int) -> Target:
    """Return a daemon that runs already.

    Raises:
        OSError: Nothing listens at this port.
        HTTPException: It is no HTTP server.
        ValueError: It is no segued.
        KeyError: It is no segued.
    """
    connection = HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/health")
        health = json.loads(connection.getresponse().read())
        return Target(host, port, int(health["process"]), None)
    finally:
        connection.close()


def _loopback(text: str) -> str:
    try:
        if ipaddress.ip_address(text).is_loopback:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text}: not a loopback address")


def main() -> int:
    """Run all attacks and print a table; return the exit code."""
    parser = argparse.ArgumentParser("attack", description=__doc__)
    parser.add_argument("--host", type=_loopback, default="127.0.0.1")
    parser.add_argument("--port", type=int, help="of a daemon that runs already")
    parser.add_argument("--requests", type=int, default=Bounds.requests)
    parser.add_argument("--connections", type=int, default=Bounds.connections)
    parser.add_argument("--seconds", type=float, default=Bounds.seconds)
    parser.add_argument("--seed", type=int, default=Bounds.seed)
    options = parser.parse_args()
    bounds = Bounds(
        options.requests, options.connections, options.seconds, options.seed
    )
    if os.getuid():
        print("not root: attacks and person share one account")  # noqa: T201
    _print_header()
    if options.port is not None:
        try:
            target = _running_target(options.host, options.port)
        except (OSError, HTTPException, ValueError, KeyError) as error:
            parser.error(f"no segued listens at port {options.port}: {error}")
        results = run_attacks(target, bounds, may_change=False)
    else:
        with (
            tempfile.TemporaryDirectory(prefix="segued-attack-") as folder,
            own_target(Path(folder)) as target,
        ):
            results = run_attacks(target, bounds, may_change=True)
    return 1 if any(result.problems for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
