"""Deliver events to their receivers, each at its own pace, until they are taken."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import structlog

from segued.clients.receiver import Receiver, SentEvent
from segued.config.config import Config
from segued.errors import ServiceError, ServiceUnavailableError, StoreError
from segued.pipeline.event_receivers import ConfiguredReceivers, configured_receivers
from segued.store.database import Store
from segued.store.outbox import WaitingEvent, make_payload

__all__ = ["OutboxDispatcher"]

log: Final = structlog.get_logger()

BATCH_SIZE: Final = 50

RETRY_SECONDS: Final = (1.0, 600.0)
"""The first and the longest pause after a failure; each is twice the one before."""

FORGET_SECONDS: Final = 1.0
"""Events that were taken are deleted from the library at least this often: so many
seconds of events are repeated after a kill."""

UNSTORED_MAX: Final = 100
"""Events that are kept in memory while the library cannot be written."""


class OutboxDispatcher:
    """Delivers the events in a library's outbox; one task for each receiver.

    So a receiver that is dead or slow delays no other, and no import.
    """

    def __init__(self, store: Store, *, forgets_others: bool = False) -> None:
        """Prepare.

        Args:
            store: The library.
            forgets_others: Whether the events of receivers that are not configured
                are deleted.
        """
        self._store: Final = store
        self._forgets_others: Final = forgets_others
        self._config: Config | None = None
        self._configured: ConfiguredReceivers | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._news: dict[str, asyncio.Event] = {}
        self._idle: dict[str, asyncio.Event] = {}
        self._unstored: dict[str, deque[WaitingEvent]] = {}

    async def configure(self, config: Config) -> None:
        """Deliver to the receivers of a configuration from now on.

        Raises:
            StoreError: The library cannot be written.
        """
        if self._config is not None and _receivers_are_equal(self._config, config):
            return
        await self.close()
        configured = configured_receivers(config)
        if not configured.events and not self._forgets_others:
            return
        try:
            await self._store.subscribe(
                configured.events, configured.keep, forgets_others=self._forgets_others
            )
        except BaseException:
            for receiver in configured.receivers:
                await receiver.close()
            raise
        self._config, self._configured = config, configured
        if not configured.events:
            return
        loop = asyncio.get_running_loop()
        self._news = {name: asyncio.Event() for name in configured.events}
        self._idle = {name: asyncio.Event() for name in configured.events}

        def on_new() -> None:
            with suppress(RuntimeError):  # the loop is closed: the process ends
                loop.call_soon_threadsafe(self._wake)

        self._store.outbox.on_new = on_new
        for receiver in configured.receivers:
            self._unstored.setdefault(receiver.name, deque(maxlen=UNSTORED_MAX))
            self._tasks.append(asyncio.create_task(self._serve(receiver)))

    async def tell(self, event: str, subject: str, facts: Mapping[str, Any]) -> None:
        """Tell an event, which is kept in memory if the library cannot be written."""
        try:
            await self._store.tell(event, subject, facts)
        except StoreError:
            events = {} if self._configured is None else self._configured.events
            unstored = WaitingEvent(0, event, make_payload(event, facts))
            for receiver, wanted in events.items():
                if event in wanted:
                    self._unstored[receiver].append(unstored)
            self._wake()

    async def finish(self, seconds: float) -> None:
        """Wait until everything is taken, but only so long, and close."""
        for idle in self._idle.values():
            idle.clear()
        self._wake()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for idle in self._idle.values():
                    await idle.wait()
        await self.close()

    async def close(self) -> None:
        """Stop delivering. What is not taken stays in the library."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks = []
        if self._configured is not None:
            for receiver in self._configured.receivers:
                await receiver.close()
        self._configured = self._config = None
        self._news, self._idle = {}, {}

    def _wake(self) -> None:
        for news in self._news.values():
            news.set()

    async def _serve(self, receiver: Receiver) -> None:
        """Deliver the events for one receiver, in their order, until cancelled."""
        pause = RETRY_SECONDS[0]
        news = self._news[receiver.name]
        while True:
            news.clear()
            try:
                events = await self._waiting(receiver.name)
                if not events:
                    if not news.is_set():
                        self._idle[receiver.name].set()
                    await news.wait()
                    continue
                failure = await self._deliver_all(receiver, events)
            except StoreError:
                # The import reports it.
                await asyncio.sleep(RETRY_SECONDS[0])
                continue
            if failure is None:
                if pause > RETRY_SECONDS[0]:
                    log.info("hook.up", receiver=receiver.name)
                pause = RETRY_SECONDS[0]
                continue
            if pause == RETRY_SECONDS[0]:
                log.warning("hook.failed", receiver=receiver.name, reason=str(failure))
            await asyncio.sleep(pause)
            pause = min(2 * pause, RETRY_SECONDS[1])

    async def _waiting(self, name: str) -> list[WaitingEvent]:
        unstored = list(self._unstored[name])
        if unstored:
            return unstored
        return await self._store.do(self._store.outbox.waiting, name, BATCH_SIZE)

    async def _deliver_all(
        self, receiver: Receiver, events: list[WaitingEvent]
    ) -> ServiceError | None:
        """Deliver events until one fails; return its error.

        Raises:
            StoreError: The library cannot be written; some events will be repeated.
        """
        taken: list[int] = []
        stored_at = time.monotonic()
        try:
            if receiver.is_summary:
                last = events[-1]
                await receiver.deliver(SentEvent(last.event, last.payload))
                taken = [each.number for each in events if each.number]
                self._unstored[receiver.name].clear()
                return None
            for waiting in events:
                await receiver.deliver(SentEvent(waiting.event, waiting.payload))
                if waiting.number:
                    taken.append(waiting.number)
                else:
                    self._unstored[receiver.name].popleft()
                if time.monotonic() - stored_at > FORGET_SECONDS:
                    await self._store.do(self._store.outbox.delete, taken)
                    taken, stored_at = [], time.monotonic()
        except ServiceError as error:
            return error
        except StoreError:
            raise
        except Exception as error:
            log.exception("hook.crashed", receiver=receiver.name)
            return ServiceUnavailableError(receiver.name, type(error).__name__)
        finally:
            # Also when this is cancelled: what was taken is not sent again.
            if taken:
                await self._store.do(self._store.outbox.delete, taken)
        return None


def _receivers_are_equal(one: Config, other: Config) -> bool:
    names = ("hooks", "rescan", "mqtt", "notify", "services")
    return all(getattr(one, name) == getattr(other, name) for name in names)
