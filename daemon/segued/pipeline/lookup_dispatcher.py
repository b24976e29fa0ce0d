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

from segued.clock import Clock
from segued.errors import ServiceAuthError, ServiceError, ServiceRefusedError
from segued.model import Service
from segued.pipeline.lookup_services import LookupService
from segued.progress.progress import Progress
from segued.store import folders, lookups
from segued.store.database import Store
from segued.store.lookup_keys import LookupKind
from segued.store.lookups import LookupQuestion

__all__ = ["LookupDispatcher"]

log: Final = structlog.get_logger()

BATCH_WAIT_SECONDS: Final = 2.0
"""How long a batch waits for more, while files are still being worked on."""

RETRY_SECONDS: Final = 0.25
"""How long nothing is asked after something went wrong."""

IDLE_SECONDS: Final = 30.0
"""How soon a question is noticed that nobody announced: one that is due again."""

RECOUNT_SECONDS: Final = 0.5


class LookupDispatcher:
    """Asks all services what there is to ask, until cancelled."""

    def __init__(  # noqa: PLR0913
        self,
        store: Store,
        services: Sequence[LookupService],
        *,
        clock: Clock,
        progress: Progress,
        roots: Sequence[bytes],
        work_available: asyncio.Event,
        imports_idle: Callable[[], bool],
    ) -> None:
        """Prepare.

        Args:
            store: The library.
            services: The services.
            clock: What time it is.
            progress: Where it is shown how many questions are left.
            roots: Music folders it is about; all of the library's, if none.
            work_available: Set whenever files were taken up.
            imports_idle: Whether no file is worked on, so that no more questions
                will come.
        """
        self.services: Final = {desk.name: desk for desk in services}
        self._store: Final = store
        self._clock: Final = clock
        self._progress: Final = progress
        self._roots: Final = tuple(roots)
        self._work_available: Final = work_available
        self._imports_idle: Final = imports_idle
        self._requeued = 0
        self._wake_event: Final = asyncio.Event()
        self._wake_event.set()

    def wake(self) -> None:
        """Say that there may be something to ask."""
        self._wake_event.set()

    def is_available(self, name: Service) -> bool:
        """Return whether a service is being asked, and seems to answer."""
        service = self.services.get(name)
        return service is not None and service.is_usable

    async def run(self) -> None:
        """Ask until cancelled."""
        async with asyncio.TaskGroup() as group:
            for service in self.services.values():
                for number in range(service.concurrency):
                    name = f"{service.name}-{number}"
                    group.create_task(self._serve(service), name=name)

    async def wait_for_requeue(self) -> bool:
        """Wait until answers have taken files up, or none can be had now.

        Returns:
            Whether there is something to do again.
        """
        while True:
            if self._requeued or self._work_available.is_set():
                self._requeued = self._progress.lookups = 0
                return True
            waiting = [
                desk
                for desk in self.services.values()
                if desk.is_usable or desk.in_flight
            ]
            counts = [
                await self._store.do(lookups.count_questions, desk.name, self._roots)
                for desk in waiting
            ]
            self._progress.lookups = sum(counts)
            if not any(counts) and not self._requeued:
                acoustid_available = self.is_available(Service.ACOUSTID)
                requeued = await self._store.do(
                    folders.requeue_waiting,
                    None,
                    acoustid_available=acoustid_available,
                    roots=self._roots,
                )
                return bool(requeued)
            await asyncio.sleep(RECOUNT_SECONDS)

    async def _serve(self, service: LookupService) -> None:
        while True:
            if not service.is_usable:
                pause = max(RETRY_SECONDS, min(service.retry_in(), 5.0))
                await self._clock.sleep(pause)
                continue
            self._wake_event.clear()
            questions = await self._next_batch(service)
            if not questions:
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await self._wake_event.wait()
                continue
            try:
                await self._send_batch(service, questions)
            finally:
                service.in_flight.difference_update(each.key for each in questions)

    async def _send_batch(
        self, service: LookupService, questions: Sequence[LookupQuestion]
    ) -> None:
        try:
            answers = await service.send_batch(questions)
        except (ServiceAuthError, ServiceRefusedError) as error:
            # Not this question is wrong, but whoever asks.
            if service.refusal is None:
                log.warning(
                    "service.refused", service=service.name, reason=error.detail
                )
            service.refusal = error.detail
            return
        except ServiceError as error:
            log.info("question.deferred", service=service.name, reason=error.detail)
            await self._clock.sleep(RETRY_SECONDS)
            return
        requeued = await self._store.do(
            lookups.save_answers, service.name, answers, self._roots
        )
        self._wake_event.set()  # there may be another batch
        if requeued:
            self._requeued += requeued
            self._work_available.set()

    async def _next_batch(self, service: LookupService) -> list[LookupQuestion]:
        """Return what goes into the next request, reserved for it."""
        for kind, limit in service.batches:
            questions = await self._reserve(service, kind, limit)
            if questions and len(questions) < limit and not self._imports_idle():
                for each in questions:
                    service.in_flight.discard(each.key)
                await self._clock.sleep(BATCH_WAIT_SECONDS)
                questions = await self._reserve(service, kind, limit)
            if questions:
                return questions
        return []

    async def _reserve(
        self, service: LookupService, kind: LookupKind, limit: int
    ) -> list[LookupQuestion]:
        found = await self._store.do(
            lookups.next_questions,
            service.name,
            limit,
            exclude=frozenset(service.in_flight),
            kind=kind,
            roots=self._roots,
        )
        # Another asker may have looked at the same time.
        reserved = [each for each in found if each.key not in service.in_flight]
        service.in_flight.update(each.key for each in reserved)
        return reserved
