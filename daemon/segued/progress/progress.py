"""The progress of a session, with snapshots for all displays."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from segued.model import FileId, FileStatus, SessionState
from segued.progress.histogram import Histogram
from segued.progress.pace import Pace
from segued.progress.status import WorkerStatus
from segued.units import Seconds

__all__ = ["FileCounts", "Progress", "Snapshot"]

COUNTER_GROUPS: Final = (
    "scanning",
    "processing",
    *map(str, range(1, 11)),
    "files complete",
)
"""The thirteen groups of counters: two, one for each of the ten phases, and one."""

RATE_FILES_MIN: Final = 3
"""Fewer finished files than this give no rate: it would be too uncertain."""

SECONDS_PER_HOUR: Final = 3600

ENDED_STATES: Final = frozenset(
    {SessionState.COMPLETED, SessionState.CANCELLED, SessionState.FAILED}
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A session at one moment.

    Attributes:
        total: Files in the folders, as far as they have been scanned.
        done: Files without phases to run, failed ones included.
        analyzed: Files among them that await no local analysis either.
        rate: Files per second in this run; None while too few are done.
        time_left: Expected time to the end; None while unknown.
        analysis_per_hour: Files analyzed per hour lately; None while unknown.
        analysis_left: Expected time until all imported files are analyzed; None while
            unknown.
        lookups: Questions that services have yet to answer; only counted while
            the import waits for them.
        again: Files that are done, and whose import continues, because more became
            known of them.
        cards: Albums and files with questions that a person could settle.
        counters: Counts of files and passages as they stand, by group and name.
        work: What was done in this session, by group and name; what was done twice
            counts twice.
        repeated: How many files went through a phase once more in this session, by the
            phase's number.
    """

    state: SessionState
    total: int
    done: int
    failed: int
    deferred: int
    analyzed: int
    elapsed: Seconds
    rate: float | None
    time_left: Seconds | None
    analysis_per_hour: float | None
    analysis_left: Seconds | None
    lookups: int
    again: int
    cards: int
    workers: tuple[WorkerStatus, ...]
    counters: Mapping[str, Mapping[str, int]]
    work: Mapping[str, Mapping[str, int]]
    repeated: Mapping[str, int]

    @property
    def percent(self) -> float:
        """How much is done, in percent."""
        return 100 * self.done / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class FileCounts:
    """Counts of the library's files: all, done, failed, deferred.

    Attributes:
        unanalyzed: Files that await only local analysis.
        again: Done files whose import continues, because more became known of them.
    """

    total: int
    done: int
    failed: int
    deferred: int
    unanalyzed: int
    again: int = 0


@dataclass(slots=True)
class _WorkerSlot:
    """What a worker is at; `since` is when it started the phase."""

    file: FileId
    name: str
    phase: int
    title: str
    since: float
    passage: int | None = None
    passages: int | None = None


