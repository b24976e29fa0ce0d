"""inotify, by watchdog: its events are hints where to scan, never facts about files.

Failures that watchdog only logs are reported here: lost events, folders that are
not watched because the system's limit is reached, dead threads.
"""

import logging
import os
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.inotify import InotifyEmitter, InotifyObserver

from segued.paths import is_within

__all__ = ["InotifyWatch", "file_system_type", "watch_unsupported_reason"]

# Each of its warnings lists all watched folders.
warnings.filterwarnings("ignore", module="watchdog")

EVENTS: Final[list[type[FileSystemEvent]]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileClosedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]
"""All events but those that reading a file causes: an import reads every file."""

EVENTLESS_FILE_SYSTEMS: Final = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "davfs",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "prl_fs",
        "smb2",
        "smb3",
        "sshfs",
        "vboxsf",
        "virtiofs",
    }
)
"""File systems where inotify reports no changes made by other machines."""

OVERFLOW_LOGGER: Final = "watchdog.observers.inotify_c"


def watch_unsupported_reason(root: bytes) -> str | None:
    """Return why a folder gets no inotify events; None if it does."""
    mounts = Path("/proc/self/mountinfo").read_bytes()
    kind = file_system_type(os.path.realpath(root), mounts)
    if kind in EVENTLESS_FILE_SYSTEMS or kind.startswith("fuse"):
        return f"no events on {kind}"
    return None


def file_system_type(path: bytes, mounts: bytes) -> str:
    """Return the type of the file system that a path is on.

    Args:
        path: Absolute, without symbolic links.
        mounts: The content of /proc/self/mountinfo.
    """
    best, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(b" - ")
        place = before.split(b" ")[4].decode("unicode_escape").encode("latin-1")
        # Of two mounts at one place, the later one hides the other.
        if is_within(path, place) and len(place) >= best:
            best, kind = len(place), after.split(b" ")[0].decode("ascii", "replace")
    return kind


class InotifyWatch:
    """The inotify watch of one music folder and all folders below it.

    Its callbacks run on threads of its own.
    """

    def __init__(
        self,
        root: bytes,
        *,
        on_event: Callable[[bytes, bool], None],
        on_overflow: Callable[[], None],
    ) -> None:
        """Store the callbacks; `start` starts the watch.

        Args:
            root: The folder.
            on_event: Called with the path of an event, and whether the path is, or
                was, a folder.
            on_overflow: Called when events were lost.
        """
        self._root: Final = root
        self._observer: InotifyObserver | None = None
        self._handler: Final = _EventHandler(on_event, on_overflow)
        self._overflow_detector: Final = _OverflowDetector(on_overflow)

    def start(self) -> None:
        """Start to watch; blocks while all folders are listed.

        Raises:
            OSError: The folder cannot be watched.
        """
        observer = InotifyObserver()
        try:
            observer.schedule(
                self._handler,
                os.fsdecode(self._root),
                recursive=True,
                event_filter=EVENTS,
            )
            observer.start()
        except BaseException:
            # Its reader thread is already running.
            observer._inotify_fd.stop()  # noqa: SLF001
            raise
        self._observer = observer
        logging.getLogger(OVERFLOW_LOGGER).addHandler(self._overflow_detector)

    def stop(self) -> None:
        """Stop watching; blocks until the threads have ended, at most 2 s."""
        logging.getLogger(OVERFLOW_LOGGER).removeHandler(self._overflow_detector)
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join(timeout=2.0)

    @property
    def is_alive(self) -> bool:
        """Whether all threads that deliver events are running."""
        observer = self._observer
        return (
            observer is not None
            and observer.is_alive()
            and observer._inotify_fd.is_alive()  # noqa: SLF001
            and all(emitter.is_alive() for emitter in observer.emitters)
        )

    @property
    def folder_count(self) -> int:
        """How many folders are watched, each with one of the system's watches."""
        groups = [
            emitter._inotify  # noqa: SLF001
            for emitter in (self._observer.emitters if self._observer else ())
            if isinstance(emitter, InotifyEmitter)
        ]
        return sum(len(group._active_callbacks_by_path) for group in groups if group)  # noqa: SLF001

    def unwatched(self, folders: Iterable[bytes]) -> list[bytes]:
        """Return those of `folders` that are not watched."""
        watched: set[bytes] = set()
        for emitter in self._observer.emitters if self._observer else ():
            group = emitter._inotify if isinstance(emitter, InotifyEmitter) else None  # noqa: SLF001
            watched.update(tuple(group._active_callbacks_by_path) if group else ())  # noqa: SLF001
        return [folder for folder in folders if folder not in watched]


class _EventHandler(FileSystemEventHandler):
    """Passes on the paths of events; an error here would end watchdog's thread."""

    def __init__(
        self, on_event: Callable[[bytes, bool], None], on_overflow: Callable[[], None]
    ) -> None:
        self._on_event: Final = on_event
        self._on_overflow: Final = on_overflow

    def on_any_event(self, event: FileSystemEvent) -> None:
        try:
            for path in (event.src_path, event.dest_path):
                if path:
                    self._on_event(os.fsencode(str(path)), event.is_directory)
        except Exception:  # noqa: BLE001
            self._on_overflow()


class _OverflowDetector(logging.Handler):
    """Detects lost events by the warning that watchdog logs."""

    def __init__(self, on_overflow: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._on_overflow: Final = on_overflow

    def emit(self, record: logging.LogRecord) -> None:
        del record
        self._on_overflow()
