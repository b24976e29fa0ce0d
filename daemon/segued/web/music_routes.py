"""The routes for albums, artists, the search of both, and changes of the library."""

import asyncio
import base64
import binascii
from typing import Annotated, Final, Literal

import msgspec
from aiohttp import web

from segued.errors import NotFoundError
from segued.store.reading import albums
from segued.store.reading.changes import ChangePage, changes
from segued.store.reading.music_rows import (
    AlbumDetail,
    AlbumRow,
    ArtistDetail,
    ArtistRow,
    Hits,
    PageAfter,
    Place,
)
from segued.web.route import ApiRequest, Route

__all__ = ["MUSIC_ROUTES"]

PageSize = Annotated[int, msgspec.Meta(ge=1, le=200)]
SearchText = Annotated[str, msgspec.Meta(max_length=500)]
Cursor = Annotated[str, msgspec.Meta(max_length=4_096)]
KEPT_FOREVER: Final = "max-age=31536000, immutable"
KEPT_BRIEFLY: Final = "max-age=3600"

ChangeNumber = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
ChangeCount = Annotated[int, msgspec.Meta(ge=1, le=1_000)]


class AlbumsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Filter albums: title or artist contain all words of `query`.

    `after` is the `next` of the page before; `uncertain` keeps only albums with a track
    that is Low or None.
    """

    query: SearchText = ""
    order: Literal["artist", "title", "year", "new"] = "artist"
    uncertain: bool = False
    after: Cursor | None = None
    per: PageSize = 60


class ArtistsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Filter artists: the name contains all words of `query`.

    `after` is the `next` of the page before.
    """

    query: SearchText = ""
    after: Cursor | None = None
    per: PageSize = 100


class SearchQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words to find, and conditions on songs."""

    query: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class CoverQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The size: 256 or 800 pixels. With the cover's hash as `v`, it is kept forever.

    Another `n` asks anew where there was none.
    """

    size: Literal["small", "large"] = "small"
    v: Annotated[str, msgspec.Meta(max_length=128)] = ""
    n: Annotated[int, msgspec.Meta(ge=0, le=(1 << 31) - 1)] = 0


class ChangesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last known change, and how many rows to return at most."""

    since: ChangeNumber = 0
    limit: ChangeCount = 200


class AlbumsResponse(msgspec.Struct, frozen=True):
    """A page of albums; `next` is null on the last one."""

    albums: list[AlbumRow]
    total: int
    next: str | None


class ArtistsResponse(msgspec.Struct, frozen=True):
    """A page of artists; `next` is null on the last one."""

    artists: list[ArtistRow]
    total: int
    next: str | None


async def _albums(request: ApiRequest) -> AlbumsResponse:
    query = request.query(AlbumsQuery)
    order = albums.ALBUM_ORDERS[query.order]
    page = await asyncio.to_thread(
        albums.albums,
        request.api.database,
        query.query,
        query.order,
        PageAfter(_place(query.after, order.kinds), query.per),
        uncertain_only=query.uncertain,
    )
    return AlbumsResponse(page.albums, page.total, _cursor(page.last))


async def _album(request: ApiRequest) -> AlbumDetail:
    return await asyncio.to_thread(
        albums.album, request.api.database, request.path_parameter("album")
    )


async def _cover(request: ApiRequest) -> web.Response:
    query = request.query(CoverQuery)
    album = request.path_parameter("album")
    cover = await request.run_to_end(request.api.cover(album, query.size))
    if cover is None:
        return web.Response(status=204, headers={"Cache-Control": "max-age=60"})
    age = KEPT_FOREVER if query.v == cover.key else KEPT_BRIEFLY
    etag = f'"{cover.key[:32]}-{query.size}"'
    headers = {"ETag": etag, "Cache-Control": f"private, {age}"}
    if request.http_request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=cover.picture, content_type="image/jpeg", headers=headers)


async def _artists(request: ApiRequest) -> ArtistsResponse:
    query = request.query(ArtistsQuery)
    page = await asyncio.to_thread(
        albums.artists,
        request.api.database,
        query.query,
        PageAfter(_place(query.after, (str,)), query.per),
    )
    return ArtistsResponse(page.artists, page.total, _cursor(page.last))


async def _artist(request: ApiRequest) -> ArtistDetail:
    return await asyncio.to_thread(
        albums.artist, request.api.database, request.path_parameter("artist")
    )


async def _search(request: ApiRequest) -> Hits:
    query = request.query(SearchQuery)
    return await asyncio.to_thread(albums.search, request.api.database, query.query)


async def _changes(request: ApiRequest) -> ChangePage:
    query = request.query(ChangesQuery)
    return await asyncio.to_thread(
        changes, request.api.database, query.since, query.limit
    )


def _cursor(place: Place | None) -> str | None:
    if place is None:
        return None
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode("ascii")


def _place(cursor: str | None, kinds: tuple[type, ...]) -> Place | None:
    """Return the place that a cursor stands for.

    Raises:
        NotFoundError: The cursor is not one of this order.
    """
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
        place = msgspec.json.decode(text, type=tuple[str | int, ...])
    except (binascii.Error, ValueError) as error:
        raise NotFoundError("`after` is not the `next` of a page") from error
    if tuple(map(type, place)) != kinds:
        raise NotFoundError("`after` is of another order")
    return place


MUSIC_ROUTES: Final = (
    Route(
        method="GET",
        path="/api/albums",
        summary="A page of albums.",
        response_type=AlbumsResponse,
        handler=_albums,
        query=AlbumsQuery,
        other_statuses=(404, 503),
    ),
    Route(
        method="GET",
        path="/api/albums/{album}",
        summary="An album with its tracks in running order.",
        response_type=AlbumDetail,
        handler=_album,
        other_statuses=(404, 503),
    ),
    Route(
        method="GET",
        path="/api/albums/{album}/cover",
        summary="The cover of an album, as JPEG; nothing if there is none.",
        response_type="image/jpeg",
        handler=_cover,
        query=CoverQuery,
        other_statuses=(204, 404, 503),
    ),
    Route(
        method="GET",
        path="/api/artists",
        summary="A page of artists, ordered by name.",
        response_type=ArtistsResponse,
        handler=_artists,
        query=ArtistsQuery,
        other_statuses=(404, 503),
    ),
    Route(
        method="GET",
        path="/api/artists/{artist}",
        summary="An artist with albums and songs.",
        response_type=ArtistDetail,
        handler=_artist,
        other_statuses=(404, 503),
    ),
    Route(
        method="GET",
        path="/api/search",
        summary="The first songs, albums and artists that a search finds.",
        response_type=Hits,
        handler=_search,
        query=SearchQuery,
        other_statuses=(503,),
    ),
    Route(
        method="GET",
        path="/api/changes",
        summary="The rows of the views that changed since a number.",
        response_type=ChangePage,
        handler=_changes,
        query=ChangesQuery,
        other_statuses=(503,),
    ),
)
