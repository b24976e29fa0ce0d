"""Serve the bytes of the library's music files to a browser.

Files are read in chunks on the threads of their music folder, so a disk that
does not respond delays only the playback of its own files.
"""

import asyncio
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from segued.errors import FileError, NotFoundError
from segued.media import disk_calls
from segued.media.disk_calls import call_disk
from segued.media.safe_open import open_within, read_fully
from segued.paths import is_within, shown
from segued.store.reading import file_detail
from segued.store.reading.rows import FileLocation
from segued.units import Seconds
from segued.web.connections import StreamSlot, begin_stream, pace_stream
from segued.web.fairness import FairSlots
from segued.web.file_detail import media_type
from segued.web.peers import CONTROL_PEER
from segued.web.responses import error_response
from segued.web.route import ApiRequest

__all__ = ["serve_audio"]

CHUNK_BYTES: Final = 1 << 18
READ_TIMEOUT: Final = Seconds(20.0)
SEND_TIMEOUT_SECONDS: Final = 300.0
"""A browser fills its buffer and then reads nothing for some minutes."""

AUDIO_STREAMS_MAX: Final = 16

RANGE_PATTERN: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

UNKNOWN_TYPE: Final = "application/octet-stream"

_audio_slots: Final = FairSlots[StreamSlot](
    AUDIO_STREAMS_MAX, AUDIO_STREAMS_MAX, CONTROL_PEER
)


async def serve_audio(request: ApiRequest) -> web.StreamResponse:
    """Send the bytes of a file, or the requested range of them.

    Raises:
        NotFoundError: No file has this id, or it cannot be opened, or it is in
            none of the configured music folders.
    """
    api, file_id = request.api, request.path_parameter("file")
    location = await asyncio.to_thread(file_detail.location, api.database, file_id)
    # Check against the current configuration, which may have dropped a folder.
    roots = [root for root in api.roots() if is_within(location.path, root)]
    if not roots:
        raise NotFoundError(f"{shown(location.path)}: in none of the music folders")
    slot = StreamSlot(request.http_request)
    if not _audio_slots.take(slot):
        return error_response(
            503, "busy", f"{AUDIO_STREAMS_MAX} files are being played; try again later"
        )
    try:
        begin_stream(request.http_request)
        audio_file = await _open_file(location, roots[0])
        try:
            return await _send_range(request.http_request, audio_file)
        finally:
            # On a network disk even close can block, so it is not awaited.
            disk_calls.run_on_thread(os.close, audio_file.descriptor)
    finally:
        _audio_slots.release(slot)


@dataclass(frozen=True, slots=True)
class _OpenFile:
    """An open file: descriptor, stat result, music folder and location."""

    descriptor: int
    stat: os.stat_result
    root: bytes
    location: FileLocation


async def _open_file(location: FileLocation, root: bytes) -> _OpenFile:
    """Open a file; if the open ends after READ_TIMEOUT, close it again.

    Raises:
        NotFoundError: It cannot be opened, or its disk does not answer.
    """
    path, abandoned = location.path, False

    def open_and_stat() -> _OpenFile:
        descriptor = open_within(path, root)
        stat = os.fstat(descriptor)
        if abandoned:
            os.close(descriptor)
        return _OpenFile(descriptor, stat, root, location)

    try:
        return await call_disk(root, READ_TIMEOUT, open_and_stat)
    except FileError as error:
        raise NotFoundError(str(error)) from error
    except TimeoutError as error:
        raise NotFoundError(f"{shown(path)}: its disk does not answer") from error
    finally:
        abandoned = True


async def _send_range(
    request: web.Request, audio_file: _OpenFile
) -> web.StreamResponse:
    descriptor, root, location = (
        audio_file.descriptor,
        audio_file.root,
        audio_file.location,
    )
    stat = audio_file.stat
    size, tag = stat.st_size, f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    kind = media_type(os.fsdecode(location.path), location.codec) or UNKNOWN_TYPE
    headers = {"Accept-Ranges": "bytes", "ETag": tag, "Content-Type": kind}
    headers["Cache-Control"] = "private, no-cache"
    requested = _requested_range(request, size, tag)
    start, end = requested or (0, size)
    if requested is not None and start >= end:
        rejection = error_response(416, "range", f"the file has {size} bytes")
        rejection.headers["Content-Range"] = f"bytes */{size}"
        return rejection
    if requested is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response = web.StreamResponse(
        status=200 if requested is None else 206,
        headers={**headers, "Content-Length": str(end - start)},
    )
    await response.prepare(request)
    # A client that disconnects, or a disk that goes offline, ends it early.
    with suppress(ConnectionError, TimeoutError, OSError):
        while start < end:
            count = min(CHUNK_BYTES, end - start)
            await pace_stream(request)
            read = await call_disk(
                root, READ_TIMEOUT, read_fully, descriptor, count, start
            )
            if not read:
                break  # the file was truncated meanwhile
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                await response.write(read)
            start += len(read)
    if start < end and request.transport is not None:
        request.transport.abort()
    return response


def _requested_range(
    request: web.Request, size: int, tag: str
) -> tuple[int, int] | None:
    """Return start and end of the requested range in bytes; None for the whole file."""
    matched = RANGE_PATTERN.fullmatch(request.headers.get("Range", ""))
    if matched is None or not any(matched.groups()):
        return None
    if request.headers.get("If-Range", tag) != tag:
        return None  # the file has changed since the client's first request
    first, last = matched.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size
