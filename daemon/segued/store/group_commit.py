"""Commit the work of many callers together, as far as it waits at the same time.

Most of a small transaction is its commit, which waits for the disk. Nobody is told of
success before the commit. If a piece of work or the commit fails, which is rare, all is
rolled back and committed piece by piece: then only that fails which is at fault. A
savepoint for each piece would cost two statements where most pieces have ten.
"""

import asyncio
import contextvars
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
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
    future: asyncio.Future[Any]
    # The thread needs the caller's log context.
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    result: Any = None
    error: BaseException | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop of the caller."""
        return self.future.get_loop()

    def tell(self) -> None:
        """Tell the caller, on its event loop."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class GroupCommit:
    """Functions that wait for the writer thread, which commits them in groups.

    Attributes:
        at_end: Called at the end of each transaction that changed the database.
        to_error: Returns what callers are told instead of an error of the database.
    """

    def __init__(
        self,
        database: SqliteDatabase,
        *,
        at_end: Callable[[], None],
        to_error: Callable[[BaseException], BaseException],
    ) -> None:
        self.at_end: Final = at_end
        self.to_error: Final = to_error
        self._database: Final = database
        self._waiting: Final[deque[_Work]] = deque()

    @property
    def is_waiting(self) -> bool:
        """Whether a function waits for a transaction."""
        return bool(self._waiting)

    def add(self, call: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        """Add a function, and the future of its result, or of its error."""
        self._waiting.append(_Work(call, future))

    def commit_waiting(self) -> bool:
        """Run what waits, up to a bound, in one transaction, and tell the callers.

        Returns:
            Whether the database was changed.
        """
        group = [self._waiting.popleft()]
        try:
            has_changed = self._commit(group)
        except BaseException as error:  # noqa: BLE001 - a caller would wait forever
            has_changed = self._commit_singly(group, error)
        for loop, works in groupby(group, lambda work: work.loop):
            with suppress(RuntimeError):  # a loop that is closed has no callers
                loop.call_soon_threadsafe(_tell, list(works))
        return has_changed

    def _commit_singly(self, group: Sequence[_Work], error: BaseException) -> bool:
        """Commit each piece of work of a group alone, after the group had an error."""
        if len(group) == 1:
            group[0].error = self.to_error(error)
            return False
        has_changed = False
        for work in group:
            work.result = work.error = None
            try:
                has_changed |= self._commit([work], is_open=False)
            except BaseException as own_error:  # noqa: BLE001 - as above
                work.error = self.to_error(own_error)
        return has_changed

    def _commit(self, group: list[_Work], *, is_open: bool = True) -> bool:
        """Run a group in one transaction; return whether that changed the database.

        Args:
            group: The pieces of work.
            is_open: Whether those that wait join the group.
        """
        with self._database.atomic("IMMEDIATE"):
            before = self._total_changes()
            self._run(group[0])
            until = time.monotonic() + GROUP_SECONDS
            while is_open and self._waiting and len(group) < WORKS_MAX:
                group.append(self._waiting.popleft())
                self._run(group[-1])
                if time.monotonic() > until:
                    break
            has_changed = self._total_changes() != before
            if has_changed:
                self.at_end()
        return has_changed

    @staticmethod
    def _run(work: _Work) -> None:
        work.result = work.context.run(work.call)

    def _total_changes(self) -> int:
        return int(self._database.connection().total_changes)


def _tell(works: Sequence[_Work]) -> None:
    for work in works:
        work.tell()
