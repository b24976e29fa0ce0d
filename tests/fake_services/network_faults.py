"""Network faults: responses that come late, slowly or not at all.

Delays are in real seconds, not in those of the services' clock.
"""

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from tests.fake_services.messages import ServiceResponse, send_response

__all__ = ["ConnectionResetFault", "DelayFault", "SlowBodyFault", "StalledBodyFault"]

STALL_SECONDS: Final = 3_600.0
"""How long a stalled response lasts if the client does not disconnect."""

WRITES_PER_SECOND_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class ConnectionResetFault:
    """The connection is reset (RST) in the middle of a response.

    Attributes:
        after_headers: Whether headers and half of the body are sent before.
    """

    after_headers: bool = True

    async def send(
        self, request: web.Request, proper: ServiceResponse
    ) -> web.StreamResponse:
        """Send half of the response, and reset the connection."""
        response = _with_length(proper)
        if self.after_headers:
            await response.prepare(request)
            await response.write(proper.body[: len(proper.body) // 2])
        transport = request.transport
        if transport is not None:
            # A linger time of 0 closes with RST.
            linger = struct.pack("ii", 1, 0)
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
        return response


@dataclass(frozen=True, slots=True)
class DelayFault:
    """The proper response after a delay, headers included."""

    seconds: float

    async def send(
        self, request: web.Request, proper: ServiceResponse
    ) -> web.StreamResponse:
        """Wait, then send the response."""
        await asyncio.sleep(self.seconds)
        return await send_response(request, proper)


@dataclass(frozen=True, slots=True)
class StalledBodyFault:
    """The headers, and then nothing until the client disconnects."""

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
    """The proper response at a limited speed."""

    bytes_per_second: float

    async def send(
        self, request: web.Request, proper: ServiceResponse
    ) -> web.StreamResponse:
        """Send the response a few bytes at a time."""
        response = _with_length(proper)
        size = max(1, round(self.bytes_per_second / WRITES_PER_SECOND_MAX))
        try:
            await response.prepare(request)
            for start in range(0, len(proper.body), size):
                await asyncio.sleep(size / self.bytes_per_second)
                await response.write(proper.body[start : start + size])
            await response.write_eof()
        except ConnectionError:
            pass  # the client has disconnected
        return response


def _with_length(proper: ServiceResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=proper.status, headers=proper.headers)
    response.content_length = len(proper.body)
    return response
