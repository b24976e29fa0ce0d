"""The route that says what could follow a passage, and where to overlap."""

from typing import Annotated, Final, Literal

import msgspec

from segued.errors import ExportError
from segued.exports.export_track import ExportOptions, ExportTrack
from segued.exports.liquidsoap import annotation
from segued.exports.overlap import overlap_ticks
from segued.paths import shown
from segued.store.reading.export_rows import tracks_of
from segued.store.reading.following import (
    FollowingRequest,
    FollowingSong,
    following,
)
from segued.units import ticks_to_seconds
from segued.web.export_routes import TrackPlaces
from segued.web.route import ApiRequest, Route
from segued.web.similar_routes import SIMILAR, PassageId, search_in_turn

__all__ = ["NEXT_ROUTES"]

RECENT_MAX: Final = 100


class NextQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The passage before, and what may follow it.

    `recent` has the ids of passages that are not wanted again, with commas; all options
    fulfill the search `query`. With `urls`, annotations have the addresses of the audio
    instead of paths.
    """

    after: PassageId | None = None
    recent: Annotated[str, msgspec.Meta(max_length=4_000)] = ""
    query: Annotated[str, msgspec.Meta(max_length=500)] = ""
    order: Literal["similar", "random"] = "similar"
    count: Annotated[int, msgspec.Meta(ge=1, le=50)] = 5
    urls: bool = False


class CuedPassage(msgspec.Struct, frozen=True):
    """A passage with its cue points, in seconds from the start of its file.

    Attributes:
        lead_in_seconds: Until where it may overlap the one before; null: not known.
        lead_out_seconds: From where it may overlap the next one; null: not known.
        gain_db: ReplayGain 2; null if it is not measured.
    """

    passage_id: str
    file_id: str
    path: str
    artist: str | None
    title: str | None
    album: str | None
    recording_mbid: str | None
    cue_in_seconds: float
    cue_out_seconds: float
    lead_in_seconds: float | None
    lead_out_seconds: float | None
    gain_db: float | None


class NextOption(msgspec.Struct, frozen=True):
    """A passage that could follow.

    Attributes:
        distance: How different it sounds, 0 to 1; null if that is not known.
        overlap_seconds: How long both sound together; null if nothing is before, or if
            a lead-out or a lead-in is not known: the player decides.
        start_seconds: The position in the file before at which this one starts.
        annotation: For Liquidsoap: the passage before, with the overlap to this one.
    """

    passage: CuedPassage
    distance: float | None
    overlap_seconds: float | None
    start_seconds: float | None
    annotation: str | None


class NextResponse(msgspec.Struct, frozen=True):
    """The passage before, and what could follow it, the best first."""

    after: CuedPassage | None
    options: list[NextOption]


async def _next(request: ApiRequest) -> NextResponse:
    query = request.query(NextQuery)
    places = TrackPlaces(request, has_urls=query.urls)
    return await search_in_turn(request, lambda: _build(request, query, places))


def _build(request: ApiRequest, query: NextQuery, places: TrackPlaces) -> NextResponse:
    library = request.api.database
    recent = [each for each in query.recent.split(",") if each][-RECENT_MAX:]
    songs = following(
        library,
        request.http_request.app[SIMILAR],
        FollowingRequest(
            query.after,
            tuple(recent),
            query.query,
            is_similar=query.order == "similar",
            count=query.count,
        ),
    )
    ids = [each.passage for each in songs]
    tracks = {
        each.passage_id: places.add(each)
        for each in tracks_of(library, [*ids, *filter(None, [query.after])])
    }
    before = tracks.get(query.after or "")
    return NextResponse(
        None if before is None else _cued(before),
        [
            _option(places, before, tracks[each.passage], each)
            for each in songs
            if each.passage in tracks
        ],
    )


def _option(
    places: TrackPlaces,
    before: ExportTrack | None,
    track: ExportTrack,
    song: FollowingSong,
) -> NextOption:
    overlap = None if before is None else overlap_ticks(before, track)
    start = None
    if before is not None and overlap is not None:
        start = ticks_to_seconds(before.end_ticks - overlap)
    return NextOption(
        _cued(track),
        song.distance,
        _seconds(overlap),
        start,
        None if before is None else _annotation(places, before, track),
    )


def _annotation(
    places: TrackPlaces, before: ExportTrack, track: ExportTrack
) -> str | None:
    """Return the passage before for Liquidsoap; None if it cannot name the file.

    Where its path cannot be written, the address of its audio can.
    """
    try:
        return annotation(before, track, ExportOptions())
    except ExportError:
        fetched = places.add_url(before)
        return None if fetched is None else annotation(fetched, track, ExportOptions())


def _cued(track: ExportTrack) -> CuedPassage:
    return CuedPassage(
        track.passage_id,
        track.file_id,
        shown(track.path),
        track.artist,
        track.title,
        track.album,
        track.recording_mbid,
        ticks_to_seconds(track.start_ticks),
        ticks_to_seconds(track.end_ticks),
        _seconds(track.lead_in_ticks),
        _seconds(track.lead_out_ticks),
        track.gain_db,
    )


def _seconds(ticks: int | None) -> float | None:
    return None if ticks is None else ticks_to_seconds(ticks)


NEXT_ROUTES: Final = (
    Route(
        method="GET",
        path="/api/next",
        summary="What could be played after a passage, and where the two overlap.",
        response_type=NextResponse,
        handler=_next,
        query=NextQuery,
        other_statuses=(404, 503),
    ),
)
