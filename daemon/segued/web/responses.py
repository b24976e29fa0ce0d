"""Responses: JSON, and errors with the reason."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
import structlog
from aiohttp import web

from segued.errors import (
    ConfigError,
    DaemonError,
    NotFoundError,
    SeguedError,
    StoreError,
)

__all__ = ["Handler", "error_response", "json_response", "respond"]

log: Final = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RequestT = TypeVar("RequestT", bound=web.BaseRequest)

DETAIL_LENGTH_MAX: Final = 500
INTERNAL_ERROR: Final = 500


def json_response(value: object, status: int = 200) -> web.Response:
    """Return a response with a value as JSON."""
    body = msgspec.json.encode(value, enc_hook=str)
    return web.Response(body=body, status=status, content_type="application/json")


def error_response(status: int, code: str, detail: str) -> web.Response:
    """Return a response that reports an error."""
    return json_response(
        {"error": {"code": code, "detail": detail[:DETAIL_LENGTH_MAX]}}, status
    )


STATUS_BY_ERROR: Final[tuple[tuple[type[SeguedError], int], ...]] = (
    (NotFoundError, 404),
    (ConfigError, 400),
    (DaemonError, 409),
    (StoreError, 503),
    (SeguedError, 500),
)
"""The status of each kind of error; the first entry that matches counts."""


async def respond(
    request: RequestT, handler: Callable[[RequestT], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Return a handler's response, or one that reports the reason of its error."""
    try:
        return await handler(request)
    except ConnectionError:
        raise  # the client has disconnected
    except Exception as error:
        response = _response_to(request, error)
        if response.status == INTERNAL_ERROR:
            log.exception("page.crashed", path=request.path)
        return response


def _response_to(request: web.BaseRequest, error: Exception) -> web.Response:
    match error:
        case SeguedError():
            status = next(
                each for kind, each in STATUS_BY_ERROR if isinstance(error, kind)
            )
            response = error_response(status, error.code, str(error))
        case msgspec.DecodeError() | UnicodeError() | RecursionError():
            response = error_response(400, "request", f"invalid request: {error}")
        case web.RequestPayloadError():
            response = error_response(400, "request", f"invalid body: {error}")
        case TimeoutError():
            response = error_response(
                408, "request", "the request did not arrive in time"
            )
        case web.HTTPException():
            response = error_response(
                error.status, "request", f"{request.path}: {error.reason}"
            )
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
        case _:
            what = "internal error; the log has the details"
            response = error_response(INTERNAL_ERROR, "unforeseen", what)
    return response
