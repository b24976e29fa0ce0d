"""Asking services: `segued.pipeline.lookup_dispatcher`."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from segued.clients.clock import Clock
from segued.errors import (
    GarbledAnswerError,
    ServiceAnswerError,
    ServiceAuthError,
    ServiceUnavailableError,
)
from segued.model import Need, PhaseNumber, Service
from segued.pipeline.lookup_dispatcher import BATCH_WAIT_SECONDS, LookupDispatcher
from segued.pipeline.lookup_services import LookupService
from segued.progress.progress import Progress
from segued.store import checkpoints, due_lookups, lookup_failures, lookups
from segued.store.checkpoints import StoredCheckpoint
from segued.store.database import Store
from segued.store.lookup_keys import LookupKind
from segued.store.lookups import LookupAnswer, LookupQuestion
from tests.limits import WAIT_SECONDS
from tests.store.scanned_folder import ScannedFolder

BATCH = 3


@dataclass
class SampleService:
    """A service that answers every question with "[]" or raises.

    Attributes:
        errors: What the next requests raise.
        poison: Keys whose requests raise the error, whatever else is in the batch.
        batches: The keys of each request.
    """

    errors: list[Exception] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)
    poison: dict[str, Exception] = field(default_factory=dict)
    reachable: bool = True
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def send(self, questions: Sequence[LookupQuestion]) -> list[LookupAnswer]:
        """Answer a batch."""
        async with self.changed:
            self.batches.append([each.key for each in questions])
            self.changed.notify_all()
        if self.errors:
            raise self.errors.pop(0)
        for each in questions:
            if each.key in self.poison:
                raise self.poison[each.key]
        return [LookupAnswer(each, b"[1]") for each in questions]

    async def wait_for_batches(self, count: int) -> None:
        """Wait until it was sent so many requests."""
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.batches) >= count)

    def lookup_service(self) -> LookupService:
        """The same, as the dispatcher takes it."""
        return LookupService(
            Service.ACOUSTID,
            self.send,
            [(LookupKind.ONLY, BATCH)],
            lambda: self.reachable,
            lambda: 0.0,
            lambda: "up" if self.reachable else "away",
            100.0,
            lambda: len(self.batches),
            concurrency=1,
        )


@dataclass
class Dispatch:
    """A dispatcher with one service, and what it slept."""

    store: Store
    service: SampleService
    imports_idle: bool = True
    sleeps: list[float] = field(default_factory=list)
    added_by_sleep: list[str] = field(default_factory=list)  # keys of new questions
    work_available: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[LookupDispatcher]:
        """Run it within this context."""

        async def sleep(seconds: float) -> None:
            self.sleeps.append(seconds)
            await asyncio.sleep(0)
            if self.added_by_sleep:
                key = self.added_by_sleep.pop(0)
                await add_waiting_file(self.store, f"added {key}", key)

        dispatcher = LookupDispatcher(
            self.store,
            [self.service.lookup_service()],
            clock=Clock(sleep=sleep),
            progress=Progress(),
            roots=(),
            work_available=self.work_available,
            imports_idle=lambda: self.imports_idle,
        )
        task = asyncio.create_task(dispatcher.run())
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                yield dispatcher
        finally:
            task.cancel()
            await asyncio.wait({task})


async def add_waiting_file(store: Store, name: str, *keys: str) -> None:
    """Store a complete file that waits for AcoustID's answers."""
    folder = ScannedFolder(store)
    await folder.scan(*(await folder.statuses()), name)
    file = (await folder.get_file(name)).id
    questions = [LookupQuestion(key, f'"{key}"') for key in keys]

    def work() -> None:
        phase = PhaseNumber.FINGERPRINT
        checkpoints.save(file, StoredCheckpoint(phase, "1", "{}", Need.ACOUSTID))
        lookups.set_pending(file, Service.ACOUSTID, questions, ())

    await store.do(work)
    await folder.finish(name)


async def test_full_batches_are_sent_and_files_requeued(store: Store) -> None:
    """Seven questions are three requests; a file is PENDING after its last answer."""
    await add_waiting_file(store, "a", *"123456")
    await add_waiting_file(store, "b", "7")
    service = SampleService()
    dispatch = Dispatch(store, service)

    async with dispatch.running() as dispatcher:
        await service.wait_for_batches(3)
        while await dispatcher.wait_for_requeue():
            dispatch.work_available.clear()
            statuses = await ScannedFolder(store).statuses()
            if set(statuses.values()) == {"PENDING"}:
                break

    assert [len(batch) for batch in service.batches] == [3, 3, 1]
    assert sorted(itertools.chain(*service.batches)) == list("1234567")


