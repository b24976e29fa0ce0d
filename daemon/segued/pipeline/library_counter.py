"""Show in the progress what the library holds, while it is imported."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from segued.progress.progress import Progress
from segued.store.reading import counts, reports

__all__ = ["COUNT_SECONDS", "LibraryCounter"]

COUNT_SECONDS: Final = 1.0

TIME_SHARE_MAX: Final = 0.02
"""The counts of a library of 100,000 files take some tenths of a second: they are taken
more rarely the longer they take."""


class LibraryCounter:
    """Counts the library's files and passages below the music folders."""

    def __init__(
        self, database: Path, roots: Sequence[bytes], progress: Progress
    ) -> None:
        self._database: Final = database
        self._roots: Final = roots
        self._progress: Final = progress
        self._next_by_phase = 0.0

    async def run(self) -> None:
        """Count every second, until cancelled."""
        while True:
            await self.update()
            await asyncio.sleep(COUNT_SECONDS)

    async def update(self, *, is_last: bool = False) -> None:
        """Count the files; and what is known of them, if that is due or `is_last`.

        Raises:
            StoreError: The library cannot be read.
        """
        self._progress.use_library_counts(
            await asyncio.to_thread(counts.count_files, self._database, self._roots)
        )
        await self.update_by_phase(is_last=is_last)

    async def update_by_phase(self, *, is_last: bool = False) -> None:
        """Count what is known, and what is open, if that is due or `is_last`.

        Raises:
            StoreError: The library cannot be read.
        """
        started = time.monotonic()
        if started < self._next_by_phase and not is_last:
            return
        self._progress.use_library_counters(
            await asyncio.to_thread(counts.count_by_phase, self._database, self._roots)
        )
        self._progress.use_card_count(
            await asyncio.to_thread(reports.count_cards, self._database)
        )
        ended = time.monotonic()
        self._next_by_phase = ended + (ended - started) / TIME_SHARE_MAX
