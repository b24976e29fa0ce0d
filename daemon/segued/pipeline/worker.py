"""A worker: takes a file, sees it through, takes the next."""

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import structlog

from segued.errors import DiskReadError, FileError, FileVanishedError
from segued.media.looking import LOOK_LIMIT, look
from segued.media.reading import is_away
from segued.model import AudioFile, FileStatus
from segued.paths import shown
from segued.phases.contract import Phase, Tools
from segued.pipeline.runner import Outcome, import_file
from segued.pipeline.verdict import Verdict, judge
from segued.progress.board import Board
from segued.store import files, folders, intake, lookups
from segued.workqueue import WorkQueue

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
            file = await self.queue.take()
            name = shown(os.path.basename(file.path))
            try:
                with structlog.contextvars.bound_contextvars(
                    worker=self.number, file=shown(file.path)
                ):
                    await self._see_through(file, name)
            finally:
                self.board.leave(self.number)
                self.queue.done(file)

    async def _see_through(self, file: AudioFile, name: str) -> None:
        def entered(phase: Phase[Any]) -> None:
            self.board.enter(self.number, file.id, name, phase.number, phase.title)

        def left(phase: Phase[Any], result: Any) -> None:  # noqa: ANN401
            counts = phase.tally(result)
            self.board.count(str(phase.number), counts)
            self.board.passed(self.number)
            if "passages" in counts:
                self.board.at_passage(self.number, None, counts["passages"])

        tools = replace(
            self.tools, at_passage=partial(self.board.at_passage, self.number)
        )
        limits = tools.config.importing
        tries = 0
        while True:
            tries += 1
            try:
                outcome = await self._while_there(
                    file, import_file(file, tools, entered=entered, left=left)
                )
            except FileError as error:
                verdict = judge(error, tries=tries, tries_max=limits.unsettled_tries)
                if verdict is Verdict.AGAIN:
                    # Whoever is writing it needs a moment.
                    await asyncio.sleep(limits.unsettled_wait_seconds)
                    continue
                await self._give_up(file, error, verdict)
            else:
                self._count(file, outcome)
                await self._settle(file, outcome)
            return

    async def _while_there(
        self, file: AudioFile, work: Coroutine[Any, Any, Outcome]
    ) -> Outcome:
        """Work on a file as long as its disk is there: a child may hang in it.

        Raises:
            DiskReadError: The disk is away, or went.
        """
        task = asyncio.ensure_future(work)
        try:
            while file.root not in self.away:
                done, _ = await asyncio.wait({task}, timeout=GLANCE_SECONDS)
                if done:
                    return task.result()
            raise DiskReadError(file.path, "its disk is away")
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})

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
            if not await self.tools.store.do(intake.forsake, [(file.id, file.path)]):
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
        self.board.finished(file.id, outcome.status, outcome.waits_for)
