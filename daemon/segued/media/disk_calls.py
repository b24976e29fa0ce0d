"""Call file system functions on music folders with a timeout, in threads.

A call on a dead network folder can block for minutes or forever, and cannot be
cancelled. So every call has a thread of its own while it runs, the caller waits for a
limited time, and calls on other folders are not delayed.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Final, ParamSpec, TypeAlias, TypeVar

from segued.units import Seconds

__all__ = ["DISK_CALL_TIMEOUT", "call_disk", "run_on_thread"]

P = ParamSpec("P")
T = TypeVar("T")

DISK_CALL_TIMEOUT: Final = Seconds(20.0)
"""Longer than any sleeping disk needs to spin up."""

STUCK_CALLS_MAX: Final = 4
"""With this many calls stuck in a folder, further ones fail at once."""

IDLE_THREADS_MAX: Final = 4
"""So many threads wait for further calls: to start one takes as long as a call."""

_Calls: TypeAlias = SimpleQueue[Callable[[Callable[[], None]], None]]
"""The calls of a thread. Each runs a function, and calls its argument when that has
returned, before it publishes the result."""

_STUCK_CALLS: Final[Counter[bytes]] = Counter()
_IDLE_THREADS: Final[list[_Calls]] = []
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
    """Call a function in a thread that no other call waits for.

    Returns:
        The future of its result.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def call(end: Callable[[], None]) -> None:
        try:
            result = function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001  (raised where the future is awaited)
            end()
            future.set_exception(error)
        else:
            end()
            future.set_result(result)

    with _LOCK:
        calls = _IDLE_THREADS.pop() if _IDLE_THREADS else None
    if calls is None:
        calls = SimpleQueue()
        # A daemon thread: one that hangs must not keep the process from exiting.
        threading.Thread(
            target=_run_calls, args=(calls,), name="disk call", daemon=True
        ).start()
    calls.put(call)
    return future


def _run_calls(calls: _Calls) -> None:
    """Run the calls of a thread, one at a time, as long as it may be idle between."""
    is_kept = True

    def end() -> None:
        nonlocal is_kept
        with _LOCK:
            is_kept = len(_IDLE_THREADS) < IDLE_THREADS_MAX
            if is_kept:
                _IDLE_THREADS.append(calls)

    while is_kept:
        calls.get()(end)


def _adjust_stuck_calls(root: bytes, change: int) -> None:
    with _LOCK:
        _STUCK_CALLS[root] += change
