"""A route: what can be asked, with which words, and what is answered."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from segued.web.commands import Command, CommandHandler
from segued.web.metrics import Readings
from segued.web.responses import json_response
from segued.web.status import Status

__all__ = ["DAEMON_API", "ApiRequest", "DaemonApi", "Route"]

T = TypeVar("T")

BODY_SECONDS: Final = 10.0
"""Whoever sends 64 KiB takes less."""


@dataclass(frozen=True, slots=True)
class DaemonApi:
    """What the routes can reach of the daemon.

    Attributes:
        handle_command: Carries a command out.
        status: Says how everything stands, from memory.
        readings: Says what only metrics tell.
        database: The library.
        roots: The music folders, as they are configured now.
    """

    handle_command: CommandHandler
    status: Callable[[], Status]
    readings: Callable[[], Readings]
    database: Path
    roots: Callable[[], tuple[bytes, ...]]


_RUNNING_COMMANDS: Final[set[asyncio.Future[Any]]] = set()

DAEMON_API: Final = web.AppKey("inside", DaemonApi)


class ApiRequest:
    """A request, read."""

    def __init__(self, http_request: web.Request, body: bytes) -> None:
        self.http_request: Final = http_request
        self._body: Final = body

    @property
    def api(self) -> DaemonApi:
        """What there is to ask."""
        return self.http_request.app[DAEMON_API]

    async def run_command(self, command: Command) -> Any:  # noqa: ANN401
        """Return what the daemon answers to a command.

        It is carried out, also if who asked does not wait for the answer.
        """
        task = asyncio.ensure_future(self.api.handle_command(command))
        _RUNNING_COMMANDS.add(task)
        task.add_done_callback(_RUNNING_COMMANDS.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise

    def path_parameter(self, name: str) -> str:
        """Return a part of the path."""
        return self.http_request.match_info[name]

    def query(self, kind: type[T]) -> T:
        """Return what stands behind the question mark; empty counts as not there.

        Raises:
            msgspec.ValidationError: It makes no sense.
        """
        parameters = {
            name: text for name, text in self.http_request.query.items() if text
        }
        return msgspec.convert(parameters, kind, strict=False)

    def body(self, kind: type[T]) -> T:
        """Return the body; an empty one is an empty object.

        Raises:
            msgspec.DecodeError: It is no JSON, or not of this kind.
        """
        value = _integral_as_int(msgspec.json.decode(self._body or b"{}"))
        return msgspec.convert(value, kind)


def _integral_as_int(value: object) -> object:
    """Return a value with 3.0 as 3, which JSON does not tell apart."""
    if isinstance(value, dict):
        return {name: _integral_as_int(each) for name, each in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


RouteHandler = Callable[[ApiRequest], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route, with all that its description says.

    Attributes:
        response_type: The type of the answer, or several, or the media type of one that
            is no JSON.
        handler: Returns the answer, or a whole response.
        query: What may stand behind the question mark.
        body: What is sent.
        other_statuses: Statuses beside 200 that it may answer with, and why.
    """

    method: str
    path: str
    summary: str
    response_type: Any
    handler: RouteHandler
    query: type[Any] | None = None
    body: Any = None
    other_statuses: tuple[int, ...] = ()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        body = b""
        if request.can_read_body:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
        result = await self.handler(ApiRequest(request, body))
        if isinstance(result, web.StreamResponse):
            return result
        return json_response(result)
