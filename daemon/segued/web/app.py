"""The web application: all routes, and what guards them."""

import asyncio
import socket
from functools import cache
from typing import Any, Final

import structlog
from aiohttp import web

from segued import __version__
from segued.store.reading.similar import SimilarPassages
from segued.web.access import Guard, add_security_headers, guard_middleware
from segued.web.ancestor_events import AncestorWords
from segued.web.control_routes import CONTROL_ROUTES
from segued.web.daemon_api import DaemonApi
from segued.web.events import EventStream
from segued.web.export_routes import EXPORT_ROUTES
from segued.web.library_routes import LIBRARY_ROUTES
from segued.web.music_routes import MUSIC_ROUTES
from segued.web.next_routes import NEXT_ROUTES
from segued.web.openapi import openapi_document
from segued.web.peers import peer_process
from segued.web.responses import Handler, json_response
from segued.web.review_routes import REVIEW_ROUTES
from segued.web.route import DAEMON_API, ApiRequest, Route
from segued.web.setup_routes import SETUP_ROUTES
from segued.web.similar_routes import SIMILAR, SIMILAR_ROUTES, SIMILAR_TURN
from segued.web.static_files import static_routes

__all__ = ["create_app"]

log: Final = structlog.get_logger()

BODY_BYTES_MAX: Final = 1 << 16


def create_app(api: DaemonApi, guard: Guard, stream: EventStream) -> web.Application:
    """Return the web application with all routes.

    Args:
        api: The part of the daemon that the routes use.
        guard: Checks requests to the page's address; the control socket is
            protected by its file mode.
        stream: Serves the events.
    """
    app = web.Application(
        client_max_size=BODY_BYTES_MAX,
        middlewares=[guard_middleware(guard), _log_commands],
    )
    app[DAEMON_API] = api
    app[SIMILAR] = SimilarPassages(api.database)
    app[SIMILAR_TURN] = asyncio.Lock()
    app.on_response_prepare.append(add_security_headers)

    other_stream = EventStream(api.status, words=AncestorWords())

    async def close_stream(_app: web.Application) -> None:
        stream.close()
        other_stream.close()

    app.on_shutdown.append(close_stream)

    @cache
    def api_description() -> dict[str, Any]:
        return openapi_document(routes, __version__)

    async def describe_api(_request: ApiRequest) -> web.StreamResponse:
        return json_response(api_description())

    description_route = Route(
        method="GET",
        path="/api/openapi.json",
        summary="This OpenAPI document.",
        response_type=dict[str, Any],
        handler=describe_api,
    )
    routes = (
        *CONTROL_ROUTES,
        *SETUP_ROUTES,
        *LIBRARY_ROUTES,
        *MUSIC_ROUTES,
        *REVIEW_ROUTES,
        *EXPORT_ROUTES,
        *SIMILAR_ROUTES,
        *NEXT_ROUTES,
        *_event_routes(stream, other_stream),
        description_route,
    )
    for route in (*routes, *static_routes()):
        app.router.add_route(route.method, route.path, route.handle)
    return app


def _event_routes(stream: EventStream, other_stream: EventStream) -> tuple[Route, ...]:
    async def events(request: ApiRequest) -> web.StreamResponse:
        return await stream.handle(request.http_request)

    async def ancestor_events(request: ApiRequest) -> web.StreamResponse:
        return await other_stream.handle(request.http_request)

    return (
        Route(
            method="GET",
            path="/api/events",
            summary="Server-sent events: a snapshot of the status, then its changes.",
            response_type="text/event-stream",
            handler=events,
            other_statuses=(503,),
        ),
        Route(
            method="GET",
            path="/import/events",
            summary="Server-sent events under the names and fields of wkmp-ai.",
            response_type="text/event-stream",
            handler=ancestor_events,
            other_statuses=(503,),
        ),
    )


@web.middleware
async def _log_commands(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log each request that changes something, with the client that sent it."""
    if request.method not in ("GET", "HEAD"):
        log.info(
            "control.asked", method=request.method, path=request.path, **_peer(request)
        )
    return await handler(request)


def _peer(request: web.Request) -> dict[str, int | str]:
    """Return the client's address; on the control socket its process and user."""
    connection = request.get_extra_info("socket")
    if connection is None or connection.family != socket.AF_UNIX:
        return {"peer": request.remote or ""}
    process, user, group = peer_process(connection)
    return {"peer_process": process, "peer_user": user, "peer_group": group}
