"""What is heard of a music folder: its events, gathered for whoever looks."""

import asyncio
import errno
import os
import threading
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from segued.intake.inotify import Watch, why_not
from segued.media.disk_calls import LOOK_LIMIT, look
from segued.paths import shown

__all__ = ["Hearing"]

log: Final = structlog.get_logger()

PLACES_MAX: Final = 20_000
"""More places than these at once, and the whole folder is to be walked."""

PATIENCE_SECONDS: Final = 0.5
"""New folders are watched a moment after they are seen."""

LIMITS: Final = {
    errno.ENOSPC: ("inotify watches", "max_user_watches"),
    errno.EMFILE: ("inotify instances", "max_user_instances"),
}


class Hearing:
    """Watches one music folder, and knows why if it cannot.

    Attributes:
        stirred: Set when there is something to take.
        why: Why no events are heard; None while they are.
    """

    def __init__(self, root: bytes) -> None:
        self.stirred: Final = asyncio.Event()
        self.why: str | None = None
        self._root: Final = root
        self._loop: Final = asyncio.get_running_loop()
        self._watch: Watch | None = None
        self._lock: Final = threading.Lock()
        self._places: dict[tuple[bytes, bool], None] = {}
        self._lost = False
        self._gave_up = False

    @property
    def may_pass(self) -> bool:
        """Whether what it does not hear for may be over by now."""
        return self._gave_up and self.why is not None

    @property
    def lame(self) -> bool:
        """Whether events should be heard, and are not."""
        return self.why is None and not (self._watch and self._watch.alive)

    @property
    def watches(self) -> int:
        """How many folders are watched for events."""
        return self._watch.count if self._watch else 0

    async def begin(self) -> None:
        """Watch from now on, from the beginning.

        Raises:
            TimeoutError: The disk does not answer.
        """
        await self.end()
        self._gave_up = False
        self.why = await look(self._root, LOOK_LIMIT, why_not, self._root)
        if self.why is not None:
            return
        watch = Watch(self._root, stirred=self._hear, lost=self._lose)
        try:
            await asyncio.to_thread(watch.start)
        except OSError as error:
            self._give_up(_in_words(error.errno) or f"inotify: {error.strerror}")
        else:
            self._watch = watch

    async def end(self) -> None:
        """Watch no more."""
        watch, self._watch = self._watch, None
        if watch is not None:
            await asyncio.to_thread(watch.stop)

    async def reaches(self, folders: Collection[bytes]) -> bool:
        """Return whether all of some folders are watched; if not, none will be.

        Raises:
            TimeoutError: The disk does not answer.
        """
        if self._watch is None or not self._watch.unwatched(folders):
            return True
        await asyncio.sleep(PATIENCE_SECONDS)
        left = self._watch.unwatched(folders)
        if not await look(self._root, LOOK_LIMIT, _any_left, left):
            return True
        await self.end()
        self._give_up(_in_words(errno.ENOSPC))
        return False

    def take(self) -> tuple[Collection[tuple[bytes, bool]], bool]:
        """Return where something happened, and whether events were lost.

        A place is a path, and whether it is, or was, a folder.
        """
        self.stirred.clear()
        with self._lock:
            places, self._places = self._places, {}
            lost, self._lost = self._lost, False
        return places, lost

    def _give_up(self, why: str) -> None:
        self.why, self._gave_up = why, True
        log.warning("root.polled", folder=shown(self._root), reason=why)

    def _hear(self, path: bytes, is_folder: bool) -> None:  # noqa: FBT001
        with self._lock:
            silent = not (self._places or self._lost)
            if len(self._places) < PLACES_MAX:
                self._places[path, is_folder] = None
            else:
                self._lost = True
        if silent:
            self._wake()

    def _lose(self) -> None:
        with self._lock:
            self._lost = True
        self._wake()

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self.stirred.set)


def _any_left(folders: Collection[bytes]) -> bool:
    return any(map(os.path.isdir, folders))


def _in_words(number: int | None) -> str:
    """Return what limit of the system an error speaks of, and what cures it."""
    if number not in LIMITS:
        return ""
    what, name = LIMITS[number]
    try:
        now = int(Path(f"/proc/sys/fs/inotify/{name}").read_text())
    except (OSError, ValueError):
        now = 1 << 16
    return f"the limit of {what} is reached; sysctl fs.inotify.{name}={2 * now}"
