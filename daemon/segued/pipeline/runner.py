"""Run one file through the phases that it has not completed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import structlog

from segued.model import (
    AudioFile,
    FileStatus,
    Need,
    PhaseNumber,
)
from segued.phases import PHASES
from segued.phases.base import (
    FileResults,
    Phase,
    PhaseContext,
    Stop,
)
from segued.pipeline.phase_commit import (
    Committed,
    PhaseResult,
    PhaseRun,
    attribute_errors,
    is_of_file,
    prefetch,
    save_runs,
)
from segued.store import checkpoints, codec, files
from segued.store.checkpoints import StoredCheckpoint

__all__ = ["Outcome", "import_file"]

log: Final = structlog.get_logger()

OnPhaseStart = Callable[[Phase[Any]], None]
OnPhaseDone = Callable[[Phase[Any], Any, float], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a file's import.

    Attributes:
        waits_for: What its deferred phases need, without repeats.
    """

    status: FileStatus
    reason: str | None = None
    waits_for: tuple[str, ...] = ()

    @classmethod
    def of(cls, stop: Stop) -> "Outcome":
        """Return the outcome of a file that needs no further phases."""
        return cls(stop.status, stop.reason)

    @property
    def analyzed(self) -> bool:
        """Whether no analysis waits for idle time."""
        return Need.IDLE not in self.waits_for


async def import_file(
    file: AudioFile,
    context: PhaseContext,
    *,
    on_phase_start: OnPhaseStart,
    on_phase_done: OnPhaseDone,
    phases: Sequence[Phase[Any]] = PHASES,
) -> Outcome:
    """Run `file` through its phases, from the first without a valid checkpoint.

    A phase's rows and its checkpoint are one transaction, so a crash, a
    cancel or a power cut costs at most the phase it interrupted, and those that
    this one joins (`Phase.joins_previous`).

    Args:
        file: What to import.
        context: What the phases may use.
        on_phase_start: Called when a phase begins.
        on_phase_done: Called when a phase is committed, with its result and the seconds
            that it took.
        phases: The phases, in order.

    Raises:
        FileError: A phase failed; the error's `phase` is its number. The results of
            the phases before it are kept.
        StoreError: The library cannot be used any more.
    """
    is_analysis = Need.IDLE in context.capabilities
    file_results, stored = await context.store.do(
        _read_start, file, phases[0], is_analysis=is_analysis
    )
    valid, outdated = _stored_results(stored, context, phases)
    running = _RunningImport(
        context, phases, on_phase_start, on_phase_done, file_results, valid, outdated
    )
    try:
        outcome = await running.finish()
    finally:
        structlog.contextvars.unbind_contextvars("phase")
    fields = {"status": outcome.status.value, "reason": outcome.reason}
    if file_results.already_imported:
        log.info("file.analysed", **fields, took_ms=running.took_ms)
    else:
        log.info("file.done", **fields, took_ms=running.took_ms)
    return outcome


