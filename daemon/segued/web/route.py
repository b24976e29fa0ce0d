"""A route: its path, the types it takes and returns, and its handler."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

import msgspec
from aiohttp import web

from segued.config.annotations import whole
from segued.web.daemon_api import DaemonApi
from segued.web.responses import json_response

__all__ = ["DAEMON_API", "ApiRequest", "Mbid", "Route", "RouteHandler"]

T = TypeVar("T")

MBID_PATTERN: Final = whole("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Mbid = Annotated[str, msgspec.Meta(pattern=MBID_PATTERN)]

BODY_SECONDS: Final = 10.0
"""A body has at most 64 KiB; a slower client gets status 408."""


DAEMON_API: Final[web.AppKey[DaemonApi]] = web.AppKey("daemon_api")

_RUNNING_OPERATIONS: Final[set[asyncio.Future[Any]]] = set()


class ApiRequest:
    """An HTTP request whose body has been received."""

    def __init__(self, http_request: web.Request, body: bytes) -> None:
        self.http_request: Final = http_request
        self._body: Final = body

    @property
    def api(self) -> DaemonApi:
        """The operations of the daemon."""
        return self.http_request.app[DAEMON_API]

    async def run_to_end(self, operation: Awaitable[T]) -> T:
        """Return the result of an operation.

        The operation runs to its end even if the client disconnects.
        """
        task = asyncio.ensure_future(operation)
        _RUNNING_OPERATIONS.add(task)
        task.add_done_callback(_RUNNING_OPERATIONS.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            # Retrieve the error, which asyncio would log as unhandled.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise

    def path_parameter(self, name: str) -> str:
        """Return the value of a placeholder in the path."""
        return self.http_request.match_info[name]

    def query(self, kind: type[T]) -> T:
        """Return the query parameters; an empty one counts as missing.

        Raises:
            msgspec.ValidationError: A parameter is unknown or invalid.
        """
        parameters = {
            name: text for name, text in self.http_request.query.items() if text
        }
        return msgspec.convert(parameters, kind, strict=False)

    def body(self, kind: type[T]) -> T:
        """Return the body; an empty body counts as an empty object.

        Raises:
            msgspec.DecodeError: The body is not JSON, or not of this type.
        """
        value = _integral_as_int(msgspec.json.decode(self._body or b"{}"))
        return msgspec.convert(value, kind)


def _integral_as_int(value: object) -> object:
    """Return a value with floats like 3.0 as int; JSON has one type for both."""
    if isinstance(value, dict):
        return {name: _integral_as_int(each) for name, each in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


RouteHandler = Callable[[ApiRequest], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route, with everything that the OpenAPI document says about it.

    Attributes:
        response_type: The type of the JSON response, or a tuple of types; the media
            type, if the response is not JSON.
        handler: Returns the value to send as JSON, or a whole response.
        query: The type of the query parameters.
        body: The type of the request body.
        other_statuses: Other statuses than 200 that the route responds with.
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
        """Respond to a request."""
        body = b""
        if request.can_read_body:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
        result = await self.handler(ApiRequest(request, body))
        if isinstance(result, web.StreamResponse):
            return result
        return json_response(result)
