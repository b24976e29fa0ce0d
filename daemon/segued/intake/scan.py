"""A sweep: one walk of a music folder, or a part of it, put on record as it goes."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from segued.intake.filters import Filters
from segued.intake.walk import Unreadable, walk
from segued.media.disk_calls import LOOK_LIMIT, look
from segued.media.safe_open import is_away
from segued.model import FileId, Folder, Found
from segued.paths import is_within, shown
from segued.progress.progress import Board
from segued.store import inventory
from segued.store.database import Store
from segued.units import Seconds

__all__ = ["Part", "Swept", "sweep"]

log: Final = structlog.get_logger()

FOLDERS_AT_ONCE: Final = 200
FILES_AT_ONCE: Final = 500
FORSAKEN_AT_ONCE: Final = 200

WALK_LIMIT: Final = Seconds(120.0)
"""For some hundred files: a slow disk may take its time, a dead one may not."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a music folder a sweep is about, and how it looks.

    Attributes:
        place: Where it begins; at the music folder itself, if None.
        deep: Whether it looks below that as well.
        whole: Tells whether a new or changed file is whole; None takes all.
        strange: Whether another disk may be where the music was.
        marks: What each folder looked like last time; one that looks the same
            is not compared with the library.
    """

    place: bytes | None = None
    deep: bool = True
    whole: Callable[[Found], bool] | None = None
    strange: bool = False
    marks: dict[bytes, int] | None = None

    @property
    def is_all(self) -> bool:
        """Whether it is the whole music folder."""
        return self.place is None and self.deep


@dataclass(slots=True)
class Swept:
    """What a sweep came upon.

    Attributes:
        seen: The folders it looked into.
        fresh: Those of them where something is to be done.
        unsettled: Files that are new or changed, and not whole yet.
        offline: The music folder is there but empty, though the library knows
            files in it: its disk is away, and nothing was touched.
    """

    unreadable: list[Unreadable] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)
    fresh: list[bytes] = field(default_factory=list)
    unsettled: list[Found] = field(default_factory=list)
    missing: int = 0
    offline: bool = False


ALL: Final = Part()


async def sweep(  # noqa: PLR0913
    root: bytes,
    filters: Filters,
    store: Store,
    news: asyncio.Event,
    *,
    board: Board | None = None,
    part: Part = ALL,
) -> Swept:
    """Walk a music folder and put what is there on record.

    Args:
        root: The folder, as `roots_of` returns it.
        filters: Which names count.
        store: The library.
        news: Set whenever there may be new work on record.
        board: Where the files are counted, if they are.
        part: What to look at, and how.

    Raises:
        TimeoutError: The disk does not answer.
    """
    swept = Swept()
    gone: list[tuple[FileId, bytes]] = []
    known = 0
    walker = walk(root, filters, part.place, deep=part.deep)
    while batch := await look(root, WALK_LIMIT, _next, walker, part.marks):
        swept.unreadable += [each for each in batch if isinstance(each, Unreadable)]
        looked = [each for each in batch if isinstance(each, _Looked)]
        swept.seen.update(each.folder.path for each in looked)
        known += sum(len(each.folder.files) for each in looked)
        changed = [each.folder for each in looked if not each.is_same]
        if not changed:
            continue
        admitted = await store.do(inventory.admit, changed, part.whole)
        gone += admitted.gone
        swept.unsettled += admitted.unsettled
        if part.strange:
            known -= admitted.new + len(admitted.unsettled)
        if admitted.to_do:
            swept.fresh += [folder.path for folder in changed if folder.files]
        if board is not None:
            board.found(
                to_do=admitted.to_do,
                finished=admitted.complete,
                failed=admitted.failed,
            )
            board.count("scanning", {"files": admitted.total, "new": admitted.new})
        news.set()
    _tell(swept.unreadable)
    gone += await _lost(root, store, part, swept)
    if gone and await _is_offline(root, part, known):
        swept.offline = True
        return swept
    for start in range(0, len(gone), FORSAKEN_AT_ONCE):
        some = gone[start : start + FORSAKEN_AT_ONCE]
        swept.missing += await store.do(inventory.forsake, some)
    if swept.missing or part.is_all:
        news.set()
    return swept


def _tell(unreadable: Sequence[Unreadable]) -> None:
    for each in unreadable:
        log.warning("folder.unreadable", folder=shown(each.path), reason=each.reason)


async def _lost(
    root: bytes, store: Store, part: Part, swept: Swept
) -> tuple[tuple[FileId, bytes], ...]:
    """Return the files in folders that the library knows and the walk did not see."""
    blind = [each.path for each in swept.unreadable]
    place = part.place or root
    known = await store.do(inventory.folders_under, place) if part.deep else [place]
    lost = [
        Folder(root, path, ())
        for path in known
        if path not in swept.seen
        and not any(is_within(path, unseen) for unseen in blind)
    ]
    return (await store.do(inventory.admit, lost)).gone if lost else ()


async def _is_offline(root: bytes, part: Part, known: int) -> bool:
    """Return whether what is gone is gone because its disk is."""
    if part.is_all and not known:
        return True
    return not part.is_all and await look(root, LOOK_LIMIT, is_away, root)


def _same(folder: Folder, marks: dict[bytes, int] | None) -> bool:
    """Return whether a folder looks as it did last time; take note how it looks."""
    if marks is None:
        return False
    mark = hash(folder.files)
    same = marks.get(folder.path) == mark
    marks[folder.path] = mark
    return same


@dataclass(frozen=True, slots=True)
class _Looked:
    """A folder, and whether it looks as it did last time."""

    folder: Folder
    is_same: bool


def _next(
    walker: Iterator[Folder | Unreadable], marks: dict[bytes, int] | None
) -> list[_Looked | Unreadable]:
    """Return the next part of a walk: big enough for one transaction.

    On the thread that walks, for a folder may hold hundreds of thousands.
    """
    batch: list[_Looked | Unreadable] = []
    files = 0
    for each in walker:
        if isinstance(each, Folder):
            files += len(each.files)
            batch.append(_Looked(each, _same(each, marks)))
        else:
            batch.append(each)
        if files >= FILES_AT_ONCE or len(batch) >= FOLDERS_AT_ONCE:
            break
    return batch
