"""Put a backup in the place of a library that no process uses."""

import asyncio
import os
import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from segued.errors import ConfigError, StoreError
from segued.store import doubt_note, library_lock
from segued.store.backup import back_up, fsync_folder
from segued.store.database import Store
from segued.store.library_check import Depth, check_library
from segued.store.migrate import SCHEMA_VERSION
from segued.store.sqlite_errors import store_error

__all__ = ["Restored", "restore"]

SIDE_FILES: Final = ("-wal", "-shm")
"""What SQLite has beside a library."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A library that was restored.

    Attributes:
        kept: Where the replaced library is; None if there was none.
        schema: The version of the backup's schema, before it was migrated.
        size_bytes: The size of the library.
    """

    kept: Path | None
    schema: int
    size_bytes: int


def restore(library: Path, backup: Path) -> Restored:
    """Replace a library by a backup of it, which is checked and migrated first.

    The backup stays as it is. Until the last step, so does the library.

    Raises:
        ConfigError: The backup does not exist, or is the library itself.
        StoreError: A process uses the library; or the backup is damaged, no library
            or too new; or the folder of the library is full or not writable.
    """
    if not backup.is_file():
        raise ConfigError(f"{backup}: there is no such file")
    if library.exists() and os.path.samefile(library, backup):
        raise ConfigError(f"{backup}: is the library itself")
    lock = library_lock.acquire(library)
    try:
        schema = _check_backup(backup)
        with tempfile.TemporaryDirectory(
            prefix=f".{library.name}.restoring-", dir=library.parent
        ) as folder:
            prepared = Path(folder) / library.name
            back_up(backup, prepared)
            _migrate(prepared)
            size_bytes = prepared.stat().st_size
            _give_to_owner_of(library, prepared, library_lock.path_of(library))
            kept = _set_aside(library) if library.exists() else None
            for suffix in SIDE_FILES:  # of a library that is gone
                library.with_name(library.name + suffix).unlink(missing_ok=True)
            os.replace(prepared, library)
            doubt_note.remove_doubt(library)
            fsync_folder(library.parent)
        return Restored(kept, schema, size_bytes)
    except OSError as error:
        raise StoreError(
            f"{library}: the backup is not restored: {error.strerror}"
        ) from error
    finally:
        os.close(lock)


def _check_backup(backup: Path) -> int:
    try:
        schema = check_library(backup, Depth.INDEXES)
    except sqlite3.Error as error:
        raise store_error(backup, error) from error
    if not schema:
        raise StoreError(f"{backup}: an empty file, and no backup")
    return schema


def _migrate(library: Path) -> None:
    """Bring a library that nobody uses to the current schema."""

    async def open_and_close() -> None:
        store = Store(library)
        try:
            await store.open()
        finally:
            await store.close()

    asyncio.run(open_and_close())
    before = library.with_name(f"{library.name}.before-{SCHEMA_VERSION}")
    before.unlink(missing_ok=True)  # the backup itself holds the same


def _give_to_owner_of(library: Path, *files: Path) -> None:
    """Give files to the account that has the library, for a service that is no root."""
    if os.geteuid() != 0:
        return
    owner = os.stat(library if library.exists() else library.parent)
    for path in files:
        os.chown(path, owner.st_uid, owner.st_gid)


def _set_aside(library: Path) -> Path:
    """Move a library out of the way, complete, and return where it is."""
    # All of it in one file, if it can be read; if it is damaged, the files as they are.
    with suppress(sqlite3.Error), closing(sqlite3.connect(library)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    kept = library.with_name(f"{library.name}.replaced-{stamp}")
    # A link first: the library is never without a file of its name.
    os.link(library, kept)
    for suffix in SIDE_FILES:
        beside = library.with_name(library.name + suffix)
        if beside.exists():
            os.replace(beside, kept.with_name(kept.name + suffix))
    return kept
