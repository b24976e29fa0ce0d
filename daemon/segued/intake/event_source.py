"""Collect a music folder's inotify events for the folder watcher."""

import asyncio
import errno
import os
import threading
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from segued.intake.inotify import InotifyWatch, watch_unsupported_reason
from segued.media.disk_calls import DISK_CALL_TIMEOUT, call_disk
from segued.paths import shown

__all__ = ["EventSource"]

log: Final = structlog.get_logger()

PLACES_MAX: Final = 20_000
"""With more changed places than this at once, the whole folder is scanned instead."""

WATCH_GRACE_SECONDS: Final = 0.5
"""How long watchdog may take to watch a folder that has just appeared."""

KERNEL_LIMITS: Final = {
    errno.ENOSPC: ("inotify watches", "max_user_watches"),
    errno.EMFILE: ("inotify instances", "max_user_instances"),
}


class EventSource:
    """The events of one music folder, or the reason why there are none.

    Attributes:
        pending: Set when `take` has something to return.
        polling_reason: Why the folder is polled instead; None while it has events.
    """

    def __init__(self, root: bytes) -> None:
        self.pending: Final = asyncio.Event()
        self.polling_reason: str | None = None
        self._root: Final = root
        self._loop: Final = asyncio.get_running_loop()
        self._inotify: InotifyWatch | None = None
        self._lock: Final = threading.Lock()
        self._places: dict[tuple[bytes, bool], None] = {}
        self._events_lost = False
        self._fell_back = False

    @property
    def may_recover(self) -> bool:
        """Whether a new start may succeed: a limit of the system was reached."""
        return self._fell_back and self.polling_reason is not None

    @property
    def is_dead(self) -> bool:
        """Whether the watch has died: events are expected, but none can come."""
        return self.polling_reason is None and not (
            self._inotify and self._inotify.is_alive
        )

    @property
    def watch_count(self) -> int:
        """How many folders are watched."""
        return self._inotify.folder_count if self._inotify else 0

    async def start(self) -> None:
        """Start to watch, or start again; set `polling_reason` if that fails.

        Raises:
            TimeoutError: The disk does not answer.
        """
        await self.stop()
        self._fell_back = False
        self.polling_reason = await call_disk(
            self._root, DISK_CALL_TIMEOUT, watch_unsupported_reason, self._root
        )
        if self.polling_reason is not None:
            return
        watch = InotifyWatch(
            self._root, on_event=self._on_event, on_overflow=self._overflow
        )
        try:
            await asyncio.to_thread(watch.start)
        except OSError as error:
            self._fall_back_to_polling(
                _limit_explanation(error.errno) or f"inotify: {error.strerror}"
            )
        else:
            self._inotify = watch

    async def stop(self) -> None:
        """Stop watching."""
        watch, self._inotify = self._inotify, None
        if watch is not None:
            await asyncio.to_thread(watch.stop)

    async def covers(self, folders: Collection[bytes]) -> bool:
        """Return whether all of some folders are watched; if not, stop watching.

        Raises:
            TimeoutError: The disk does not answer.
        """
        if self._inotify is None or not self._inotify.unwatched(folders):
            return True
        await asyncio.sleep(WATCH_GRACE_SECONDS)
        left = self._inotify.unwatched(folders)
        if not await call_disk(self._root, DISK_CALL_TIMEOUT, _any_exists, left):
            return True
        await self.stop()
        self._fall_back_to_polling(_limit_explanation(errno.ENOSPC))
        return False

    def take(self) -> tuple[Collection[tuple[bytes, bool]], bool]:
        """Return the places of events since the last call, and whether any were lost.

        A place is a path, and whether it is, or was, a folder.
        """
        self.pending.clear()
        with self._lock:
            places, self._places = self._places, {}
            lost, self._events_lost = self._events_lost, False
        return places, lost

    def _fall_back_to_polling(self, reason: str) -> None:
        self.polling_reason, self._fell_back = reason, True
        log.warning("folder.polling", folder=shown(self._root), reason=reason)

    def _on_event(self, path: bytes, is_folder: bool) -> None:  # noqa: FBT001
        with self._lock:
            was_empty = not (self._places or self._events_lost)
            if len(self._places) < PLACES_MAX:
                self._places[path, is_folder] = None
            else:
                self._events_lost = True
        if was_empty:
            self._wake()

    def _overflow(self) -> None:
        with self._lock:
            self._events_lost = True
        self._wake()

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the event loop is closed
            self._loop.call_soon_threadsafe(self.pending.set)


def _any_exists(folders: Collection[bytes]) -> bool:
    return any(map(os.path.isdir, folders))


def _limit_explanation(number: int | None) -> str:
    """Return which kernel limit an errno means, and how to raise it; "" if none."""
    if number not in KERNEL_LIMITS:
        return ""
    what, name = KERNEL_LIMITS[number]
    try:
        now = int(Path(f"/proc/sys/fs/inotify/{name}").read_text())
    except (OSError, ValueError):
        now = 1 << 16
    return f"the limit of {what} is reached; sysctl fs.inotify.{name}={2 * now}"
