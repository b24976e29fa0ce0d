"""Services that stop during an import, and come back."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bench.lookups import (
    LookupLibrary,
    config_for,
    make_lookup_library,
    one_shot_import,
)
from bench.prepared_library import prepare_library

from segued.clients.clock import Clock
from segued.daemon.daemon import Daemon
from segued.daemon.import_loop import RunConfig
from segued.model import SessionState
from segued.pipeline.one_shot import ImportResult
from segued.store.reading import summaries
from tests.fake_services import AnswersInMemory, FakeServices
from tests.limits import WAIT_SECONDS

FAST = 50.0
"""How many times as fast the clocks of the services and of segued run."""

NEEDS = {"acoustid", "folder", "musicbrainz"}


async def import_with_outage(
    music: Path,
    database: Path,
    fake_services: FakeServices,
    is_outage_due: Callable[[FakeServices], bool],
) -> ImportResult:
    """Import, and stop all services once the predicate holds."""
    service = one_shot_import(database, fake_services, Clock.scaled(FAST))

    async def stop_services() -> None:
        while not is_outage_due(fake_services):  # noqa: ASYNC110  (no event for it)
            await asyncio.sleep(0.01)
        await fake_services.stop()

    switching = asyncio.ensure_future(stop_services())
    try:
        return await service.run([bytes(music)], workers=3)
    finally:
        switching.cancel()
        await asyncio.wait({switching})


def query(database: Path, sql: str) -> list[tuple[object, ...]]:
    """Return the rows of an SQL query."""
    with closing(sqlite3.connect(database)) as library:
        return library.execute(sql).fetchall()


async def test_an_outage_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    """No file fails, no lookup counts as 'not found', and the next import completes."""
    library: LookupLibrary = make_lookup_library(17)
    assert len(library.songs) > 200
    music, database = tmp_path / "music", tmp_path / "library.db"
    await prepare_library(music, database, library.songs)
    clock = Clock.scaled(FAST)
    tree = AnswersInMemory(library.answers)

    async with FakeServices(
        tree, clock=clock.now, jitter_seconds=FAST * 0.05
    ) as fake_services:
        during = await import_with_outage(
            music, database, fake_services, lambda services: len(services.requests) >= 6
        )
        half = summaries.summary(database)
        before = len(fake_services.requests)
        await fake_services.start()
        after = await import_with_outage(
            music, database, fake_services, lambda _services: False
        )

    assert (during.state, during.service_states["acoustid"]) == (
        SessionState.COMPLETED,
        "away",
    )
    assert half.files == {"INGEST COMPLETE": len(library.songs)}
    assert NEEDS & set(half.waiting)
    assert after.state is SessionState.COMPLETED
    assert len(fake_services.requests) > before
    whole = summaries.summary(database)
    assert not NEEDS & set(whole.waiting)
    assert whole.passages == {"High": len(library.songs)}
    for table in ("acoustid_cache", "musicbrainz_cache"):
        not_found = f"SELECT count(*) FROM {table} WHERE expires_at IS NOT NULL"  # noqa: S608
        assert query(database, not_found) == [(0,)]
    assert fake_services.rate_limited_requests == []


async def test_daemon_completes_deferred_lookups(tmp_path: Path) -> None:
    """The daemon sends deferred lookups by itself once the services are back."""
    library: LookupLibrary = make_lookup_library(17)
    music, database = tmp_path / "music", tmp_path / "library.db"
    await prepare_library(music, database, library.songs)
    clock = Clock.scaled(FAST)
    tree = AnswersInMemory(library.answers)

    async with FakeServices(
        tree, clock=clock.now, jitter_seconds=FAST * 0.05
    ) as fake_services:
        await fake_services.stop()
        config = config_for(database, fake_services)
        daemon = Daemon(RunConfig(config, [bytes(music)]), clock)
        daemon_task = asyncio.ensure_future(daemon.run(_on_ready))
        try:
            await _wait_until(
                lambda: (
                    daemon.pipeline
                    and daemon.pipeline.service_states.get("acoustid") == "away"
                )
            )
            await _wait_until(lambda: daemon.progress.state is SessionState.COMPLETED)
            half = summaries.summary(database)
            await fake_services.start()
            await _wait_until(
                lambda: (
                    not NEEDS & set(summaries.summary(database).waiting)
                    and daemon.progress.state is SessionState.COMPLETED
                )
            )
        finally:
            daemon.stop()
            await daemon_task

    assert half.files == {"INGEST COMPLETE": len(library.songs)}
    assert NEEDS & set(half.waiting)
    assert summaries.summary(database).passages == {"High": len(library.songs)}
    assert fake_services.rate_limited_requests == []


async def _on_ready() -> None:
    """Ignore that the daemon is ready."""


async def _wait_until(predicate: Callable[[], object]) -> None:
    """Wait until the predicate holds, checking every 20 ms."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not predicate():  # noqa: ASYNC110  (no event for it)
            await asyncio.sleep(0.02)
