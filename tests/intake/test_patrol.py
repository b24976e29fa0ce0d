"""A music folder, kept watch over: `segued.intake.folder_watcher`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

from segued.config.config import Config
from segued.config.sections import Scanning, Watching
from segued.intake.filters import Filters
from segued.intake.folder_watcher import Patrol
from segued.intake.state import Grounds
from segued.store import inventory
from segued.store.database import Store

Names: TypeAlias = Callable[[], Awaitable[list[str]]]

BRISK = Watching(settle_seconds=0.2, folder_seconds=0.5, check_seconds=0.1)


@asynccontextmanager
async def patrolled(
    place: Path, limits: Watching = BRISK
) -> AsyncIterator[tuple[Patrol, Names]]:
    """Keep watch over a folder; yields the patrol, and what is PENDING."""
    store = Store(place / "library.db", Config().store)
    await store.open()
    root = bytes(place / "music")
    grounds = Grounds([root])
    patrol = Patrol(root, Filters.of(Scanning()), store, grounds, limits)

    async def names() -> list[str]:
        found = await store.do(inventory.backlog, root, root=root, after=b"", limit=99)
        return [Path(file.path.decode()).name for file in found]

    task = asyncio.create_task(patrol.run())
    try:
        await patrol.walked.wait()
        yield patrol, names
    finally:
        task.cancel()
        await asyncio.wait({task})
        await store.close()


async def until(names: Names, wanted: list[str]) -> None:
    """Wait until these files are PENDING."""
    async with asyncio.timeout(20):
        while await names() != wanted:  # noqa: ASYNC110  (it tells nobody)
            await asyncio.sleep(0.02)


async def test_a_watch_that_died_is_begun_anew(tmp_path: Path) -> None:
    """Its thread is ended from under it: what came meanwhile is found."""
    (tmp_path / "music").mkdir()

    async with patrolled(tmp_path) as (patrol, names):
        watch = patrol._hearing._watch
        assert watch is not None
        assert watch._observer is not None
        watch._observer._inotify_fd.stop()
        watch._observer._inotify_fd.join(timeout=5)
        (tmp_path / "music" / "one.mp3").write_bytes(b"1")
        await until(names, ["one.mp3"])

        assert patrol.report().state == "watching"
        assert patrol._hearing._watch is not watch
        (tmp_path / "music" / "two.mp3").write_bytes(b"2")
        await until(names, ["one.mp3", "two.mp3"])


async def test_a_folder_that_takes_its_place_is_walked(tmp_path: Path) -> None:
    """The music folder itself is renamed, and another one put there."""
    music = tmp_path / "music"
    music.mkdir()
    (music / "one.mp3").write_bytes(b"1")

    async with patrolled(tmp_path) as (patrol, names):
        await until(names, ["one.mp3"])
        music.rename(tmp_path / "elsewhere")
        async with asyncio.timeout(20):
            while patrol.report().state != "offline":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        # Its files wait: nothing says that they are gone.
        assert await names() == ["one.mp3"]

        (tmp_path / "elsewhere").rename(music)
        (music / "two.mp3").write_bytes(b"2")
        await until(names, ["one.mp3", "two.mp3"])
        assert patrol.report().state == "watching"


async def test_a_file_that_never_rests_is_named(tmp_path: Path) -> None:
    """And not imported; a person sees why."""
    (tmp_path / "music").mkdir()
    limits = Watching(settle_seconds=5.0, restless_seconds=0.3, check_seconds=0.1)

    async with patrolled(tmp_path, limits) as (patrol, names):
        song = tmp_path / "music" / "song.mp3"
        async with asyncio.timeout(20):
            while not patrol.report().restless:
                with song.open("ab") as file:
                    file.write(b"more")
                await asyncio.sleep(0.05)

        assert patrol.report().restless == (str(song),)
        assert await names() == []
