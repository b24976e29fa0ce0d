"""Watch music folders for months: each by inotify events, scans and disk checks.

Events only say where to scan; the scan says what is there. Changes without events
are found by a scan of the whole folder now and then. While a folder's disk is away
its files stay as they are in the library.
"""

import asyncio
import os
import stat
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, TypeAlias

import structlog

from segued.config.config import Config
from segued.config.sections import WatchingSection
from segued.intake.debounce import WriteDebouncer
from segued.intake.event_source import EventSource
from segued.intake.filters import IGNORE_MARKERS, Filters
from segued.intake.links import followed_links
from segued.intake.scan import ScanResult, ScanScope, scan_folder
from segued.intake.state import IntakeState
from segued.media.disk_calls import DISK_CALL_TIMEOUT, call_disk
from segued.media.tags.lyrics import is_lyrics_name
from segued.media.tags.sheets import is_sheet_name
from segued.model import FileEntry
from segued.paths import is_within, shown
from segued.progress.status import FolderStatus
from segued.store.database import Store
from segued.store.passed_over import count_passed_over
from segued.units import Seconds

__all__ = ["FolderWatcher", "FolderWatchers", "create_watchers", "run_watchers"]

log: Final = structlog.get_logger()

SCAN_DELAY_SECONDS: Final = 0.5
"""How long after its first event a place is scanned."""

BUSY_FACTOR: Final = 20.0
"""The delay before a scan is at least this many times the last scan's duration."""

NO_ANSWER: Final = "its disk does not answer"

FULL_SCAN_EVERY: Final = 12
"""Every so many scans, unchanged folders are compared with the library as well."""


