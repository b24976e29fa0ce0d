"""What a phase is: from what is known of a file to one more thing known."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from segued.compute.pools import ProcessPools
from segued.config.config import Config, Settings
from segued.model import (
    AudioFile,
    FileId,
    FileStatus,
    Need,
    PhaseNumber,
    Service,
)
from segued.store import codec
from segued.store.database import Store

__all__ = ["Deferred", "FileResults", "Phase", "PhaseContext", "Stop"]

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Stop:
    """A phase's verdict that the file needs no further phases.

    Attributes:
        continues_as: The file under whose id this one lives on from now on.
    """

    status: FileStatus
    reason: str
    continues_as: FileId | None = None


@dataclass(frozen=True, slots=True)
class Deferred(Generic[ResultT]):
    """A phase's result as far as it goes, and what it takes to go further.

    The file goes on without it. The phase runs again when `needs` is there.
    """

    result: ResultT
    needs: Need
    reason: str


@dataclass(frozen=True, slots=True)
class PhaseContext:
    """Everything a phase may use that is not part of the file.

    Attributes:
        capabilities: What deferred phases may count on now: services and extras.
        analyzers: Who can hear how a passage sounds, and which version of them.
        spool: Folder for temporary sound; never a music folder.
        service_available: Returns whether a service, by name, answers as far as is
            known.
        wake_lookups: Called when there may be something to ask.
        on_passage: Called with the number of the passage that is worked on, and
            how many there are.
    """

    config: Config
    settings: Settings
    store: Store
    compute: ProcessPools
    spool: Path
    capabilities: frozenset[Need] = frozenset()
    analyzers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    service_available: Callable[[Service], bool] = lambda _service: False
    wake_lookups: Callable[[], None] = lambda: None
    on_passage: Callable[[int, int], None] = lambda _passage, _passages: None


@dataclass(frozen=True, slots=True)
class FileResults:
    """All that is known about one file so far. Grows by copying.

    Attributes:
        already_imported: Whether the file is INGEST COMPLETE and is only analyzed
            further; its status stays.
    """

    file: AudioFile
    already_imported: bool = False
    _results: Mapping[int, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __getitem__(self, phase: "Phase[ResultT]") -> ResultT:
        """Return what an earlier phase found.

        Raises:
            KeyError: It has not run yet.
        """
        result: ResultT = self._results[phase.number]
        return result

    def with_result(self, phase: "Phase[ResultT]", result: ResultT) -> "FileResults":
        """Return a dossier that also holds `phase`'s result."""
        results = {**self._results, phase.number: result}
        return FileResults(self.file, self.already_imported, MappingProxyType(results))


def _identity(result: ResultT) -> ResultT:
    return result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Phase(Generic[ResultT]):
    """One step of an import.

    Attributes:
        number: 1 to 10; the phase's place in `PHASES` and in its file name.
        name: One word, as in the file name and the journal.
        title: As people see it.
        version: Raised whenever the same input would now give another result;
            checkpoints of an older version are run again.
        result_type: The type `run` returns, for reading a checkpoint back.
        run: Works the result out. May read anything, writes nothing.
        save: Writes the rows that follow from the result; most phases have
            none. Shares one transaction with the checkpoint, may be called
            again with the same arguments, and may find that the file ends
            here: what only a transaction can tell.
        checkpointed: The part of the result that its checkpoint keeps.
        settings: The settings it reads; another value runs it again.
        counts: What it adds to the counters, by counter.
        always_run: Runs even when its checkpoint stands; if it then finds the
            same, later checkpoints stand too.
        optional: Whether a file is of use without it.
    """

    number: PhaseNumber
    name: str
    title: str
    version: int
    result_type: type[ResultT]
    run: Callable[
        [PhaseContext, FileResults], Awaitable[ResultT | Deferred[ResultT] | Stop]
    ]
    save: Callable[[FileResults, ResultT], Stop | None] = lambda _dossier, _result: None
    checkpointed: Callable[[ResultT], ResultT] = _identity
    settings: Callable[[PhaseContext], tuple[object, ...]] = lambda _tools: ()
    counts: Callable[[ResultT], Mapping[str, int]] = lambda _result: {}
    always_run: bool = False
    optional: bool = False

    def recipe(self, context: PhaseContext) -> str:
        """Return what, changed, makes a checkpoint of this phase stale."""
        return f"{self.version}:{codec.encode(self.settings(context))}"
