"""Fake services in a thread of their own.

A test that runs the program as a process and waits for its end blocks its own
event loop; the services need one that runs.
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
    """Fake services whose event loop runs in a thread.

    The recorded requests may be read, and faults added, from any thread.
    Coroutines are passed to `run`.
    """

    services: FakeServices
    loop: asyncio.AbstractEventLoop

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine, such as `services.stop()`, on the loop; wait for its end."""
        asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()


@contextmanager
def services_in_background(
    make: Callable[[], FakeServices],
) -> Iterator[BackgroundServices]:
    """Run the services in a thread while the context lasts."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fake services")
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
