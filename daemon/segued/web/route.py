"""A route: what can be asked, with which words, and what is answered."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from segued.web.commands import Command, Obey
from segued.web.metrics import Readings
from segued.web.responses import as_json
from segued.web.status import Status

__all__ = ["INSIDE", "Asked", "Inside", "Route"]

T = TypeVar("T")

BODY_SECONDS: Final = 10.0
"""Whoever sends 64 KiB takes less."""


@dataclass(frozen=True, slots=True)
class Inside:
    """What the routes can reach of the daemon.

    Attributes:
        obey: Carries a command out.
        status: Says how everything stands, from memory.
        readings: Says what only metrics tell.
        library: The library.
        roots: The music folders, as they are configured now.
    """

    obey: Obey
    status: Callable[[], Status]
    readings: Callable[[], Readings]
    library: Path
    roots: Callable[[], tuple[bytes, ...]]


_UNDER_WAY: Final[set[asyncio.Future[Any]]] = set()

INSIDE: Final = web.AppKey("inside", Inside)


class Asked:
    """A request, read."""

    def __init__(self, request: web.Request, body: bytes) -> None:
        self.request: Final = request
        self._body: Final = body

    @property
    def inside(self) -> Inside:
        """What there is to ask."""
        return self.request.app[INSIDE]

    async def obeyed(self, command: Command) -> Any:  # noqa: ANN401
        """Return what the daemon answers to a command.

        It is carried out, also if who asked does not wait for the answer.
        """
        task = asyncio.ensure_future(self.inside.obey(command))
        _UNDER_WAY.add(task)
        task.add_done_callback(_UNDER_WAY.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise

    def named(self, name: str) -> str:
        """Return a part of the path."""
        return self.request.match_info[name]

    def query(self, kind: type[T]) -> T:
        """Return what stands behind the question mark; empty counts as not there.

        Raises:
            msgspec.ValidationError: It makes no sense.
        """
        given = {name: text for name, text in self.request.query.items() if text}
        return msgspec.convert(given, kind, strict=False)

    def body(self, kind: type[T]) -> T:
        """Return the body; an empty one is an empty object.

        Raises:
            msgspec.DecodeError: It is no JSON, or not of this kind.
        """
        value = _counted(msgspec.json.decode(self._body or b"{}"))
        return msgspec.convert(value, kind)


def _counted(value: object) -> object:
    """Return a value with 3.0 as 3, which JSON does not tell apart."""
    if isinstance(value, dict):
        return {name: _counted(each) for name, each in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


Answering = Callable[[Asked], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route, with all that its description says.

    Attributes:
        answer: The type of the answer, or several, or the media type of one that
            is no JSON.
        answering: Returns the answer, or a whole response.
        query: What may stand behind the question mark.
        body: What is sent.
        also: Statuses beside 200 that it may answer with, and why.
    """

    method: str
    path: str
    summary: str
    answer: Any
    answering: Answering
    query: type[Any] | None = None
    body: Any = None
    also: tuple[int, ...] = ()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        body = b""
        if request.can_read_body:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
        answer = await self.answering(Asked(request, body))
        if isinstance(answer, web.StreamResponse):
            return answer
        return as_json(answer)
