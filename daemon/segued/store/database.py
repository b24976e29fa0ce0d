"""The open library database: one writer thread, short transactions.

Writers pass a function to `Store.do`, which runs it on the only thread that uses the
connection: all of it or nothing is stored. So no transaction ever waits for an event,
and transactions never interleave. Functions that wait at the same time share a commit.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import peewee
import structlog

from segued.config.sections import StoreSection
from segued.store import derived, doubt_note, library_lock, migrate
from segued.store.group_commit import GroupCommit
from segued.store.library_check import APPLICATION_ID, Depth, check_library
from segued.store.outbox import Outbox
from segued.store.schema import files, music
from segued.store.sqlite_errors import library_error, store_error

__all__ = ["Store"]

P = ParamSpec("P")
T = TypeVar("T")

log: Final = structlog.get_logger()

CANCEL_WAIT_SECONDS: Final = 1.0
"""How long a canceled caller waits for its transaction to end."""

CACHE_KIB: Final = 16 * 1024


class Store:
    """The library database, open for one process.

    Attributes:
        path: The file.
        outbox: The events for other programs.
    """

    def __init__(self, path: Path, limits: StoreSection | None = None) -> None:
        self.path: Final = path
        self.outbox: Final = Outbox()
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
        self._group_commit: Final = GroupCommit(
            self._database, at_end=self._refresh, to_error=self._error_of
        )
        self._is_called = False

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
        """Run `work`, commit, and return its result.

        What it wrote is rolled back if it raises. It is not interrupted when the caller
        is canceled.

        Raises:
            StoreError: The database failed; the subclass tells how.
        """
        call = _ThreadCall[T](loop=asyncio.get_running_loop())
        self._group_commit.add(partial(work, *args, **kwargs), call)
        if not self._is_called:
            self._call_thread()
        return await call

    async def subscribe(
        self,
        receivers: Mapping[str, Collection[str]],
        keep: int,
        *,
        forgets_others: bool,
    ) -> None:
        """Store events for receivers from now on, as `Outbox.subscribe`.

        Raises:
            StoreError: The database failed.
        """
        await self.do(
            self.outbox.subscribe,
            self._database,
            receivers,
            keep,
            forgets_others=forgets_others,
        )

    async def tell(self, event: str, subject: str, facts: Mapping[str, Any]) -> None:
        """Store an event that is no change of the library, if a receiver takes it.

        Raises:
            StoreError: The database failed.
        """
        if self.outbox.is_wanted(event):
            await self.do(self.outbox.tell, event, subject, facts)

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

    async def _on_thread(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        call = _ThreadCall[T](loop=loop)
        loop.run_in_executor(self._thread, work).add_done_callback(call.take_from)
        return await call

    def _call_thread(self) -> None:
        """Let the thread look at what waits, once for all that is added until then."""
        self._is_called = True
        try:
            self._thread.submit(self._commit_waiting)
        except RuntimeError:  # the store is closed
            self._is_called = False
            raise

    def _commit_waiting(self) -> None:
        # What is added from now on either is seen by the loop below or calls again.
        self._is_called = False
        while self._group_commit.is_waiting:
            started = time.monotonic()
            if self._group_commit.commit_waiting():
                self.outbox.notify()
            duration = time.monotonic() - started
            if duration > self._limits.slow_seconds:
                log.warning("store.slowed", took_ms=round(duration * 1_000))

    def _refresh(self) -> None:
        derived.refresh(self._database)
        self.outbox.refresh(self._database)

    def _error_of(self, error: BaseException) -> BaseException:
        """Return segued's error for one of the database, and any other as it is."""
        if not isinstance(error, peewee.DatabaseError | sqlite3.Error):
            return error
        found = library_error(self.path, error)
        found.__cause__ = error
        return found

    def _open(self) -> None:
        is_new = self._acquire_lock()
        try:
            if not is_new:
                self._check()
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

    def _check(self) -> None:
        """Check the library: every page only if its disk has reported an error."""
        if doubt_note.is_in_doubt(self.path):
            check_library(self.path, Depth.PAGES)
            doubt_note.remove_doubt(self.path)
        else:
            check_library(self.path, Depth.ENDS)

    def _acquire_lock(self) -> bool:
        """Lock the library for this process; return whether it is new."""
        self._lock = library_lock.acquire(self.path)
        if self.path.exists() and self.path.stat().st_size > 0:
            return False
        # SQLite gives its other files the mode of this one. It holds the API key.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return True

    def _create(self) -> None:
        self._database.execute_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        self._database.execute_sql(f"PRAGMA user_version = {migrate.SCHEMA_VERSION}")
        self._database.create_tables(music.TABLES)
        derived.create(self._database)

    def _close(self) -> None:
        if not self._database.is_closed():
            self._database.close()
        self.release_lock()


class _ThreadCall(asyncio.Future[T]):
    """The result of a call on the thread, which a cancel does not interrupt.

    A canceled caller waits for its transaction as well, up to a limit, so that it is
    known whether it was committed. `asyncio.shield` does the same in three turns of
    the event loop, for each transaction.
    """

    def take_from(self, other: asyncio.Future[T]) -> None:
        """Take the result of another future, or its error."""
        error = other.exception()
        if self.done():
            return
        if error is None:
            self.set_result(other.result())
        else:
            self.set_exception(error)

    def cancel(self, msg: Any | None = None) -> bool:  # noqa: ANN401
        """Cancel the caller as soon as the call has ended, at the latest at the limit.

        Returns:
            False: the caller is not canceled yet, and asyncio does that later.
        """
        if not self.done():
            self.get_loop().call_later(CANCEL_WAIT_SECONDS, super().cancel, msg)
        return False
