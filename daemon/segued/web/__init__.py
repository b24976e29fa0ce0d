"""HTTP: what the daemon is asked and answers, and the page that shows it.

The same routes are there on the control socket and on the page's address.
"""

import socket
import struct
from typing import Any, Final

import structlog
from aiohttp import web

from segued import __version__
from segued.web.access import Guard, guarding, with_headers
from segued.web.control_routes import ORDERS
from segued.web.events import Stream
from segued.web.library_routes import SHELVES
from segued.web.openapi import described
from segued.web.responses import Handler, as_json, explained
from segued.web.route import INSIDE, Asked, Inside, Route
from segued.web.static_files import pages

__all__ = ["application"]

log: Final = structlog.get_logger()

BODY_BYTES_MAX: Final = 1 << 16


def application(inside: Inside, guard: Guard, stream: Stream) -> web.Application:
    """Return all there is to ask.

    Args:
        inside: What the routes can reach of the daemon.
        guard: Says who may ask, where not only the file's mode does.
        stream: Tells what changes.
    """
    app = web.Application(
        client_max_size=BODY_BYTES_MAX,
        middlewares=[explained, guarding(guard), _noted],
    )
    app[INSIDE] = inside
    app.on_response_prepare.append(with_headers)

    async def close(_app: web.Application) -> None:
        stream.close()

    app.on_shutdown.append(close)

    async def events(asked: Asked) -> web.StreamResponse:
        return await stream.answer(asked.request)

    async def description(_asked: Asked) -> web.StreamResponse:
        return as_json(description_of_all)

    told = (
        Route(
            method="GET",
            path="/api/events",
            summary="Server-sent events: a snapshot, and then what changes.",
            answer="text/event-stream",
            answering=events,
            also=(503,),
        ),
        Route(
            method="GET",
            path="/api/openapi.json",
            summary="This description.",
            answer=dict[str, Any],
            answering=description,
        ),
    )
    routes = (*ORDERS, *SHELVES, *told)
    description_of_all = described(routes, __version__)
    for route in (*routes, *pages()):
        app.router.add_route(route.method, route.path, route.handle)
    return app


@web.middleware
async def _noted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note who tells the daemon to do something."""
    if request.method not in ("GET", "HEAD"):
        log.info(
            "control.asked", method=request.method, path=request.path, **_peer(request)
        )
    return await handler(request)


def _peer(request: web.Request) -> dict[str, int | str]:
    """Return who is at the other end."""
    line = request.get_extra_info("socket")
    if line is None or line.family != socket.AF_UNIX:
        return {"peer": request.remote or ""}
    raw = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    process, user, group = struct.unpack("3i", raw)
    return {"peer_process": process, "peer_user": user, "peer_group": group}
