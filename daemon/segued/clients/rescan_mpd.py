"""Ask MPD to read a folder again, by its own protocol."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from segued.clients.receiver import SentEvent
from segued.clients.rescan_places import relative_place
from segued.errors import ServiceUnavailableError

__all__ = ["MpdRescan"]

LABEL: Final = "MPD"
PORT: Final = 6_600
LINE_BYTES_MAX: Final = 1 << 16


class MpdRescan:
    """A receiver of `folder.imported` that sends MPD the command `update`."""

    name = "mpd"
    is_summary = False

    def __init__(
        self, address: str, password: str, folder: str, limit_seconds: float
    ) -> None:
        """Prepare.

        Args:
            address: A host with or without a port, or the path of a socket.
            password: MPD's password; empty for none.
            folder: MPD's music folder as segued sees it; empty: each music folder of
                segued is one of MPD.
            limit_seconds: How long one update may take to be accepted.
        """
        self._address: Final = address
        self._password: Final = password
        self._folder: Final = folder
        self._limit_seconds: Final = limit_seconds

    async def deliver(self, sent: SentEvent) -> None:
        """Send the update; a folder outside of MPD's is none of its business.

        Raises:
            ServiceError: MPD is not there, or refuses.
        """
        facts = sent.facts
        place = relative_place(str(facts["folder"]), self._folder or str(facts["root"]))
        if place is None:
            return
        commands = [f"password {_quoted(self._password)}"] if self._password else []
        commands.append(f"update {_quoted(place)}" if place else "update")
        try:
            async with asyncio.timeout(self._limit_seconds):
                await self._send(commands)
        except TimeoutError as error:
            raise ServiceUnavailableError(LABEL, "does not answer in time") from error
        except OSError as error:
            detail = f"cannot be reached: {error.strerror or error}"
            raise ServiceUnavailableError(LABEL, detail) from error

    async def close(self) -> None:
        """Nothing is held open."""

    async def _send(self, commands: Sequence[str]) -> None:
        if self._address.startswith("/"):
            reader, writer = await asyncio.open_unix_connection(
                self._address, limit=LINE_BYTES_MAX
            )
        else:
            host, port = _host_and_port(self._address)
            reader, writer = await asyncio.open_connection(
                host, port, limit=LINE_BYTES_MAX
            )
        try:
            if not (await _line(reader)).startswith("OK MPD"):
                raise ServiceUnavailableError(LABEL, "another program answers")
            for command in commands:
                writer.write(f"{command}\n".encode())
                await writer.drain()
                await _read_answer(reader)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _read_answer(reader: asyncio.StreamReader) -> None:
    while (line := await _line(reader)) != "OK":
        if line.startswith("ACK"):
            # "ACK [50@0] {update} No such directory": it does not repeat a password.
            raise ServiceUnavailableError(LABEL, f"refuses: {line[:200]}")


async def _line(reader: asyncio.StreamReader) -> str:
    try:
        raw = await reader.readuntil(b"\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ServiceUnavailableError(LABEL, "closed the connection") from error
    return raw.decode("utf-8", "replace").rstrip("\n")


def _quoted(text: str) -> str:
    """Return an argument as MPD reads it; a line end would begin another command."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", " ").replace("\r", " ") + '"'


def _host_and_port(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal() and (":" not in host or host.endswith("]")):
        return host.strip("[]"), int(port)
    return address.strip("[]"), PORT
