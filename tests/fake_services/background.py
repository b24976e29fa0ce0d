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

from tests.fake_services.services import FakeServices

__all__ = ["BackgroundServices", "services_in_background"]


@dataclass(frozen=True, slots=True)
class BackgroundServices:
    """A world that lives in a thread.

    Its requests may be read, and its faults planned, from anywhere. What has to
    be awaited goes through `run`.
    """

    services: FakeServices
    loop: asyncio.AbstractEventLoop

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Have something done in the world, such as `services.off()`."""
        asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()


@contextmanager
def services_in_background(
    make: Callable[[], FakeServices],
) -> Iterator[BackgroundServices]:
    """Keep a world in a thread of its own while the context lasts."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="world")
    thread.start()
    background = BackgroundServices(make(), loop)
    try:
        background.run(_start(background.services))
        try:
            yield background
        finally:
            background.run(background.services.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _start(fake_services: FakeServices) -> None:
    await fake_services.__aenter__()
