"""Scan a music folder, or a part of it, and store what it contains."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from segued.intake.filters import Filters
from segued.intake.links import FollowedLinks
from segued.intake.walk import UnreadableFolder, walk
from segued.media.disk_calls import DISK_CALL_TIMEOUT, call_disk
from segued.media.safe_open import root_is_offline
from segued.model import FileEntry, FileId, FolderListing, PassedOver
from segued.paths import is_within, shown
from segued.progress.progress import Progress
from segued.store import inventory
from segued.store.database import Store
from segued.store.passed_over import forget_vanished, replace_names
from segued.units import Seconds

__all__ = ["ScanResult", "ScanScope", "scan_folder"]

log: Final = structlog.get_logger()

FOLDERS_AT_ONCE: Final = 200
FILES_AT_ONCE: Final = 500
MISSING_AT_ONCE: Final = 200
"""Bounds of one transaction, which keeps other users of the library waiting."""

WALK_LIMIT: Final = Seconds(120.0)
"""Time limit for a batch of some hundred files: long enough for a slow disk."""


@dataclass(frozen=True, slots=True)
class ScanScope:
    """Which part of a music folder to scan, and how.

    Attributes:
        place: The folder to start at; None for the music folder itself.
        recursive: Whether to scan the folders below it as well.
        is_complete: Returns whether a new or changed file is completely written; None
            accepts all.
        disk_changed: Whether another disk may be mounted at the music folder.
        folder_hashes: The hash of each folder's listing in the last scan, updated by
            this one; a folder with the same hash is not compared with the library.
        links: Follows symbolic links; None to follow none.
    """

    place: bytes | None = None
    recursive: bool = True
    is_complete: Callable[[FileEntry], bool] | None = None
    disk_changed: bool = False
    folder_hashes: dict[bytes, int] | None = None
    links: FollowedLinks | None = None

    @property
    def is_all(self) -> bool:
        """Whether the whole music folder is scanned."""
        return self.place is None and self.recursive


@dataclass(slots=True)
class ScanResult:
    """The result of a scan.

    Attributes:
        unreadable: Folders that could not be listed; what is below them is unknown.
        seen: The folders that were listed.
        linked: Those of them that a link leads to; they get no events.
        folders_with_work: Those of them with PENDING files.
        incomplete: New or changed files that may still be being written.
        missing: How many files are now marked as missing.
        passed_over_changed: Whether names are passed over that were not, or reverse.
        offline: Whether the music folder exists but is empty, though the library
            knows files in it: its disk is away, and no file was marked as missing.
    """

    unreadable: list[UnreadableFolder] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)
    linked: set[bytes] = field(default_factory=set)
    folders_with_work: list[bytes] = field(default_factory=list)
    incomplete: list[FileEntry] = field(default_factory=list)
    missing: int = 0
    passed_over_changed: bool = False
    offline: bool = False


WHOLE_FOLDER: Final = ScanScope()


async def scan_folder(  # noqa: PLR0913
    root: bytes,
    filters: Filters,
    store: Store,
    work_available: asyncio.Event,
    *,
    progress: Progress | None = None,
    scope: ScanScope = WHOLE_FOLDER,
) -> ScanResult:
    """Walk a music folder and store its files; mark vanished ones as missing.

    Args:
        root: The folder, as `existing_roots` returns it.
        filters: Which files and folders are scanned.
        store: The library.
        work_available: Set whenever the library may have new PENDING files.
        progress: Counts the files, if given.
        scope: The part of the folder to scan, and how.

    Raises:
        TimeoutError: The disk does not answer.
    """
    result = ScanResult()
    missing: list[tuple[FileId, bytes]] = []
    known = 0
    walker = walk(
        root, filters, scope.place, recursive=scope.recursive, links=scope.links
    )
    while batch := await call_disk(
        root, WALK_LIMIT, _next_batch, walker, scope.folder_hashes
    ):
        changed = _note_batch(batch, result)
        known += _count_files(batch)
        listed = [*changed, *_as_passed_over(root, batch)]
        if listed:
            result.passed_over_changed |= await store.do(replace_names, listed)
        if not changed:
            continue
        counts = await store.do(inventory.apply_listing, changed, scope.is_complete)
        _note_counts(counts, changed, result)
        missing += counts.missing
        if scope.disk_changed:
            known -= counts.new + len(counts.being_written)
        if progress is not None:
            _report(counts, progress)
        work_available.set()
    _log_unreadable(result.unreadable)
    missing += await _vanished_files(root, store, scope, result)
    if missing and await _is_offline(root, scope, known):
        result.offline = True
        return result
    result.passed_over_changed |= await _forget_passed_over(root, store, scope, result)
    for start in range(0, len(missing), MISSING_AT_ONCE):
        some = missing[start : start + MISSING_AT_ONCE]
        result.missing += await store.do(inventory.mark_missing, some)
    if result.missing or scope.is_all:
        work_available.set()
    return result


def _note_batch(
    batch: "Sequence[_ListedFolder | UnreadableFolder]", result: ScanResult
) -> list[FolderListing]:
    """Add a batch of listings to the result; return the folders that changed."""
    result.unreadable += [each for each in batch if isinstance(each, UnreadableFolder)]
    listed = [each for each in batch if isinstance(each, _ListedFolder)]
    result.seen.update(each.folder.path for each in listed)
    result.linked.update(each.folder.path for each in listed if each.folder.is_linked)
    return [each.folder for each in listed if not each.is_unchanged]


def _count_files(batch: "Sequence[_ListedFolder | UnreadableFolder]") -> int:
    return sum(
        len(each.folder.files) for each in batch if isinstance(each, _ListedFolder)
    )


def _note_counts(
    counts: inventory.ScanCounts, changed: Sequence[FolderListing], result: ScanResult
) -> None:
    """Add the library's counts of changed folders to the result."""
    result.incomplete += counts.being_written + counts.sheets_being_written
    if counts.pending:
        result.folders_with_work += [folder.path for folder in changed if folder.files]


