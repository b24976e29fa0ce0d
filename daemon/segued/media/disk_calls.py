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

__all__ = ["LOOK_LIMIT", "asked", "look"]

P = ParamSpec("P")
T = TypeVar("T")

LOOK_LIMIT: Final = Seconds(20.0)
"""A disk that has not answered by now sleeps more deeply than any that spins up."""

STUCK_MAX: Final = 4

_STUCK: Final[Counter[bytes]] = Counter()
_LOCK: Final = threading.Lock()


async def look(
    root: bytes,
    limit: Seconds,
    what: Callable[P, T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Return what a function of the file system says of a music folder.

    Args:
        root: The music folder.
        limit: How long it may take.
        what: The function.
        args: What it gets.
        kwargs: What it gets, by name.

    Raises:
        TimeoutError: The disk does not answer; or has not answered so many
            others that it is not asked again.
    """
    if _STUCK[root] >= STUCK_MAX:
        raise TimeoutError
    answer = asked(what, *args, **kwargs)
    try:
        async with asyncio.timeout(limit):
            return await asyncio.wrap_future(answer)
    except TimeoutError:
        if not answer.done():
            _count(root, 1)
            answer.add_done_callback(lambda _: _count(root, -1))
        raise


def asked(what: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """Return what a function is going to answer, on a thread of its own."""
    answer: Future[T] = Future()
    answer.set_running_or_notify_cancel()

    def ask() -> None:
        try:
            answer.set_result(what(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001  (it is raised where it is waited for)
            answer.set_exception(error)

    # A thread that nobody joins: one that hangs must not keep the process.
    threading.Thread(target=ask, name="look", daemon=True).start()
    return answer


def _count(root: bytes, more: int) -> None:
    with _LOCK:
        _STUCK[root] += more
