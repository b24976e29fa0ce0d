"""Phases that return what a test tells them to, and count their runs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from segued.model import FileStatus, Need, PhaseNumber, Signature
from segued.phases import p01_filename
from segued.phases.base import Deferred, FileResults, Phase, PhaseContext, Stop
from segued.phases.p01_filename import FileChecked
from segued.store import files

__all__ = ["Found", "SamplePhases"]


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a sample phase."""

    value: int = 0


Action = Found | Deferred[Found] | Stop | Exception


@dataclass
class SamplePhases:
    """Four phases: 1 always runs, and 4 completes the file.

    Attributes:
        actions: By phase: what its next runs return or raise, the last one
            from then on. Without an entry it returns `Found()`.
        signatures: What phase 1 finds in its next runs, instead of the file's.
        settings: By phase: the settings it reads.
        ran: The phases that ran, in order.
        seen: What phase 3 read of phase 2.
        save_stops: A phase whose transaction ends the file as a duplicate.
        hangs_in: A phase that never ends.
        meanwhile: By phase: what happens while it runs.
    """

    actions: dict[int, list[Action]] = field(default_factory=dict)
    settings: dict[int, tuple[object, ...]] = field(default_factory=dict)
    signatures: list[Signature] = field(default_factory=list)
    ran: list[int] = field(default_factory=list)
    seen: list[Found] = field(default_factory=list)
    save_stops: int | None = None
    hangs_in: int | None = None
    meanwhile: dict[int, Callable[[], Awaitable[None]]] = field(default_factory=dict)

    @property
    def phases(self) -> Sequence[Phase[Any]]:
        """The phases, in order."""
        numbers = list(PhaseNumber)[1:4]
        return [self._first(), *(self._phase(number) for number in numbers)]

    def _first(self) -> Phase[FileChecked]:
        """Return phase 1 without the disk: the file has the signature it had."""

        async def run(_context: PhaseContext, file_results: FileResults) -> FileChecked:
            self.ran.append(1)
            signature = file_results.file.signature
            return FileChecked(self.signatures.pop(0) if self.signatures else signature)

        return replace(p01_filename.PHASE, run=run)

    def _phase(self, number: PhaseNumber) -> Phase[Found]:
        async def run(
            _context: PhaseContext, file_results: FileResults
        ) -> Found | Deferred[Found] | Stop:
            self.ran.append(int(number))
            if number == self.hangs_in:
                await asyncio.Event().wait()
            if number in self.meanwhile:
                await self.meanwhile[number]()
            if number == PhaseNumber.TAGS:
                self.seen.append(file_results[self._phase(PhaseNumber.HASH)])
            actions = self.actions.get(number, [Found()])
            action = actions.pop(0) if len(actions) > 1 else actions[0]
            if isinstance(action, Exception):
                raise action
            return action

        def save(file_results: FileResults, _result: Found) -> Stop | None:
            if number == self.save_stops:
                return Stop(FileStatus.DUPLICATE, "another file has this content")
            if number == PhaseNumber.SEGMENT:
                files.mark_finished(file_results.file.id, FileStatus.COMPLETE)
            return None

        return Phase(
            number=number,
            name=f"sample{number}",
            title=f"Sample {number}",
            version=1,
            result_type=Found,
            run=run,
            save=save,
            settings=lambda _context: self.settings.get(number, ()),
        )


def waiting(value: int, need: Need = Need.ACOUSTID) -> Deferred[Found]:
    """Return a result that waits for `need`."""
    return Deferred(Found(value), need, "not there yet")