def _as_passed_over(
    root: bytes, batch: "Sequence[_ListedFolder | UnreadableFolder]"
) -> list[FolderListing]:
    """Return a listing for each unreadable folder that says why it has no files."""
    return [
        FolderListing(
            root,
            each.path,
            (),
            (
                (
                    PassedOver.PERMISSION
                    if each.is_forbidden
                    else PassedOver.UNREADABLE,
                    b"",
                ),
            ),
        )
        for each in batch
        if isinstance(each, UnreadableFolder)
    ]


def _report(counts: inventory.ScanCounts, progress: Progress) -> None:
    """Add the files of some folders to the progress."""
    progress.add_scanned(
        pending=counts.pending, finished=counts.complete, failed=counts.failed
    )
    progress.add_work("scanning", {"files": counts.total, "new": counts.new})


def _log_unreadable(unreadable: Sequence[UnreadableFolder]) -> None:
    for each in unreadable:
        log.warning("folder.unreadable", folder=shown(each.path), reason=each.reason)


async def _vanished_files(
    root: bytes, store: Store, scope: ScanScope, result: ScanResult
) -> tuple[tuple[FileId, bytes], ...]:
    """Return the library's files in folders that the walk did not list."""
    unreadable_paths = [each.path for each in result.unreadable]
    place = scope.place or root
    known = (
        await store.do(inventory.folders_under, place) if scope.recursive else [place]
    )
    vanished = [
        FolderListing(root, path, ())
        for path in known
        if path not in result.seen
        and not any(is_within(path, unseen) for unseen in unreadable_paths)
    ]
    return (
        (await store.do(inventory.apply_listing, vanished)).missing if vanished else ()
    )


async def _forget_passed_over(
    root: bytes, store: Store, scope: ScanScope, result: ScanResult
) -> bool:
    """Delete what was passed over in folders that do not exist any more."""
    place = scope.place or root
    if not scope.recursive and place in result.seen:
        return False
    unreadable = [each.path for each in result.unreadable]
    return await store.do(forget_vanished, place, result.seen, unreadable)


async def _is_offline(root: bytes, scope: ScanScope, known: int) -> bool:
    """Return whether files are gone because the disk is; `known` are still there."""
    if scope.is_all and not known:
        return True
    return not scope.is_all and await call_disk(
        root, DISK_CALL_TIMEOUT, root_is_offline, root
    )


def _is_unchanged(
    folder: FolderListing, folder_hashes: dict[bytes, int] | None
) -> bool:
    """Return whether a folder's hash is that of the last scan; store the new one."""
    if folder_hashes is None:
        return False
    # The hash of a signature leaves out its ctime.
    ctimes = tuple(each.signature.ctime_ns for each in folder.files)
    beside = folder.sheets_digest, tuple(folder.lyrics.items())
    folder_hash = hash((folder.files, ctimes, folder.passed_over, beside))
    unchanged = folder_hashes.get(folder.path) == folder_hash
    folder_hashes[folder.path] = folder_hash
    return unchanged


@dataclass(frozen=True, slots=True)
class _ListedFolder:
    """A folder's listing, and whether it is that of the last scan."""

    folder: FolderListing
    is_unchanged: bool


def _next_batch(
    walker: Iterator[FolderListing | UnreadableFolder],
    folder_hashes: dict[bytes, int] | None,
) -> list[_ListedFolder | UnreadableFolder]:
    """Return the next listings of a walk, as many as fit one transaction.

    Hashes them on the walking thread, since a folder may have 100,000 files.
    """
    batch: list[_ListedFolder | UnreadableFolder] = []
    files = 0
    for each in walker:
        if isinstance(each, FolderListing):
            files += len(each.files)
            batch.append(_ListedFolder(each, _is_unchanged(each, folder_hashes)))
        else:
            batch.append(each)
        if files >= FILES_AT_ONCE or len(batch) >= FOLDERS_AT_ONCE:
            break
    return batch
