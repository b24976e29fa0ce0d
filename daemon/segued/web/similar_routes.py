"""The routes for passages that sound alike, and playlists of them."""

import asyncio
from collections.abc import Iterator
from typing import Annotated, Final, Literal

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

__all__ = ["SIMILAR", "SIMILAR_ROUTES", "PassageId"]

SIMILAR: Final[web.AppKey[SimilarPassages]] = web.AppKey("similar")

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


async def _similar(request: ApiRequest) -> SimilarPage:
    query = request.query(SimilarQuery)
    return await asyncio.to_thread(
        request.http_request.app[SIMILAR].nearest,
        request.path_parameter("passage"),
        query.count,
        query.metric,
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

    def parts() -> Iterator[str]:
        tracks = tracks_of(request.api.database, similar.playlist(wanted))
        yield from kind.write(map(places.add, tracks), options)

    return await send_parts(request, parts(), kind.media_type)


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