class FolderWatcher:
    """Watches one music folder until cancelled.

    Attributes:
        first_scan_done: Set when the folder was scanned once, or is offline.
    """

    def __init__(
        self,
        root: bytes,
        filters: Filters,
        store: Store,
        intake_state: IntakeState,
        limits: WatchingSection,
    ) -> None:
        """Store the arguments; `run` starts to watch.

        Args:
            root: The folder, as `existing_roots` returns it.
            filters: Which files and folders are scanned.
            store: The library.
            intake_state: State shared with the feeder and the workers.
            limits: The intervals and delays of the configuration.
        """
        self.root: Final = root
        self.first_scan_done: Final = asyncio.Event()
        self._filters: Final = filters
        self._store: Final = store
        self._intake_state: Final = intake_state
        self._limits: Final = limits
        self._links: Final = followed_links(filters, intake_state.roots)
        self._debouncer: Final = WriteDebouncer(
            quiet=Seconds(limits.settle_seconds),
            patience=Seconds(limits.folder_seconds),
        )
        self._events: Final = EventSource(root)
        self._state = "scanning"
        self._offline_reason: str | None = None
        self._identity: tuple[int, int] | None = None
        self._disk_changed = False  # another disk may be mounted there
        self._dirty: dict[tuple[bytes, bool], float] = {}
        self._folder_hashes: dict[bytes, int] = {}
        self._scan_count = 0
        self._is_requested = False
        self._rescan_at = self._check_at = self._restart_events_at = 0.0
        self._scan_delay = SCAN_DELAY_SECONDS
        self._unreadable: tuple[str, ...] = ()
        self._passed_over: dict[str, int] = {}

    def report(self) -> FolderStatus:
        """Return the folder's status: its state, incomplete and unreadable places."""
        limit = Seconds(self._limits.restless_seconds)
        stuck = self._debouncer.stuck(time.monotonic(), limit)
        return FolderStatus(
            shown(self.root),
            self._state,
            self._offline_reason
            if self._state == "offline"
            else self._events.polling_reason,
            len(self._debouncer),
            tuple(shown(path) for path in stuck),
            self._unreadable,
            self._passed_over,
        )

    @property
    def watch_count(self) -> int:
        """How many folders inotify watches."""
        return self._events.watch_count

    def request_scan(self, place: bytes | None = None) -> bool:
        """Scan a folder and all below it next; the whole music folder without one.

        The music folder is in `requested_scans` until that scan has ended.

        Returns:
            Whether the filters accept the folder; if not, it is not scanned.
        """
        if place is None:
            self._compare_all()
        elif self._filters.accepts_path(self.root, place):
            self._dirty[place, True] = 0.0
        else:
            return False
        self._is_requested = True
        self._intake_state.requested_scans.add(self.root)
        self._events.pending.set()
        return True

    def _compare_all(self) -> None:
        """Scan the whole folder next, and compare all of it with the library."""
        self._folder_hashes.clear()
        self._rescan_at = 0.0

    async def run(self) -> None:
        """Start the events, scan the folder once, and watch it until cancelled."""
        try:
            try:
                await self._check()
                if self._state != "offline":
                    await self._scan_all()
            except TimeoutError:
                await self._go_offline(NO_ANSWER)
            self.first_scan_done.set()
            while True:
                try:
                    await self._tick()
                except TimeoutError:
                    await self._go_offline(NO_ANSWER)
        finally:
            await self._events.stop()

    async def _tick(self) -> None:
        """Wait for an event or the next due time, then do what is due."""
        due = [self._check_at, self._rescan_at]
        if self._state != "offline":
            due += [*self._dirty.values(), *self._debouncer.due().values()]
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(due) - time.monotonic())):
                await self._events.pending.wait()
        # One that is requested from here on is done in the next turn.
        was_requested, self._is_requested = self._is_requested, False
        try:
            self._collect_events()
            if time.monotonic() >= self._check_at:
                await self._check()
            if time.monotonic() >= self._rescan_at:
                await self._scan_all()
            elif self._state != "offline":
                await self._scan_due_places()
        finally:
            if was_requested and not self._is_requested:
                self._intake_state.requested_scans.discard(self.root)
                self._intake_state.work_available.set()

    def _collect_events(self) -> None:
        """Turn events into places to scan."""
        events, lost = self._events.take()
        if lost:
            log.info("events.lost", folder=shown(self.root))
            self._compare_all()
        now = time.monotonic()
        for path, is_folder in events:
            place, deep = (path, True) if is_folder else (os.path.dirname(path), False)
            if not is_within(place, self.root):
                continue
            if not self._filters.accepts_path(self.root, place):
                continue
            if not is_folder:
                name = os.path.basename(path)
                deep = name in IGNORE_MARKERS
                is_beside = is_sheet_name(name) or is_lyrics_name(name)
                if not (deep or is_beside or self._filters.accepts_file(name)):
                    continue
                if self._debouncer.touch(path, now):
                    continue  # its folder is scanned when the file is quiet
            self._dirty.setdefault((place, deep), now + self._scan_delay)

    async def _scan_due_places(self) -> None:
        """Scan every place that is due."""
        now = time.monotonic()
        dues = [*self._dirty.items()]
        dues += [((each, False), due) for each, due in self._debouncer.due().items()]
        places = dict.fromkeys(place for place, due in dues if due <= now)
        for place, deep in places:
            self._dirty.pop((place, deep), None)
            started = time.monotonic()
            is_complete = partial(self._debouncer.is_complete, now=started)
            result = await self._scan(
                ScanScope(place, deep, is_complete, links=self._links)
            )
            took = time.monotonic() - started
            self._scan_delay = max(SCAN_DELAY_SECONDS, BUSY_FACTOR * took)
            if result.offline:
                await self._go_offline()
                return
            if result.unreadable:
                result.seen.update(each.path for each in result.unreadable)
            await self._apply_scan({place, *result.seen}, result)
            if deep and not await self._events.covers(result.seen - result.linked):
                self._state = "polling"
                self._rescan_at = time.monotonic() + self._limits.poll_seconds

    async def _apply_scan(self, places: set[bytes], result: ScanResult) -> None:
        """Note the incomplete files of `places`, and report new work to the feeder."""
        for _ in self._debouncer.update_steps(
            places, result.incomplete, time.monotonic()
        ):
            await asyncio.sleep(0)  # there may be hundreds of thousands
        if self.first_scan_done.is_set():
            # The files of the first scan are the backlog and get no priority.
            self._intake_state.priority_folders.update(
                dict.fromkeys(result.folders_with_work)
            )
        if result.folders_with_work or result.missing:
            self._intake_state.work_available.set()

    async def _scan(self, scope: ScanScope) -> ScanResult:
        where = self.root, self._filters, self._store, self._intake_state.work_available
        result = await scan_folder(*where, scope=scope)
        if result.passed_over_changed or scope.is_all:
            self._intake_state.stale_counts.add(self.root)
        await self._count_passed_over()
        return result

    async def _count_passed_over(self) -> None:
        """Count again what is passed over, if a scan or a worker changed it."""
        if self.root in self._intake_state.stale_counts:
            self._intake_state.stale_counts.discard(self.root)
            self._passed_over = await self._store.do(count_passed_over, self.root)

    async def _scan_all(self) -> None:
        """Scan the whole folder."""
        first = self._scan_count == 0
        if self._scan_count % FULL_SCAN_EVERY == 0 or self._state == "offline":
            self._folder_hashes.clear()
        self._scan_count += 1
        self._dirty.clear()
        now = time.monotonic()
        # In the first scan, a file that changed a moment ago may still be changing.
        recent_ns = time.time_ns() - round(self._limits.settle_seconds * 1e9)

        def is_complete(entry: FileEntry) -> bool:
            if not first:
                return self._debouncer.is_complete(entry, now)
            return not recent_ns <= entry.signature.mtime_ns <= time.time_ns()

        result = await self._scan(
            ScanScope(
                is_complete=is_complete,
                disk_changed=self._disk_changed,
                folder_hashes=self._folder_hashes,
                links=self._links,
            )
        )
        every = self._limits.reconcile_seconds
        if self._events.polling_reason:
            every = min(every, self._limits.poll_seconds)
        self._rescan_at = time.monotonic() + every
        if result.offline or not result.seen:
            await self._go_offline()
            return
        self._unreadable = tuple(
            f"{shown(each.path)}: {each.reason.lower()}" for each in result.unreadable
        )
        await self._apply_scan(result.seen, result)
        for folder in self._debouncer.folders:
            self._folder_hashes.pop(folder, None)
        if not await self._events.covers(result.seen - result.linked):
            self._rescan_at = time.monotonic() + self._limits.poll_seconds
        self._disk_changed = False
        self._state = "watching" if self._events.polling_reason is None else "polling"
        if self.root in self._intake_state.offline_roots:
            self._intake_state.offline_roots.discard(self.root)
            self._intake_state.work_available.set()

    async def _go_offline(self, reason: str | None = None) -> None:
        """Mark the folder as offline, so that its files wait for its disk."""
        if self._state != "offline":
            log.warning("folder.offline", folder=shown(self.root), reason=reason)
            facts = {"folder": shown(self.root), "reason": reason}
            await self._store.tell("folder.offline", shown(self.root), facts)
        self._state, self._offline_reason = "offline", reason
        # Not earlier: each call to a disk that hangs blocks a thread.
        self._check_at = time.monotonic() + self._limits.check_seconds
        self._rescan_at = time.monotonic() + self._limits.reconcile_seconds
        self._intake_state.offline_roots.add(self.root)
        self._folder_hashes.clear()

    async def _check(self) -> None:
        """Check that the folder is still the watched one, and its watch alive."""
        await self._count_passed_over()
        self._check_at = time.monotonic() + self._limits.check_seconds
        identity = await call_disk(
            self.root, DISK_CALL_TIMEOUT, _folder_identity, self.root
        )
        if identity is None:
            await self._go_offline()
            self._rescan_at = time.monotonic() + self._limits.reconcile_seconds
            return
        if identity != self._identity or self._events.is_dead:
            self._disk_changed = self._identity not in (None, identity)
            self._identity = identity
            await self._restart_events()
        elif self._state == "offline" or self.root in self._intake_state.offline_roots:
            self._rescan_at = 0.0
        elif self._events.may_recover and time.monotonic() >= self._restart_events_at:
            await self._restart_events()

    async def _restart_events(self) -> None:
        """Start the events again, and scan the whole folder next."""
        self._restart_events_at = time.monotonic() + self._limits.reconcile_seconds
        await self._events.start()
        self._rescan_at = 0.0


def _folder_identity(root: bytes) -> tuple[int, int] | None:
    """Return the device and inode of a folder; None if there is no folder."""
    try:
        status = os.stat(root)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None


FolderWatchers: TypeAlias = Sequence[FolderWatcher]
"""One watcher for each music folder."""


def create_watchers(
    config: Config, store: Store, intake_state: IntakeState
) -> FolderWatchers:
    """Return a watcher for each music folder of `intake_state`."""
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
    """Run the watchers until cancelled.

    Args:
        watchers: One for each music folder.
        intake_state: Its `first_scan_done` is set when all folders have been scanned
            once, or are offline.
        on_first_scan_done: Called at the same time.
    """
    async with asyncio.TaskGroup() as group:
        for watcher in watchers:
            group.create_task(watcher.run())
        # Files are stored during the scans; only their end is awaited here.
        for watcher in watchers:
            await watcher.first_scan_done.wait()
        intake_state.first_scan_done.set()
        intake_state.work_available.set()
        on_first_scan_done()
