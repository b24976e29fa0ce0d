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


class ChildProcess:
    """A running child process; made by `start`, for the running event loop."""

    def __init__(
        self,
        process: ForkServerProcess,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process: Final = process
        self._reader: Final = reader
        self._writer: Final = writer
        self._is_free = False
        self._job_has_begun = False
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
        reader, writer = await asyncio.open_unix_connection(sock=own_end)
        with ExitStack() as unless_ready:
            # A child that is running ends when it sees this.
            unless_ready.callback(writer.transport.abort)
            try:
                # The first start blocks until the fork server is up.
                process = await asyncio.to_thread(
                    _start_process, child_end, memory_bytes, nice
                )
                child = cls(process, reader, writer)
                async with asyncio.timeout(START_SECONDS):
                    await child._receive()
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
        return self._is_free and not self._was_killed and not self._reader.at_eof()

    async def run(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Return the result of a job, or raise the error that it raised.

        If this is cancelled, the child is still busy: kill it.

        Raises:
            ChildDiedError: The process ended before it answered.
        """
        data = pickle.dumps(call, pickle.HIGHEST_PROTOCOL)
        self._is_free = self._job_has_begun = False
        self._writer.write(LENGTH.pack(len(data)))
        self._writer.write(data)
        with suppress(ConnectionError):  # `_receive` reports why
            await self._writer.drain()
        await self._receive()
        self._job_has_begun = True
        message = await self._receive()
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
            self._writer.transport.abort()

    async def _receive(self) -> bytes:
        try:
            header = await self._reader.readexactly(LENGTH.size)
            return await self._reader.readexactly(LENGTH.unpack(header)[0])
        except (asyncio.IncompleteReadError, ConnectionError) as error:
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
