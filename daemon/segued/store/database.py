"""The library database, open: one writer thread, short transactions.

Whoever writes hands a function to `Store.do`. It runs whole, in a
transaction of its own, on the one thread that owns the connection; so nothing
can wait in the middle of a transaction, and nothing can come between.
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
from importlib import resources
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import peewee
import structlog

from segued.config.sections import StoreSection
from segued.errors import (
    StoreCorruptError,
    StoreLockedError,
    StoreTooNewError,
    StoreUnwritableError,
)
from segued.store import migrate, search
from segued.store.schema import files, music
from segued.store.sqlite_errors import store_error

__all__ = ["APPLICATION_ID", "Store"]

P = ParamSpec("P")
T = TypeVar("T")

log: Final = structlog.get_logger()

APPLICATION_ID: Final = 0x53454755
"""Marks a file as a segued library: the letters SEGU."""

LAST_WAIT_SECONDS: Final = 1.0
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
        search.register_functions(self._database)

    async def open(self) -> None:
        """Open the library, made or brought up to date first if it must be.

        Raises:
            StoreLockedError: Another segued, or another program, holds it.
            StoreTooNewError: A newer segued wrote it.
            StoreCorruptError: It is no library, or is damaged. Left as it is.
            StoreUnwritableError: It, or its folder, may not be written.
        """
        await self._on_thread(self._open)

    async def do(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `run` in a transaction of its own; return what it returns.

        All it wrote is committed, or, if it raised, none of it.

        Raises:
            StoreError: The database failed; which way, says the class.
        """
        return await self._on_thread(
            self._in_transaction, partial(work, *args, **kwargs)
        )

    def is_in_place(self) -> bool:
        """Return whether the file at the library's path is the one that is open."""
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            return False
        except OSError:
            return True  # its disk is in trouble, which a transaction will tell
        return (status.st_dev, status.st_ino) == self._identity

    def release_lock(self) -> None:
        """Give the library up at once, by a process that is about to end."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def close(self) -> None:
        """Finish the work already accepted, then close the file."""
        await self._on_thread(self._close)
        self._thread.shutdown()

    async def _on_thread(self, work: Callable[..., T], *args: Any) -> T:  # noqa: ANN401
        # An executor does not inherit the log context of its caller; a copy does.
        context = contextvars.copy_context()
        call = asyncio.get_running_loop().run_in_executor(
            self._thread, partial(context.run, work, *args)
        )
        # A transaction once begun is waited for, also by whoever is cancelled:
        # otherwise nobody would know whether it was committed.
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            # Nobody is left to be told how it failed.
            call.add_done_callback(lambda done: done.cancelled() or done.exception())
            await asyncio.wait({call}, timeout=LAST_WAIT_SECONDS)
            raise

    def _in_transaction(self, work: Callable[[], T]) -> T:
        started = time.monotonic()
        try:
            with self._database.atomic("IMMEDIATE"):
                result = work()
                search.refresh(self._database)
                return result
        except (peewee.DatabaseError, sqlite3.Error) as error:
            raise store_error(self.path, error) from error
        finally:
            took = time.monotonic() - started
            if took > self._limits.slow_seconds:
                log.warning("store.slowed", took_ms=round(took * 1_000))

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
        """Take the library for this process; return whether it is new."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock_path = self.path.with_name(self.path.name + ".lock")
            self._lock = os.open(
                lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            reason = error.strerror
            raise StoreUnwritableError(
                f"{self.path}: the library may not be written: {reason}"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._lock, 20, 0).decode("ascii", "replace").strip()
            raise StoreLockedError(
                f"{self.path}: another segued is using this library (process {holder})"
            ) from error
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        return not self.path.exists() or self.path.stat().st_size == 0

    def _check_library(self) -> None:
        """Refuse what is not a sound library that this program understands.

        On a connection that cannot write: what is refused stays as it is.
        """
        address = f"{self.path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:

            def fetch_value(query: str) -> Any:  # noqa: ANN401
                return connection.execute(query).fetchone()[0]

            if fetch_value("PRAGMA application_id") != APPLICATION_ID:
                if fetch_value("SELECT count(*) FROM sqlite_master") == 0:
                    return  # made, and killed before its first transaction
                raise StoreCorruptError(f"{self.path}: not a segued library")
            version = fetch_value("PRAGMA user_version")
            if version > migrate.SCHEMA_VERSION:
                raise StoreTooNewError(
                    f"{self.path}: written by a newer segued (schema {version}, "
                    f"this one knows up to {migrate.SCHEMA_VERSION})"
                )
            verdict = fetch_value("PRAGMA quick_check(1)")
            if verdict != "ok":
                raise StoreCorruptError(
                    f"{self.path}: the library is damaged: {verdict}"
                )

    def _create(self) -> None:
        self._database.execute_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        self._database.execute_sql(f"PRAGMA user_version = {migrate.SCHEMA_VERSION}")
        self._database.create_tables(music.TABLES)
        views = resources.files("segued.store.schema").joinpath("views.sql").read_text()
        for statement in search.split_statements(views):
            self._database.execute_sql(statement)
        search.build(self._database)

    def _close(self) -> None:
        if not self._database.is_closed():
            self._database.close()
        self.release_lock()
