"""All music folders, kept watch over at once."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeAlias

from segued.config.config import Config
from segued.intake.filters import Filters
from segued.intake.folder_watcher import FolderWatcher
from segued.intake.state import IntakeState
from segued.store.database import Store

__all__ = ["FolderWatchers", "create_watchers", "run_watchers"]

FolderWatchers: TypeAlias = Sequence[FolderWatcher]
"""One for each music folder."""


def create_watchers(
    config: Config, store: Store, intake_state: IntakeState
) -> FolderWatchers:
    """Return a patrol for each music folder."""
    filters = Filters.of(config.scanning)
    return [
        FolderWatcher(root, filters, store, intake_state, config.watching)
        for root in intake_state.roots
    ]


async def run_watchers(
    watchers: FolderWatchers,
    intake_state: IntakeState,
    on_first_scan_done: Callable[[], None],
) -> None:
    """Keep watch until cancelled.

    Args:
        watchers: One for each music folder.
        intake_state: Told when all have been walked for the first time.
        on_first_scan_done: Called then, too.
    """
    async with asyncio.TaskGroup() as group:
        for watcher in watchers:
            group.create_task(watcher.run())
        # Each puts its files on record as it goes; this is about the end.
        for watcher in watchers:
            await watcher.first_scan_done.wait()
        intake_state.first_scan_done.set()
        intake_state.work_available.set()
        on_first_scan_done()
