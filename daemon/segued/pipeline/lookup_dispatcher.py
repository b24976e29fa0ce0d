"""The lookup dispatcher: sends stored questions to services, in full batches.

Phases store their questions in the library and never wait for an answer. The
dispatcher reads them from there, sends them within each service's rate and
stores the answers, which requeues the files that waited. While a service is
away, its questions stay in the library.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from segued.clients.clock import Clock
from segued.errors import (
    GarbledAnswerError,
    ServiceAnswerError,
    ServiceAuthError,
    ServiceBusyError,
    ServiceError,
    ServiceRefusedError,
)
from segued.model import Service
from segued.pipeline.lookup_services import LookupService
from segued.progress.progress import Progress
from segued.store import due_lookups, folder_requeue, lookups
from segued.store.database import Store
from segued.store.lookup_keys import LookupKind
from segued.store.lookups import LookupAnswer, LookupQuestion

__all__ = ["LookupDispatcher"]

log: Final = structlog.get_logger()

BATCH_WAIT_SECONDS: Final = 2.0
"""How long a partial batch waits for more questions while imports are running."""

BATCH_WAITS_MAX: Final = 5
"""How often it waits again because more came: a slow machine fills its batches too."""

RETRY_SECONDS: Final = 0.25
"""The least pause after a failed request, or while a service is away."""

IDLE_SECONDS: Final = 30.0
"""How soon a question is noticed that no file announces: one that is due again."""

RECOUNT_SECONDS: Final = 0.5
"""How often open questions are counted while the import waits for answers."""


class LookupDispatcher:
    """Sends the stored questions to their services until cancelled."""

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
        """Store the arguments; nothing is sent before `run`.

        Args:
            store: The library.
            services: The services.
            clock: Sleeps; a test's clock may be faster.
            progress: Shows how many questions are open.
            roots: Music folders whose questions are sent; all if empty.
            work_available: Set whenever an answer requeues files.
            imports_idle: Returns whether no file is being imported, so that no more
                questions will come.
        """
        self.services: Final = {service.name: service for service in services}
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
        """Look for new questions now: a file has stored some."""
        self._wake_event.set()

    def is_available(self, name: Service) -> bool:
        """Return whether a service is used, and may answer as far as is known."""
        service = self.services.get(name)
        return service is not None and service.is_usable

    async def run(self) -> None:
        """Send questions until cancelled, `concurrency` requests a service at once."""
        async with asyncio.TaskGroup() as group:
            for service in self.services.values():
                for number in range(service.concurrency):
                    name = f"{service.name}-{number}"
                    group.create_task(self._serve(service), name=name)

    async def wait_for_requeue(self) -> bool:
        """Wait until an answer requeues files, or no service can answer any more.

        Returns:
            Whether files were requeued.
        """
        while True:
            if self._requeued or self._work_available.is_set():
                self._requeued = self._progress.lookups = 0
                return True
            counts = [
                await self._store.do(
                    due_lookups.count_questions, service.name, self._roots
                )
                for service in self.services.values()
                if service.is_usable or service.in_flight
            ]
            self._progress.lookups = sum(counts)
            if not any(counts) and not self._requeued:
                acoustid_available = self.is_available(Service.ACOUSTID)
                requeued = await self._store.do(
                    folder_requeue.requeue_waiting,
                    self._roots,
                    acoustid_available=acoustid_available,
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
            # Not these questions are at fault but our key or address.
            if service.refusal is None:
                log.warning(
                    "service.refused", service=service.name, reason=error.detail
                )
            service.refusal = error.detail
            return
        except ServiceError as error:
            log.info("question.deferred", service=service.name, reason=error.detail)
            answers = self._answers_of_failed_request(service, questions, error)
            if not answers:
                await self._clock.sleep(RETRY_SECONDS)
                return
        else:
            service.shared.record_answers(questions)
            for each in answers:
                if each.failure is not None:
                    log.info(
                        "question.deferred", service=service.name, reason=each.failure
                    )
        requeued = await self._store.do(
            lookups.save_answers, service.name, answers, self._roots
        )
        self._wake_event.set()  # there may be another batch
        if requeued:
            self._requeued += requeued
            self._work_available.set()

    def _answers_of_failed_request(
        self,
        service: LookupService,
        questions: Sequence[LookupQuestion],
        error: ServiceError,
    ) -> list[LookupAnswer]:
        """Return the failure of a question that is to blame for it; else nothing.

        The questions of a batch are sent again in smaller ones, and after all others.
        """
        if isinstance(error, ServiceBusyError):
            return []
        is_to_blame = service.shared.record_failure(
            questions, is_service_up=service.is_usable
        )
        if len(questions) == 1 and isinstance(error, ServiceAnswerError):
            is_to_blame = True
        if not is_to_blame:
            return []
        if not isinstance(error, GarbledAnswerError):
            service.shared.record_answers(questions)
        return [LookupAnswer(each, None, failure=error.detail) for each in questions]

    async def _next_batch(self, service: LookupService) -> list[LookupQuestion]:
        """Return the questions for the next request, reserved in `in_flight`."""
        questions = await self._next_batch_of_kinds(service)
        if not questions and service.shared.set_aside:
            service.shared.set_aside.clear()
            questions = await self._next_batch_of_kinds(service)
        return questions

    async def _next_batch_of_kinds(
        self, service: LookupService
    ) -> list[LookupQuestion]:
        # Each file that stores questions wakes all that send some: mostly for nothing.
        if not await self._store.do(due_lookups.has_due_questions, service.name):
            return []
        for kind, limit in service.batches:
            if kind in service.collecting:
                continue  # two senders would send two part batches
            service.collecting.add(kind)
            try:
                questions = await self._collect(service, kind, limit)
            finally:
                service.collecting.discard(kind)
            if questions:
                self._wake_event.set()  # another sender may collect the next ones
                return questions
        return []

    async def _collect(
        self, service: LookupService, kind: LookupKind, limit: int
    ) -> list[LookupQuestion]:
        """Reserve questions for a request; wait for more while files are imported."""
        questions = await self._reserve(service, kind, limit)
        for _ in range(BATCH_WAITS_MAX):
            found = len(questions)
            if not 0 < found < limit or self._imports_idle():
                break
            service.in_flight.difference_update(each.key for each in questions)
            await self._clock.sleep(BATCH_WAIT_SECONDS)
            questions = await self._reserve(service, kind, limit)
            if len(questions) <= found:
                break
        return questions

    async def _reserve(
        self, service: LookupService, kind: LookupKind, limit: int
    ) -> list[LookupQuestion]:
        found = await self._store.do(
            due_lookups.next_questions,
            service.name,
            limit,
            exclude=service.in_flight | service.shared.set_aside,
            kind=kind,
            roots=self._roots,
        )
        # A concurrent request may have reserved some meanwhile.
        free = [each for each in found if each.key not in service.in_flight]
        reserved = service.shared.choose(free, limit)
        service.in_flight.update(each.key for each in reserved)
        return reserved
