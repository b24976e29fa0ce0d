"""The page's own files: read once, and served from memory."""

import hashlib
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from aiohttp import web

from segued.web.route import Answering, Asked, Route

__all__ = ["pages"]

INDEX: Final = "index.html"

TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


def pages() -> list[Route]:
    """Return a route for each file of the page."""
    found = dict(_files(resources.files("segued.web") / "page", ""))
    routes = [
        _page(f"/page/{name}", name, body)
        for name, body in found.items()
        if name != INDEX
    ]
    return [_page("/", INDEX, found[INDEX]), *routes]


def _files(place: Traversable, before: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for each in place.iterdir():
        if each.is_dir():
            found += _files(each, f"{before}{each.name}/")
        elif any(each.name.endswith(suffix) for suffix in TYPES):
            found.append((before + each.name, each.read_bytes()))
    return found


def _page(path: str, name: str, body: bytes) -> Route:
    tag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    suffix = name[name.rindex(".") :]
    # Asked for each time, and sent when it is another one: updates show at once.
    headers = {"ETag": tag, "Cache-Control": "no-cache"}

    async def page(asked: Asked) -> web.Response:
        if asked.request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=body,
            content_type=TYPES[suffix],
            charset="utf-8",
            headers=headers,
        )

    answering: Answering = page
    return Route(
        method="GET",
        path=path,
        summary=f"The page: {name}.",
        answer=TYPES[suffix],
        answering=answering,
    )
