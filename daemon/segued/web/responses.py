"""Answers: JSON, and errors that name the reason."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import structlog
from aiohttp import web

from segued.errors import (
    ConfigError,
    DaemonError,
    NotKnownError,
    SeguedError,
    StoreError,
)

__all__ = ["Handler", "as_json", "explained", "refusal"]

log: Final = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LETTERS_MAX: Final = 500
UNFORESEEN: Final = 500


def as_json(value: object, status: int = 200) -> web.Response:
    """Return an answer that holds a value."""
    body = msgspec.json.encode(value, enc_hook=str)
    return web.Response(body=body, status=status, content_type="application/json")


def refusal(status: int, code: str, detail: str) -> web.Response:
    """Return an answer that says why there is none."""
    return as_json({"error": {"code": code, "detail": detail[:LETTERS_MAX]}}, status)


STATUSES: Final[tuple[tuple[type[SeguedError], int], ...]] = (
    (NotKnownError, 404),
    (ConfigError, 400),
    (DaemonError, 409),
    (StoreError, 503),
    (SeguedError, 500),
)
"""The first that an error is decides what it is answered with."""


@web.middleware
async def explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn errors into answers that name the reason."""
    try:
        return await handler(request)
    except ConnectionError:
        raise  # nobody is left to be told
    except Exception as error:
        answer = _explained(request, error)
        if answer.status == UNFORESEEN:
            log.exception("page.broke", path=request.path)
        return answer


def _explained(request: web.Request, error: Exception) -> web.Response:
    match error:
        case SeguedError():
            status = next(each for kind, each in STATUSES if isinstance(error, kind))
            answer = refusal(status, error.code, str(error))
        case msgspec.DecodeError() | UnicodeError() | RecursionError():
            answer = refusal(400, "request", f"the request makes no sense: {error}")
        case web.RequestPayloadError():
            answer = refusal(400, "request", f"the body makes no sense: {error}")
        case TimeoutError():
            answer = refusal(408, "request", "the request did not arrive in time")
        case web.HTTPException():
            answer = refusal(error.status, "request", f"{request.path}: {error.reason}")
            if "Allow" in error.headers:
                answer.headers["Allow"] = error.headers["Allow"]
        case _:
            what = "something failed that nobody foresaw"
            answer = refusal(UNFORESEEN, "unforeseen", what)
    return answer
