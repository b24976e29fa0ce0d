"""The routes that read the library: listings, files, levels, audio."""

import asyncio
import inspect
from typing import Annotated, Final

import msgspec

from segued import errors
from segued.model import Confidence, FileStatus, PassedOver
from segued.store.reading import listings
from segued.store.reading.passed_names import list_passed_over
from segued.store.reading.rows import (
    FailureRow,
    FilePage,
    PageRequest,
    PassagePage,
    PassedOverPage,
)
from segued.web import file_detail
from segued.web.audio import serve_audio
from segued.web.route import ApiRequest, Route
from segued.web.whole_library_routes import WHOLE_LIBRARY_ROUTES

__all__ = ["LIBRARY_ROUTES"]

PageNumber = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
PageSize = Annotated[int, msgspec.Meta(ge=1, le=200)]
SearchText = Annotated[str, msgspec.Meta(max_length=500)]
ColumnCount = Annotated[int, msgspec.Meta(ge=1, le=200_000)]

WARNING_MEANING: Final = "The file was imported with this warning."
FLAVOR_MEANING: Final = "The flavor could not be determined, or not completely."


class FilesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Filter files: path, title, artist or album contain all words of `query`."""

    query: SearchText = ""
    status: FileStatus | None = None
    page: PageNumber = 1
    per: PageSize = 50


class PassagesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Filter passages: path, title, artist or album contain all words of `query`."""

    query: SearchText = ""
    confidence: Confidence | None = None
    page: PageNumber = 1
    per: PageSize = 50


class FailuresQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Filter failures by code; without one, return all."""

    code: SearchText | None = None
    page: PageNumber = 1
    per: PageSize = 50


class PassedOverQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Filter what is not imported by the reason; without one, return all."""

    reason: PassedOver | None = None
    page: PageNumber = 1
    per: PageSize = 50


class LevelsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of columns to reduce the level curve to."""

    columns: ColumnCount = 1_200


class FailureCodeGroup(msgspec.Struct, frozen=True):
    """Files with the same code; `fatal` if it made them fail, else a warning."""

    code: str
    meaning: str
    fatal: bool
    count: int


class FailuresResponse(msgspec.Struct, frozen=True):
    """A page of failures, and the counts of all failures by code."""

    groups: list[FailureCodeGroup]
    failures: list[FailureRow]
    page: int
    per: int
    pages: int
    total: int


async def _files(request: ApiRequest) -> FilePage:
    query = request.query(FilesQuery)
    return await asyncio.to_thread(
        listings.files,
        request.api.database,
        query.query,
        query.status,
        PageRequest(query.page, query.per),
    )


async def _passages(request: ApiRequest) -> PassagePage:
    query = request.query(PassagesQuery)
    return await asyncio.to_thread(
        listings.passages,
        request.api.database,
        query.query,
        query.confidence,
        PageRequest(query.page, query.per),
    )


async def _failures(request: ApiRequest) -> FailuresResponse:
    query = request.query(FailuresQuery)
    failure_page = await asyncio.to_thread(
        listings.failures,
        request.api.database,
        query.code,
        PageRequest(query.page, query.per),
    )
    groups = [
        FailureCodeGroup(
            each.code, MEANINGS.get(each.code, WARNING_MEANING), each.fatal, each.count
        )
        for each in failure_page.groups
    ]
    return FailuresResponse(
        groups,
        failure_page.failures,
        failure_page.page,
        failure_page.per,
        failure_page.pages,
        failure_page.total,
    )


async def _passed_over(request: ApiRequest) -> PassedOverPage:
    query = request.query(PassedOverQuery)
    return await asyncio.to_thread(
        list_passed_over,
        request.api.database,
        query.reason,
        PageRequest(query.page, query.per),
    )


async def _file(request: ApiRequest) -> file_detail.FileDetailResponse:
    return await asyncio.to_thread(
        file_detail.build_file_detail,
        request.api.database,
        request.path_parameter("file"),
    )


async def _levels(request: ApiRequest) -> file_detail.LevelsResponse:
    return await asyncio.to_thread(
        file_detail.build_levels,
        request.api.database,
        request.path_parameter("file"),
        request.query(LevelsQuery).columns,
    )


def _meanings() -> dict[str, str]:
    """Return the meaning of each code: the first docstring line of its error."""
    return {
        kind.code: (kind.__doc__ or "").partition("\n")[0]
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.FileError)
    }


MEANINGS: Final = {**_meanings(), "flavor": FLAVOR_MEANING}

LIBRARY_ROUTES: Final = (
    *WHOLE_LIBRARY_ROUTES,
    Route(
        method="GET",
        path="/api/files",
        summary="A page of files, ordered by path.",
        response_type=FilePage,
        handler=_files,
        query=FilesQuery,
        other_statuses=(503,),
    ),
    Route(
        method="GET",
        path="/api/passages",
        summary="A page of passages, ordered by path.",
        response_type=PassagePage,
        handler=_passages,
        query=PassagesQuery,
        other_statuses=(503,),
    ),
    Route(
        method="GET",
        path="/api/failures",
        summary="A page of failures and warnings, and their counts by code.",
        response_type=FailuresResponse,
        handler=_failures,
        query=FailuresQuery,
        other_statuses=(503,),
    ),
    Route(
        method="GET",
        path="/api/passed-over",
        summary="A page of files and folders that are not imported, and why.",
        response_type=PassedOverPage,
        handler=_passed_over,
        query=PassedOverQuery,
        other_statuses=(503,),
    ),
    Route(
        method="GET",
        path="/api/files/{file}",
        summary="A file with its tags, phases, duplicates and passages.",
        response_type=file_detail.FileDetailResponse,
        handler=_file,
        other_statuses=(404, 503),
    ),
    Route(
        method="GET",
        path="/api/files/{file}/levels",
        summary="The level curve of a file.",
        response_type=file_detail.LevelsResponse,
        handler=_levels,
        query=LevelsQuery,
        other_statuses=(404, 503),
    ),
    Route(
        method="GET",
        path="/api/files/{file}/audio",
        summary="The bytes of a file, or one range of them.",
        response_type="*/*",
        handler=serve_audio,
        other_statuses=(206, 404, 416, 503),
    ),
)
