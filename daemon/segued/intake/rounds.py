"""All music folders, kept watch over at once."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeAlias

from segued.config.config import Config
from segued.intake.filters import Filters
from segued.intake.folder_watcher import Patrol
from segued.intake.state import Grounds
from segued.store.database import Store

__all__ = ["Patrols", "keep_watch", "patrols_of"]

Patrols: TypeAlias = Sequence[Patrol]
"""One for each music folder."""


def patrols_of(config: Config, store: Store, grounds: Grounds) -> Patrols:
    """Return a patrol for each music folder."""
    filters = Filters.of(config.scanning)
    return [
        Patrol(root, filters, store, grounds, config.watching) for root in grounds.roots
    ]


async def keep_watch(
    patrols: Patrols, grounds: Grounds, walked: Callable[[], None]
) -> None:
    """Keep watch until cancelled.

    Args:
        patrols: One for each music folder.
        grounds: Told when all have been walked for the first time.
        walked: Called then, too.
    """
    async with asyncio.TaskGroup() as group:
        for patrol in patrols:
            group.create_task(patrol.run())
        # Each puts its files on record as it goes; this is about the end.
        for patrol in patrols:
            await patrol.walked.wait()
        grounds.scanned.set()
        grounds.news.set()
        walked()
