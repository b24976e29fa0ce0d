"""The routes for passages that sound alike, and playlists of them."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from aiohttp import web

from segued.exports.export_track import ExportOptions
from segued.store.reading.export_rows import tracks_of
from segued.store.reading.similar import (
    PlaylistRequest,
    SimilarPage,
    SimilarPassages,
)
from segued.units import seconds_to_ticks
from segued.web.export_routes import (
    FolderPath,
    ListTitle,
    TrackPlaces,
    base_folder,
    export_format,
    send_parts,
)
from segued.web.route import ApiRequest, Route

__all__ = [
    "SIMILAR",
    "SIMILAR_ROUTES",
    "SIMILAR_TURN",
    "PassageId",
    "search_in_turn",
]

T = TypeVar("T")

SIMILAR: Final[web.AppKey[SimilarPassages]] = web.AppKey("similar")

SIMILAR_TURN: Final[web.AppKey[asyncio.Lock]] = web.AppKey("similar_turn")
"""Searches wait for it, and not on threads: the first one takes seconds."""

PassageId = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class SimilarQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many passages to return, and the measure of distance."""

    count: Annotated[int, msgspec.Meta(ge=1, le=200)] = 10
    metric: Literal["squares", "variation"] = "squares"


class PlaylistQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first passage of a playlist, its length, and how it is written.

    `path_to` is the last passage: the list goes there from the first in small steps.
    An artist is not among the `artist_gap` songs before. `urls` and `relative_to` are
    as in exports.
    """

    like: PassageId
    path_to: PassageId | None = None
    length_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 3_600
    artist_gap: Annotated[int, msgspec.Meta(ge=0, le=100)] = 5
    title: ListTitle = "segued"
    urls: bool = False
    relative_to: FolderPath | None = None


async def search_in_turn(request: ApiRequest, search: Callable[[], T]) -> T:
    """Run a search for similar passages on a thread, one at a time."""
    async with request.http_request.app[SIMILAR_TURN]:
        return await asyncio.to_thread(search)


async def _similar(request: ApiRequest) -> SimilarPage:
    query = request.query(SimilarQuery)
    similar = request.http_request.app[SIMILAR]
    passage = request.path_parameter("passage")
    return await search_in_turn(
        request, lambda: similar.nearest(passage, query.count, query.metric)
    )


async def _playlist(request: ApiRequest) -> web.StreamResponse:
    query = request.query(PlaylistQuery)
    kind = export_format(request.path_parameter("format"), has_urls=query.urls)
    places = TrackPlaces(request, has_urls=query.urls)
    similar = request.http_request.app[SIMILAR]
    wanted = PlaylistRequest(
        query.like,
        query.path_to,
        seconds_to_ticks(query.length_seconds),
        query.artist_gap,
    )
    options = ExportOptions(query.title, base_folder(query.relative_to))

    passages = await search_in_turn(request, lambda: similar.playlist(wanted))
    tracks = map(places.add, tracks_of(request.api.database, passages))
    return await send_parts(request, kind.write(tracks, options), kind.media_type)


SIMILAR_ROUTES: Final = (
    Route(
        method="GET",
        path="/api/passages/{passage}/similar",
        summary="The passages that sound most like one, the nearest first.",
        response_type=SimilarPage,
        handler=_similar,
        query=SimilarQuery,
        other_statuses=(404, 503),
    ),
    Route(
        method="GET",
        path="/api/playlist/{format}",
        summary="A playlist of passages that sound like one, in a format of exports.",
        response_type="*/*",
        handler=_playlist,
        query=PlaylistQuery,
        other_statuses=(404, 503),
    ),
)
