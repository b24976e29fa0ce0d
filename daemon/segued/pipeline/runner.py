"""Run one file through the phases that it has not completed."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
    Stop,
)
from segued.store import checkpoints, codec, files

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
    finished_at = None
    if Need.IDLE in context.capabilities:
        # Read before the checkpoints: another worker may import the file meanwhile.
        finished_at = await context.store.do(files.end_of_import, file.id)
    valid = await _valid_checkpoints(file, context, phases)
    file_results = FileResults(file, finished_at)
    took_ms: dict[str, int] = {}
    waits_for: list[str] = []

    for phase in phases:
        stored = phase_result = valid.get(phase.number)
        if phase_result is None or phase.always_run:
            started = time.monotonic()
            on_phase_start(phase)
            outcome = await _run_and_commit(phase, context, file_results, stored)
            if isinstance(outcome, Stop):
                ended = Outcome(outcome.status, outcome.reason)
                return _log_outcome(file_results, ended, took_ms)
            phase_result = outcome.phase_result
            if not outcome.is_same:
                valid = {}
            took_ms[phase.name] = round(1_000 * (time.monotonic() - started))
            on_phase_done(phase, phase_result.result)
            if outcome.stop is not None:
                ended = Outcome(outcome.stop.status, outcome.stop.reason)
                return _log_outcome(file_results, ended, took_ms)
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
    """

    phase_result: _PhaseResult
    is_same: bool
    stop: Stop | None


async def _run_and_commit(
    phase: Phase[Any],
    context: PhaseContext,
    file_results: FileResults,
    stored: _PhaseResult | None,
) -> _Committed | Stop:
    """Run a phase and commit its result; if it returns `Stop`, commit nothing."""
    log.debug("phase.started", phase=phase.number)
    outcome = await _run(phase, context, file_results)
    if isinstance(outcome, Stop):
        return outcome
    fresh = _PhaseResult.of(outcome)
    is_same = stored is not None and stored.result == fresh.result
    stop = await _commit_phase(phase, context, file_results, fresh, is_same=is_same)
    log.debug("phase.saved", phase=phase.number, stood=is_same)
    return _Committed(fresh, is_same, stop)


async def _valid_checkpoints(
    file: AudioFile, context: PhaseContext, phases: Sequence[Phase[Any]]
) -> dict[int, _PhaseResult]:
    """Return the valid checkpoints by phase: those before the first invalid one."""
    valid: dict[int, _PhaseResult] = {}
    by_phase = {
        stored.phase: stored
        for stored in await context.store.do(checkpoints.for_file, file.id)
    }
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


async def _run(
    phase: Phase[Any], context: PhaseContext, file_results: FileResults
) -> Any:  # noqa: ANN401
    """Run a phase; any error that concerns the file becomes a `FileError`."""
    with _attribute_errors(phase, file_results):
        return await phase.run(context, file_results)


async def _commit_phase(
    phase: Phase[Any],
    context: PhaseContext,
    file_results: FileResults,
    phase_result: _PhaseResult,
    *,
    is_same: bool,
) -> Stop | None:
    """Commit a phase's rows, and its checkpoint unless the stored one is the same."""
    with _attribute_errors(phase, file_results):
        if is_same:
            return await context.store.do(
                _write_rows, phase, file_results, phase_result
            )
        return await context.store.do(
            _write_with_checkpoint,
            phase,
            file_results,
            phase_result,
            phase.recipe(context),
        )


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


def _write_with_checkpoint(
    phase: Phase[Any],
    file_results: FileResults,
    phase_result: _PhaseResult,
    recipe: str,
) -> Stop | None:
    """Write a phase's rows and its checkpoint, in the caller's transaction."""
    file = file_results.file.id
    stop = _write_rows(phase, file_results, phase_result)
    if stop is not None and stop.continues_as is not None:
        return stop
    payload = codec.encode_sparse(phase.checkpointed(phase_result.result))
    checkpoints.save(
        file,
        checkpoints.StoredCheckpoint(phase.number, recipe, payload, phase_result.needs),
        # Nothing requeues a complete file that lacks its last checkpoint.
        keep_later=file_results.already_imported,
    )
    if stop is not None:
        files.mark_finished(file, stop.status)
    return stop


def _write_rows(
    phase: Phase[Any], file_results: FileResults, phase_result: _PhaseResult
) -> Stop | None:
    """Write a phase's rows, unless the library knows the file to have changed.

    Raises:
        FileChangedError: In the library, the file is gone or has another signature, or
            another worker has imported it meanwhile.
    """
    file = file_results.file
    if phase.number is not PhaseNumber.FILENAME and not files.is_unchanged(
        file.id,
        file_results[p01_filename.PHASE].signature,
        finished_at=file_results.finished_at,
    ):
        raise FileChangedError(file.path, "changed during its import")
    return phase.save(file_results, phase_result.result)


def _log_outcome(
    file_results: FileResults, outcome: Outcome, took_ms: dict[str, int]
) -> Outcome:
    fields = {"status": outcome.status.value, "reason": outcome.reason}
    if file_results.already_imported:
        log.info("file.analysed", **fields, took_ms=took_ms)
    else:
        log.info("file.done", **fields, took_ms=took_ms)
    return outcome
