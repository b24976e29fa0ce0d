"""Server-sent events: how everything stands, and from then on what changes.

One picture is taken for all who listen, a few times a second, and only while
somebody does. Nobody is waited for: who is slow loses changes and gets a whole
picture later; who takes nothing for some seconds is cut off.
"""

import asyncio
import secrets
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog
from aiohttp import web

from segued.web.responses import refusal
from segued.web.status import Status

__all__ = ["LISTENERS_MAX", "Beat", "Stream"]

log: Final = structlog.get_logger()

LISTENERS_MAX: Final = 64

KEPT: Final = 240
"""Changes that one who comes back can have: of a minute, or more."""

BEHIND_MAX: Final = 16
DIGITS_MAX: Final = 18

BUFFER_BYTES: Final = 1 << 16
AGAIN_SECONDS: Final = 2

UNSAID: Final = ("text", "process")
"""Those who look at the changes do not need it in words as well."""


@dataclass(frozen=True, slots=True)
class Beat:
    """How often what happens, in seconds.

    Attributes:
        look: A picture is taken, while somebody listens.
        heartbeat: He is told that we are still there, when there is no news.
        taking: How long he may take nothing: then he has gone, or as good as.
    """

    look: float = 0.25
    heartbeat: float = 15.0
    taking: float = 10.0


class Stream:
    """Tells all who listen how everything stands."""

    def __init__(self, status: Callable[[], Status], beat: Beat | None = None) -> None:
        """Prepare.

        Args:
            status: Says how everything stands, from memory.
            beat: How often what happens.
        """
        self._status: Final = status
        self._beat: Final = beat or Beat()
        self._life: Final = secrets.token_hex(4)  # ids of an earlier one say nothing
        self._number = 0
        self._picture: dict[str, Any] = {}
        self._changes: Final[deque[tuple[int, bytes]]] = deque(maxlen=KEPT)
        self._listeners: Final[set[_Listener]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Tell one who listens, until he goes or we do."""
        if self._closed or len(self._listeners) >= LISTENERS_MAX:
            full = refusal(503, "busy", "as many listen as can; try again")
            full.headers["Retry-After"] = f"{AGAIN_SECONDS}"
            return full
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        self._look()
        listener = _Listener()
        listener.frames.extend(self._first(request.headers.get("Last-Event-ID")))
        self._listeners.add(listener)
        try:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look_on())
            await response.prepare(request)
            _keep_little(request)
            while not self._closed:
                await self._tell(listener, response)
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._listeners.discard(listener)
            if not self._listeners and self._looking is not None:
                self._looking.cancel()
                self._looking = None
        return response

    def close(self) -> None:
        """Tell nobody any more."""
        self._closed = True
        for listener in self._listeners:
            listener.woken.set()

    async def _tell(self, listener: "_Listener", response: web.StreamResponse) -> None:
        """Tell one who listens what is new, or that we are still there.

        Raises:
            TimeoutError: He does not take it.
            ConnectionError: He is gone.
        """
        try:
            async with asyncio.timeout(self._beat.heartbeat):
                await listener.woken.wait()
        except TimeoutError:
            told = b": still here\n\n"
        else:
            listener.woken.clear()
            if listener.is_behind:
                listener.is_behind = False
                listener.frames.append(self._whole())
            told = b"".join(listener.frames)
            listener.frames.clear()
        if told:
            async with asyncio.timeout(self._beat.taking):
                await response.write(told)

    def _first(self, last: str | None) -> list[bytes]:
        """Return what one who comes, or comes back, is told first."""
        life, _, number = (last or "").partition("-")
        if life == self._life and number.isdecimal() and len(number) <= DIGITS_MAX:
            seen = int(number)
            missed = [frame for at, frame in self._changes if at > seen]
            if self._number - len(missed) <= seen <= self._number:
                return [f"retry: {1_000 * AGAIN_SECONDS}\n\n".encode(), *missed]
        return [f"retry: {1_000 * AGAIN_SECONDS}\n".encode() + self._whole()]

    def _whole(self) -> bytes:
        return self._frame("snapshot", self._picture)

    def _frame(self, event: str, data: dict[str, Any]) -> bytes:
        head = f"id: {self._life}-{self._number}\nevent: {event}\ndata: "
        return head.encode() + msgspec.json.encode(data) + b"\n\n"

    async def _look_on(self) -> None:
        """Look for as long as somebody listens."""
        while True:
            await asyncio.sleep(self._beat.look)
            try:
                self._look()
            except Exception:  # the next look may go well
                log.exception("page.broke", path="/api/events")

    def _look(self) -> None:
        """Take a picture, and hand on what is new in it."""
        now: dict[str, Any] = msgspec.to_builtins(self._status())
        for name in UNSAID:
            del now[name]
        new = {
            name: value
            for name, value in now.items()
            if self._picture.get(name, ...) != value
        }
        if not new:
            return
        self._picture, self._number = now, self._number + 1
        frame = self._frame("change", new)
        self._changes.append((self._number, frame))
        for listener in self._listeners:
            listener.hear(frame)


def _keep_little(request: web.Request) -> None:
    """See that little waits on the way to one who does not take it."""
    if request.transport is not None:
        request.transport.set_write_buffer_limits(BUFFER_BYTES)
    line = request.get_extra_info("socket")
    if line is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)


class _Listener:
    """One who listens, and what he has not taken yet."""

    def __init__(self) -> None:
        self.frames: Final[deque[bytes]] = deque()
        self.is_behind = False
        self.woken: Final = asyncio.Event()
        self.woken.set()  # there is something to say at once

    def hear(self, frame: bytes) -> None:
        if len(self.frames) >= BEHIND_MAX:
            self.is_behind = True
            self.frames.clear()
        if not self.is_behind:
            self.frames.append(frame)
        self.woken.set()
