"""The routes that control the daemon and return its status."""

import asyncio
import os
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web

from segued.config.annotations import whole
from segued.config.config import Settings
from segued.errors import NotFoundError
from segued.paths import shown
from segued.store.reading import file_detail, listings
from segued.web import metrics
from segued.web.daemon_api import Override
from segued.web.request_decider import decider_of
from segued.web.responses import json_response
from segued.web.route import ApiRequest, Mbid, Route, RouteHandler
from segued.web.status import PastSession, Problem, Status

__all__ = ["CONTROL_ROUTES"]

CURRENT_SESSION: Final = "current"
"""Stands for the id of the current session."""

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)]
FilePath = Annotated[str, msgspec.Meta(pattern=whole("/[^\\x00]*"), max_length=4_096)]


class ScanBody(msgspec.Struct, forbid_unknown_fields=True):
    """The folder to scan; all music folders without a path."""

    path: FilePath | None = None


class RetryBody(msgspec.Struct, forbid_unknown_fields=True):
    """The failed files to import again: all, or by code, path (or below) or id."""

    code: Text | None = None
    path: FilePath | None = None
    file: Text | None = None


class OverrideBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a user decides about a passage; the file is given by its id or its path.

    Without a recording the passage is no song; `clear` deletes an earlier decision.
    With `release`, the whole file is of that release, and nothing else is decided;
    `any_release` takes that back.
    """

    file: Text | None = None
    path: FilePath | None = None
    passage: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    recording: Mbid | None = None
    title: Text | None = None
    artist: Text | None = None
    clear: bool = False
    release: Mbid | None = None
    any_release: bool = False


class ForgetBody(msgspec.Struct, forbid_unknown_fields=True):
    """A file, by its id or its path."""

    file: Text | None = None
    path: FilePath | None = None


class EmptyBody(msgspec.Struct, forbid_unknown_fields=True):
    """An empty object."""


class RetryResponse(msgspec.Struct, frozen=True):
    """How many files are imported again."""

    reopened: int


class OverrideResponse(msgspec.Struct, frozen=True):
    """The path of the file."""

    decided: str


class ForgetResponse(msgspec.Struct, frozen=True):
    """How many remembered tags are deleted."""

    forgotten: int


class HealthResponse(msgspec.Struct, frozen=True):
    """Whether the daemon works; the status is 503 if it has trouble."""

    state: str
    process: int
    version: str
    trouble: Problem | None


async def _status(request: ApiRequest) -> Status:
    return request.api.status()


async def _session_status(request: ApiRequest) -> Status | PastSession:
    session = _session_id(request)
    if session is None:
        return request.api.status()
    return await request.api.session(session)


async def _scan(request: ApiRequest) -> Status:
    path = _normalized_path(request.body(ScanBody).path)
    return await request.run_to_end(request.api.scan(path))


async def _pause(request: ApiRequest) -> Status:
    request.body(EmptyBody)
    return await request.run_to_end(request.api.pause(_session_id(request)))


async def _resume(request: ApiRequest) -> Status:
    request.body(EmptyBody)
    return await request.run_to_end(request.api.resume(_session_id(request)))


async def _cancel(request: ApiRequest) -> Status:
    request.body(EmptyBody)
    return await request.run_to_end(request.api.cancel(_session_id(request)))


async def _retry(request: ApiRequest) -> RetryResponse:
    body = request.body(RetryBody)
    path = await _file_path(request, body)
    return RetryResponse(
        await request.run_to_end(request.api.retry(code=body.code, path=path))
    )


async def _set_override(request: ApiRequest) -> OverrideResponse:
    body = request.body(OverrideBody)
    path = await _file_path(request, body)
    if path is None:
        raise NotFoundError("either file or path is required")
    override = None
    if not body.clear:
        override = Override(
            body.recording, body.title, body.artist, body.release, body.any_release
        )
    by = decider_of(request.http_request)
    await request.run_to_end(request.api.set_override(path, body.passage, override, by))
    return OverrideResponse(shown(path))


async def _forget_tags(request: ApiRequest) -> ForgetResponse:
    path = await _file_path(request, request.body(ForgetBody))
    if path is None:
        raise NotFoundError("either file or path is required")
    return ForgetResponse(await request.run_to_end(request.api.forget_tags(path)))


async def _get_settings(request: ApiRequest) -> Settings:
    return await request.run_to_end(request.api.settings())


def _setting_handler(name: str) -> RouteHandler:
    async def put_setting(request: ApiRequest) -> dict[str, object]:
        # `put_setting` checks the type, so that the error names the setting.
        value = request.body(object)
        settings = await request.run_to_end(request.api.put_setting(name, value))
        return {name: getattr(settings, name)}

    return put_setting


async def _health(request: ApiRequest) -> web.Response:
    status = request.api.status()
    health = HealthResponse(
        status.state, status.process, status.version, status.trouble
    )
    return json_response(health, 503 if status.trouble else 200)


async def _metrics(request: ApiRequest) -> web.Response:
    readings = request.api.readings()
    counts = await asyncio.to_thread(listings.counts, request.api.database)
    age = await asyncio.to_thread(request.api.backup_age)
    body = await asyncio.to_thread(metrics.exposition, readings, counts, age)
    return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})


def _normalized_path(path: str | None) -> bytes | None:
    return None if path is None else os.path.normpath(os.fsencode(path))


def _session_id(request: ApiRequest) -> str | None:
    session = request.path_parameter("session")
    return None if session == CURRENT_SESSION else session


async def _file_path(
    request: ApiRequest, body: RetryBody | OverrideBody | ForgetBody
) -> bytes | None:
    if body.file is not None:
        return await asyncio.to_thread(
            file_detail.path_of, request.api.database, body.file
        )
    return None if body.path is None else os.fsencode(body.path)


def _session_route(verb: str, summary: str, handler: RouteHandler) -> Route:
    return Route(
        method="POST",
        path=f"/api/import/{verb}/{{session}}",
        summary=summary,
        response_type=Status,
        handler=handler,
        body=EmptyBody,
        other_statuses=(404, 503),
    )


CONTROL_ROUTES: Final = (
    Route(
        method="GET",
        path="/api/import/session",
        summary="The status of the daemon.",
        response_type=Status,
        handler=_status,
    ),
    Route(
        method="GET",
        path="/api/import/status/{session}",
        summary="The status of a session; `current` stands for the current one.",
        response_type=(Status, PastSession),
        handler=_session_status,
        other_statuses=(404, 503),
    ),
    Route(
        method="POST",
        path="/api/import/session/start",
        summary="Start or join a session: scan the music folders, or one in them.",
        response_type=Status,
        handler=_scan,
        body=ScanBody,
        other_statuses=(404, 503),
    ),
    _session_route("pause", "Stop the work until it is resumed.", _pause),
    _session_route("resume", "Continue after a pause or a cancel.", _resume),
    _session_route(
        "cancel", "End the session; work that is already stored stays.", _cancel
    ),
    Route(
        method="POST",
        path="/api/retry",
        summary="Import failed files again.",
        response_type=RetryResponse,
        handler=_retry,
        body=RetryBody,
        other_statuses=(404, 503),
    ),
    Route(
        method="POST",
        path="/api/decide",
        summary="Set what a passage is, over any match, or clear that.",
        response_type=OverrideResponse,
        handler=_set_override,
        body=OverrideBody,
        other_statuses=(404, 503),
    ),
    Route(
        method="POST",
        path="/api/forget-tags",
        summary="Delete the tags that a file does not hold any more.",
        response_type=ForgetResponse,
        handler=_forget_tags,
        body=ForgetBody,
        other_statuses=(404, 503),
    ),
    Route(
        method="GET",
        path="/api/settings",
        summary="The settings, with secrets masked.",
        response_type=Settings,
        handler=_get_settings,
        other_statuses=(503,),
    ),
    *(
        Route(
            method="PUT",
            path=f"/api/settings/{setting.name}",
            summary=f"Set {setting.name} and apply it.",
            response_type=dict[str, Any],
            handler=_setting_handler(setting.name),
            body=setting.type,
            other_statuses=(409, 503),
        )
        for setting in msgspec.structs.fields(Settings)
    ),
    Route(
        method="GET",
        path="/health",
        summary="Whether the daemon works.",
        response_type=HealthResponse,
        handler=_health,
        other_statuses=(503,),
    ),
    Route(
        method="GET",
        path="/metrics",
        summary="Metrics, for Prometheus.",
        response_type=metrics.CONTENT_TYPE,
        handler=_metrics,
        other_statuses=(503,),
    ),
)
