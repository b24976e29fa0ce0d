"""Services that go away in the middle, and come back."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bench.lookups import Made, config_of, made, service_of
from bench.shelved import shelve

from segued.clients.rate_limit import Clock
from segued.daemon.daemon import Alive
from segued.daemon.import_loop import Orders
from segued.model import SessionState
from segued.pipeline.one_shot import Ended
from segued.store.reading import reports
from tests.world import InMemory, World

FAST = 50.0
"""Times as fast as the services' clock and ours run here."""

NEEDS = {"acoustid", "folder", "musicbrainz"}


async def imported(
    music: Path, database: Path, world: World, then: Callable[[World], bool]
) -> Ended:
    """Import, and switch all services off once something holds of them."""
    service = service_of(database, world, Clock.faster(FAST))

    async def switch() -> None:
        while not then(world):  # noqa: ASYNC110  (the world tells nobody)
            await asyncio.sleep(0.01)
        await world.off()

    switching = asyncio.ensure_future(switch())
    try:
        return await service.run([bytes(music)], workers=3)
    finally:
        switching.cancel()
        await asyncio.wait({switching})


def ask(database: Path, question: str) -> list[tuple[object, ...]]:
    """Return the rows of an SQL question."""
    with closing(sqlite3.connect(database)) as library:
        return library.execute(question).fetchall()


async def test_an_outage_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    """Nothing fails, nothing is taken for unknown, and the rest follows."""
    library: Made = made(17)
    assert len(library.songs) > 200
    music, database = tmp_path / "music", tmp_path / "library.db"
    await shelve(music, database, library.songs)
    clock = Clock.faster(FAST)
    tree = InMemory(library.answers)

    async with World(tree, clock=clock.now, jitter_seconds=FAST * 0.05) as world:
        during = await imported(
            music, database, world, lambda world: len(world.requests) >= 6
        )
        half = reports.summary(database)
        before = len(world.requests)
        await world.on()
        after = await imported(music, database, world, lambda _world: False)

    assert (during.state, during.services["acoustid"]) == (
        SessionState.COMPLETED,
        "away",
    )
    assert half.files == {"INGEST COMPLETE": len(library.songs)}
    assert NEEDS & set(half.waiting)
    assert after.state is SessionState.COMPLETED
    assert len(world.requests) > before
    whole = reports.summary(database)
    assert not NEEDS & set(whole.waiting)
    assert whole.passages == {"High": len(library.songs)}
    for table in ("acoustid_cache", "musicbrainz_cache"):
        nothing = f"SELECT count(*) FROM {table} WHERE expires_at IS NOT NULL"  # noqa: S608
        assert ask(database, nothing) == [(0,)]
    assert world.refusals == []


async def test_a_daemon_follows_up_by_itself(tmp_path: Path) -> None:
    """What was put off is done when the services are back, and nobody asks for it."""
    library: Made = made(17)
    music, database = tmp_path / "music", tmp_path / "library.db"
    await shelve(music, database, library.songs)
    clock = Clock.faster(FAST)
    tree = InMemory(library.answers)

    async with World(tree, clock=clock.now, jitter_seconds=FAST * 0.05) as world:
        await world.off()
        config = config_of(database, world)
        alive = Alive(Orders(config, [bytes(music)]), clock)
        living = asyncio.ensure_future(alive.live(_nothing))
        try:
            await _until(
                lambda: alive.works and alive.works.services.get("acoustid") == "away"
            )
            await _until(lambda: alive.board.state is SessionState.COMPLETED)
            half = reports.summary(database)
            await world.on()
            await _until(
                lambda: (
                    not NEEDS & set(reports.summary(database).waiting)
                    and alive.board.state is SessionState.COMPLETED
                )
            )
        finally:
            alive.leave()
            await living

    assert half.files == {"INGEST COMPLETE": len(library.songs)}
    assert NEEDS & set(half.waiting)
    assert reports.summary(database).passages == {"High": len(library.songs)}
    assert world.refusals == []


async def _nothing() -> None:
    """Be told that it is ready."""


async def _until(what: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not what():  # noqa: ASYNC110  (it tells nobody)
            await asyncio.sleep(0.02)