@dataclass(slots=True)
class Progress:
    """The progress that the pipeline reports. Used only on the event loop.

    Attributes:
        unanalyzed_before: Files that awaited analysis when the session began.
        phase_durations: The durations of each phase since the process started, by
            the phase's number.
    """

    clock: Callable[[], float] = time.monotonic
    state: SessionState = SessionState.SCANNING
    total: int = 0
    failed: int = 0
    lookups: int = 0
    unanalyzed_before: int = 0
    phase_durations: dict[int, Histogram] = field(default_factory=dict)
    _library_counts: FileCounts | None = None
    _cards: int = 0
    _library_counters: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    _analysis_pace: Pace = field(default_factory=Pace)
    _finished_before: int = 0
    _finished: set[FileId] = field(default_factory=set)
    _deferred: set[FileId] = field(default_factory=set)
    _unanalyzed: set[FileId] = field(default_factory=set)
    _started_at: float = 0.0
    _stopped_at: float | None = None
    _worker_slots: dict[int, _WorkerSlot] = field(default_factory=dict)
    _work: dict[str, dict[str, int]] = field(default_factory=dict)
    _repeated: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start the clock."""
        self._started_at = self.clock()
        self._work = {group: {} for group in COUNTER_GROUPS}

    def add_scanned(self, *, pending: int, finished: int, failed: int) -> None:
        """Add the files that a scan found: to import, finished, and failed."""
        self.total += pending + finished + failed
        self._finished_before += finished + failed
        self.failed += failed

    def discount_file(self) -> None:
        """Remove one file from the totals: deleted, or merged into another's row."""
        self.total -= 1

    def add_work(self, group: str, counts: Mapping[str, int]) -> None:
        """Add what was done to a group."""
        work = self._work[group]
        for name, number in counts.items():
            work[name] = work.get(name, 0) + number

    def add_phase(self, file: FileId, phase: int, counts: Mapping[str, int]) -> None:
        """Add what a phase did for a file that is imported, perhaps once more."""
        self.add_work(str(phase), counts)
        if file in self._finished:
            self._repeated[str(phase)] = self._repeated.get(str(phase), 0) + 1

    def set_state(self, state: SessionState) -> None:
        """Set the session's state; an ended state stops its clock."""
        self.state = state
        if state not in ENDED_STATES:
            self._stopped_at = None
        elif self._stopped_at is None:
            self._stopped_at = self.clock()

    def start_phase(
        self, worker: int, file: FileId, name: str, phase: int, title: str
    ) -> None:
        """Show that a worker has started a phase."""
        before = self._worker_slots.get(worker)
        is_same_file = before is not None and before.file == file
        self._worker_slots[worker] = _WorkerSlot(
            file=file,
            name=name,
            phase=phase,
            title=title,
            since=self.clock(),
            passages=before.passages if before is not None and is_same_file else None,
        )

    def set_passage(self, worker: int, passage: int | None, passages: int) -> None:
        """Show which passage of its file a worker is at; None for all of them."""
        slot = self._worker_slots.get(worker)
        if slot is not None:
            slot.passage, slot.passages = passage, passages

    def add_duration(self, phase: int, seconds: float) -> None:
        """Add how long a phase took for one file."""
        self.phase_durations.setdefault(phase, Histogram()).add(seconds)

    def clear_worker(self, worker: int) -> None:
        """Show that a worker is idle."""
        self._worker_slots.pop(worker, None)

    def start_session(self) -> None:
        """Reset the counts for another session."""
        self._started_at = self.clock()
        self._stopped_at = None
        self._finished.clear()
        self._deferred.clear()
        self._unanalyzed.clear()
        self._work.update({group: {} for group in COUNTER_GROUPS})
        self._repeated.clear()

    def use_library_counts(self, counts: FileCounts) -> None:
        """Show the library's counts from now on, instead of those added here."""
        self._library_counts = counts

    def use_card_count(self, cards: int) -> None:
        """Show this number of albums and files with questions for a person."""
        self._cards = cards

    def use_library_counters(self, counters: Mapping[str, Mapping[str, int]]) -> None:
        """Show these counts of the library from now on, by group and name."""
        self._library_counters = counters

    def finish_file(
        self,
        file: FileId,
        status: FileStatus,
        waits_for: Iterable[str],
        *,
        analyzed: bool = True,
    ) -> None:
        """Count a file whose import has ended; the same file may end again later."""
        if file not in self._finished:
            self.failed += status is FileStatus.FAILED
        self._finished.add(file)
        if any(True for _ in waits_for):
            self._deferred.add(file)
        else:
            self._deferred.discard(file)
        if analyzed:
            self._unanalyzed.discard(file)
        else:
            self._unanalyzed.add(file)
        self.add_work("files complete", {status.value: 1})

    def finish_analysis(self, file: FileId) -> None:
        """Count an imported file whose analysis has ended."""
        self._analysis_pace.add(self.clock())
        if file in self._unanalyzed:
            self._unanalyzed.remove(file)
        else:
            self.unanalyzed_before = max(0, self.unanalyzed_before - 1)

    def snapshot(self) -> Snapshot:
        """Return the present progress."""
        now = self.clock()
        elapsed = (
            now if self._stopped_at is None else self._stopped_at
        ) - self._started_at
        finished = len(self._finished)
        counts = self._library_counts or FileCounts(
            total=self.total,
            done=min(self._finished_before + finished, self.total),
            failed=self.failed,
            deferred=len(self._deferred),
            unanalyzed=self.unanalyzed_before + len(self._unanalyzed),
        )
        rate = finished / elapsed if finished >= RATE_FILES_MIN and elapsed else None
        time_left = Seconds((counts.total - counts.done) / rate) if rate else None
        pace = self._analysis_pace.per_second(now) if counts.unanalyzed else None
        slots = sorted(self._worker_slots.items())
        return Snapshot(
            state=self.state,
            total=counts.total,
            done=counts.done,
            failed=counts.failed,
            deferred=counts.deferred,
            analyzed=max(0, counts.done - counts.unanalyzed),
            elapsed=Seconds(elapsed),
            rate=rate,
            time_left=time_left,
            analysis_per_hour=pace * SECONDS_PER_HOUR if pace else None,
            analysis_left=Seconds(counts.unanalyzed / pace) if pace else None,
            lookups=self.lookups,
            again=counts.again,
            cards=self._cards,
            workers=tuple(
                WorkerStatus(
                    worker=worker,
                    file=slot.file,
                    name=slot.name,
                    phase=slot.phase,
                    title=slot.title,
                    passage=slot.passage,
                    passages=slot.passages,
                    seconds=Seconds(now - slot.since),
                )
                for worker, slot in slots
            ),
            counters=self._counters(counts),
            work={group: dict(named) for group, named in self._work.items()},
            repeated=dict(self._repeated),
        )

    def _counters(self, counts: FileCounts) -> dict[str, dict[str, int]]:
        known = self._library_counters
        processing = {
            "done": counts.done,
            "being worked on": len(self._worker_slots),
            "to go": counts.total - counts.done,
        }
        if counts.again:
            processing["done, and continued"] = counts.again
        return {
            **{group: dict(known.get(group, {})) for group in COUNTER_GROUPS},
            "scanning": {"files": counts.total},
            "processing": processing,
        }
