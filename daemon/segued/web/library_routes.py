"""The routes by which the library is looked into."""

import asyncio
import inspect
from typing import Annotated, Final

import msgspec

from segued import errors
from segued.model import Confidence, FileStatus
from segued.store.reading import listings
from segued.store.reading.rows import Cut, FailureLine, FilePage, PassagePage
from segued.web import file_detail
from segued.web.audio import sound
from segued.web.commands import Answer
from segued.web.route import Asked, Route

__all__ = ["SHELVES"]

Page = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Per = Annotated[int, msgspec.Meta(ge=1, le=200)]
Words = Annotated[str, msgspec.Meta(max_length=500)]
Columns = Annotated[int, msgspec.Meta(ge=1, le=200_000)]

WARNED: Final = "imported in spite of it"
FLAVORLESS: Final = "How it sounds could not be found out, or not all of it."


class FilesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files whose path, title, artist or album hold all words of `query`."""

    query: Words = ""
    status: FileStatus | None = None
    page: Page = 1
    per: Per = 50


class PassagesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Passages whose path, title, artist or album hold all words of `query`."""

    query: Words = ""
    confidence: Confidence | None = None
    page: Page = 1
    per: Per = 50


class FailuresQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Failures with a code, or all."""

    code: Words | None = None
    page: Page = 1
    per: Per = 50


class LevelsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In how many columns a file is to be drawn."""

    columns: Columns = 1_200


class Group(msgspec.Struct, frozen=True):
    """Files with the same thing wrong; `fatal` if they failed for it."""

    code: str
    meaning: str
    fatal: bool
    count: int


class Failures(msgspec.Struct, frozen=True):
    """A page of failures, and all by what they are."""

    groups: list[Group]
    failures: list[FailureLine]
    page: int
    per: int
    pages: int
    total: int


async def _files(asked: Asked) -> Answer:
    wanted = asked.query(FilesQuery)
    return await asyncio.to_thread(
        listings.files,
        asked.inside.library,
        wanted.query,
        wanted.status,
        Cut(wanted.page, wanted.per),
    )


async def _passages(asked: Asked) -> Answer:
    wanted = asked.query(PassagesQuery)
    return await asyncio.to_thread(
        listings.passages,
        asked.inside.library,
        wanted.query,
        wanted.confidence,
        Cut(wanted.page, wanted.per),
    )


async def _failures(asked: Asked) -> Answer:
    wanted = asked.query(FailuresQuery)
    found = await asyncio.to_thread(
        listings.failures,
        asked.inside.library,
        wanted.code,
        Cut(wanted.page, wanted.per),
    )
    groups = [
        Group(each.code, MEANINGS.get(each.code, WARNED), each.fatal, each.count)
        for each in found.groups
    ]
    return Failures(
        groups, found.failures, found.page, found.per, found.pages, found.total
    )


async def _file(asked: Asked) -> Answer:
    return await asyncio.to_thread(
        file_detail.dossier, asked.inside.library, asked.named("file")
    )


async def _levels(asked: Asked) -> Answer:
    return await asyncio.to_thread(
        file_detail.levels,
        asked.inside.library,
        asked.named("file"),
        asked.query(LevelsQuery).columns,
    )


def _meanings() -> dict[str, str]:
    """Return what each code stands for: what its error says of itself."""
    return {
        kind.code: (kind.__doc__ or "").partition("\n")[0]
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.FileError)
    }


MEANINGS: Final = {**_meanings(), "flavor": FLAVORLESS}

SHELVES: Final = (
    Route(
        method="GET",
        path="/api/files",
        summary="Files, by path; a page of them.",
        answer=FilePage,
        answering=_files,
        query=FilesQuery,
        also=(503,),
    ),
    Route(
        method="GET",
        path="/api/passages",
        summary="Passages, by path; a page of them.",
        answer=PassagePage,
        answering=_passages,
        query=PassagesQuery,
        also=(503,),
    ),
    Route(
        method="GET",
        path="/api/failures",
        summary="What is wrong with files; a page of it.",
        answer=Failures,
        answering=_failures,
        query=FailuresQuery,
        also=(503,),
    ),
    Route(
        method="GET",
        path="/api/files/{file}",
        summary="All that is known of a file.",
        answer=file_detail.Dossier,
        answering=_file,
        also=(404, 503),
    ),
    Route(
        method="GET",
        path="/api/files/{file}/levels",
        summary="How loud a file is, from its start to its end.",
        answer=file_detail.Levels,
        answering=_levels,
        query=LevelsQuery,
        also=(404, 503),
    ),
    Route(
        method="GET",
        path="/api/files/{file}/audio",
        summary="The bytes of a file, or a range of them.",
        answer="*/*",
        answering=sound,
        also=(206, 404, 416, 503),
    ),
)
