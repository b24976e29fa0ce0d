"""The route that sends passages in the formats of other programs."""

import asyncio
import socket
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Annotated, Final

import msgspec
from aiohttp import web

from segued.config.annotations import whole
from segued.errors import ExportError, NotFoundError
from segued.exports.export_track import ExportOptions, ExportTrack
from segued.exports.format_list import EXPORT_FORMATS, ROW_WRITERS, ExportFormat
from segued.store.reading.export_rows import album_rows, export_parts
from segued.web.connections import StreamSlot, begin_stream, pace_stream
from segued.web.fairness import FairSlots
from segued.web.peers import CONTROL_PEER
from segued.web.responses import error_response
from segued.web.route import ApiRequest, Route

__all__ = [
    "EXPORT_ROUTES",
    "FolderPath",
    "ListTitle",
    "TrackPlaces",
    "base_folder",
    "export_format",
    "send_parts",
]

EXPORTS_MAX: Final = 4
PARTS_AT_ONCE: Final = 200

SEND_SECONDS: Final = 60.0
"""A client that takes nothing for so long is disconnected."""

PATH_PATTERN: Final = whole("2f([0-9a-f]{2})*")
"""The bytes of an absolute path in hex."""

SearchText = Annotated[str, msgspec.Meta(max_length=500)]
ListTitle = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
FolderPath = Annotated[str, msgspec.Meta(pattern=PATH_PATTERN, max_length=8_192)]

_export_slots: Final = FairSlots[StreamSlot](EXPORTS_MAX, EXPORTS_MAX, CONTROL_PEER)


class ExportQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to export, by the language of searches, and how.

    `urls` writes the addresses of the audio instead of paths; `relative_to` is the
    folder that paths are relative to, as its bytes in hex; `albums` exports albums
    instead of passages, as CSV or JSON Lines.
    """

    query: SearchText = ""
    title: ListTitle = "segued"
    urls: bool = False
    relative_to: FolderPath | None = None
    albums: bool = False


async def _export(request: ApiRequest) -> web.StreamResponse:
    query = request.query(ExportQuery)
    name = request.path_parameter("format")
    kind = export_format(name, has_urls=query.urls)
    if query.albums:
        if name not in ROW_WRITERS:
            raise ExportError(f"albums are exported as {' or '.join(ROW_WRITERS)}")
        rows = album_rows(request.api.database, query.query)
        return await send_parts(request, ROW_WRITERS[name](rows), kind.media_type)
    parts = export_parts(
        request.api.database,
        name,
        query.query,
        ExportOptions(query.title, base_folder(query.relative_to)),
        TrackPlaces(request, has_urls=query.urls).add,
    )
    return await send_parts(request, parts, kind.media_type)


def base_folder(relative_to: str | None) -> bytes | None:
    """Return the folder that paths are relative to, from its bytes in hex."""
    return None if relative_to is None else bytes.fromhex(relative_to)


def export_format(name: str, *, has_urls: bool) -> ExportFormat:
    """Return the format of this name.

    Raises:
        ExportError: It cannot hold the URLs of audio, which are wanted.
        NotFoundError: There is none.
    """
    if name not in EXPORT_FORMATS:
        names = ", ".join(EXPORT_FORMATS)
        raise NotFoundError(f"{name}: there is no such format; there are {names}")
    if has_urls and not EXPORT_FORMATS[name].has_locations:
        raise ExportError(f"{name} has no addresses of audio")
    return EXPORT_FORMATS[name]


class TrackPlaces:
    """Adds the addresses of the daemon's own routes to tracks."""

    def __init__(self, request: ApiRequest, *, has_urls: bool) -> None:
        http_request = request.http_request
        connection = http_request.get_extra_info("socket")
        has_address = connection is not None and connection.family != socket.AF_UNIX
        if has_urls and not has_address:
            raise ExportError("only the page's address has addresses of audio")
        self._has_urls: Final = has_urls
        self._address: Final = (
            f"{http_request.scheme}://{http_request.host}/api" if has_address else ""
        )

    def add(self, track: ExportTrack) -> ExportTrack:
        """Return a track with the addresses of its audio and its cover."""
        cover = None
        if self._address and track.has_picture and track.album_id:
            cover = f"{self._address}/albums/{track.album_id}/cover?size=large"
        placed = replace(track, cover_url=cover)
        return (self.add_url(placed) or placed) if self._has_urls else placed

    def add_url(self, track: ExportTrack) -> ExportTrack | None:
        """Return a track with the address of its audio; None without an address."""
        if not self._address:
            return None
        return replace(track, url=f"{self._address}/files/{track.file_id}/audio")


async def send_parts(
    request: ApiRequest, parts: Iterator[str], media_type: str
) -> web.StreamResponse:
    """Send a text in parts, each read when the one before is sent.

    An error in the first parts is the response; after that, the connection is aborted,
    so that the client has no complete text.
    """
    http_request = request.http_request
    slot = StreamSlot(http_request)
    if not _export_slots.take(slot):
        return error_response(
            503, "busy", f"{EXPORTS_MAX} exports are running; try again later"
        )
    response = web.StreamResponse(
        headers={
            "Content-Type": f"{media_type}; charset=utf-8",
            "Cache-Control": "no-store",
        }
    )
    is_complete = False
    try:
        text = await asyncio.to_thread(_next_part, parts)
        begin_stream(http_request)
        await response.prepare(http_request)
        with suppress(ConnectionError, TimeoutError):
            while text:
                async with asyncio.timeout(SEND_SECONDS):
                    await response.write(text)
                await pace_stream(http_request)
                text = await asyncio.to_thread(_next_part, parts)
            await response.write_eof()
            is_complete = True
    finally:
        _export_slots.release(slot)
        if response.prepared and not is_complete and http_request.transport is not None:
            http_request.transport.abort()
        await asyncio.to_thread(_close, parts)
    return response


def _next_part(parts: Iterator[str]) -> bytes:
    return "".join(islice(parts, PARTS_AT_ONCE)).encode("utf-8", "replace")


def _close(parts: Iterator[str]) -> None:
    """End a generator, which closes its connection to the library."""
    if isinstance(parts, Generator):
        parts.close()


EXPORT_ROUTES: Final = (
    Route(
        method="GET",
        path="/api/export/{format}",
        summary="The passages that a search finds, in a format of other programs.",
        response_type="*/*",
        handler=_export,
        query=ExportQuery,
        other_statuses=(404, 503),
    ),
)
