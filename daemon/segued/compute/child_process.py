"""A child process that runs one job after another, each sent to it over a socket.

Each child has a socket of its own: nothing is shared that a killed child could leave
locked, and its death is the end of its stream, whenever it comes.
"""

import asyncio
import pickle
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from typing import Any, Final

from segued.compute.child import LENGTH, serve
from segued.compute.fork_server import start_fork_server
from segued.errors import ComputeError

__all__ = ["ChildDiedError", "ChildProcess"]

READY: Final = 1
ANSWER: Final = 2
"""The number of the answer among the messages for a job: one says that it has begun."""

START_SECONDS: Final = 60.0
EXIT_SECONDS: Final = 5.0
"""How long the exit code of a process is waited for whose stream has ended."""

_process_lock: Final = threading.Lock()
"""multiprocessing's list of children must not be used by two threads at once."""


class ChildDiedError(Exception):
    """A child ended before its answer.

    Args:
        exit_code: As of `multiprocessing`: negative for a signal; None if unknown.
        by_job: Whether the job may be the cause: it had begun, and nobody called
            `ChildProcess.kill`.
    """

    def __init__(self, exit_code: int | None, *, by_job: bool) -> None:
        super().__init__(exit_code)
        self.exit_code: Final = exit_code
        self.by_job: Final = by_job


class _Messages(asyncio.Protocol):
    """Receives what a child sends: messages, each after its length.

    asyncio's streams would wake the caller several times for each job.

    Attributes:
        count: How many have come.
        has_ended: Whether the child has closed its end.
    """

    def __init__(self) -> None:
        self.count = 0
        self.has_ended = False
        self._received: Final = bytearray()
        self._last = b""
        self._awaited = 0
        self._waiter: asyncio.Future[bytes] | None = None

    async def receive(self, number: int) -> bytes:
        """Return the message with a number, from 1, which is the last one by then.

        Raises:
            EOFError: The child has closed its end.
        """
        if self.count == number:
            return self._last
        if self.has_ended:
            raise EOFError
        self._awaited = number
        self._waiter = asyncio.get_running_loop().create_future()
        return await self._waiter

    def data_received(self, data: bytes) -> None:
        """Take a part of the stream."""
        self._received.extend(data)
        while len(self._received) >= LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(self._received)[0]
            if len(self._received) < end:
                break
            self.count += 1
            self._last = bytes(self._received[LENGTH.size : end])
            del self._received[:end]
            if self.count == self._awaited:
                self._wake()

    def connection_lost(self, _error: Exception | None) -> None:
        """Note the end of the stream."""
        self.has_ended = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(EOFError())

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(self._last)


class ChildProcess:
    """A running child process; made by `start`, for the running event loop."""

    def __init__(
        self,
        process: ForkServerProcess,
        transport: asyncio.WriteTransport,
        messages: _Messages,
    ) -> None:
        self._process: Final = process
        self._transport: Final = transport
        self._messages: Final = messages
        self._messages_before_job = 0
        self._is_free = False
        self._was_killed = False

    @classmethod
    async def start(cls, memory_bytes: int, nice: int) -> "ChildProcess":
        """Start a child and wait until it is ready for a job.

        Args:
            memory_bytes: Limit on its address space.
            nice: How far its priority is lowered, 0 to 19.

        Raises:
            ChildDiedError: It died while it started.
            ComputeError: It cannot be started.
        """
        own_end, child_end = socket.socketpair()
        own_end.settimeout(0)
        loop = asyncio.get_running_loop()
        transport, messages = await loop.create_unix_connection(_Messages, sock=own_end)
        with ExitStack() as unless_ready:
            # A child that is running ends when it sees this.
            unless_ready.callback(transport.abort)
            try:
                # The first start blocks until the fork server is up.
                process = await asyncio.to_thread(
                    _start_process, child_end, memory_bytes, nice
                )
                child = cls(process, transport, messages)
                async with asyncio.timeout(START_SECONDS):
                    await child._receive(READY)
                    child._is_free = True
            except EOFError as error:  # the fork server has ended
                raise ChildDiedError(None, by_job=False) from error
            except OSError as error:
                reason = error.strerror or f"not ready after {START_SECONDS:g} s"
                raise ComputeError(
                    f"child processes cannot be started: {reason}"
                ) from error
            unless_ready.pop_all()
        return child

    @property
    def is_free(self) -> bool:
        """Whether the process can take a job, as far as the event loop has seen."""
        return self._is_free and not self._was_killed and not self._messages.has_ended

    async def run(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Return the result of a job, or raise the error that it raised.

        If this is cancelled, the child is still busy: kill it.

        Raises:
            ChildDiedError: The process ended before it answered.
        """
        data = pickle.dumps(call, pickle.HIGHEST_PROTOCOL)
        self._is_free = False
        self._messages_before_job = self._messages.count
        self._transport.write(LENGTH.pack(len(data)) + data)
        message = await self._receive(self._messages_before_job + ANSWER)
        self._is_free = True
        succeeded, answer = pickle.loads(message)  # noqa: S301 - of our child
        if not succeeded:
            raise answer
        return answer

    def kill(self) -> None:
        """Kill the process at once, and its job with it.

        It is not waited for: one that reads from a disk that does not answer ends
        only when the disk does.
        """
        self._was_killed = True
        with suppress(OSError):
            self._process.kill()
        with suppress(RuntimeError):  # the event loop is closed
            self._transport.abort()

    @property
    def _job_has_begun(self) -> bool:
        return self._messages.count > self._messages_before_job > 0

    async def _receive(self, number: int) -> bytes:
        """Return the message with a number, counted from the start of the process."""
        try:
            return await self._messages.receive(number)
        except EOFError as error:
            if self._was_killed:
                raise ChildDiedError(None, by_job=False) from error
            exit_code = await asyncio.to_thread(_exit_code, self._process)
            raise ChildDiedError(exit_code, by_job=self._job_has_begun) from error


def _start_process(
    child_end: socket.socket, memory_bytes: int, nice: int
) -> ForkServerProcess:
    process = get_context("forkserver").Process(
        target=serve, args=(child_end, memory_bytes, nice), daemon=True
    )
    with child_end, _process_lock:
        start_fork_server()
        process.start()
    return process


def _exit_code(process: ForkServerProcess) -> int | None:
    with _process_lock:
        process.join(EXIT_SECONDS)
        return process.exitcode
