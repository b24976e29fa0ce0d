"""One file, through the phases it still has ahead of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog

from segued.errors import (
    FileChangedError,
    FileError,
    SeguedError,
    StoreRefusedError,
    UnexpectedError,
)
from segued.model import AudioFile, FileStatus
from segued.phases import PHASES
from segued.phases.base import LEISURE, Deferred, Dossier, Phase, Stop, Tools
from segued.store import checkpoints, codec, files

__all__ = ["Outcome", "import_file"]

log: Final = structlog.get_logger()

Entered = Callable[[Phase[Any]], None]
Left = Callable[[Phase[Any], Any], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a file ended.

    Attributes:
        waits_for: What its deferred phases need, without repeats.
    """

    status: FileStatus
    reason: str | None = None
    waits_for: tuple[str, ...] = ()

    @property
    def analysed(self) -> bool:
        """Whether nothing more is to be known when there is time."""
        return LEISURE not in self.waits_for


async def import_file(
    file: AudioFile, tools: Tools, *, entered: Entered, left: Left
) -> Outcome:
    """Take `file` from where it stopped last time to its end.

    A phase's rows and its checkpoint are one transaction, so a crash, a
    cancel or a power cut costs at most the phase it interrupted.

    Args:
        file: What to import.
        tools: What the phases may use.
        entered: Called when a phase begins.
        left: Called when its result is committed, with the result.

    Raises:
        FileError: A phase failed; its `phase` says which. Everything before
            it is kept.
        StoreError: The library cannot be used any more.
    """
    standing = await _standing(file, tools)
    dossier = Dossier(file, LEISURE in tools.available)
    took_ms: dict[str, int] = {}
    waits_for: list[str] = []

    for phase in PHASES:
        held = standing.get(phase.number)
        if held is None or phase.always:
            started = time.monotonic()
            entered(phase)
            log.debug("phase.started", phase=phase.number)
            outcome = await _run(phase, tools, dossier)
            if isinstance(outcome, Stop):
                return _done(dossier, Outcome(outcome.status, outcome.reason), took_ms)
            fresh = _Held.of(outcome)
            stands = held is not None and held.result == fresh.result
            stop = await _keep(phase, tools, dossier, fresh, stands=stands)
            if not stands:
                standing = {}
            log.debug("phase.saved", phase=phase.number, stood=stands)
            held = fresh
            took_ms[phase.name] = round(1_000 * (time.monotonic() - started))
            left(phase, held.result)
            if stop is not None:
                return _done(dossier, Outcome(stop.status, stop.reason), took_ms)
        dossier = dossier.with_result(phase, phase.kept(held.result))
        if held.needs is not None:
            waits_for.append(held.needs)

    ended = Outcome(FileStatus.COMPLETE, None, tuple(dict.fromkeys(waits_for)))
    return _done(dossier, ended, took_ms)


@dataclass(frozen=True, slots=True)
class _Held:
    """A phase's result, fresh or from its checkpoint."""

    result: Any
    needs: str | None

    @classmethod
    def of(cls, outcome: Any) -> "_Held":  # noqa: ANN401
        if isinstance(outcome, Deferred):
            return cls(outcome.result, outcome.needs)
        return cls(outcome, None)


async def _standing(file: AudioFile, tools: Tools) -> dict[int, _Held]:
    """Return the checkpoints that still hold, by phase: a prefix of all ten."""
    held: dict[int, _Held] = {}
    by_phase = {
        kept.phase: kept for kept in await tools.store.do(checkpoints.kept, file.id)
    }
    for phase in PHASES:
        kept = by_phase.get(phase.number)
        if kept is None or kept.recipe != phase.recipe(tools):
            break
        if kept.needs is not None and kept.needs in tools.available:
            break
        try:
            result = codec.decode(kept.payload, phase.result)
        except msgspec.DecodeError:
            break
        held[phase.number] = _Held(result, kept.needs)
    return held


async def _run(phase: Phase[Any], tools: Tools, dossier: Dossier) -> Any:  # noqa: ANN401
    """Run a phase; whatever goes wrong with the file is a `FileError`."""
    with _blamed_on(phase, dossier):
        return await phase.run(tools, dossier)


async def _keep(
    phase: Phase[Any], tools: Tools, dossier: Dossier, held: _Held, *, stands: bool
) -> Stop | None:
    """Commit what a phase found; without a checkpoint if that one stands."""
    with _blamed_on(phase, dossier):
        work = _save if stands else _commit
        return await tools.store.do(work, phase, dossier, held, tools)


@contextmanager
def _blamed_on(phase: Phase[Any], dossier: Dossier) -> Iterator[None]:
    """Make what goes wrong inside the file's own error, and log it once."""
    with structlog.contextvars.bound_contextvars(phase=phase.number):
        try:
            yield
        except FileError as error:
            error.phase = phase.number
            log.info("phase.failed", code=error.code, detail=str(error))
            raise
        except SeguedError as error:
            if not isinstance(error, StoreRefusedError):
                raise
            raise _unexpected(phase, dossier, error) from error
        except Exception as error:
            log.warning("phase.broke", exc_info=True)
            raise _unexpected(phase, dossier, error) from error


def _unexpected(
    phase: Phase[Any], dossier: Dossier, error: Exception
) -> UnexpectedError:
    detail = f"phase {phase.number} failed: {type(error).__name__}: {error}"
    unexpected = UnexpectedError(dossier.file.path, detail)
    unexpected.phase = phase.number
    return unexpected


def _commit(
    phase: Phase[Any], dossier: Dossier, held: _Held, tools: Tools
) -> Stop | None:
    """Write a phase's rows and its checkpoint: both, or neither."""
    file = dossier.file.id
    stop = _save(phase, dossier, held, tools)
    if stop is not None and stop.elsewhere is not None:
        return stop
    payload = codec.encode(phase.kept(held.result))
    recipe = phase.recipe(tools)
    checkpoints.put(file, checkpoints.Kept(phase.number, recipe, payload, held.needs))
    if stop is not None:
        files.finish(file, stop.status)
    return stop


def _save(
    phase: Phase[Any], dossier: Dossier, held: _Held, tools: Tools
) -> Stop | None:
    """Write a phase's rows, unless they are about what is no longer there.

    Raises:
        FileChangedError: The file is gone, or has other bytes, on record.
    """
    del tools
    first, file = PHASES[0], dossier.file
    if phase is not first and not files.is_ours(
        file.id, dossier[first].signature, finished=dossier.finished
    ):
        raise FileChangedError(file.path, "changed while it was worked on")
    return phase.save(dossier, held.result)


def _done(dossier: Dossier, outcome: Outcome, took_ms: dict[str, int]) -> Outcome:
    log.info(
        "file.analysed" if dossier.finished else "file.done",
        status=outcome.status.value,
        reason=outcome.reason,
        took_ms=took_ms,
    )
    return outcome
