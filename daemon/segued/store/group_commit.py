"""Commit the work of many callers together, as far as it waits at the same time.

Most of a small transaction is its commit, which waits for the disk. Each piece of work
has a savepoint of its own, so that one that fails leaves the others alone, and nobody
is told of success before the commit.
"""

import contextvars
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

from peewee import SqliteDatabase

__all__ = ["GROUP_SECONDS", "WORKS_MAX", "GroupCommit"]

WORKS_MAX: Final = 64
"""Pieces of work in one transaction."""

GROUP_SECONDS: Final = 0.1
"""A transaction that has lasted longer takes no further work."""


@dataclass(slots=True)
class _Work:
    """A function that waits for its transaction, and what became of it."""

    call: Callable[[], Any]
    # The thread needs the caller's log context.
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    future: Future[Any] = field(default_factory=Future)
    result: Any = None
    error: BaseException | None = None

    def tell(self) -> None:
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class GroupCommit:
    """Functions that wait for the writer thread, which commits them in groups.

    Attributes:
        after_each: Called after each function that changed the database, within its
            savepoint.
        to_error: Returns what callers are told instead of an error of the database.
    """

    def __init__(
        self,
        database: SqliteDatabase,
        *,
        after_each: Callable[[], None],
        to_error: Callable[[BaseException], BaseException],
    ) -> None:
        self.after_each: Final = after_each
        self.to_error: Final = to_error
        self._database: Final = database
        self._waiting: Final[deque[_Work]] = deque()

    def add(self, call: Callable[[], Any]) -> Future[Any]:
        """Add a function; return the future of its result, or of its error."""
        work = _Work(call)
        self._waiting.append(work)
        return work.future

    def commit_waiting(self) -> bool:
        """Run what waits, up to a bound, in one transaction, and tell the callers.

        Returns:
            Whether the transaction changed the database and was committed.
        """
        if not self._waiting:
            return False  # an earlier group has taken it
        group = [self._waiting.popleft()]
        changes = 0
        try:
            with self._database.atomic("IMMEDIATE"):
                before = self._total_changes()
                self._run_group(group)
                changes = self._total_changes() - before
        except BaseException as error:  # noqa: BLE001 - a caller would wait forever
            # Nothing of the group is stored.
            changes, told = 0, self.to_error(error)
            for work in group:
                work.error = work.error or told
        for work in group:
            work.tell()
        return changes > 0

    def _run_group(self, group: list[_Work]) -> None:
        """Run the first piece of work, and those that wait, which join the group."""
        if self._waiting:
            self._run_in_savepoint(group[0])
        else:
            self._run(group[0])
        until = time.monotonic() + GROUP_SECONDS
        while self._waiting and len(group) < WORKS_MAX and time.monotonic() < until:
            group.append(self._waiting.popleft())
            self._run_in_savepoint(group[-1])

    def _run_in_savepoint(self, work: _Work) -> None:
        """Run one piece of work; if it fails, take back only what it did.

        Raises:
            peewee.DatabaseError: SQLite has rolled back the whole transaction, such as
                on a full disk.
        """
        self._database.execute_sql("SAVEPOINT work")
        try:
            self._run(work)
        except BaseException as error:
            if not self._database.connection().in_transaction:
                raise
            self._database.execute_sql("ROLLBACK TO work")
            work.error = self.to_error(error)
        self._database.execute_sql("RELEASE work")

    def _run(self, work: _Work) -> None:
        before = self._total_changes()
        work.result = work.context.run(work.call)
        if self._total_changes() != before:
            self.after_each()

    def _total_changes(self) -> int:
        return int(self._database.connection().total_changes)
