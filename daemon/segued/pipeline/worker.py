"""A worker: takes a file, sees it through, takes the next."""

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import structlog

from segued.errors import (
    DiskReadError,
    FileChangedError,
    FileError,
    FileVanishedError,
)
from segued.media.disk_calls import LOOK_LIMIT, look
from segued.media.safe_open import is_away
from segued.model import AudioFile, FileStatus
from segued.paths import shown
from segued.phases.base import LEISURE, Phase, Tools
from segued.pipeline.queue import Flight, Priority, WorkQueue
from segued.pipeline.runner import Outcome, import_file
from segued.pipeline.verdict import Verdict, judge
from segued.progress.progress import Board
from segued.store import files, flavors, folders, inventory, lookups

__all__ = ["Worker"]

log: Final = structlog.get_logger()

GLANCE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Worker:
    """One of N, each with one file at a time.

    Attributes:
        number: From 1, as people see it.
        away: Music folders whose disk was found to be away; shared.
    """

    number: int
    queue: WorkQueue
    tools: Tools
    board: Board
    away: set[bytes]

    async def work(self) -> None:
        """Work until cancelled.

        Raises:
            StoreError: The library cannot be used any more.
        """
        while True:
            flight = await self.queue.take()
            try:
                with structlog.contextvars.bound_contextvars(
                    worker=self.number, file=shown(flight.file.path)
                ):
                    if flight.priority is Priority.IMPORTED:
                        await self._learn_more(flight)
                    else:
                        await self._see_through(flight.file)
            finally:
                self.board.leave(self.number)
                self.queue.done(flight)

    def _import(self, file: AudioFile, tools: Tools) -> Coroutine[Any, Any, Outcome]:
        """Return the import of a file that shows on the board."""
        name = shown(os.path.basename(file.path))

        def entered(phase: Phase[Any]) -> None:
            self.board.enter(self.number, file.id, name, phase.number, phase.title)

        def left(phase: Phase[Any], result: Any) -> None:  # noqa: ANN401
            counts = phase.tally(result)
            if phase.extra or LEISURE not in tools.available:
                self.board.count(str(phase.number), counts)
            self.board.passed(self.number)
            if "passages" in counts:
                self.board.at_passage(self.number, None, counts["passages"])

        at_passage = partial(self.board.at_passage, self.number)
        tools = replace(tools, at_passage=at_passage)
        return import_file(file, tools, entered=entered, left=left)

    async def _learn_more(self, flight: Flight) -> None:
        """Have an imported file analysed, unless somebody waits who goes first.

        Whatever else becomes of it meanwhile is found by those who watch it.
        """
        tools = replace(self.tools, available=self.tools.available | {LEISURE})
        file = flight.file
        try:
            outcome = await self._while_there(
                file, self._import(file, tools), flight.makes_way
            )
        except FileError as error:
            log.info("analysis.left", code=error.code, detail=str(error))
            if isinstance(error, FileVanishedError | FileChangedError):
                return
            if isinstance(error, DiskReadError) and await self._is_away(
                file.root, error
            ):
                self.away.add(file.root)
                return
            # Or it would be tried again for ever.
            await self.tools.store.do(flavors.give_up, file.id, error.detail)
            self.board.analysed(file.id)
            return
        if outcome is None:
            log.debug("analysis.made_way")
        elif outcome.analysed:
            self.board.analysed(file.id)

    async def _see_through(self, file: AudioFile) -> None:
        limits = self.tools.config.importing
        tries = 0
        while True:
            tries += 1
            try:
                outcome = await self._while_there(file, self._import(file, self.tools))
            except FileError as error:
                verdict = judge(error, tries=tries, tries_max=limits.unsettled_tries)
                if verdict is Verdict.AGAIN:
                    # Whoever is writing it needs a moment.
                    await asyncio.sleep(limits.unsettled_wait_seconds)
                    continue
                await self._give_up(file, error, verdict)
            else:
                if outcome is not None:
                    self._count(file, outcome)
                    await self._settle(file, outcome)
            return

    async def _while_there(
        self,
        file: AudioFile,
        work: Coroutine[Any, Any, Outcome],
        until: asyncio.Event | None = None,
    ) -> Outcome | None:
        """Work on a file as long as its disk is there: a child may hang in it.

        Args:
            file: The file.
            work: What is done with it.
            until: Set when it is to be left alone.

        Returns:
            What came of it; None: it was left alone.

        Raises:
            DiskReadError: The disk is away, or went.
        """
        task = asyncio.ensure_future(work)
        ends: set[asyncio.Future[Any]] = {task}
        if until is not None:
            ends.add(asyncio.ensure_future(until.wait()))
        try:
            while file.root not in self.away:
                done, _ = await asyncio.wait(
                    ends,
                    timeout=GLANCE_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if task in done:
                    return task.result()
                if done:
                    return None
            raise DiskReadError(file.path, "its disk is away")
        finally:
            left = {each for each in ends if not each.done()}
            for each in left:
                each.cancel()
                each.add_done_callback(_forget)
                # How it failed meanwhile says whoever failed first.
                each.add_done_callback(
                    lambda done: done.cancelled() or done.exception()
                )
            if left:
                await asyncio.wait(left)

    async def _settle(self, file: AudioFile, outcome: Outcome) -> None:
        """Take up whom this end, or an answer that came before it, lets go on."""
        if outcome.waits_for:
            self.tools.asked()
        asking = self.tools.asking("acoustid")
        if asking or self.tools.asking("musicbrainz"):
            if outcome.waits_for:
                await self.tools.store.do(lookups.settle, file.id)
            await self.tools.store.do(folders.settle, file.path, asking=asking)

    async def _give_up(
        self, file: AudioFile, error: FileError, verdict: Verdict
    ) -> None:
        gone = isinstance(error, FileVanishedError | DiskReadError)
        if gone and await self._is_away(file.root, error):
            # Not the file's fault: it waits on record for its disk.
            await self.tools.store.do(files.put_back, file.id)
            self.away.add(file.root)
            return
        if verdict is Verdict.MISSING:
            if not await self.tools.store.do(inventory.forsake, [(file.id, file.path)]):
                # It was renamed while it was worked on, and goes on there.
                await self.tools.store.do(files.put_back, file.id)
            self.board.lost()
            return
        await self.tools.store.do(
            files.fail, file.id, error.phase, error, file.signature
        )
        folder = os.path.dirname(file.path)
        await self.tools.store.do(folders.weigh_again, [folder])
        log.warning("file.failed", code=error.code, detail=str(error))
        self.board.finished(file.id, FileStatus.FAILED, ())

    async def _is_away(self, root: bytes, error: FileError) -> bool:
        if root in self.away or isinstance(error.__cause__, TimeoutError):
            return True  # it was asked a moment ago, and did not answer
        try:
            return await look(root, LOOK_LIMIT, is_away, root)
        except TimeoutError:
            return True

    def _count(self, file: AudioFile, outcome: Outcome) -> None:
        if outcome.status is FileStatus.PENDING:
            # A file that moved while it was unfinished: its old self goes on.
            return
        self.board.finished(
            file.id,
            outcome.status,
            set(outcome.waits_for) - {LEISURE},
            analysed=outcome.analysed,
        )


def _forget(done: asyncio.Future[Any]) -> None:
    """Take note of how something failed that nobody waits for any more."""
    if not done.cancelled():
        done.exception()
