"""Call file system functions on music folders with a timeout, in threads.

A call on a dead network folder can block for minutes or forever, and cannot be
cancelled. So every call runs in its own thread, the caller waits for a limited time,
and calls on other folders are not delayed.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, ParamSpec, TypeVar

from segued.units import Seconds

__all__ = ["DISK_CALL_TIMEOUT", "call_disk", "run_on_thread"]

P = ParamSpec("P")
T = TypeVar("T")

DISK_CALL_TIMEOUT: Final = Seconds(20.0)
"""Longer than any sleeping disk needs to spin up."""

STUCK_CALLS_MAX: Final = 4
"""With this many calls stuck in a folder, further ones fail at once."""

_STUCK_CALLS: Final[Counter[bytes]] = Counter()
_LOCK: Final = threading.Lock()


async def call_disk(
    root: bytes,
    limit: Seconds,
    function: Callable[P, T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Call a function that accesses a music folder, and return its result.

    Args:
        root: The music folder.
        limit: Longest time to wait.
        function: The function.
        args: Its positional arguments.
        kwargs: Its keyword arguments.

    Raises:
        TimeoutError: The call did not return within `limit`, or
            `STUCK_CALLS_MAX` earlier calls on this folder have not returned yet.
    """
    if _STUCK_CALLS[root] >= STUCK_CALLS_MAX:
        raise TimeoutError
    future = run_on_thread(function, *args, **kwargs)
    try:
        async with asyncio.timeout(limit):
            return await asyncio.wrap_future(future)
    except TimeoutError:
        if not future.done():
            _adjust_stuck_calls(root, 1)
            future.add_done_callback(lambda _: _adjust_stuck_calls(root, -1))
        raise


def run_on_thread(
    function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> Future[T]:
    """Call a function in its own thread; return the future of its result."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            future.set_result(function(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001  (raised where the future is awaited)
            future.set_exception(error)

    # A daemon thread: one that hangs must not keep the process from exiting.
    threading.Thread(target=run, name="disk call", daemon=True).start()
    return future


def _adjust_stuck_calls(root: bytes, change: int) -> None:
    with _LOCK:
        _STUCK_CALLS[root] += change
