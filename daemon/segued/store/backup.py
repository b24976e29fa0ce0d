"""Back up a library while it is in use: one complete, checked file."""

import os
import re
import sqlite3
import tempfile
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from segued.errors import ConfigError, StoreError
from segued.store.library_check import Depth, check_library
from segued.store.reading.reports import open_read_only

__all__ = ["Backup", "back_up", "back_up_into", "fsync_folder", "newest_age"]

STEP_PAGES: Final = 4_096
"""Pages copied between two looks at whether to stop: 16 MiB."""

PARTIAL_SUFFIX: Final = ".partial"

STAMP: Final = re.compile(r"\d{8}T\d{6}Z")
"""The time in the name of a backup of `back_up_into`."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was written.

    Attributes:
        path: The file.
        size_bytes: Its size.
        seconds: How long it took, with the check.
    """

    path: Path
    size_bytes: int
    seconds: float


class _StoppedError(Exception):
    """The backup was told to stop."""


def back_up(
    library: Path, target: Path, stopping: threading.Event | None = None
) -> Backup:
    """Copy a library to a file that only its owner may read, and check the copy.

    The copy is the library of one moment; the process that writes the library
    continues. It replaces `target` when it is complete: a kill leaves the file that
    was there.

    Args:
        library: The library.
        target: The file to write; it may be an older backup.
        stopping: Set by another thread to end the backup early.

    Raises:
        ConfigError: `target` is a folder, the library, or no backup of a library; or
            its folder does not exist.
        StoreError: The library cannot be read, the copy cannot be written, or the
            copy is damaged.
    """
    started = time.monotonic()
    _check_target(library, target)
    if library.exists() and not os.access(library, os.R_OK):
        raise StoreError(
            f"{library}: this account may not read the library; use that of the"
            " service, or root"
        )
    try:
        descriptor, name = tempfile.mkstemp(
            PARTIAL_SUFFIX, f".{target.name}.", target.parent
        )
        os.close(descriptor)
    except OSError as error:
        raise StoreError(
            f"{target}: the backup cannot be written: {error.strerror}"
        ) from error
    partial = Path(name)
    try:
        _copy(library, partial, target, stopping or threading.Event())
        _finish(partial, target)
    except _StoppedError as error:
        raise StoreError(f"{target}: the backup was stopped") from error
    finally:
        partial.unlink(missing_ok=True)
        partial.with_name(f"{partial.name}-journal").unlink(missing_ok=True)
    return Backup(target, target.stat().st_size, time.monotonic() - started)


def back_up_into(
    library: Path, folder: Path, keep: int, stopping: threading.Event
) -> Backup:
    """Back up a library into a folder under a name with the time; remove older ones.

    Only files with such a name are removed, and only after the new one is complete.

    Args:
        library: The library.
        folder: The folder; it is created if its parent exists.
        keep: How many backups stay, with the new one.
        stopping: Set by another thread to end the backup early.

    Raises:
        StoreError: As `back_up`; also if the folder cannot be created.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder}: the folder of the backups cannot be created: {error.strerror}"
        ) from error
    for partial in folder.glob(f".{_prefix(library)}*{PARTIAL_SUFFIX}"):
        partial.unlink(missing_ok=True)  # of a process that was killed
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    backup = back_up(
        library, folder / f"{_prefix(library)}{stamp}{library.suffix}", stopping
    )
    older = [each for each in _backups(library, folder) if each != backup.path]
    for path in older[: max(0, len(older) - keep + 1)]:
        path.unlink(missing_ok=True)
    return backup


def newest_age(library: Path, folder: Path) -> float | None:
    """Return how old the newest backup in a folder is in seconds; None without one.

    A backup of the future, of a clock that was wrong, counts as new.
    """
    for path in reversed(_backups(library, folder)):
        with suppress(OSError):
            return max(0.0, time.time() - path.stat().st_mtime)
    return None


def _prefix(library: Path) -> str:
    return f"{library.stem}-"


def _backups(library: Path, folder: Path) -> list[Path]:
    """Return the backups of a library in a folder, the oldest first."""
    prefix, suffix = _prefix(library), library.suffix
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [
        folder / name
        for name in names
        if name.startswith(prefix)
        and name.endswith(suffix)
        and STAMP.fullmatch(name[len(prefix) : len(name) - len(suffix)])
    ]


def _check_target(library: Path, target: Path) -> None:
    """Refuse to replace anything but an older backup.

    Raises:
        ConfigError: The target is something else.
    """
    if target.is_dir():
        raise ConfigError(f"{target}: is a folder; name a file in it")
    if not target.parent.is_dir():
        raise ConfigError(f"{target}: the folder {target.parent} does not exist")
    if not target.exists():
        return
    if library.exists() and os.path.samefile(library, target):
        raise ConfigError(f"{target}: is the library itself")
    try:
        is_library = check_library(target, Depth.ENDS) > 0
    except (StoreError, sqlite3.Error):
        is_library = False
    if not is_library and target.stat().st_size:
        raise ConfigError(
            f"{target}: exists, and is no backup of this version; name another file"
        )


def _copy(
    library: Path, partial: Path, target: Path, stopping: threading.Event
) -> None:
    def check_stop(_status: int, _remaining: int, _total: int) -> None:
        if stopping.is_set():
            raise _StoppedError

    with open_read_only(library) as source:
        # Within one read transaction, no writer makes the copy begin again.
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        try:
            with closing(sqlite3.connect(partial)) as copy:
                copy.execute("PRAGMA journal_mode = OFF")
                source.backup(copy, pages=STEP_PAGES, progress=check_stop, sleep=0)
            with closing(sqlite3.connect(partial)) as copy:
                # A backup is one file, also while it is read.
                copy.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise StoreError(
                f"{target}: the backup cannot be written: {error}"
            ) from error


def _finish(partial: Path, target: Path) -> None:
    """Check the copy, and put it in the place of the target, on disk.

    Raises:
        StoreError: It is damaged, or cannot be moved there.
    """
    try:
        check_library(partial, Depth.INDEXES)
    except (StoreError, sqlite3.Error) as error:
        raise StoreError(
            f"{target}: the copy is damaged, and was removed: {error}"
        ) from error
    try:
        with open(partial, "rb") as copy:
            os.fsync(copy.fileno())
        os.replace(partial, target)
        fsync_folder(target.parent)
    except OSError as error:
        raise StoreError(
            f"{target}: the backup cannot be written: {error.strerror}"
        ) from error


def fsync_folder(folder: Path) -> None:
    """Have the names in a folder on disk when this returns."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
