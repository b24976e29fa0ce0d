"""The bytes of a music file, for a browser to play: only those of the library.

Read piece by piece on threads of the music folder: a disk that does not answer
holds up nobody but who listens to it.
"""

import asyncio
import os
from contextlib import suppress
from typing import Final

from aiohttp import web

from segued.errors import FileError, NotKnownError
from segued.media.looking import look
from segued.media.reading import open_within, read_fully
from segued.paths import is_within, shown
from segued.store import whole
from segued.store.lines import Whereabouts
from segued.units import Seconds
from segued.views.dossier import media_type
from segued.views.web.answers import refusal
from segued.views.web.route import Asked

__all__ = ["sound"]

PIECE_BYTES: Final = 1 << 18
READ_LIMIT: Final = Seconds(20.0)
TAKING_SECONDS: Final = 300.0
"""A browser takes what it plays next, and then nothing for some minutes."""

SOUNDING_MAX: Final = 16

BYTES: Final = "application/octet-stream"

_sounding: Final = asyncio.Semaphore(SOUNDING_MAX)


async def sound(asked: Asked) -> web.StreamResponse:
    """Answer with the bytes of a file, or with those that are asked for.

    Raises:
        NotKnownError: There is no such file, or it is in no music folder.
    """
    inside, file = asked.inside, asked.named("file")
    there = await asyncio.to_thread(whole.whereabouts, inside.library, file)
    if not any(is_within(there.path, root) for root in inside.roots()):
        raise NotKnownError(f"{shown(there.path)}: in none of the music folders")
    if _sounding.locked():
        return refusal(503, "busy", "as much is being played as can be; try again")
    async with _sounding:
        root = there.root
        try:
            opened = await look(root, READ_LIMIT, open_within, there.path, root)
        except (FileError, TimeoutError) as error:
            reason = str(error) or f"{shown(there.path)}: its disk does not answer"
            raise NotKnownError(reason) from error
        try:
            return await _sent(asked.request, there, opened)
        finally:
            # Of some disks this is a question as well.
            with suppress(TimeoutError):
                await look(root, READ_LIMIT, os.close, opened)


async def _sent(
    request: web.Request, there: Whereabouts, opened: int
) -> web.StreamResponse:
    status = await look(there.root, READ_LIMIT, os.fstat, opened)
    size, tag = status.st_size, f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
    kind = media_type(os.fsdecode(there.path), there.codec) or BYTES
    headers = {"Accept-Ranges": "bytes", "ETag": tag, "Content-Type": kind}
    headers["Cache-Control"] = "private, no-cache"
    try:
        wanted = _range(request, size, tag)
    except ValueError:
        return web.Response(
            status=416, headers={"Content-Range": f"bytes */{size}", **headers}
        )
    start, end = wanted or (0, size)
    if wanted is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response = web.StreamResponse(
        status=200 if wanted is None else 206,
        headers={**headers, "Content-Length": str(end - start)},
    )
    await response.prepare(request)
    # Whoever stops listening, or a disk that went away, ends it in the middle.
    with suppress(ConnectionError, TimeoutError, OSError):
        while start < end:
            count = min(PIECE_BYTES, end - start)
            piece = await look(there.root, READ_LIMIT, read_fully, opened, count, start)
            if not piece:
                break  # it was cut off meanwhile
            async with asyncio.timeout(TAKING_SECONDS):
                await response.write(piece)
            start += len(piece)
    if start < end and request.transport is not None:
        request.transport.abort()
    return response


def _range(request: web.Request, size: int, tag: str) -> tuple[int, int] | None:
    """Return from where to where is asked for; None for all.

    Raises:
        ValueError: There is no such piece.
    """
    if "Range" not in request.headers:
        return None
    if request.headers.get("If-Range", tag) != tag:
        return None  # it has other bytes by now
    wanted = request.http_range
    start, end, _ = wanted.indices(size)
    if start >= end:
        raise ValueError(f"there is nothing at {wanted}")
    return start, end
