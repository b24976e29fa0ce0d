"""Run one file through the phases that it has not completed."""

import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog

from segued.errors import (
    ConstraintError,
    FileChangedError,
    FileError,
    PhaseCrashedError,
    SeguedError,
)
from segued.model import (
    AudioFile,
    FileStatus,
    Need,
    PhaseNumber,
)
from segued.phases import PHASES, p01_filename
from segued.phases.base import (
    Deferred,
    FileResults,
    Phase,
    PhaseContext,
    Read,
    Stop,
)
from segued.store import checkpoints, codec, files
from segued.store.checkpoints import StoredCheckpoint

__all__ = ["Outcome", "import_file"]

log: Final = structlog.get_logger()

OnPhaseStart = Callable[[Phase[Any]], None]
OnPhaseDone = Callable[[Phase[Any], Any], None]


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
    cancel or a power cut costs at most the phase it interrupted.

    Args:
        file: What to import.
        context: What the phases may use.
        on_phase_start: Called when a phase begins.
        on_phase_done: Called with the result when it is committed.
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
    valid = _valid_checkpoints(stored, context, phases)
    took_ms: dict[str, int] = {}
    waits_for: list[str] = []
    has_saved = False

    for position, phase in enumerate(phases):
        known = phase_result = valid.get(phase.number)
        if phase_result is None or phase.always_run:
            started = time.monotonic()
            on_phase_start(phase)
            run = _PhaseRun(phase, context, file_results, has_saved)
            outcome = await run.run_and_commit(known, phases[position + 1 :], valid)
            if isinstance(outcome, Stop):
                return _log_outcome(file_results, Outcome.of(outcome), took_ms)
            phase_result = outcome.phase_result
            if not outcome.is_same:
                valid = {}
                has_saved = phase.number > PhaseNumber.FILENAME
            took_ms[phase.name] = round(1_000 * (time.monotonic() - started))
            on_phase_done(phase, phase_result.result)
            if outcome.stop is not None:
                return _log_outcome(file_results, Outcome.of(outcome.stop), took_ms)
            file_results = file_results.with_prefetched(outcome.prefetched)
        file_results = file_results.with_result(
            phase, phase.checkpointed(phase_result.result)
        )
        if phase_result.needs is not None:
            waits_for.append(phase_result.needs)

    ended = Outcome(FileStatus.COMPLETE, None, tuple(dict.fromkeys(waits_for)))
    return _log_outcome(file_results, ended, took_ms)


@dataclass(frozen=True, slots=True)
class _PhaseResult:
    """A phase's result, fresh or from its checkpoint."""

    result: Any
    needs: Need | None

    @classmethod
    def of(cls, outcome: Any) -> "_PhaseResult":  # noqa: ANN401
        if isinstance(outcome, Deferred):
            return cls(outcome.result, outcome.needs)
        return cls(outcome, None)


@dataclass(frozen=True, slots=True)
class _Committed:
    """What a phase committed.

    Attributes:
        is_same: Whether the result equals that of the stored checkpoint; later
            checkpoints are then still valid.
        stop: Set if `save` found, in its transaction, that the file ends here.
        prefetched: What the next phase reads from the library.
    """

    phase_result: _PhaseResult
    is_same: bool
    stop: Stop | None
    prefetched: Mapping[Read, Any]


