"""What can go wrong on the way: answers that come late, slowly or not at all.

Waiting is in real seconds, whatever the world's clock says.
"""

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from tests.fake_services.messages import ServiceResponse, send_response

__all__ = ["ConnectionResetFault", "DelayFault", "SlowBodyFault", "StalledBodyFault"]

STALL_SECONDS: Final = 120.0
"""How long a client is kept waiting that does not leave."""

DRIPS_PER_SECOND_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class ConnectionResetFault:
    """The connection is torn down (RST) in the middle of an answer.

    Attributes:
        after_headers: If not, nothing at all is sent before.
    """

    after_headers: bool = True

    async def send(
        self, request: web.Request, proper: ServiceResponse
    ) -> web.StreamResponse:
        """Send half of the answer, and break the connection."""
        response = _with_length(proper)
        if self.after_headers:
            await response.prepare(request)
            await response.write(proper.body[: len(proper.body) // 2])
        transport = request.transport
        if transport is not None:
            # To linger for no time is to close with RST.
            linger = struct.pack("ii", 1, 0)
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
        return response


@dataclass(frozen=True, slots=True)
class DelayFault:
    """The proper answer, late; not even its headers come before."""

    seconds: float

    async def send(
        self, request: web.Request, proper: ServiceResponse
    ) -> web.StreamResponse:
        """Wait, then send the answer."""
        await asyncio.sleep(self.seconds)
        return await send_response(request, proper)


@dataclass(frozen=True, slots=True)
class StalledBodyFault:
    """The headers, and then nothing until the client leaves."""

    async def send(
        self, request: web.Request, proper: ServiceResponse
    ) -> web.StreamResponse:
        """Send the headers, and wait."""
        response = _with_length(proper)
        await response.prepare(request)
        await asyncio.sleep(STALL_SECONDS)
        response.force_close()
        return response


@dataclass(frozen=True, slots=True)
class SlowBodyFault:
    """The proper answer, so slowly."""

    bytes_per_second: float

    async def send(
        self, request: web.Request, proper: ServiceResponse
    ) -> web.StreamResponse:
        """Send the answer a few bytes at a time."""
        response = _with_length(proper)
        size = max(1, round(self.bytes_per_second / DRIPS_PER_SECOND_MAX))
        try:
            await response.prepare(request)
            for start in range(0, len(proper.body), size):
                await asyncio.sleep(size / self.bytes_per_second)
                await response.write(proper.body[start : start + size])
            await response.write_eof()
        except ConnectionError:
            pass  # the client has had enough
        return response


def _with_length(proper: ServiceResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=proper.status, headers=proper.headers)
    response.content_length = len(proper.body)
    return response
