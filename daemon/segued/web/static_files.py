"""The files of the page, read once at start and served from memory."""

import hashlib
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from aiohttp import web

from segued.web.route import ApiRequest, Route, RouteHandler

__all__ = ["static_routes"]

INDEX: Final = "index.html"

CONTENT_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


def static_routes() -> list[Route]:
    """Return a route for each file of the page."""
    files = dict(_collect_files(resources.files("segued.web") / "page", ""))
    routes = [
        _file_route(f"/page/{name}", name, body)
        for name, body in files.items()
        if name != INDEX
    ]
    return [_file_route("/", INDEX, files[INDEX]), *routes]


def _collect_files(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    files: list[tuple[str, bytes]] = []
    for each in folder.iterdir():
        if each.is_dir():
            files += _collect_files(each, f"{prefix}{each.name}/")
        elif any(each.name.endswith(suffix) for suffix in CONTENT_TYPES):
            files.append((prefix + each.name, each.read_bytes()))
    return files


def _file_route(path: str, name: str, body: bytes) -> Route:
    etag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    suffix = name[name.rindex(".") :]
    # Browsers revalidate at each use, so an upgrade shows at once.
    headers = {"ETag": etag, "Cache-Control": "no-cache"}

    async def serve_file(request: ApiRequest) -> web.Response:
        if request.http_request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=body,
            content_type=CONTENT_TYPES[suffix],
            charset="utf-8",
            headers=headers,
        )

    handler: RouteHandler = serve_file
    return Route(
        method="GET",
        path=path,
        summary=f"The page's file {name}.",
        response_type=CONTENT_TYPES[suffix],
        handler=handler,
    )
