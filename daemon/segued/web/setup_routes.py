"""The routes of the first visit: music folders, the key for AcoustID."""

import os
from typing import Annotated, Final

import msgspec

from segued.config.annotations import whole
from segued.intake.folder_choices import FolderChoices
from segued.web.route import ApiRequest, Route
from segued.web.setup import KeyCheck, Setup

__all__ = ["SETUP_ROUTES"]


class FoldersQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The folder to list; without one, the places where music may be."""

    path: Annotated[
        str, msgspec.Meta(pattern=whole("/[^\\x00]*"), max_length=4_096)
    ] = ""


class KeyBody(msgspec.Struct, forbid_unknown_fields=True):
    """The key to check; without one, the key that is set."""

    key: (
        Annotated[str, msgspec.Meta(pattern=whole("[!-~]{1,128}"), max_length=128)]
        | None
    ) = None


class FinishBody(msgspec.Struct, forbid_unknown_fields=True):
    """An empty object."""


async def _setup(request: ApiRequest) -> Setup:
    return await request.run_to_end(request.api.setup())


async def _folders(request: ApiRequest) -> FolderChoices:
    path = request.query(FoldersQuery).path
    return await request.api.folder_choices(os.fsencode(path) if path else None)


async def _check_key(request: ApiRequest) -> KeyCheck:
    key = request.body(KeyBody).key
    return await request.run_to_end(request.api.check_key(key))


async def _finish(request: ApiRequest) -> Setup:
    request.body(FinishBody)
    return await request.run_to_end(request.api.finish_setup())


SETUP_ROUTES: Final = (
    Route(
        method="GET",
        path="/api/setup",
        summary="What was set up, and whether a person should be asked.",
        response_type=Setup,
        handler=_setup,
        other_statuses=(503,),
    ),
    Route(
        method="GET",
        path="/api/setup/folders",
        summary="The folders in a folder, and whether segued may read them.",
        response_type=FolderChoices,
        handler=_folders,
        query=FoldersQuery,
        other_statuses=(409, 503),
    ),
    Route(
        method="POST",
        path="/api/setup/check-key",
        summary="Ask AcoustID whether it accepts a key.",
        response_type=KeyCheck,
        handler=_check_key,
        body=KeyBody,
        other_statuses=(409, 503),
    ),
    Route(
        method="POST",
        path="/api/setup/finish",
        summary="End the first visit: its questions are not shown again.",
        response_type=Setup,
        handler=_finish,
        body=FinishBody,
        other_statuses=(503,),
    ),
)
