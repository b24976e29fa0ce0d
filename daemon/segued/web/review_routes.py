"""The routes for what needs a person: questions about matches, answers, copies."""

import asyncio
from typing import Annotated, Final, Literal

import msgspec

from segued.errors import DaemonError
from segued.store.deciders import AnswerAction
from segued.store.reading import copies, review
from segued.store.reading.rows import PageRequest
from segued.web.daemon_api import CardAnswer
from segued.web.request_decider import decider_of
from segued.web.route import ApiRequest, Mbid, Route

__all__ = ["REVIEW_ROUTES"]

PageNumber = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
PageSize = Annotated[int, msgspec.Meta(ge=1, le=50)]
AnswerNumber = Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
HistoryLength = Annotated[int, msgspec.Meta(ge=1, le=200)]
SearchText = Annotated[str, msgspec.Meta(max_length=200)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)]


class ReviewQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page; of questions the worst come first, of copies the largest."""

    page: PageNumber = 1
    per: PageSize = 10


class HistoryQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many answers to return at most; the newest come first."""

    limit: HistoryLength = 50


class AnswerBody(msgspec.Struct, forbid_unknown_fields=True):
    """An answer to the questions of a card, or of those of its passages that are named.

    `accept` fixes what each passage is matched to; `leave` lets it be and asks no more;
    `recording` is the MusicBrainz id that is given; `no song` is none. `release` is the
    MusicBrainz id of the release that the whole card is, and `any release` takes that
    back; both need no question, and are about the files of the passages.
    """

    card: Id
    action: Literal["accept", "recording", "no song", "leave", "release", "any release"]
    passages: Annotated[list[Id], msgspec.Meta(max_length=1_000)] | None = None
    recording: Mbid | None = None
    release: Mbid | None = None
    title: Name | None = None
    artist: Name | None = None


class UndoBody(msgspec.Struct, forbid_unknown_fields=True):
    """The answer to take back; without one, the last that was not taken back."""

    answer: AnswerNumber | None = None


class NameSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The names of a recording or release; one of them may be missing."""

    artist: SearchText = ""
    title: SearchText = ""


class FoundRecording(msgspec.Struct, frozen=True):
    """A recording of MusicBrainz; `note` tells it from others of the same name."""

    recording_mbid: str
    title: str
    artist: str
    seconds: float | None
    note: str


class SearchResponse(msgspec.Struct, frozen=True):
    """The recordings that MusicBrainz finds, the best first."""

    recordings: list[FoundRecording]


class FoundRelease(msgspec.Struct, frozen=True):
    """A release of MusicBrainz, with what tells it from other editions."""

    release_mbid: str
    title: str
    artist: str
    date: str | None
    country: str | None
    media: str
    tracks: int
    note: str


class ReleasesResponse(msgspec.Struct, frozen=True):
    """The releases that MusicBrainz finds, the best first."""

    releases: list[FoundRelease]


class AnswerResponse(msgspec.Struct, frozen=True):
    """The number of the answer in the history, and how many cards are left."""

    answer: int
    cards: int


class HistoryResponse(msgspec.Struct, frozen=True):
    """The last answers, the newest first."""

    answers: list[review.AnswerRow]


async def _cards(request: ApiRequest) -> review.ReviewPage:
    query = request.query(ReviewQuery)
    return await asyncio.to_thread(
        review.cards, request.api.database, PageRequest(query.page, query.per)
    )


async def _card(request: ApiRequest) -> review.ReviewCard:
    return await asyncio.to_thread(
        review.card, request.api.database, request.path_parameter("card")
    )


async def _answer(request: ApiRequest) -> AnswerResponse:
    body = request.body(AnswerBody)
    action = AnswerAction(body.action)
    if (action is AnswerAction.RECORDING) != (body.recording is not None):
        raise DaemonError("a recording belongs to the action `recording`")
    if (action is AnswerAction.RELEASE) != (body.release is not None):
        raise DaemonError("a release belongs to the action `release`")
    passages = None if body.passages is None else tuple(body.passages)
    given = CardAnswer(
        body.card,
        action,
        passages,
        body.recording,
        body.title,
        body.artist,
        body.release,
    )
    by = decider_of(request.http_request)
    number = await request.run_to_end(request.api.answer(given, by))
    return AnswerResponse(number, request.api.status().cards)


async def _undo(request: ApiRequest) -> AnswerResponse:
    body = request.body(UndoBody)
    by = decider_of(request.http_request)
    number = await request.run_to_end(request.api.undo(body.answer, by))
    return AnswerResponse(number, request.api.status().cards)


async def _search(request: ApiRequest) -> SearchResponse:
    query = request.query(NameSearch)
    if not (query.artist.strip() or query.title.strip()):
        return SearchResponse([])
    found = await request.run_to_end(
        request.api.search_recordings(query.artist, query.title)
    )
    return SearchResponse(
        [
            FoundRecording(each.mbid, each.title, each.artist, each.seconds, each.note)
            for each in found
        ]
    )


async def _search_releases(request: ApiRequest) -> ReleasesResponse:
    query = request.query(NameSearch)
    if not (query.artist.strip() or query.title.strip()):
        return ReleasesResponse([])
    found = await request.run_to_end(
        request.api.search_editions(query.artist, query.title)
    )
    return ReleasesResponse(
        [
            FoundRelease(
                each.mbid,
                each.title,
                each.artist,
                each.date,
                each.country,
                each.media,
                each.tracks,
                each.note,
            )
            for each in found
        ]
    )


async def _copies(request: ApiRequest) -> copies.CopyPage:
    query = request.query(ReviewQuery)
    return await asyncio.to_thread(
        copies.copy_groups, request.api.database, PageRequest(query.page, query.per)
    )


async def _history(request: ApiRequest) -> HistoryResponse:
    query = request.query(HistoryQuery)
    return HistoryResponse(
        await asyncio.to_thread(review.answers, request.api.database, query.limit)
    )


REVIEW_ROUTES: Final = (
    Route(
        method="GET",
        path="/api/review",
        summary="A page of albums and files with open questions, the worst first.",
        response_type=review.ReviewPage,
        handler=_cards,
        query=ReviewQuery,
        other_statuses=(503,),
    ),
    Route(
        method="GET",
        path="/api/review/cards/{card}",
        summary="An album or file with open questions.",
        response_type=review.ReviewCard,
        handler=_card,
        other_statuses=(404, 503),
    ),
    Route(
        method="POST",
        path="/api/review/answer",
        summary="Answer questions of a card, all at once.",
        response_type=AnswerResponse,
        handler=_answer,
        body=AnswerBody,
        other_statuses=(404, 409, 503),
    ),
    Route(
        method="POST",
        path="/api/review/undo",
        summary="Take an answer back: everything is as it was before it.",
        response_type=AnswerResponse,
        handler=_undo,
        body=UndoBody,
        other_statuses=(404, 409, 503),
    ),
    Route(
        method="GET",
        path="/api/review/search",
        summary="Search MusicBrainz for a recording by its names.",
        response_type=SearchResponse,
        handler=_search,
        query=NameSearch,
        other_statuses=(409,),
    ),
    Route(
        method="GET",
        path="/api/review/releases",
        summary="Search MusicBrainz for a release by its names.",
        response_type=ReleasesResponse,
        handler=_search_releases,
        query=NameSearch,
        other_statuses=(409,),
    ),
    Route(
        method="GET",
        path="/api/copies",
        summary="A page of groups of files with the same sound, the largest first.",
        response_type=copies.CopyPage,
        handler=_copies,
        query=ReviewQuery,
        other_statuses=(503,),
    ),
    Route(
        method="GET",
        path="/api/review/history",
        summary="Who answered what and when.",
        response_type=HistoryResponse,
        handler=_history,
        query=HistoryQuery,
        other_statuses=(503,),
    ),
)