@dataclass(slots=True)
class _RunningImport:
    """The import of one file.

    Attributes:
        file_results: What the next phase gets.
        valid: The valid checkpoints, by phase.
        outdated: The results of checkpoints that are not, while later ones are valid if
            the phase has the same result again.
        log: Bound once: structlog binds its own logger for each event.
        uncommitted: The runs since the last commit, in order.
        has_saved: Whether a checkpoint of an earlier phase, but phase 1, is saved in
            this import. That deletes all later ones.
        took_ms: How long each phase took, by name.
    """

    context: PhaseContext
    phases: Sequence[Phase[Any]]
    on_phase_start: OnPhaseStart
    on_phase_done: OnPhaseDone
    file_results: FileResults
    valid: dict[int, PhaseResult]
    outdated: dict[int, Any]
    log: Any = field(default_factory=log.bind)
    uncommitted: list[PhaseRun] = field(default_factory=list)
    has_saved: bool = False
    took_ms: dict[str, int] = field(default_factory=dict)

    async def finish(self) -> Outcome:
        """Run the phases without a valid checkpoint, and commit them."""
        waits_for: list[str] = []
        for position, phase in enumerate(self.phases):
            phase_result = self.valid.get(phase.number)
            if phase_result is None or phase.always_run:
                stop = None
                if not phase.joins_previous:
                    stop = await self._commit(self.phases[position:])
                found = stop or await self._run(phase, phase_result)
                if isinstance(found, Stop):
                    return Outcome.of(found)
                phase_result = found
            self.file_results = self.file_results.with_result(
                phase, phase.checkpointed(phase_result.result)
            )
            if phase_result.needs is not None:
                waits_for.append(phase_result.needs)
        stop = await self._commit()
        if stop is not None:
            return Outcome.of(stop)
        return Outcome(FileStatus.COMPLETE, None, tuple(dict.fromkeys(waits_for)))

    async def _run(
        self, phase: Phase[Any], known: PhaseResult | None
    ) -> PhaseResult | Stop:
        """Run a phase, whose result is committed later; `Stop` ends the import.

        If it fails, the phases before it are committed.
        """
        log = self.log
        started = time.monotonic()
        self.on_phase_start(phase)
        structlog.contextvars.bind_contextvars(phase=phase.number)
        log.debug("phase.started", phase=phase.number)
        try:
            with attribute_errors(phase, self.file_results):
                outcome = await phase.run(self.context, self.file_results)
        except Exception as error:
            stop = await self._commit() if is_of_file(error) else None
            if stop is None:
                raise
            return stop
        if isinstance(outcome, Stop):
            return await self._commit() or outcome
        fresh = PhaseResult.of(outcome)
        is_same = known is not None and known.result == fresh.result
        is_as_before = phase.number in self.outdated and (
            self.outdated[phase.number] == phase.checkpointed(fresh.result)
        )
        self.uncommitted.append(
            PhaseRun(
                phase,
                self.file_results,
                fresh,
                phase.recipe(self.context),
                is_same=is_same,
                keeps_later=self.has_saved or is_as_before,
                started=started,
                seconds=time.monotonic() - started,
            )
        )
        if not is_same and not is_as_before:
            self.valid, self.outdated = {}, {}
            self.has_saved = phase.number > PhaseNumber.FILENAME
        return fresh

    async def _commit(self, later: Sequence[Phase[Any]] = ()) -> Stop | None:
        """Commit the runs since the last commit; return `Stop` if the file ends there.

        In the same transaction, what the next phases need is read.

        Args:
            later: The phases from the next one on.
        """
        runs, self.uncommitted = self.uncommitted, []
        if not runs:
            return None
        upcoming = self._upcoming(later)
        if len(runs) > 1:
            try:
                return await self._commit_runs(runs, upcoming)
            except Exception as error:
                if not is_of_file(error):
                    raise
            # One phase failed, and the whole transaction with it. Committed one by
            # one, the phases before it keep their results.
            for run in runs[:-1]:
                if (stop := await self._commit_one(run)) is not None:
                    return stop
        return await self._commit_one(runs[-1], upcoming)

    def _upcoming(self, later: Sequence[Phase[Any]]) -> list[Phase[Any]]:
        """Return the phases that are about to run without a commit between them."""
        upcoming = list(later[:1])
        for phase in later[1:]:
            if phase.number not in self.valid:
                if not phase.joins_previous:
                    break
                upcoming.append(phase)
        return upcoming

    async def _commit_one(
        self, run: PhaseRun, upcoming: Sequence[Phase[Any]] = ()
    ) -> Stop | None:
        with attribute_errors(run.phase, run.file_results):
            return await self._commit_runs([run], upcoming)

    async def _commit_runs(
        self, runs: Sequence[PhaseRun], upcoming: Sequence[Phase[Any]]
    ) -> Stop | None:
        committed: Committed = await self.context.store.do(
            save_runs, runs, upcoming, self.file_results
        )
        log, ended = self.log, time.monotonic()
        for run in runs[: committed.count]:
            log.debug("phase.saved", phase=run.phase.number, stood=run.is_same)
            seconds = run.seconds
            if run is runs[-1]:
                seconds = ended - run.started
            self.took_ms[run.phase.name] = round(1_000 * seconds)
            self.on_phase_done(run.phase, run.fresh.result, seconds)
        self.file_results = self.file_results.with_prefetched(committed.prefetched)
        return committed.stop


def _read_start(
    file: AudioFile, first: Phase[Any], *, is_analysis: bool
) -> tuple[FileResults, Sequence[StoredCheckpoint]]:
    """Return what the first phase works with, and all checkpoints of the file."""
    finished_at = files.end_of_import(file.id) if is_analysis else None
    file_results = FileResults(file, finished_at)
    file_results = file_results.with_prefetched(prefetch([first], file_results))
    return file_results, checkpoints.for_file(file.id)


def _stored_results(
    every: Sequence[StoredCheckpoint],
    context: PhaseContext,
    phases: Sequence[Phase[Any]],
) -> tuple[dict[int, PhaseResult], dict[int, Any]]:
    """Return the results of checkpoints by phase: the valid ones, and outdated ones.

    They end at the first outdated one on whose phase more depends than on its result.
    """
    valid: dict[int, PhaseResult] = {}
    outdated: dict[int, Any] = {}
    by_phase = {stored.phase: stored for stored in every}
    for phase in phases:
        stored = by_phase.get(phase.number)
        if stored is None:
            break
        can_run = stored.needs is not None and stored.needs in context.capabilities
        is_current = stored.recipe == phase.recipe(context) and not can_run
        if not is_current and not phase.decides_later:
            break
        try:
            result = codec.decode(stored.payload, phase.result_type)
        except msgspec.DecodeError:
            break
        if is_current:
            valid[phase.number] = PhaseResult(result, stored.needs)
        else:
            outdated[phase.number] = result
    return valid, outdated
