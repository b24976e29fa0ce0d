"""Server-sent events: a snapshot of the status, then its changes.

The status is polled once for all subscribers, four times per second, and only
while there is one. No subscriber delays another: one that falls behind loses
changes and gets a new snapshot; one that reads nothing for some seconds is
disconnected.
"""

import asyncio
import secrets
import socket
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog
from aiohttp import web

from segued.web.connections import StreamSlot, begin_stream
from segued.web.event_words import OwnWords, StreamWords
from segued.web.fairness import FairSlots
from segued.web.peers import CONTROL_PEER
from segued.web.responses import error_response
from segued.web.status import Status

__all__ = ["SUBSCRIBERS_MAX", "EventStream", "StreamTiming"]

log: Final = structlog.get_logger()

SUBSCRIBERS_MAX: Final = 64

HISTORY_LENGTH: Final = 240
"""Changes kept for subscribers that reconnect: one minute at four per second."""

QUEUED_FRAMES_MAX: Final = 16
EVENT_ID_DIGITS_MAX: Final = 18

HEARTBEAT_FRAME: Final = b": heartbeat\n\n"
BUFFER_BYTES: Final = 1 << 16
RETRY_SECONDS: Final = 2

OMITTED_FIELDS: Final = ("text", "process")
"""Status fields left out: `text` repeats the others, `process` never changes."""


@dataclass(frozen=True, slots=True)
class StreamTiming:
    """The intervals and timeouts of the stream.

    Attributes:
        poll_seconds: The interval between polls of the status.
        heartbeat_seconds: A comment is sent after so long without a change, so that
            proxies and clients keep the connection.
        send_timeout_seconds: A subscriber that reads nothing for so long is
            disconnected.
    """

    poll_seconds: float = 0.25
    heartbeat_seconds: float = 15.0
    send_timeout_seconds: float = 10.0


