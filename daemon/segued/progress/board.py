"""The progress of a session: one board, one snapshot for all who show it."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from segued.model import FileStatus, SessionState
from segued.units import Seconds

__all__ = ["Board", "Snapshot", "WorkerLine"]

GROUPS: Final = ("scanning", "processing", *map(str, range(1, 11)), "files complete")
"""The thirteen groups of counters: two, one for each phase, and one.

Source: SPEC032.
"""

SETTLED_AFTER: Final = 3
"""A rate from fewer files than this says nothing about the rest."""


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """What one worker is at.

    Attributes:
        seconds: How long it has been in this phase.
    """

    worker: int
    name: str
    phase: int
    title: str
    seconds: Seconds


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A session at one moment.

    Attributes:
        total: Files in the folders, as far as they have been scanned.
        done: Those of them with nothing ahead of them, failed ones included.
        rate: Files per second in this run; None while that says nothing.
        left: Expected time to the end; None while unknown.
        lookups: Questions that outside services have yet to answer; only
            counted while nothing else is to do.
        counters: Counts by group and name.
    """

    state: SessionState
    total: int
    done: int
    failed: int
    deferred: int
    elapsed: Seconds
    rate: float | None
    left: Seconds | None
    lookups: int
    workers: tuple[WorkerLine, ...]
    counters: Mapping[str, Mapping[str, int]]

    @property
    def percent(self) -> float:
        """How much is done, in per cent."""
        return 100 * self.done / self.total if self.total else 0.0


@dataclass(slots=True)
class _Desk:
    name: str
    phase: int
    title: str
    since: float


@dataclass(slots=True)
class Board:
    """Where the pipeline writes what it is at. Belongs to the event loop."""

    clock: Callable[[], float] = time.monotonic
    state: SessionState = SessionState.SCANNING
    total: int = 0
    failed: int = 0
    deferred: int = 0
    lookups: int = 0
    _before: int = 0
    _done: int = 0
    _started: float = 0.0
    _desks: dict[int, _Desk] = field(default_factory=dict)
    _counters: dict[str, dict[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start the clock."""
        self._started = self.clock()
        self._counters = {group: {} for group in GROUPS}

    def found(self, *, to_do: int, finished: int, failed: int) -> None:
        """Count files that a scan found: with and without work ahead."""
        self.total += to_do + finished + failed
        self._before += finished + failed
        self.failed += failed

    def lost(self) -> None:
        """Take one file out of the count: it is gone, or lives on elsewhere."""
        self.total -= 1

    def count(self, group: str, counts: Mapping[str, int]) -> None:
        """Add to a group of counters."""
        counters = self._counters[group]
        for name, number in counts.items():
            counters[name] = counters.get(name, 0) + number

    def enter(self, worker: int, name: str, phase: int, title: str) -> None:
        """Say what a worker is at."""
        self._desks[worker] = _Desk(name, phase, title, self.clock())

    def leave(self, worker: int) -> None:
        """Say that a worker is at nothing."""
        self._desks.pop(worker, None)

    def finished(self, status: FileStatus, waits_for: Iterable[str]) -> None:
        """Count a file that came to its end."""
        self._done += 1
        self.failed += status is FileStatus.FAILED
        self.deferred += any(True for _ in waits_for)
        self.count("files complete", {status.value: 1})

    def snapshot(self) -> Snapshot:
        """Return the board as it is now."""
        now = self.clock()
        elapsed = now - self._started
        # A duplicate whose original failed comes to an end twice.
        done = min(self._before + self._done, self.total)
        rate = self._done / elapsed if self._done >= SETTLED_AFTER and elapsed else None
        left = Seconds((self.total - done) / rate) if rate else None
        desks = sorted(self._desks.items())
        return Snapshot(
            state=self.state,
            total=self.total,
            done=done,
            failed=self.failed,
            deferred=self.deferred,
            elapsed=Seconds(elapsed),
            rate=rate,
            left=left,
            lookups=self.lookups,
            workers=tuple(
                WorkerLine(
                    worker, desk.name, desk.phase, desk.title, Seconds(now - desk.since)
                )
                for worker, desk in desks
            ),
            counters={group: dict(named) for group, named in self._counters.items()},
        )
