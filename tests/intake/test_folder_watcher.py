"""A music folder, kept watch over: `segued.intake.folder_watcher`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

from segued.config.config import Config
from segued.config.sections import ScanningSection, WatchingSection
from segued.intake.filters import Filters
from segued.intake.folder_watcher import FolderWatcher
from segued.intake.state import IntakeState
from segued.store import inventory
from segued.store.database import Store

Names: TypeAlias = Callable[[], Awaitable[list[str]]]

SHORT_TIMEOUTS = WatchingSection(
    settle_seconds=0.2, folder_seconds=0.5, check_seconds=0.1
)


@asynccontextmanager
async def watched_folder(
    place: Path, limits: WatchingSection = SHORT_TIMEOUTS
) -> AsyncIterator[tuple[FolderWatcher, Names]]:
    """Keep watch over a folder; yields the patrol, and what is PENDING."""
    store = Store(place / "library.db", Config().store)
    await store.open()
    root = bytes(place / "music")
    grounds = IntakeState([root])
    patrol = FolderWatcher(root, Filters.of(ScanningSection()), store, grounds, limits)

    async def pending_names() -> list[str]:
        found = await store.do(
            inventory.pending_files, root, root=root, after=b"", limit=99
        )
        return [Path(file.path.decode()).name for file in found]

    task = asyncio.create_task(patrol.run())
    try:
        await patrol.first_scan_done.wait()
        yield patrol, pending_names
    finally:
        task.cancel()
        await asyncio.wait({task})
        await store.close()


async def wait_for_pending(names: Names, wanted: list[str]) -> None:
    """Wait until these files are PENDING."""
    async with asyncio.timeout(20):
        while await names() != wanted:  # noqa: ASYNC110  (it tells nobody)
            await asyncio.sleep(0.02)


async def test_dead_watch_is_restarted(tmp_path: Path) -> None:
    """Its thread is ended from under it: what came meanwhile is found."""
    (tmp_path / "music").mkdir()

    async with watched_folder(tmp_path) as (patrol, names):
        watch = patrol._events._inotify
        assert watch is not None
        assert watch._observer is not None
        watch._observer._inotify_fd.stop()
        watch._observer._inotify_fd.join(timeout=5)
        (tmp_path / "music" / "one.mp3").write_bytes(b"1")
        await wait_for_pending(names, ["one.mp3"])

        assert patrol.report().state == "watching"
        assert patrol._events._inotify is not watch
        (tmp_path / "music" / "two.mp3").write_bytes(b"2")
        await wait_for_pending(names, ["one.mp3", "two.mp3"])


async def test_replaced_music_folder_is_scanned(tmp_path: Path) -> None:
    """The music folder itself is renamed, and another one put there."""
    music = tmp_path / "music"
    music.mkdir()
    (music / "one.mp3").write_bytes(b"1")

    async with watched_folder(tmp_path) as (patrol, names):
        await wait_for_pending(names, ["one.mp3"])
        music.rename(tmp_path / "elsewhere")
        async with asyncio.timeout(20):
            while patrol.report().state != "offline":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        # Its files wait: nothing says that they are gone.
        assert await names() == ["one.mp3"]

        (tmp_path / "elsewhere").rename(music)
        (music / "two.mp3").write_bytes(b"2")
        await wait_for_pending(names, ["one.mp3", "two.mp3"])
        assert patrol.report().state == "watching"


async def test_file_that_keeps_changing_is_reported(tmp_path: Path) -> None:
    """And not imported; a person sees why."""
    (tmp_path / "music").mkdir()
    limits = WatchingSection(
        settle_seconds=5.0, restless_seconds=0.3, check_seconds=0.1
    )

    async with watched_folder(tmp_path, limits) as (patrol, names):
        song = tmp_path / "music" / "song.mp3"
        async with asyncio.timeout(20):
            while not patrol.report().restless:
                with song.open("ab") as file:
                    file.write(b"more")
                await asyncio.sleep(0.05)

        assert patrol.report().restless == (str(song),)
        assert await names() == []
