"""A sweep: one walk of a music folder, put on record as it goes."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import structlog

from segued.errors import shown
from segued.intake.filters import Filters
from segued.intake.scan import Unreadable, walk
from segued.model import FileId, Folder
from segued.progress.board import Board
from segued.store import intake
from segued.store.database import Store

__all__ = ["Swept", "sweep"]

log: Final = structlog.get_logger()

FOLDERS_AT_ONCE: Final = 200
FILES_AT_ONCE: Final = 500
FORSAKEN_AT_ONCE: Final = 200


@dataclass(slots=True)
class Swept:
    """What a sweep came upon.

    Attributes:
        offline: The folder is there but empty, though the library knows files
            in it: its disk is away, and nothing was touched.
    """

    unreadable: list[Unreadable] = field(default_factory=list)
    missing: int = 0
    offline: bool = False


async def sweep(
    root: bytes, filters: Filters, store: Store, board: Board, news: asyncio.Event
) -> Swept:
    """Walk a music folder and put what is there on record.

    Args:
        root: The folder, as `roots_of` returns it.
        filters: Which names count.
        store: The library.
        board: Where the files are counted.
        news: Set whenever there may be new work on record.

    Returns:
        What could not be read, and how many known files are gone.
    """
    swept = Swept()
    seen: set[bytes] = set()
    gone: list[tuple[FileId, bytes]] = []
    files = 0
    walker = walk(root, filters)
    # A walk waits for the disk, and a dead network folder for ever.
    while batch := await asyncio.to_thread(_next, walker):
        swept.unreadable += [each for each in batch if isinstance(each, Unreadable)]
        folders = [each for each in batch if isinstance(each, Folder)]
        admitted = await store.do(intake.admit, folders)
        seen.update(folder.path for folder in folders)
        gone += admitted.gone
        files += admitted.total
        board.found(
            to_do=admitted.to_do, finished=admitted.complete, failed=admitted.failed
        )
        board.count("scanning", {"files": admitted.total, "new": admitted.new})
        news.set()
    for each in swept.unreadable:
        log.warning("folder.unreadable", folder=shown(each.path), reason=each.reason)

    blind = tuple(each.path.rstrip(b"/") + b"/" for each in swept.unreadable)
    known = await store.do(intake.folders_under, root)
    lost = [
        Folder(root, path, ())
        for path in known
        if path not in seen and not (path + b"/").startswith(blind or (b"\0",))
    ]
    gone += (await store.do(intake.admit, lost)).gone
    if gone and not files:
        log.warning("root.offline", folder=shown(root), files=len(gone))
        swept.offline = True
        return swept
    for start in range(0, len(gone), FORSAKEN_AT_ONCE):
        some = gone[start : start + FORSAKEN_AT_ONCE]
        swept.missing += await store.do(intake.forsake, some)
    news.set()
    return swept


def _next(walker: Iterator[Folder | Unreadable]) -> list[Folder | Unreadable]:
    """Return the next part of a walk: big enough for one transaction."""
    batch: list[Folder | Unreadable] = []
    files = 0
    for each in walker:
        batch.append(each)
        files += len(each.files) if isinstance(each, Folder) else 0
        if files >= FILES_AT_ONCE or len(batch) >= FOLDERS_AT_ONCE:
            break
    return batch
