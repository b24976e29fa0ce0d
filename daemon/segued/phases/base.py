"""The types that all phases share: a phase derives one more result about a file."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar

from segued.cluster.remote_analysis import RemoteAnalysis
from segued.cluster.remote_decoding import RemoteDecoding
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

__all__ = ["Deferred", "FileResults", "Phase", "PhaseContext", "Read", "Stop"]

P = ParamSpec("P")
T = TypeVar("T")
ResultT = TypeVar("ResultT")

Read: TypeAlias = tuple[Callable[..., Any], tuple[Hashable, ...]]
"""A function that reads from the library, and its arguments."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The result of a phase after which the file needs no further phases.

    Attributes:
        status: The final status of the file.
        continues_as: The id of the stored file that this file was merged into.
    """

    status: FileStatus
    reason: str
    continues_as: FileId | None = None


@dataclass(frozen=True, slots=True)
class Deferred(Generic[ResultT]):
    """A preliminary result of a phase, and what it lacks for the final one.

    The file goes on to the next phase. The phase runs again once `needs` is
    available.
    """

    result: ResultT
    needs: Need
    reason: str


async def _no_wait(_content_hash: str) -> None:
    """Return at once: the only file in progress is the first."""


@dataclass(frozen=True, slots=True)
class PhaseContext:
    """The resources of a phase: all that it uses except the file.

    Attributes:
        spool: Folder for temporary audio files; never a music folder.
        capabilities: What deferred phases can use now, such as idle time.
        analyzers: The versions of the installed analyzers of sound, by name.
        service_available: Returns whether a service can be queried, as far as known.
        wake_lookups: Called when there may be new questions.
        on_passage: Called with the number of the passage in progress, from 1, and
            the number of passages.
        claim_turn: Called with the file's content hash; waits until no file whose
            import began earlier may turn out to be equal.
        remote: The other machines, if these analyze the file; else None.
        remote_decoding: The same, if these decode it.
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
    claim_turn: Callable[[str], Awaitable[None]] = _no_wait
    remote: RemoteAnalysis | None = None
    remote_decoding: RemoteDecoding | None = None


@dataclass(frozen=True, slots=True)
class FileResults:
    """The results of the phases that a file has been through. Immutable.

    Attributes:
        finished_at: When the import of the file ended, if it is INGEST COMPLETE and is
            only analyzed further; None while it is imported.
        prefetched: What the phase in progress has read before it began.
    """

    file: AudioFile
    finished_at: str | None = None
    _results: Mapping[int, Any] = field(default_factory=lambda: MappingProxyType({}))
    prefetched: Mapping[Read, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def already_imported(self) -> bool:
        """Whether the file is only analyzed further; its status stays."""
        return self.finished_at is not None

    def __getitem__(self, phase: "Phase[ResultT]") -> ResultT:
        """Return the result of an earlier phase.

        Raises:
            KeyError: The phase has not run yet.
        """
        result: ResultT = self._results[phase.number]
        return result

    def with_result(self, phase: "Phase[ResultT]", result: ResultT) -> "FileResults":
        """Return a copy that also holds `phase`'s result."""
        results = {**self._results, phase.number: result}
        return FileResults(
            self.file, self.finished_at, MappingProxyType(results), self.prefetched
        )

    def with_prefetched(self, prefetched: Mapping[Read, Any]) -> "FileResults":
        """Return a copy for a phase, with what was read for it."""
        return FileResults(self.file, self.finished_at, self._results, prefetched)

    async def read(
        self, store: Store, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Read from the library, as `Store.do`, unless it was read before the phase."""
        key = (function, args)
        if not kwargs and key in self.prefetched:
            found: T = self.prefetched[key]
            return found
        return await store.do(function, *args, **kwargs)


def _identity(result: ResultT) -> ResultT:
    return result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Phase(Generic[ResultT]):
    """One step of an import.

    Attributes:
        number: 1 to 10; the phase's place in `PHASES` and in its file name.
        name: One word, as in the file name and the journal.
        title: The name shown to people.
        version: Raised whenever the same input would now give another result;
            a phase with a checkpoint of an older version runs again.
        result_type: The type that `run` returns, for decoding checkpoints.
        run: Computes the result. May read anything, writes nothing.
        reads: Returns what `run` certainly reads from the library. It is read in the
            transaction of the last commit, which saves one of its own.
        save: Writes the rows that follow from the result; most phases have
            none. Shares one transaction with the checkpoint, may be called
            again with the same arguments, and may return `Stop`, for conditions
            that only a transaction can check.
        checkpointed: Returns the part of the result that the checkpoint stores.
        settings: Returns the settings that the phase reads; it runs again if one
            changes.
        counts: Returns the increments of the phase's counters, by name.
        joins_previous: Whether it reads nothing from the library that the phase before
            saves, and takes some milliseconds: both are committed in one transaction.
            What it `reads` must not depend on the result of that phase.
        decides_later: Whether later phases depend on nothing of it but its result: if
            it runs again, with the same result, their checkpoints stay valid.
        always_run: Whether it runs even with a valid checkpoint; if the result is
            the same, later checkpoints stay valid.
        optional: Whether a file without its result is still usable.
    """

    number: PhaseNumber
    name: str
    title: str
    version: int
    result_type: type[ResultT]
    run: Callable[
        [PhaseContext, FileResults], Awaitable[ResultT | Deferred[ResultT] | Stop]
    ]
    reads: Callable[[FileResults], Sequence[Read]] = lambda _file: ()
    save: Callable[[FileResults, ResultT], Stop | None] = lambda _file, _result: None
    checkpointed: Callable[[ResultT], ResultT] = _identity
    settings: Callable[[PhaseContext], tuple[object, ...]] = lambda _context: ()
    counts: Callable[[ResultT], Mapping[str, int]] = lambda _result: {}
    joins_previous: bool = False
    decides_later: bool = False
    always_run: bool = False
    optional: bool = False

    def recipe(self, context: PhaseContext) -> str:
        """Return version and settings; a checkpoint with other ones is outdated."""
        return f"{self.version}:{codec.encode(self.settings(context))}"
