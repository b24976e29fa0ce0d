"""The open library database: one writer thread, short transactions.

Writers pass a function to `Store.do`, which runs it in its own transaction on the
only thread that uses the connection. So no transaction ever waits for an event, and
transactions never interleave.
"""

import asyncio
import contextvars
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import peewee
import structlog

from segued.config.sections import StoreSection
from segued.errors import (
    StoreCorruptError,
    StoreTooNewError,
    StoreUnwritableError,
)
from segued.store import derived, library_lock, migrate
from segued.store.schema import files, music
from segued.store.sqlite_errors import is_intact, store_error

__all__ = ["APPLICATION_ID", "Store"]

P = ParamSpec("P")
T = TypeVar("T")

log: Final = structlog.get_logger()

APPLICATION_ID: Final = 0x53454755
"""SQLite's `application_id` of a segued library: the letters SEGU."""

CANCEL_WAIT_SECONDS: Final = 1.0
"""How long a canceled caller waits for its transaction to end."""

CACHE_KIB: Final = 16 * 1024


class Store:
    """The library database, open for one process."""

    def __init__(self, path: Path, limits: StoreSection | None = None) -> None:
        self.path: Final = path
        self._limits: Final = limits or StoreSection()
        self._lock: int | None = None
        self._identity: tuple[int, int] | None = None
        self._thread: Final = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._database: Final = peewee.SqliteDatabase(
            str(path),
            timeout=self._limits.busy_seconds,
            pragmas={
                "journal_mode": "wal",
                "synchronous": "full",
                "foreign_keys": 1,
                "cache_size": -CACHE_KIB,
            },
        )
        derived.register_functions(self._database)

    async def open(self) -> None:
        """Open the library; create or migrate it first if necessary.

        Raises:
            StoreLockedError: Another segued, or another program, has locked it.
            StoreTooNewError: A newer segued wrote it.
            StoreCorruptError: It is not a library, or is damaged; it is not changed.
            StoreUnwritableError: The library or its folder is not writable.
        """
        await self._on_thread(self._open)

    async def do(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in its own transaction; return its result.

        The transaction is rolled back if `work` raises. It is not interrupted when
        the caller is canceled.

        Raises:
            StoreError: The database failed; the subclass tells how.
        """
        return await self._on_thread(
            self._in_transaction, partial(work, *args, **kwargs)
        )

    def is_in_place(self) -> bool:
        """Return whether the library's path still leads to the open file."""
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            return False
        except OSError:
            return True  # the disk has an error, which the next transaction reports
        return (status.st_dev, status.st_ino) == self._identity

    def release_lock(self) -> None:
        """Release the lock at once, in a process that is about to exit."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def close(self) -> None:
        """Finish all submitted work, then close the database."""
        await self._on_thread(self._close)
        self._thread.shutdown()

    async def _on_thread(self, work: Callable[..., T], *args: Any) -> T:  # noqa: ANN401
        # The thread needs the caller's log context, which executors do not pass on.
        context = contextvars.copy_context()
        call = asyncio.get_running_loop().run_in_executor(
            self._thread, partial(context.run, work, *args)
        )
        # A canceled caller waits for its transaction as well, so that it is known
        # whether it was committed.
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            # Retrieves an exception, which asyncio would log as unhandled otherwise.
            call.add_done_callback(lambda done: done.cancelled() or done.exception())
            await asyncio.wait({call}, timeout=CANCEL_WAIT_SECONDS)
            raise

    def _in_transaction(self, work: Callable[[], T]) -> T:
        started = time.monotonic()
        try:
            with self._database.atomic("IMMEDIATE"):
                result = work()
                derived.refresh(self._database)
                return result
        except (peewee.DatabaseError, sqlite3.Error) as error:
            raise store_error(self.path, error) from error
        finally:
            duration = time.monotonic() - started
            if duration > self._limits.slow_seconds:
                log.warning("store.slowed", took_ms=round(duration * 1_000))

    def _open(self) -> None:
        is_new = self._acquire_lock()
        try:
            if not is_new:
                self._check_library()
            self._database.connect()
            files.database.initialize(self._database)
            with self._database.atomic("EXCLUSIVE"):
                if is_new or not self._database.get_tables():
                    self._create()
            migrate.bring_up_to_date(self._database, self.path)
            status = os.stat(self.path)
            self._identity = (status.st_dev, status.st_ino)
        except (peewee.DatabaseError, sqlite3.Error) as error:
            self._close()
            raise store_error(self.path, error) from error
        except BaseException:
            self._close()
            raise

    def _acquire_lock(self) -> bool:
        """Lock the library for this process; return whether it is new."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(
                library_lock.path_of(self.path),
                os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
                0o600,
            )
        except OSError as error:
            reason = error.strerror
            raise StoreUnwritableError(
                f"{self.path}: the library may not be written: {reason}"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise library_lock.in_use_error(self.path, self._lock) from error
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        if self.path.exists() and self.path.stat().st_size > 0:
            return False
        # SQLite gives its other files the mode of this one. It holds the API key.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return True

    def _check_library(self) -> None:
        """Raise an error unless the file is an intact library of a known schema.

        The connection is read-only, so that a rejected file is not changed.
        """
        address = f"{self.path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:

            def fetch_value(query: str) -> Any:  # noqa: ANN401
                return connection.execute(query).fetchone()[0]

            if fetch_value("PRAGMA application_id") != APPLICATION_ID:
                if fetch_value("SELECT count(*) FROM sqlite_master") == 0:
                    return  # created by a process killed before its first transaction
                raise StoreCorruptError(f"{self.path}: not a segued library")
            version = fetch_value("PRAGMA user_version")
            if version > migrate.SCHEMA_VERSION:
                raise StoreTooNewError(
                    f"{self.path}: written by a newer segued (schema {version}, "
                    f"this one supports up to {migrate.SCHEMA_VERSION})"
                )
            result = fetch_value("PRAGMA quick_check(1)")
            if result != "ok" and not is_intact(self.path):
                raise StoreCorruptError(
                    f"{self.path}: the library is damaged: {result}"
                )

    def _create(self) -> None:
        self._database.execute_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        self._database.execute_sql(f"PRAGMA user_version = {migrate.SCHEMA_VERSION}")
        self._database.create_tables(music.TABLES)
        derived.create(self._database)

    def _close(self) -> None:
        if not self._database.is_closed():
            self._database.close()
        self.release_lock()
