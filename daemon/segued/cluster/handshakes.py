"""Limits for connections whose other side has not shown its certificate yet."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

__all__ = ["limit_handshakes"]

StreamHandler: TypeAlias = Callable[[Any, Any], Awaitable[None]]

HANDSHAKE_SECONDS: Final = 10.0
HANDSHAKES_MAX: Final = 128
"""How many may be in progress; further connections are closed at once."""


def limit_handshakes(listener: Any) -> None:  # noqa: ANN401
    """Make a listener of dask close connections that do not authenticate in time.

    Args:
        listener: The listener, which has been started.
    """
    handle: StreamHandler = listener.tcp_server.handle_stream
    pending = 0

    async def handle_authenticated(stream: Any, address: Any) -> None:  # noqa: ANN401
        nonlocal pending
        if pending >= HANDSHAKES_MAX:
            stream.close()
            return
        pending += 1
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                await stream.wait_for_handshake()
        except (OSError, ssl.SSLError):
            stream.close()
            return
        finally:
            pending -= 1
        await handle(stream, address)

    listener.tcp_server.handle_stream = handle_authenticated
