"""The progress of a session: one board, one snapshot for all who show it."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from segued.model import FileId, FileStatus, SessionState
from segued.progress.histogram import Spread
from segued.progress.status import WorkerLine
from segued.units import Seconds

__all__ = ["Board", "Snapshot", "Standing"]

GROUPS: Final = ("scanning", "processing", *map(str, range(1, 11)), "files complete")
"""The thirteen groups of counters: two, one for each phase, and one.

Source: SPEC032.
"""

SETTLED_AFTER: Final = 3
"""A rate from fewer files than this says nothing about the rest."""

OVER: Final = frozenset(
    {SessionState.COMPLETED, SessionState.CANCELLED, SessionState.FAILED}
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A session at one moment.

    Attributes:
        total: Files in the folders, as far as they have been scanned.
        done: Those of them with nothing ahead of them, failed ones included.
        analysed: Those of them of which nothing more is to be known.
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
    analysed: int
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


@dataclass(frozen=True, slots=True)
class Standing:
    """Files, counted: all there are, with nothing ahead of them, failed, deferred.

    Attributes:
        unanalysed: Those with nothing ahead of them but phases that can wait.
    """

    total: int
    done: int
    failed: int
    deferred: int
    unanalysed: int


@dataclass(slots=True)
class _Desk:
    file: FileId
    name: str
    phase: int
    title: str
    since: float
    passage: int | None = None
    passages: int | None = None


@dataclass(slots=True)
class Board:
    """Where the pipeline writes what it is at. Belongs to the event loop.

    Attributes:
        unanalysed: Files of which more is to be known, from before.
        took: How long each phase takes, by its number, since the process began.
    """

    clock: Callable[[], float] = time.monotonic
    state: SessionState = SessionState.SCANNING
    total: int = 0
    failed: int = 0
    lookups: int = 0
    unanalysed: int = 0
    took: dict[int, Spread] = field(default_factory=dict)
    _counted: Standing | None = None
    _before: int = 0
    _ended: set[FileId] = field(default_factory=set)
    _deferred: set[FileId] = field(default_factory=set)
    _unanalysed: set[FileId] = field(default_factory=set)
    _started: float = 0.0
    _stopped: float | None = None
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

    def turn(self, state: SessionState) -> None:
        """Say how the session stands; its time stops when it is over."""
        self.state = state
        if state not in OVER:
            self._stopped = None
        elif self._stopped is None:
            self._stopped = self.clock()

    def enter(
        self, worker: int, file: FileId, name: str, phase: int, title: str
    ) -> None:
        """Say what a worker is at."""
        before = self._desks.get(worker)
        same = before is not None and before.file == file
        self._desks[worker] = _Desk(
            *(file, name, phase, title, self.clock()),
            passages=before.passages if before is not None and same else None,
        )

    def at_passage(self, worker: int, passage: int | None, passages: int) -> None:
        """Say which passage of its file a worker is at; None for all of them."""
        desk = self._desks.get(worker)
        if desk is not None:
            desk.passage, desk.passages = passage, passages

    def passed(self, worker: int) -> None:
        """Say that a worker is through with the phase it was at."""
        desk = self._desks.get(worker)
        if desk is not None:
            spread = self.took.setdefault(desk.phase, Spread())
            spread.add(self.clock() - desk.since)

    def leave(self, worker: int) -> None:
        """Say that a worker is at nothing."""
        self._desks.pop(worker, None)

    def begin(self) -> None:
        """Begin to count anew: another session."""
        self._started = self.clock()
        self._stopped = None
        self._ended.clear()
        self._deferred.clear()
        self._unanalysed.clear()
        self._counters.update({group: {} for group in GROUPS})

    def recount(self, standing: Standing) -> None:
        """Show from now on what the library says, and not what was counted here."""
        self._counted = standing

    def finished(
        self,
        file: FileId,
        status: FileStatus,
        waits_for: Iterable[str],
        *,
        analysed: bool = True,
    ) -> None:
        """Count a file that came to its end; it may do so again, with more known."""
        if file not in self._ended:
            self.failed += status is FileStatus.FAILED
        self._ended.add(file)
        if any(True for _ in waits_for):
            self._deferred.add(file)
        else:
            self._deferred.discard(file)
        if analysed:
            self._unanalysed.discard(file)
        else:
            self._unanalysed.add(file)
        self.count("files complete", {status.value: 1})

    def analysed(self, file: FileId) -> None:
        """Count a file of which nothing more is to be known."""
        if file in self._unanalysed:
            self._unanalysed.remove(file)
        else:
            self.unanalysed = max(0, self.unanalysed - 1)

    def snapshot(self) -> Snapshot:
        """Return the board as it is now."""
        now = self.clock()
        elapsed = (now if self._stopped is None else self._stopped) - self._started
        ended = len(self._ended)
        standing = self._counted or Standing(
            total=self.total,
            done=min(self._before + ended, self.total),
            failed=self.failed,
            deferred=len(self._deferred),
            unanalysed=self.unanalysed + len(self._unanalysed),
        )
        rate = ended / elapsed if ended >= SETTLED_AFTER and elapsed else None
        left = Seconds((standing.total - standing.done) / rate) if rate else None
        desks = sorted(self._desks.items())
        return Snapshot(
            state=self.state,
            total=standing.total,
            done=standing.done,
            failed=standing.failed,
            deferred=standing.deferred,
            analysed=max(0, standing.done - standing.unanalysed),
            elapsed=Seconds(elapsed),
            rate=rate,
            left=left,
            lookups=self.lookups,
            workers=tuple(
                WorkerLine(
                    *(worker, desk.file, desk.name, desk.phase, desk.title),
                    *(desk.passage, desk.passages, Seconds(now - desk.since)),
                )
                for worker, desk in desks
            ),
            counters=self._all_counters(standing),
        )

    def _all_counters(self, standing: Standing) -> dict[str, dict[str, int]]:
        counters = {group: dict(named) for group, named in self._counters.items()}
        if not counters["scanning"]:
            counters["scanning"] = {"files": standing.total}
        counters["processing"] = {
            "done": standing.done,
            "being worked on": len(self._desks),
            "to go": standing.total - standing.done,
        }
        return counters
