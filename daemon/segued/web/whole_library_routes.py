"""The routes for commands of accounts that may not read the library file themselves."""

import asyncio
import socket
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web

from segued.config.annotations import whole
from segued.errors import NotFoundError
from segued.store.reading import copies, reports
from segued.views.json_rows import json_line
from segued.web.kept_whole import kept_whole_text
from segued.web.responses import error_response
from segued.web.route import ApiRequest, Route

__all__ = ["WHOLE_LIBRARY_ROUTES", "explain_file"]

ROWS_AT_ONCE: Final = 500

SEND_SECONDS: Final = 60.0
"""A client that takes no rows for so long is disconnected."""

HEX_PATTERN: Final = whole("2f([0-9a-f]{2})*")
"""The bytes of a text that begins with a slash."""


class ExplainQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file: the bytes of its absolute path in hex, as in `path_bytes` of files."""

    path_bytes: Annotated[str, msgspec.Meta(pattern=HEX_PATTERN, max_length=8_192)]


class ExplainResponse(msgspec.Struct, frozen=True):
    """The passages of a file with the reasons for their matches, and former tags.

    Attributes:
        kept_whole: Why its long silences do not cut it; empty if it has none.
        copies: All files with its sound, the best first; none if it is alone.
    """

    file: str
    passages: list[dict[str, Any]]
    remembered_tags: dict[str, dict[str, Any]]
    kept_whole: str
    copies: list[copies.CopyRow]


async def _explain(request: ApiRequest) -> ExplainResponse:
    path = bytes.fromhex(request.query(ExplainQuery).path_bytes)
    library = request.api.database
    found = await asyncio.to_thread(explain_file, library, path)
    return msgspec.convert(found, ExplainResponse)


def explain_file(library: Path, path: bytes) -> dict[str, Any]:
    """Return the passages of a file with their reasons, and what else explains them.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    found = reports.explanation(library, path)
    return {
        **found,
        "kept_whole": kept_whole_text(library, path),
        "copies": [
            msgspec.to_builtins(each) for each in copies.copies_of_file(library, path)
        ],
    }


async def _rows(request: ApiRequest) -> web.StreamResponse:
    """Send a whole table. Only the control socket has this: it reads everything."""
    connection = request.http_request.get_extra_info("socket")
    if connection is None or connection.family != socket.AF_UNIX:
        return error_response(403, "control", "only the control socket has this route")
    table = request.path_parameter("table")
    if table not in reports.TOPICS:
        raise NotFoundError(f"{table}: there is no such table")
    rows = reports.rows(request.api.database, table)
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    try:
        lines = await asyncio.to_thread(_next_lines, rows)
        await response.prepare(request.http_request)
        while lines:
            async with asyncio.timeout(SEND_SECONDS):
                await response.write(lines)
            lines = await asyncio.to_thread(_next_lines, rows)
        await response.write_eof()
    except (ConnectionError, TimeoutError):
        if request.http_request.transport is not None:
            request.http_request.transport.abort()
    finally:
        await asyncio.to_thread(rows.close)
    return response


def _next_lines(rows: Iterator[dict[str, Any]]) -> bytes:
    return "".join(f"{json_line(row)}\n" for row in islice(rows, ROWS_AT_ONCE)).encode()


WHOLE_LIBRARY_ROUTES: Final = (
    Route(
        method="GET",
        path="/api/explain",
        summary="Why the passages of a file are matched as they are.",
        response_type=ExplainResponse,
        handler=_explain,
        query=ExplainQuery,
        other_statuses=(503,),
    ),
    Route(
        method="GET",
        path="/api/library/{table}",
        summary="All rows of a table, as lines of JSON; only on the control socket.",
        response_type="application/x-ndjson",
        handler=_rows,
        other_statuses=(403, 404, 503),
    ),
)
