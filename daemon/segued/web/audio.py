"""The bytes of a music file, for a browser to play: only those of the library.

Read piece by piece on threads of the music folder: a disk that does not answer
holds up nobody but who listens to it.
"""

import asyncio
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from segued.errors import FileError, NotKnownError
from segued.media import disk_calls
from segued.media.disk_calls import look
from segued.media.safe_open import open_within, read_fully
from segued.paths import is_within, shown
from segued.store.reading import file_detail
from segued.store.reading.rows import Whereabouts
from segued.units import Seconds
from segued.web.file_detail import media_type
from segued.web.responses import refusal
from segued.web.route import Asked

__all__ = ["sound"]

PIECE_BYTES: Final = 1 << 18
READ_LIMIT: Final = Seconds(20.0)
TAKING_SECONDS: Final = 300.0
"""A browser takes what it plays next, and then nothing for some minutes."""

SOUNDING_MAX: Final = 16

RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

BYTES: Final = "application/octet-stream"

_sounding: Final = asyncio.Semaphore(SOUNDING_MAX)


async def sound(asked: Asked) -> web.StreamResponse:
    """Answer with the bytes of a file, or with those that are asked for.

    Raises:
        NotKnownError: There is no such file, or it is in no music folder.
    """
    inside, file = asked.inside, asked.named("file")
    there = await asyncio.to_thread(file_detail.whereabouts, inside.library, file)
    # The folders of today, and not what a folder may have become since.
    roots = [root for root in inside.roots() if is_within(there.path, root)]
    if not roots:
        raise NotKnownError(f"{shown(there.path)}: in none of the music folders")
    if _sounding.locked():
        return refusal(503, "busy", "as much is being played as can be; try again")
    async with _sounding:
        piece = await _opened(there, roots[0])
        try:
            return await _sent(asked.request, piece)
        finally:
            # Of some disks this is a question as well, which nobody waits for.
            disk_calls.asked(os.close, piece.opened)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A file that is open: its descriptor, size and time, and what it is in."""

    opened: int
    status: os.stat_result
    root: bytes
    there: Whereabouts


async def _opened(there: Whereabouts, root: bytes) -> _Piece:
    """Open a file; one that is opened too late is closed.

    Raises:
        NotKnownError: It cannot be opened, or its disk does not answer.
    """
    path, given_up = there.path, False

    def opening() -> _Piece:
        opened = open_within(path, root)
        status = os.fstat(opened)
        if given_up:
            os.close(opened)
        return _Piece(opened, status, root, there)

    try:
        return await look(root, READ_LIMIT, opening)
    except FileError as error:
        raise NotKnownError(str(error)) from error
    except TimeoutError as error:
        raise NotKnownError(f"{shown(path)}: its disk does not answer") from error
    finally:
        given_up = True


async def _sent(request: web.Request, piece: _Piece) -> web.StreamResponse:
    opened, root, there = piece.opened, piece.root, piece.there
    status = piece.status
    size, tag = status.st_size, f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
    kind = media_type(os.fsdecode(there.path), there.codec) or BYTES
    headers = {"Accept-Ranges": "bytes", "ETag": tag, "Content-Type": kind}
    headers["Cache-Control"] = "private, no-cache"
    wanted = _range(request, size, tag)
    start, end = wanted or (0, size)
    if wanted is not None and start >= end:
        headers["Content-Range"] = f"bytes */{size}"
        return web.Response(status=416, headers=headers)
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
            read = await look(root, READ_LIMIT, read_fully, opened, count, start)
            if not read:
                break  # it was cut off meanwhile
            async with asyncio.timeout(TAKING_SECONDS):
                await response.write(read)
            start += len(read)
    if start < end and request.transport is not None:
        request.transport.abort()
    return response


def _range(request: web.Request, size: int, tag: str) -> tuple[int, int] | None:
    """Return from where to where is asked for; None for all."""
    asked = RANGE.fullmatch(request.headers.get("Range", ""))
    if asked is None or not any(asked.groups()):
        return None
    if request.headers.get("If-Range", tag) != tag:
        return None  # it has other bytes by now
    first, last = asked.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size
