"""Run a command for each event, with the event on its standard input."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from segued.clients.receiver import SentEvent
from segued.errors import ServiceUnavailableError
from segued.paths import shown

__all__ = ["HookCommand"]

MESSAGE_BYTES_MAX: Final = 500
"""So much of the end of what a failed command prints is in the log."""

OWN_VARIABLES: Final = ("SEGUED_", "LISTEN_", "NOTIFY_", "WATCHDOG_", "CREDENTIALS_")
"""Variables that begin like this are for segued only, and may hold secrets."""


class HookCommand:
    """A receiver that is a command: it has taken an event when it ends with 0.

    No shell is involved. Its standard output is discarded.
    """

    name = "command"
    is_summary = False

    def __init__(self, command: Sequence[str], limit_seconds: float) -> None:
        self._command: Final = command
        self._limit_seconds: Final = limit_seconds
        self._label: Final = f"hook {shown(command[0])}"

    async def deliver(self, sent: SentEvent) -> None:
        """Run the command to its end.

        Raises:
            ServiceError: It cannot be started, took too long, or failed.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=PIPE,
                stdout=DEVNULL,
                stderr=PIPE,
                env=_environment(sent),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ServiceUnavailableError(
                self._label, f"cannot be started: {reason}"
            ) from error
        try:
            async with asyncio.timeout(self._limit_seconds):
                message = await _run(process, sent.payload.encode())
        except TimeoutError as error:
            raise ServiceUnavailableError(
                self._label, f"took longer than {self._limit_seconds:g} s"
            ) from error
        finally:
            _kill_all(process)
        if process.returncode != 0:
            text = " ".join(message.decode("utf-8", "replace").split())
            detail = f"ended with {process.returncode}{': ' if text else ''}{text}"
            raise ServiceUnavailableError(self._label, detail)

    async def close(self) -> None:
        """Nothing is held open."""


async def _run(process: Process, payload: bytes) -> bytes:
    """Feed a process, wait for its end, and return the end of its messages."""
    messages = bytearray()

    async def read_messages() -> None:
        assert process.stderr is not None  # noqa: S101
        while piece := await process.stderr.read(4_096):
            messages.extend(piece)
            del messages[:-MESSAGE_BYTES_MAX]

    async def feed() -> None:
        assert process.stdin is not None  # noqa: S101
        # A command need not read what it gets.
        with suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(payload)
            await process.stdin.drain()
        process.stdin.close()

    # Its own children may hold the pipe open for longer.
    reading = asyncio.create_task(read_messages())
    feeding = asyncio.create_task(feed())
    try:
        await process.wait()
        await asyncio.wait({reading}, timeout=0.2)
    finally:
        reading.cancel()
        feeding.cancel()
    return bytes(messages)


def _kill_all(process: Process) -> None:
    """Kill a process and its children, if it has not ended by itself."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _environment(sent: SentEvent) -> Mapping[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(OWN_VARIABLES)
    }
    return {**kept, "SEGUED_EVENT": sent.event, "SEGUED_EVENT_ID": sent.id}
