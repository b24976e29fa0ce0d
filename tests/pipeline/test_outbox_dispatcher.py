"""Events that are delivered while the library cannot be written, and its backlog."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from segued.config.config import Config
from segued.config.hook_sections import HooksSection
from segued.config.sections import StoreSection
from segued.pipeline.outbox_dispatcher import OutboxDispatcher
from segued.store.database import Store
from segued.store.schema.outgoing import OutgoingEvent
from tests.end_to_end.hook_receiver import hook_receiver
from tests.limits import WAIT_SECONDS


async def wait_until(predicate: Callable[[], bool]) -> None:
    """Wait until the predicate holds, checking every 10 ms."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not predicate():  # noqa: ASYNC110  (no event for it)
            await asyncio.sleep(0.01)


async def test_trouble_is_told_while_the_library_is_locked(tmp_path: Path) -> None:
    """From memory, once; what is in the library follows when it is free again."""
    store = Store(tmp_path / "library.db", StoreSection(busy_seconds=0.05))
    await store.open()
    with hook_receiver() as receiver:
        receiver.moods = lambda: "refuse"
        config = Config(hooks=HooksSection(url=receiver.url))
        dispatcher = OutboxDispatcher(store, forgets_others=True)
        await dispatcher.configure(config)
        await dispatcher.tell("folder.offline", "/m", {"folder": "/m"})
        await wait_until(lambda: receiver.refused > 0)
        with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await dispatcher.tell("library.trouble", "x", {"code": "store-locked"})
            receiver.moods = lambda: "take"
            await wait_until(
                lambda: "library.trouble" in [each["event"] for each in receiver.taken]
            )
            other.execute("ROLLBACK")
        await wait_until(
            lambda: "folder.offline" in [each["event"] for each in receiver.taken]
        )
        await dispatcher.finish(WAIT_SECONDS)
        told = [each["event"] for each in receiver.taken]
        assert told.count("library.trouble") == 1
        assert await store.do(OutgoingEvent.select().count) == 0
    await store.close()


async def test_a_removed_receiver_leaves_no_events(tmp_path: Path) -> None:
    """Another configuration applies at once: nothing waits for a receiver of before."""
    store = Store(tmp_path / "library.db")
    await store.open()
    with hook_receiver() as receiver:
        receiver.moods = lambda: "refuse"
        dispatcher = OutboxDispatcher(store, forgets_others=True)
        config = Config(hooks=HooksSection(url=receiver.url))
        await dispatcher.configure(config)
        await dispatcher.tell("folder.offline", "/m", {"folder": "/m"})
        assert await store.do(OutgoingEvent.select().count) == 1
        # A configuration that is the same keeps the receiver, and what waits.
        await dispatcher.configure(msgspec.structs.replace(config))
        assert await store.do(OutgoingEvent.select().count) == 1
        await dispatcher.configure(Config())
        assert await store.do(OutgoingEvent.select().count) == 0
        await dispatcher.tell("folder.offline", "/m", {"folder": "/m"})
        assert await store.do(OutgoingEvent.select().count) == 0
        await dispatcher.close()
    await store.close()
