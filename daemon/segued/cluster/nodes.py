"""The nodes that have joined: what each offers, and the jobs that are out.

It has no network: `segued.cluster.scheduler` tells it who joins, leaves and answers,
and sends what it wants to be sent. All is counted here, and believed of no node.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from segued.cluster.makeup import difference_lines, differences_of
from segued.cluster.messages import AnyJob, Job, JobAnswer, Report
from segued.config.cluster_sections import SentWork
from segued.errors import ElsewhereError
from segued.paths import is_within, shown
from segued.units import TICKS_PER_SECOND, Seconds

__all__ = ["Node", "Nodes"]

log: Final = structlog.get_logger()

LOSSES_MAX: Final = 3
"""A file that was with a node so often when the node was lost may be the cause."""

LOST_FILES_MAX: Final = 10_000
"""Of so many files it is remembered how often they lost their node."""

REFUSALS_MAX: Final = 3
REST_SECONDS: Final = 60.0
"""A node that refuses so many jobs in a row is left alone for so long."""

RATE_SECONDS: Final = 600.0
"""The rate of a node is that of the last ten minutes."""


class _NodeLostError(Exception):
    """The node of a job left, or cannot read its file any more."""


@dataclass(eq=False, slots=True)
class Node:
    """A node that has joined.

    Attributes:
        address: Where it is, as the scheduler names it; another one each time it joins.
        name: The name that it has in its certificate.
        report: What it offers; None before its first report.
        differences: What keeps it from each kind of work that is sent, a sentence for
            each version; empty if it may do it.
        done: How many jobs it has done.
        refused: How many it could not do.
        out: The answers that are expected, by the id of the job.
        paths: The files of these jobs.
    """

    address: str
    name: str
    joined_at: float = field(default_factory=time.monotonic)
    last_seen: float = field(default_factory=time.monotonic)
    report: Report | None = None
    differences: Mapping[SentWork, tuple[str, ...]] = field(default_factory=dict)
    done: int = 0
    refused: int = 0
    out: dict[int, asyncio.Future[JobAnswer]] = field(default_factory=dict)
    paths: dict[int, bytes] = field(default_factory=dict)
    _refusals: int = 0
    _rests_until: float = 0.0
    _recent: deque[tuple[float, float]] = field(
        default_factory=lambda: deque(maxlen=1_000)
    )

    @property
    def work(self) -> tuple[SentWork, ...]:
        """The kinds of work that it may do now."""
        if not (self.report and self.report.roots) or self.why_resting:
            return ()
        return tuple(work for work, each in self.differences.items() if not each)

    @property
    def places(self) -> int:
        """How many jobs may be with it: one more than it runs at once."""
        return self.report.slots + 1 if self.report and self.work else 0

    @property
    def why_resting(self) -> str:
        """Why it gets no jobs for a time; empty if it does."""
        if time.monotonic() < self._rests_until:
            return "it refused several jobs in a row"
        return self.report.rests if self.report else ""

    @property
    def seconds_of_sound_per_minute(self) -> float:
        """How much it has analyzed lately, in seconds of sound a minute."""
        now = time.monotonic()
        length = min(RATE_SECONDS, now - self.joined_at)
        recent = sum(sound for at, sound in self._recent if now - at <= length)
        return 60 * recent / length if length else 0.0

    def offers(self, path: bytes) -> bool:
        """Return whether it can read a path now."""
        roots = self.report.roots if self.report else ()
        return any(is_within(path, root) for root in roots)

    def count(self, job: AnyJob, answer: JobAnswer) -> None:
        """Count an answer; the node rests after several refusals in a row."""
        if not answer.elsewhere:
            self._refusals = 0
            self.done += 1
            passages = job.passages if isinstance(job, Job) else ()
            ticks = sum(each.end - each.start for each in passages)
            self._recent.append((time.monotonic(), ticks / TICKS_PER_SECOND))
            return
        self.refused += 1
        self._refusals += 1
        if self._refusals == REFUSALS_MAX:
            self._refusals = 0
            self._rests_until = time.monotonic() + REST_SECONDS
            log.warning("node.rests", node=self.name, reason=answer.elsewhere)


class Nodes:
    """All nodes that have joined, by address.

    Attributes:
        makeups: The kinds of work that are sent, with the versions that a node must
            have as well for each, by name.
        send_job: Sends a job to the node with an address; must not wait.
        send_cancel: Cancels a job with an id there; must not wait.
        on_change: Called when nodes offer something else, or other folders.
    """

    makeups: Mapping[SentWork, Mapping[str, str]]
    send_job: Callable[[str, AnyJob], None]
    send_cancel: Callable[[str, int], None]

    def __init__(self) -> None:
        """Begin without any; who connects them sets the attributes."""
        self.on_change: Callable[[], None] = lambda: None
        self._nodes: Final[dict[str, Node]] = {}
        self._job_ended = asyncio.Event()
        self._offers_before: Sequence[object] = ()
        self._losses: Final[dict[bytes, int]] = {}
        self._ids: Final = itertools.count(1)

    def next_id(self) -> int:
        """Return an id for a job, which no other has."""
        return next(self._ids)

    @property
    def all(self) -> list[Node]:
        """All nodes by name."""
        return sorted(self._nodes.values(), key=lambda node: node.name)

    def places(self, work: SentWork) -> int:
        """Return how many jobs of a kind may be out at once."""
        return sum(each.places for each in self._nodes.values() if work in each.work)

    def places_for(self, path: bytes, work: SentWork) -> int:
        """Return the same of jobs on files below a folder."""
        return sum(each.places for each in self._able(path, work))

    def _able(self, path: bytes, work: SentWork) -> list[Node]:
        nodes = self._nodes.values()
        return [each for each in nodes if work in each.work and each.offers(path)]

    def join(self, address: str, name: str) -> None:
        """Add a node, which has said nothing yet."""
        self._nodes[address] = Node(address, name)
        log.info("node.joined", node=name)

    def leave(self, address: str) -> None:
        """Remove a node; its jobs go to others."""
        node = self._nodes.pop(address, None)
        if node is None:
            return
        log.info("node.left", node=node.name, jobs=len(node.out))
        for future in node.out.values():
            if not future.done():
                future.set_exception(_NodeLostError())
        self._notify()

    def report(
        self, address: str, report: Report
    ) -> Mapping[SentWork, tuple[str, ...]] | None:
        """Take what a node offers from now on.

        Returns:
            The differences of its makeup, at its first report; else None.
        """
        node = self._nodes.get(address)
        if node is None:
            return None
        is_first = node.report is None
        node.last_seen = time.monotonic()
        before = node.differences
        node.report = report
        node.differences = {
            work: differences_of(here, report.makeup)
            for work, here in self.makeups.items()
        }
        self._take_back(node)
        lines = difference_lines(node.differences)
        if lines and node.differences != before:
            log.warning("node.differs", node=node.name, reason=lines[0])
        self._notify()
        return node.differences if is_first else None

    def _take_back(self, node: Node) -> None:
        """Take back the jobs on files that a node cannot read any more.

        A disk that does not answer would hold them until their time limit.
        """
        for job_id, path in node.paths.items():
            future = node.out[job_id]
            if not (node.offers(path) or future.done()):
                self.send_cancel(node.address, job_id)
                future.set_exception(_NodeLostError())

    def answer(self, address: str, answer: JobAnswer) -> None:
        """Take the answer to a job; one that is not expected any more is dropped."""
        node = self._nodes.get(address)
        if node is None:
            return
        node.last_seen = time.monotonic()
        future = node.out.get(answer.id)
        if future is not None and not future.done():
            future.set_result(answer)

    async def run(self, job: AnyJob, limit: Seconds) -> JobAnswer:
        """Have a job done by a node that offers its file, and return the answer.

        Args:
            job: The job.
            limit: How long a node may take.

        Raises:
            ElsewhereError: No node can do it; the reason is for the log.
        """
        while self._losses.get(job.path, 0) < LOSSES_MAX:
            node = await self._free_node(job)
            try:
                answer = await self._run_on(node, job, limit)
            except _NodeLostError:
                self._count_loss(job.path)
            else:
                self._losses.pop(job.path, None)
                return answer
        del self._losses[job.path]
        raise ElsewhereError(f"{shown(job.path)}: its node was lost each time")

    def _count_loss(self, path: bytes) -> None:
        self._losses[path] = self._losses.pop(path, 0) + 1
        if len(self._losses) > LOST_FILES_MAX:
            del self._losses[next(iter(self._losses))]

    async def _free_node(self, job: AnyJob) -> Node:
        """Wait for a node with a free place."""
        while True:
            able = self._able(job.path, job.WORK)
            if not able:
                reason = f"{shown(job.path)}: no node offers its folder now"
                raise ElsewhereError(reason, is_lasting=False)
            best = min(able, key=lambda each: len(each.out) / each.places)
            if len(best.out) < best.places:
                return best
            await self._job_ended.wait()

    async def _run_on(self, node: Node, job: AnyJob, limit: Seconds) -> JobAnswer:
        future: asyncio.Future[JobAnswer] = asyncio.get_running_loop().create_future()
        node.out[job.id], node.paths[job.id] = future, job.path
        try:
            self.send_job(node.address, job)
            async with asyncio.timeout(limit):
                answer = await future
        except TimeoutError:
            self.send_cancel(node.address, job.id)
            elsewhere = f"no answer after {limit:g} s"
            answer = JobAnswer(job.id, elsewhere=elsewhere)
        except asyncio.CancelledError:
            self.send_cancel(node.address, job.id)
            raise
        finally:
            del node.out[job.id], node.paths[job.id]
            self._wake()
        node.count(job, answer)
        if answer.elsewhere:
            reason = f"{shown(job.path)}: {node.name}: {answer.elsewhere}"
            is_resting = bool(node.report and node.report.rests)
            raise ElsewhereError(reason, is_lasting=not is_resting)
        return answer

    def _notify(self) -> None:
        """Tell that the offers of nodes have changed, if they have."""
        offers = [
            (node.work, node.places, node.report and node.report.roots)
            for node in self.all
        ]
        if offers != self._offers_before:
            self._offers_before = offers
            self._wake()
            self.on_change()

    def _wake(self) -> None:
        """Wake all who wait for a free place."""
        ended, self._job_ended = self._job_ended, asyncio.Event()
        ended.set()