class EventStream:
    """Sends the status and its changes to all subscribers."""

    def __init__(
        self,
        status: Callable[[], Status],
        timing: StreamTiming | None = None,
        words: StreamWords | None = None,
    ) -> None:
        """Create a stream without subscribers.

        Args:
            status: Returns the current status, from memory.
            timing: The intervals and timeouts.
            words: How the status is put into events; None for segued's own way.
        """
        self._words: Final = words or OwnWords()
        self._status: Final = status
        self._timing: Final = timing or StreamTiming()
        # Event ids of an earlier run of the daemon must not match.
        self._run_id: Final = secrets.token_hex(4)
        self._event_number = 0
        self._snapshot: dict[str, Any] = {}
        self._changes: Final[deque[tuple[int, bytes]]] = deque(maxlen=HISTORY_LENGTH)
        self._subscribers: Final[set[_Subscriber]] = set()
        self._slots: Final = FairSlots[StreamSlot](
            SUBSCRIBERS_MAX, SUBSCRIBERS_MAX, CONTROL_PEER
        )
        self._publish_task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def subscriber_count(self) -> int:
        """The number of subscribers."""
        return len(self._subscribers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Send events to one subscriber until it disconnects or the stream closes."""
        slot = StreamSlot(request)
        if self._closed or not self._slots.take(slot):
            rejection = error_response(
                503, "busy", "the event stream is full or closing; try again later"
            )
            rejection.headers["Retry-After"] = f"{RETRY_SECONDS}"
            return rejection
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        subscriber = _Subscriber()
        try:
            begin_stream(request)
            self._publish_changes()
            subscriber.frames.extend(
                self._initial_frames(request.headers.get("Last-Event-ID"))
            )
            self._subscribers.add(subscriber)
            if self._publish_task is None or self._publish_task.done():
                self._publish_task = asyncio.create_task(self._publish_loop())
            await response.prepare(request)
            _limit_buffers(request)
            while not self._closed:
                await self._send_next(subscriber, response)
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._slots.release(slot)
            self._subscribers.discard(subscriber)
            if not self._subscribers and self._publish_task is not None:
                self._publish_task.cancel()
                self._publish_task = None
        return response

    def close(self) -> None:
        """End the connections of all subscribers, and accept no more."""
        self._closed = True
        for subscriber in self._subscribers:
            subscriber.ready.set()

    async def _send_next(
        self, subscriber: "_Subscriber", response: web.StreamResponse
    ) -> None:
        """Send the queued frames, or a heartbeat if there are none in time.

        Raises:
            TimeoutError: The subscriber does not read.
            ConnectionError: The subscriber has disconnected.
        """
        try:
            async with asyncio.timeout(self._timing.heartbeat_seconds):
                await subscriber.ready.wait()
        except TimeoutError:
            data = HEARTBEAT_FRAME
        else:
            subscriber.ready.clear()
            if subscriber.is_behind:
                subscriber.is_behind = False
                subscriber.frames.append(self._snapshot_frame())
            data = b"".join(subscriber.frames)
            subscriber.frames.clear()
        if data:
            async with asyncio.timeout(self._timing.send_timeout_seconds):
                await response.write(data)

    def _initial_frames(self, last_event_id: str | None) -> list[bytes]:
        """Return the first frames: missed changes if still kept, else a snapshot."""
        run_id, _, number = (last_event_id or "").partition("-")
        if (
            run_id == self._run_id
            and number.isdecimal()
            and len(number) <= EVENT_ID_DIGITS_MAX
        ):
            seen = int(number)
            missed = [frame for event, frame in self._changes if event > seen]
            if self._event_number - len(missed) <= seen <= self._event_number:
                return [f"retry: {1_000 * RETRY_SECONDS}\n\n".encode(), *missed]
        return [f"retry: {1_000 * RETRY_SECONDS}\n".encode() + self._snapshot_frame()]

    def _snapshot_frame(self) -> bytes:
        events = self._words.snapshot(self._snapshot)
        return b"".join(self._frame(event, data) for event, data in events)

    def _frame(self, event: str, data: Mapping[str, Any]) -> bytes:
        head = f"id: {self._run_id}-{self._event_number}\nevent: {event}\ndata: "
        return head.encode() + msgspec.json.encode(data) + b"\n\n"

    async def _publish_loop(self) -> None:
        """Poll the status until the last subscriber has left."""
        while True:
            await asyncio.sleep(self._timing.poll_seconds)
            try:
                self._publish_changes()
            except Exception:  # the next poll may succeed
                log.exception("page.crashed", path="/api/events")

    def _publish_changes(self) -> None:
        """Poll the status, and queue the changed fields for all subscribers."""
        status: dict[str, Any] = msgspec.to_builtins(self._status())
        for name in OMITTED_FIELDS:
            del status[name]
        if status == self._snapshot:
            return
        before, self._snapshot = self._snapshot, status
        self._event_number += 1
        events = self._words.changes(before, status)
        frame = b"".join(self._frame(event, data) for event, data in events)
        self._changes.append((self._event_number, frame))
        for subscriber in self._subscribers:
            subscriber.push(frame)


def _limit_buffers(request: web.Request) -> None:
    """Limit the buffers to a subscriber that does not read, to BUFFER_BYTES each."""
    if request.transport is not None:
        request.transport.set_write_buffer_limits(BUFFER_BYTES)
    connection = request.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)


class _Subscriber:
    """The queue of frames that one client has not received yet."""

    def __init__(self) -> None:
        self.frames: Final[deque[bytes]] = deque()
        self.is_behind = False
        self.ready: Final = asyncio.Event()
        self.ready.set()  # the initial frames are sent at once

    def push(self, frame: bytes) -> None:
        if len(self.frames) >= QUEUED_FRAMES_MAX:
            self.is_behind = True
            self.frames.clear()
        if not self.is_behind:
            self.frames.append(frame)
        self.ready.set()