async def test_a_part_batch_waits_while_files_are_imported(store: Store) -> None:
    """More questions are coming; when no file is worked on, none are."""
    await add_waiting_file(store, "a", "1")
    service = SampleService()
    dispatch = Dispatch(store, service, imports_idle=False)

    async with dispatch.running():
        await service.wait_for_batches(1)
    assert dispatch.sleeps == [BATCH_WAIT_SECONDS]

    await add_waiting_file(store, "b", "2")
    dispatch = Dispatch(store, service)
    async with dispatch.running():
        await service.wait_for_batches(2)
    assert dispatch.sleeps == []


async def test_a_part_batch_waits_on_while_more_questions_come(store: Store) -> None:
    """On a slow machine, too, a request has as many questions as it may."""
    await add_waiting_file(store, "a", "1")
    service = SampleService()
    dispatch = Dispatch(store, service, imports_idle=False, added_by_sleep=["2", "3"])

    async with dispatch.running():
        await service.wait_for_batches(1)

    assert [sorted(batch) for batch in service.batches] == [["1", "2", "3"]]
    assert dispatch.sleeps == [BATCH_WAIT_SECONDS] * 2


async def test_an_outage_keeps_the_question(store: Store) -> None:
    """It is sent again; the file goes on once it is answered."""
    await add_waiting_file(store, "a", "1")
    service = SampleService([ServiceUnavailableError("AcoustID", "HTTP 503")])

    async with Dispatch(store, service).running() as dispatcher:
        assert await dispatcher.wait_for_requeue()

    assert service.batches == [["1"], ["1"]]
    assert await ScannedFolder(store).statuses() == {"a": "PENDING"}


async def test_a_refused_key_ends_all_requests(store: Store) -> None:
    """Nothing that is asked with it would be answered; nothing is lost."""
    await add_waiting_file(store, "a", "1")
    service = SampleService([ServiceAuthError("AcoustID", "invalid API key")])

    async with Dispatch(store, service).running() as dispatcher:
        assert not await dispatcher.wait_for_requeue()
        assert not dispatcher.is_available(Service.ACOUSTID)
        states = [each.state for each in dispatcher.services.values()]

    assert states == ["invalid API key"]
    assert service.batches == [["1"]]
    assert await ScannedFolder(store).statuses() == {"a": "INGEST COMPLETE"}
    left = await store.do(due_lookups.count_questions, Service.ACOUSTID)
    assert left == 1


async def test_an_unreachable_service_is_sent_nothing(store: Store) -> None:
    """Waiting for answers ends at once; a new question does not change that."""
    await add_waiting_file(store, "a", "1")
    service = SampleService(reachable=False)

    async with Dispatch(store, service).running() as dispatcher:
        dispatcher.wake()
        assert not await dispatcher.wait_for_requeue()
        assert not dispatcher.is_available(Service.ACOUSTID)
        assert not dispatcher.is_available(Service.MUSICBRAINZ)

    assert service.batches == []


async def wait_until_none_is_due(store: Store) -> None:
    """Wait until no question is left that would be sent now."""
    while await store.do(due_lookups.count_questions, Service.ACOUSTID):  # noqa: ASYNC110  (no event for it)
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "error",
    [
        ServiceAnswerError("AcoustID", "answer is larger than 1 bytes"),
        GarbledAnswerError("AcoustID", "answer is not JSON"),
        ServiceUnavailableError("AcoustID", "fails: HTTP 500"),
    ],
    ids=repr,
)
async def test_a_question_that_spoils_its_batch_is_put_off_alone(
    store: Store, error: Exception
) -> None:
    """The others are answered; it has a reason, and a time for the next try."""
    await add_waiting_file(store, "a", *"123456")
    await add_waiting_file(store, "b", "7")
    await add_waiting_file(store, "poison", "0")
    service = SampleService(poison={"0": error})
    dispatch = Dispatch(store, service)

    async with dispatch.running() as dispatcher:
        await wait_until_none_is_due(store)
        assert dispatcher.is_available(Service.ACOUSTID)

    answered = await store.do(lookups.cached_answers, Service.ACOUSTID, "01234567")
    assert set(answered) == set("1234567")
    put_off = await store.do(lookup_failures.put_off, Service.ACOUSTID, "01234567")
    assert put_off == {"0": str(error).partition(": ")[2] or str(error)}
    assert await ScannedFolder(store).statuses() == {
        "a": "PENDING",
        "b": "PENDING",
        "poison": "PENDING",
    }


async def test_an_outage_puts_no_question_off(store: Store) -> None:
    """However long it lasts: afterwards all are sent, in full batches again."""
    await add_waiting_file(store, "a", *"123456")
    outage = ServiceUnavailableError("AcoustID", "cannot be reached")
    service = SampleService([outage] * 5)

    async with Dispatch(store, service).running():
        await wait_until_none_is_due(store)

    answered = await store.do(lookups.cached_answers, Service.ACOUSTID, "123456")
    assert set(answered) == set("123456")
    assert await store.do(lookup_failures.put_off, Service.ACOUSTID, "123456") == {}