@dataclass(frozen=True, slots=True)
class _PhaseRun:
    """The run of a phase on a file.

    Attributes:
        has_saved: Whether a checkpoint of an earlier phase, but phase 1, was saved in
            this import. That has deleted all later ones.
    """

    phase: Phase[Any]
    context: PhaseContext
    file_results: FileResults
    has_saved: bool

    async def run_and_commit(
        self,
        known: _PhaseResult | None,
        later: Sequence[Phase[Any]],
        valid: Mapping[int, _PhaseResult],
    ) -> _Committed | Stop:
        """Run the phase and commit its result; if it returns `Stop`, commit nothing.

        Args:
            known: The result of its checkpoint, if that is valid.
            later: The phases after it.
            valid: The valid checkpoints, by phase.
        """
        with _attribute_errors(self.phase, self.file_results):
            log.debug("phase.started", phase=self.phase.number)
            outcome = await self.phase.run(self.context, self.file_results)
            if isinstance(outcome, Stop):
                return outcome
            fresh = _PhaseResult.of(outcome)
            is_same = known is not None and known.result == fresh.result
            following = self._following(fresh, later, valid if is_same else {})
            stop, prefetched = await self.context.store.do(
                self._save, fresh, following, is_same=is_same
            )
            log.debug("phase.saved", phase=self.phase.number, stood=is_same)
        return _Committed(fresh, is_same, stop, prefetched)

    def _following(
        self,
        fresh: _PhaseResult,
        later: Sequence[Phase[Any]],
        valid: Mapping[int, _PhaseResult],
    ) -> tuple[Phase[Any], FileResults] | None:
        """Return the phase that runs next, and the results that it gets."""
        file_results = self.file_results.with_result(
            self.phase, self.phase.checkpointed(fresh.result)
        )
        for phase in later:
            known = valid.get(phase.number)
            if known is None or phase.always_run:
                return phase, file_results
            file_results = file_results.with_result(phase, known.result)
        return None

    def _save(
        self,
        fresh: _PhaseResult,
        following: tuple[Phase[Any], FileResults] | None,
        *,
        is_same: bool,
    ) -> tuple[Stop | None, Mapping[Read, Any]]:
        """Write the rows, and the checkpoint unless the stored one is the same.

        In the same transaction, what the next phase needs is read.
        """
        stop = self._write_rows(fresh)
        moved = stop is not None and stop.continues_as is not None
        if not is_same and not moved:
            self._write_checkpoint(fresh)
            if stop is not None:
                files.mark_finished(self.file_results.file.id, stop.status)
        if stop is not None or following is None:
            return stop, {}
        return None, _prefetch(*following)

    def _write_rows(self, fresh: _PhaseResult) -> Stop | None:
        """Write the rows, unless the library knows the file to have changed.

        Raises:
            FileChangedError: In the library, the file is gone or has another signature,
                or another worker has imported it meanwhile.
        """
        file_results = self.file_results
        file = file_results.file
        if self.phase.number is not PhaseNumber.FILENAME and not files.is_unchanged(
            file.id,
            file_results[p01_filename.PHASE].signature,
            finished_at=file_results.finished_at,
        ):
            raise FileChangedError(file.path, "changed during its import")
        return self.phase.save(file_results, fresh.result)

    def _write_checkpoint(self, fresh: _PhaseResult) -> None:
        phase = self.phase
        payload = codec.encode_sparse(phase.checkpointed(fresh.result))
        recipe = phase.recipe(self.context)
        checkpoints.save(
            self.file_results.file.id,
            StoredCheckpoint(phase.number, recipe, payload, fresh.needs),
            # Nothing requeues a complete file that lacks its last checkpoint.
            keep_later=self.has_saved or self.file_results.already_imported,
        )


def _read_start(
    file: AudioFile, first: Phase[Any], *, is_analysis: bool
) -> tuple[FileResults, Sequence[StoredCheckpoint]]:
    """Return what the first phase works with, and all checkpoints of the file."""
    finished_at = files.end_of_import(file.id) if is_analysis else None
    file_results = FileResults(file, finished_at)
    file_results = file_results.with_prefetched(_prefetch(first, file_results))
    return file_results, checkpoints.for_file(file.id)


def _prefetch(phase: Phase[Any], file_results: FileResults) -> Mapping[Read, Any]:
    """Read what a phase needs from the library, in the caller's transaction.

    What cannot be read is left to the phase, which fails then: not the one before.
    """
    found: dict[Read, Any] = {}
    for function, arguments in phase.reads(file_results):
        with suppress(ValueError, msgspec.MsgspecError, zlib.error):
            found[function, arguments] = function(*arguments)
    return found


def _valid_checkpoints(
    every: Sequence[StoredCheckpoint],
    context: PhaseContext,
    phases: Sequence[Phase[Any]],
) -> dict[int, _PhaseResult]:
    """Return the valid checkpoints by phase: those before the first invalid one."""
    valid: dict[int, _PhaseResult] = {}
    by_phase = {stored.phase: stored for stored in every}
    for phase in phases:
        stored = by_phase.get(phase.number)
        if stored is None or stored.recipe != phase.recipe(context):
            break
        if stored.needs is not None and stored.needs in context.capabilities:
            break
        try:
            result = codec.decode(stored.payload, phase.result_type)
        except msgspec.DecodeError:
            break
        valid[phase.number] = _PhaseResult(result, stored.needs)
    return valid


@contextmanager
def _attribute_errors(phase: Phase[Any], file_results: FileResults) -> Iterator[None]:
    """Turn errors of the body into the file's `FileError`, and log each once."""
    with structlog.contextvars.bound_contextvars(phase=phase.number):
        try:
            yield
        except FileError as error:
            error.phase = phase.number
            log.debug("phase.failed", code=error.code, detail=str(error))
            raise
        except SeguedError as error:
            if not isinstance(error, ConstraintError):
                raise
            raise _phase_crashed(phase, file_results, error) from error
        except Exception as error:
            log.warning("phase.crashed", exc_info=True)
            raise _phase_crashed(phase, file_results, error) from error


def _phase_crashed(
    phase: Phase[Any], file_results: FileResults, error: Exception
) -> PhaseCrashedError:
    detail = f"phase {phase.number} failed: {type(error).__name__}: {error}"
    crashed = PhaseCrashedError(file_results.file.path, detail)
    crashed.phase = phase.number
    return crashed


def _log_outcome(
    file_results: FileResults, outcome: Outcome, took_ms: dict[str, int]
) -> Outcome:
    fields = {"status": outcome.status.value, "reason": outcome.reason}
    if file_results.already_imported:
        log.info("file.analysed", **fields, took_ms=took_ms)
    else:
        log.info("file.done", **fields, took_ms=took_ms)
    return outcome
