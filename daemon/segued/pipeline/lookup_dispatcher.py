"""What outside services are asked: in full batches, and never waited for.

The questions of all workers are on record. Here they are taken from there,
asked within each service's limits, and their answers kept, which takes the
files up again that waited. A service that is away costs nothing but the wait.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from segued.clients.rate_limit import Clock
from segued.errors import ServiceError, ServiceKeyError, ServiceRefusedError
from segued.pipeline.lookup_services import Desk
from segued.progress.progress import Board
from segued.store import folders, lookups
from segued.store.database import Store
from segued.store.lookups import Question

__all__ = ["Enquiry"]

log: Final = structlog.get_logger()

GATHER_SECONDS: Final = 2.0
"""How long a batch waits for more, while files are still being worked on."""

LOOK_SECONDS: Final = 0.25
"""How long nothing is asked after something went wrong."""

IDLE_SECONDS: Final = 30.0
"""How soon a question is noticed that nobody announced: one that is due again."""

COUNT_SECONDS: Final = 0.5


class Enquiry:
    """Asks all services what there is to ask, until cancelled."""

    def __init__(  # noqa: PLR0913
        self,
        store: Store,
        desks: Sequence[Desk],
        *,
        clock: Clock,
        board: Board,
        roots: Sequence[bytes],
        news: asyncio.Event,
        resting: Callable[[], bool],
    ) -> None:
        """Prepare.

        Args:
            store: The library.
            desks: The services.
            clock: What time it is.
            board: Where it is shown how many questions are left.
            roots: Music folders it is about; all of the library's, if none.
            news: Set whenever files were taken up.
            resting: Whether no file is worked on, so that no more questions
                will come.
        """
        self.desks: Final = {desk.name: desk for desk in desks}
        self._store: Final = store
        self._clock: Final = clock
        self._board: Final = board
        self._roots: Final = tuple(roots)
        self._news: Final = news
        self._resting: Final = resting
        self._taken_up = 0
        self._asked: Final = asyncio.Event()
        self._asked.set()

    def asked(self) -> None:
        """Say that there may be something to ask."""
        self._asked.set()

    def asking(self, service: str) -> bool:
        """Return whether a service is being asked, and seems to answer."""
        desk = self.desks.get(service)
        return desk is not None and desk.open

    async def run(self) -> None:
        """Ask until cancelled."""
        async with asyncio.TaskGroup() as group:
            for desk in self.desks.values():
                for number in range(desk.width):
                    name = f"{desk.name}-{number}"
                    group.create_task(self._ask_forever(desk), name=name)

    async def answered(self) -> bool:
        """Wait until answers have taken files up, or none can be had now.

        Returns:
            Whether there is something to do again.
        """
        while True:
            if self._taken_up or self._news.is_set():
                self._taken_up = self._board.lookups = 0
                return True
            waiting = [desk for desk in self.desks.values() if desk.open or desk.busy]
            counts = [
                await self._store.do(lookups.count, desk.name, self._roots)
                for desk in waiting
            ]
            self._board.lookups = sum(counts)
            if not any(counts) and not self._taken_up:
                asking = self.asking("acoustid")
                settled = await self._store.do(
                    folders.settle, None, asking=asking, roots=self._roots
                )
                return bool(settled)
            await asyncio.sleep(COUNT_SECONDS)

    async def _ask_forever(self, desk: Desk) -> None:
        while True:
            if not desk.open:
                pause = max(LOOK_SECONDS, min(desk.waits(), 5.0))
                await self._clock.sleep(pause)
                continue
            self._asked.clear()
            questions = await self._next(desk)
            if not questions:
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await self._asked.wait()
                continue
            try:
                await self._ask(desk, questions)
            finally:
                desk.busy.difference_update(each.key for each in questions)

    async def _ask(self, desk: Desk, questions: Sequence[Question]) -> None:
        try:
            answered = await desk.ask(questions)
        except (ServiceKeyError, ServiceRefusedError) as error:
            # Not this question is wrong, but whoever asks.
            if desk.refused is None:
                log.warning("service.refused", service=desk.name, reason=error.detail)
            desk.refused = error.detail
            return
        except ServiceError as error:
            log.info("question.deferred", service=desk.name, reason=error.detail)
            await self._clock.sleep(LOOK_SECONDS)
            return
        taken_up = await self._store.do(lookups.keep, desk.name, answered, self._roots)
        self._asked.set()  # there may be another batch
        if taken_up:
            self._taken_up += taken_up
            self._news.set()

    async def _next(self, desk: Desk) -> list[Question]:
        """Return what goes into the next request, reserved for it."""
        for kind, most in desk.batches:
            found = await self._waiting(desk, kind, most)
            if found and len(found) < most and not self._resting():
                for each in found:
                    desk.busy.discard(each.key)
                await self._clock.sleep(GATHER_SECONDS)
                found = await self._waiting(desk, kind, most)
            if found:
                return found
        return []

    async def _waiting(self, desk: Desk, kind: str, most: int) -> list[Question]:
        found = await self._store.do(
            lookups.waiting,
            desk.name,
            most,
            but=frozenset(desk.busy),
            kind=kind,
            roots=self._roots,
        )
        # Another asker may have looked at the same time.
        mine = [each for each in found if each.key not in desk.busy]
        desk.busy.update(each.key for each in mine)
        return mine
