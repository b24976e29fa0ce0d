"""Commit what phases have found about a file, in one transaction."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
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
from segued.model import Need, PhaseNumber
from segued.phases import p01_filename
from segued.phases.base import Deferred, FileResults, Phase, Read, Stop
from segued.store import checkpoints, codec, files
from segued.store.checkpoints import StoredCheckpoint

__all__ = [
    "Committed",
    "PhaseResult",
    "PhaseRun",
    "attribute_errors",
    "is_of_file",
    "prefetch",
    "save_runs",
]

log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """A phase's result, fresh or from its checkpoint."""

    result: Any
    needs: Need | None

    @classmethod
    def of(cls, outcome: Any) -> "PhaseResult":  # noqa: ANN401
        """Return what a phase returned, unless that is `Stop`."""
        if isinstance(outcome, Deferred):
            return cls(outcome.result, outcome.needs)
        return cls(outcome, None)


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """The run of a phase on a file, which is to be committed.

    Attributes:
        file_results: What the phase got.
        recipe: The phase's version and settings.
        is_same: Whether the result equals that of the stored checkpoint, which stays;
            later checkpoints are then still valid.
        keeps_later: Whether later checkpoints stay: they are valid, or an earlier run
            has deleted them.
        started: When it began, by the monotonic clock.
        seconds: How long it took.
    """

    phase: Phase[Any]
    file_results: FileResults
    fresh: PhaseResult
    recipe: str
    is_same: bool
    keeps_later: bool
    started: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Committed:
    """What a transaction did.

    Attributes:
        count: How many runs it stored, the first ones.
        stop: Set if the `save` of the last of them found that the file ends there.
        prefetched: What the next phases read from the library.
    """

    count: int
    stop: Stop | None
    prefetched: Mapping[Read, Any]


def save_runs(
    runs: Sequence[PhaseRun], upcoming: Sequence[Phase[Any]], next_results: FileResults
) -> Committed:
    """Write the rows and checkpoints of phases, and read what the next ones need.

    Args:
        runs: The runs, in order.
        upcoming: The phases that run next.
        next_results: What these get.

    Raises:
        FileChangedError: In the library, the file is gone or has another signature,
            or another worker has imported it meanwhile.
    """
    _check_unchanged(runs[0])
    for number, run in enumerate(runs, start=1):
        stop = _save(run)
        if stop is not None:
            return Committed(number, stop, {})
    return Committed(len(runs), None, prefetch(upcoming, next_results))


def _check_unchanged(run: PhaseRun) -> None:
    file_results = run.file_results
    file = file_results.file
    if run.phase.number is not PhaseNumber.FILENAME and not files.is_unchanged(
        file.id,
        file_results[p01_filename.PHASE].signature,
        finished_at=file_results.finished_at,
    ):
        raise FileChangedError(file.path, "changed during its import")


def _save(run: PhaseRun) -> Stop | None:
    """Write the rows, and the checkpoint unless the stored one is the same."""
    phase, file_results = run.phase, run.file_results
    file = file_results.file.id
    stop = phase.save(file_results, run.fresh.result)
    moved = stop is not None and stop.continues_as is not None
    if not run.is_same and not moved:
        payload = codec.encode_sparse(phase.checkpointed(run.fresh.result))
        checkpoints.save(
            file,
            StoredCheckpoint(phase.number, run.recipe, payload, run.fresh.needs),
            # Nothing requeues a complete file that lacks its last checkpoint.
            keep_later=run.keeps_later or file_results.already_imported,
        )
        if stop is not None:
            files.mark_finished(file, stop.status)
    return stop


def prefetch(
    phases: Sequence[Phase[Any]], file_results: FileResults
) -> Mapping[Read, Any]:
    """Read what phases need from the library, in the caller's transaction.

    What cannot be read is left to the phase, which fails then: not the one before.
    """
    found: dict[Read, Any] = {}
    for phase in phases:
        for function, arguments in phase.reads(file_results):
            with suppress(ValueError, msgspec.MsgspecError, zlib.error):
                found[function, arguments] = function(*arguments)
    return found


def is_of_file(error: Exception) -> bool:
    """Return whether an error costs its file only: not one of the whole program."""
    if isinstance(error, FileError | ConstraintError):
        return True
    return not isinstance(error, SeguedError)


@contextmanager
def attribute_errors(phase: Phase[Any], file_results: FileResults) -> Iterator[None]:
    """Turn errors of the body into the file's `FileError`, and log each once."""
    try:
        yield
    except FileError as error:
        error.phase = phase.number
        log.debug("phase.failed", code=error.code, detail=str(error))
        raise
    except SeguedError as error:
        if not is_of_file(error):
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
