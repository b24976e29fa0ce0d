"""A world beside a program that is waited for.

A story that runs the program and waits for its end holds up its own event
loop; the world needs one that runs.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.world.world import World

__all__ = ["Background", "in_background"]


@dataclass(frozen=True, slots=True)
class Background:
    """A world that lives in a thread.

    Its requests may be read, and its faults planned, from anywhere. What has to
    be awaited goes through `wait_for`.
    """

    world: World
    loop: asyncio.AbstractEventLoop

    def wait_for(self, what: Coroutine[Any, Any, None]) -> None:
        """Have something done in the world, such as `world.off()`."""
        asyncio.run_coroutine_threadsafe(what, self.loop).result()


@contextmanager
def in_background(make: Callable[[], World]) -> Iterator[Background]:
    """Keep a world in a thread of its own while the context lasts."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="world")
    thread.start()
    background = Background(make(), loop)
    try:
        background.wait_for(_entered(background.world))
        try:
            yield background
        finally:
            background.wait_for(background.world.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _entered(world: World) -> None:
    await world.__aenter__()
