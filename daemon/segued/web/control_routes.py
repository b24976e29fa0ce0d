"""The routes by which the daemon is told what to do, and asked how it stands."""

import asyncio
import os
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web

from segued.config.config import Settings
from segued.errors import NotFoundError
from segued.store.reading import file_detail, listings
from segued.web import metrics
from segued.web.commands import (
    Cancel,
    CommandResult,
    GetSettings,
    GetStatus,
    Pause,
    PutSetting,
    Resume,
    Retry,
    Scan,
    SetOverride,
)
from segued.web.responses import json_response
from segued.web.route import ApiRequest, Route, RouteHandler
from segued.web.status import PastSession, Problem, Status

__all__ = ["CONTROL_ROUTES"]

CURRENT_SESSION: Final = "current"
"""Stands for the id of the session under way."""

MBID_PATTERN: Final = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)]
FilePath = Annotated[str, msgspec.Meta(pattern="^/[^\\x00]*$", max_length=4_096)]


class ScanBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which folder to walk; all there are, without a path."""

    path: FilePath | None = None


class RetryBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which failed files to try again: all, or by code, path (or below), or id."""

    code: Text | None = None
    path: FilePath | None = None
    file: Text | None = None


class OverrideBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a passage is; a file by its id or its path.

    Without a recording it is no song; with `clear`, what was said is forgotten.
    """

    file: Text | None = None
    path: FilePath | None = None
    passage: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    recording: Annotated[str, msgspec.Meta(pattern=MBID_PATTERN)] | None = None
    title: Text | None = None
    artist: Text | None = None
    clear: bool = False


class EmptyBody(msgspec.Struct, forbid_unknown_fields=True):
    """An empty object."""


class RetryResponse(msgspec.Struct, frozen=True):
    """How many files are tried again."""

    reopened: int


class OverrideResponse(msgspec.Struct, frozen=True):
    """The file that something was said of."""

    decided: str


class HealthResponse(msgspec.Struct, frozen=True):
    """Whether the daemon is well; 503 if it is in trouble."""

    state: str
    process: int
    version: str
    trouble: Problem | None


async def _status(request: ApiRequest) -> CommandResult:
    return await request.run_command(GetStatus())


async def _session_status(request: ApiRequest) -> CommandResult:
    return await request.run_command(GetStatus(_session_id(request)))


async def _scan(request: ApiRequest) -> CommandResult:
    return await request.run_command(
        Scan(_normalized_path(request.body(ScanBody).path))
    )


async def _pause(request: ApiRequest) -> CommandResult:
    request.body(EmptyBody)
    return await request.run_command(Pause(_session_id(request)))


async def _resume(request: ApiRequest) -> CommandResult:
    request.body(EmptyBody)
    return await request.run_command(Resume(_session_id(request)))


async def _cancel(request: ApiRequest) -> CommandResult:
    request.body(EmptyBody)
    return await request.run_command(Cancel(_session_id(request)))


async def _retry(request: ApiRequest) -> CommandResult:
    body = request.body(RetryBody)
    return await request.run_command(Retry(body.code, await _file_path(request, body)))


async def _set_override(request: ApiRequest) -> CommandResult:
    body = request.body(OverrideBody)
    file = await _file_path(request, body)
    if file is None:
        raise NotFoundError("which file is it about? file or path is missing")
    return await request.run_command(
        SetOverride(
            file, body.passage, body.recording, body.title, body.artist, body.clear
        )
    )


async def _get_settings(request: ApiRequest) -> CommandResult:
    return await request.run_command(GetSettings())


def _setting_handler(name: str) -> RouteHandler:
    async def put_setting(request: ApiRequest) -> CommandResult:
        # What is wrong with it is said with its name, where settings are checked.
        return await request.run_command(PutSetting(name, request.body(Any)))

    return put_setting


async def _health(request: ApiRequest) -> CommandResult:
    status = request.api.status()
    health = HealthResponse(
        status.state, status.process, status.version, status.trouble
    )
    return json_response(health, 503 if status.trouble else 200)


async def _metrics(request: ApiRequest) -> CommandResult:
    readings = request.api.readings()
    counts = await asyncio.to_thread(listings.counts, request.api.database)
    body = await asyncio.to_thread(metrics.exposition, readings, counts)
    return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})


def _normalized_path(path: str | None) -> bytes | None:
    return None if path is None else os.path.normpath(os.fsencode(path))


def _session_id(request: ApiRequest) -> str | None:
    session = request.path_parameter("session")
    return None if session == CURRENT_SESSION else session


async def _file_path(
    request: ApiRequest, body: RetryBody | OverrideBody
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
        summary="How everything stands.",
        response_type=Status,
        handler=_status,
    ),
    Route(
        method="GET",
        path="/api/import/status/{session}",
        summary="How a session stands, or ended; `current` is the one under way.",
        response_type=(Status, PastSession),
        handler=_session_status,
        other_statuses=(404, 503),
    ),
    Route(
        method="POST",
        path="/api/import/session/start",
        summary="Walk the music folders, or one in them, and go on working.",
        response_type=Status,
        handler=_scan,
        body=ScanBody,
        other_statuses=(404, 503),
    ),
    _session_route("pause", "Stop working until told to resume.", _pause),
    _session_route("resume", "Go on, after a pause or a cancel.", _resume),
    _session_route("cancel", "End the session; what is done stays done.", _cancel),
    Route(
        method="POST",
        path="/api/retry",
        summary="Try failed files again.",
        response_type=RetryResponse,
        handler=_retry,
        body=RetryBody,
        other_statuses=(404, 503),
    ),
    Route(
        method="POST",
        path="/api/decide",
        summary="Say what a passage is, or take that back.",
        response_type=OverrideResponse,
        handler=_set_override,
        body=OverrideBody,
        other_statuses=(404, 503),
    ),
    Route(
        method="GET",
        path="/api/settings",
        summary="The settings; what is secret is masked.",
        response_type=Settings,
        handler=_get_settings,
        other_statuses=(503,),
    ),
    *(
        Route(
            method="PUT",
            path=f"/api/settings/{held.name}",
            summary=f"Set {held.name}, and go on by it.",
            response_type=dict[str, Any],
            handler=_setting_handler(held.name),
            body=held.type,
            other_statuses=(409, 503),
        )
        for held in msgspec.structs.fields(Settings)
    ),
    Route(
        method="GET",
        path="/health",
        summary="Whether the daemon is well.",
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
