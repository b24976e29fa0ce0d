"""The routes by which the daemon is told what to do, and asked how it stands."""

import asyncio
import os
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web

from segued.config.config import Settings
from segued.errors import NotKnownError
from segued.store.reading import file_detail, listings
from segued.web import metrics
from segued.web.commands import (
    Answer,
    Cancel,
    Decide,
    Pause,
    Put,
    Resume,
    Retry,
    Scan,
    Show,
    Tell,
)
from segued.web.responses import as_json
from segued.web.route import Answering, Asked, Route
from segued.web.status import PastSession, Status, Trouble

__all__ = ["ORDERS"]

CURRENT: Final = "current"
"""Stands for the id of the session under way."""

MBID: Final = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)]
FileName = Annotated[str, msgspec.Meta(pattern="^/[^\\x00]*$", max_length=4_096)]


class ScanBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which folder to walk; all there are, without a path."""

    path: FileName | None = None


class RetryBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which failed files to try again: all, or by code, path (or below), or id."""

    code: Text | None = None
    path: FileName | None = None
    file: Text | None = None


class DecideBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a passage is; a file by its id or its path.

    Without a recording it is no song; with `clear`, what was said is forgotten.
    """

    file: Text | None = None
    path: FileName | None = None
    passage: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    recording: Annotated[str, msgspec.Meta(pattern=MBID)] | None = None
    title: Text | None = None
    artist: Text | None = None
    clear: bool = False


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """An empty object."""


class Reopened(msgspec.Struct, frozen=True):
    """How many files are tried again."""

    reopened: int


class Decided(msgspec.Struct, frozen=True):
    """The file that something was said of."""

    decided: str


class Health(msgspec.Struct, frozen=True):
    """Whether the daemon is well; 503 if it is in trouble."""

    state: str
    process: int
    version: str
    trouble: Trouble | None


async def _status(asked: Asked) -> Answer:
    return await asked.obeyed(Tell())


async def _told_of(asked: Asked) -> Answer:
    return await asked.obeyed(Tell(_session(asked)))


async def _scan(asked: Asked) -> Answer:
    return await asked.obeyed(Scan(_place(asked.body(ScanBody).path)))


async def _pause(asked: Asked) -> Answer:
    asked.body(Nothing)
    return await asked.obeyed(Pause(_session(asked)))


async def _resume(asked: Asked) -> Answer:
    asked.body(Nothing)
    return await asked.obeyed(Resume(_session(asked)))


async def _cancel(asked: Asked) -> Answer:
    asked.body(Nothing)
    return await asked.obeyed(Cancel(_session(asked)))


async def _retry(asked: Asked) -> Answer:
    body = asked.body(RetryBody)
    return await asked.obeyed(Retry(body.code, await _file(asked, body)))


async def _decide(asked: Asked) -> Answer:
    body = asked.body(DecideBody)
    file = await _file(asked, body)
    if file is None:
        raise NotKnownError("which file is it about? file or path is missing")
    return await asked.obeyed(
        Decide(file, body.passage, body.recording, body.title, body.artist, body.clear)
    )


async def _settings(asked: Asked) -> Answer:
    return await asked.obeyed(Show())


def _putting(name: str) -> Answering:
    async def put(asked: Asked) -> Answer:
        # What is wrong with it is said with its name, where settings are checked.
        return await asked.obeyed(Put(name, asked.body(Any)))

    return put


async def _health(asked: Asked) -> Answer:
    now = asked.inside.status()
    health = Health(now.state, now.process, now.version, now.trouble)
    return as_json(health, 503 if now.trouble else 200)


async def _metrics(asked: Asked) -> Answer:
    readings = asked.inside.readings()
    held = await asyncio.to_thread(listings.counts, asked.inside.library)
    body = await asyncio.to_thread(metrics.exposition, readings, held)
    return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})


def _place(path: str | None) -> bytes | None:
    return None if path is None else os.path.normpath(os.fsencode(path))


def _session(asked: Asked) -> str | None:
    named = asked.named("session")
    return None if named == CURRENT else named


async def _file(asked: Asked, body: RetryBody | DecideBody) -> bytes | None:
    if body.file is not None:
        return await asyncio.to_thread(
            file_detail.path_of, asked.inside.library, body.file
        )
    return None if body.path is None else os.fsencode(body.path)


def _steering(verb: str, what: str, answering: Answering) -> Route:
    return Route(
        method="POST",
        path=f"/api/import/{verb}/{{session}}",
        summary=what,
        answer=Status,
        answering=answering,
        body=Nothing,
        also=(404, 503),
    )


ORDERS: Final = (
    Route(
        method="GET",
        path="/api/import/session",
        summary="How everything stands.",
        answer=Status,
        answering=_status,
    ),
    Route(
        method="GET",
        path="/api/import/status/{session}",
        summary="How a session stands, or ended; `current` is the one under way.",
        answer=(Status, PastSession),
        answering=_told_of,
        also=(404, 503),
    ),
    Route(
        method="POST",
        path="/api/import/session/start",
        summary="Walk the music folders, or one in them, and go on working.",
        answer=Status,
        answering=_scan,
        body=ScanBody,
        also=(404, 503),
    ),
    _steering("pause", "Stop working until told to resume.", _pause),
    _steering("resume", "Go on, after a pause or a cancel.", _resume),
    _steering("cancel", "End the session; what is done stays done.", _cancel),
    Route(
        method="POST",
        path="/api/retry",
        summary="Try failed files again.",
        answer=Reopened,
        answering=_retry,
        body=RetryBody,
        also=(404, 503),
    ),
    Route(
        method="POST",
        path="/api/decide",
        summary="Say what a passage is, or take that back.",
        answer=Decided,
        answering=_decide,
        body=DecideBody,
        also=(404, 503),
    ),
    Route(
        method="GET",
        path="/api/settings",
        summary="The settings; what is secret is masked.",
        answer=Settings,
        answering=_settings,
        also=(503,),
    ),
    *(
        Route(
            method="PUT",
            path=f"/api/settings/{held.name}",
            summary=f"Set {held.name}, and go on by it.",
            answer=dict[str, Any],
            answering=_putting(held.name),
            body=held.type,
            also=(409, 503),
        )
        for held in msgspec.structs.fields(Settings)
    ),
    Route(
        method="GET",
        path="/health",
        summary="Whether the daemon is well.",
        answer=Health,
        answering=_health,
        also=(503,),
    ),
    Route(
        method="GET",
        path="/metrics",
        summary="Metrics, for Prometheus.",
        answer=metrics.CONTENT_TYPE,
        answering=_metrics,
        also=(503,),
    ),
)
