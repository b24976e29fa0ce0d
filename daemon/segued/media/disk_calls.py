"""Looking at music folders, each from threads of its own.

A dead network folder answers nothing, for minutes or for ever, and no call can
be taken back. So nobody waits for it beyond a limit, and no other folder's looks
wait for a thread that hangs in it.
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
"""A disk that has not answered by now sleeps more deeply than any that spins up."""

STUCK_CALLS_MAX: Final = 4

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
    """Return what a function of the file system says of a music folder.

    Args:
        root: The music folder.
        limit: How long it may take.
        function: The function.
        args: What it gets.
        kwargs: What it gets, by name.

    Raises:
        TimeoutError: The disk does not answer; or has not answered so many
            others that it is not asked again.
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
    """Return what a function is going to answer, on a thread of its own."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            future.set_result(function(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001  (it is raised where it is waited for)
            future.set_exception(error)

    # A thread that nobody joins: one that hangs must not keep the process.
    threading.Thread(target=run, name="look", daemon=True).start()
    return future


def _adjust_stuck_calls(root: bytes, change: int) -> None:
    with _LOCK:
        _STUCK_CALLS[root] += change
