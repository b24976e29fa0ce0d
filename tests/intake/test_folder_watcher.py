"""Watching a music folder: `segued.intake.folder_watcher`."""

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
from segued.store import waiting_files
from segued.store.database import Store
from tests.limits import WAIT_SECONDS

Names: TypeAlias = Callable[[], Awaitable[list[str]]]

SHORT_TIMEOUTS = WatchingSection(
    settle_seconds=0.2, folder_seconds=0.5, check_seconds=0.1
)


@asynccontextmanager
async def watched_folder(
    place: Path, limits: WatchingSection = SHORT_TIMEOUTS
) -> AsyncIterator[tuple[FolderWatcher, Names]]:
    """Watch a folder; yield the watcher, and a function that returns PENDING files."""
    store = Store(place / "library.db", Config().store)
    await store.open()
    root = bytes(place / "music")
    intake_state = IntakeState([root])
    watcher = FolderWatcher(
        root, Filters.of(ScanningSection()), store, intake_state, limits
    )

    async def pending_names() -> list[str]:
        found = await store.do(
            waiting_files.pending_files, root, root=root, after=b"", limit=99
        )
        return [Path(file.path.decode()).name for file in found]

    task = asyncio.create_task(watcher.run())
    try:
        await watcher.first_scan_done.wait()
        yield watcher, pending_names
    finally:
        task.cancel()
        await asyncio.wait({task})
        await store.close()


async def wait_for_pending(names: Names, wanted: list[str]) -> None:
    """Wait until exactly these files are PENDING."""
    async with asyncio.timeout(WAIT_SECONDS):
        while await names() != wanted:  # noqa: ASYNC110  (there is no event)
            await asyncio.sleep(0.02)


async def test_dead_watch_is_restarted(tmp_path: Path) -> None:
    """After the death of its thread; files that arrived meanwhile are found."""
    (tmp_path / "music").mkdir()

    async with watched_folder(tmp_path) as (watcher, names):
        watch = watcher._events._inotify
        assert watch is not None
        assert watch._observer is not None
        watch._observer._inotify_fd.stop()
        watch._observer._inotify_fd.join(WAIT_SECONDS)
        (tmp_path / "music" / "one.mp3").write_bytes(b"1")
        await wait_for_pending(names, ["one.mp3"])

        assert watcher.report().state == "watching"
        assert watcher._events._inotify is not watch
        (tmp_path / "music" / "two.mp3").write_bytes(b"2")
        await wait_for_pending(names, ["one.mp3", "two.mp3"])


async def test_replaced_music_folder_is_scanned(tmp_path: Path) -> None:
    """It is offline while it is missing, and scanned when it is back."""
    music = tmp_path / "music"
    music.mkdir()
    (music / "one.mp3").write_bytes(b"1")

    async with watched_folder(tmp_path) as (watcher, names):
        await wait_for_pending(names, ["one.mp3"])
        music.rename(tmp_path / "elsewhere")
        async with asyncio.timeout(WAIT_SECONDS):
            while watcher.report().state != "offline":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        # Its files stay PENDING: they may be back with the disk.
        assert await names() == ["one.mp3"]

        (tmp_path / "elsewhere").rename(music)
        (music / "two.mp3").write_bytes(b"2")
        await wait_for_pending(names, ["one.mp3", "two.mp3"])
        assert watcher.report().state == "watching"


async def test_file_that_keeps_changing_is_reported(tmp_path: Path) -> None:
    """It is not imported; the status names it."""
    (tmp_path / "music").mkdir()
    limits = WatchingSection(
        settle_seconds=5.0, restless_seconds=0.3, check_seconds=0.1
    )

    async with watched_folder(tmp_path, limits) as (watcher, names):
        song = tmp_path / "music" / "song.mp3"
        async with asyncio.timeout(WAIT_SECONDS):
            while not watcher.report().restless:
                with song.open("ab") as file:
                    file.write(b"more")
                await asyncio.sleep(0.05)

        assert watcher.report().restless == (str(song),)
        assert await names() == []
