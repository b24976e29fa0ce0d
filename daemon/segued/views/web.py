"""HTTP: what the daemon is asked by programs, and answers.

The same routes are there for the control socket and for whatever else listens.
"""

import fcntl
import os
import socket
import stat
import struct
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import structlog
from aiohttp import web

from segued.commands import (
    Cancel,
    Command,
    Decide,
    Obey,
    Pause,
    Put,
    Resume,
    Retry,
    Scan,
    Show,
    Tell,
)
from segued.errors import (
    ConfigError,
    SeguedError,
    StoreError,
    StoreLockedError,
)

__all__ = ["Doors", "application"]

log: Final = structlog.get_logger()

BODY_BYTES_MAX: Final = 1 << 16
BACKLOG: Final = 64
CURRENT: Final = "current"
"""Stands for the id of the session under way."""

MBID: Final = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
CLOSING_SECONDS: Final = 1.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _ScanBody(msgspec.Struct, forbid_unknown_fields=True):
    path: str | None = None


class _RetryBody(msgspec.Struct, forbid_unknown_fields=True):
    code: str | None = None
    path: str | None = None


class _DecideBody(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    passage: Annotated[int, msgspec.Meta(ge=1)] = 1
    recording: Annotated[str, msgspec.Meta(pattern=MBID)] | None = None
    title: str | None = None
    artist: str | None = None
    clear: bool = False


def application(obey: Obey) -> web.Application:
    """Return the routes, each turned into a command.

    Args:
        obey: Carries a command out.
    """
    app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[_explained])

    def on(method: str, path: str, command: Callable[[Any], Command]) -> None:
        async def handle(request: web.Request) -> web.StreamResponse:
            wanted = command(await _Asked.of(request))
            if not isinstance(wanted, Tell):
                log.info("control.asked", command=repr(wanted), **_peer(request))
            return _json(await obey(wanted))

        app.router.add_route(method, path, handle)

    on("GET", "/health", lambda _: Tell())
    on("GET", "/api/import/session", lambda _: Tell())
    on("GET", "/api/import/status/{session}", lambda asked: Tell(asked.session))
    on("POST", "/api/import/session/start", lambda asked: asked.scan())
    on("POST", "/api/import/pause/{session}", lambda asked: Pause(asked.session))
    on("POST", "/api/import/resume/{session}", lambda asked: Resume(asked.session))
    on("POST", "/api/import/cancel/{session}", lambda asked: Cancel(asked.session))
    on("POST", "/api/retry", lambda asked: asked.retry())
    on("GET", "/api/settings", lambda _: Show())
    on("PUT", "/api/settings/{name}", lambda asked: asked.put())
    on("POST", "/api/decide", lambda asked: asked.decide())
    return app


class _Asked:
    """A request, read."""

    def __init__(self, request: web.Request, body: bytes) -> None:
        self._request: Final = request
        self._body: Final = body

    @classmethod
    async def of(cls, request: web.Request) -> "_Asked":
        return cls(request, await request.read())

    @property
    def session(self) -> str | None:
        named = self._request.match_info["session"]
        return None if named == CURRENT else named

    def scan(self) -> Scan:
        path = self._as(_ScanBody).path
        if path is None:
            return Scan()
        if not path.startswith("/"):
            raise ConfigError(f"{path}: not an absolute path")
        return Scan(os.path.normpath(os.fsencode(path)))

    def retry(self) -> Retry:
        body = self._as(_RetryBody)
        return Retry(body.code, None if body.path is None else os.fsencode(body.path))

    def decide(self) -> Decide:
        body = self._as(_DecideBody)
        return Decide(
            os.fsencode(body.path),
            body.passage,
            body.recording,
            body.title,
            body.artist,
            body.clear,
        )

    def put(self) -> Put:
        return Put(self._request.match_info["name"], msgspec.json.decode(self._body))

    def _as(self, kind: type[Any]) -> Any:  # noqa: ANN401
        return msgspec.json.decode(self._body or b"{}", type=kind)


@web.middleware
async def _explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn errors into answers that name the reason."""
    try:
        return await handler(request)
    except ConfigError as error:
        return _refused(400, error.code, str(error))
    except (msgspec.DecodeError, UnicodeError) as error:
        return _refused(400, "request", f"the request makes no sense: {error}")
    except StoreError as error:
        return _refused(503, error.code, str(error))
    except SeguedError as error:
        return _refused(500, error.code, str(error))
    except web.HTTPException as error:
        return _refused(error.status, "request", f"{request.path}: {error.reason}")


def _refused(status: int, code: str, detail: str) -> web.Response:
    return _json({"error": {"code": code, "detail": detail}}, status)


def _json(value: object, status: int = 200) -> web.Response:
    body = msgspec.json.encode(value, enc_hook=str)
    return web.Response(body=body, status=status, content_type="application/json")


def _peer(request: web.Request) -> dict[str, int]:
    """Return who is at the other end of a Unix socket."""
    line = request.get_extra_info("socket")
    if line is None or line.family != socket.AF_UNIX:
        return {}
    raw = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    process, user, group = struct.unpack("3i", raw)
    return {"peer_process": process, "peer_user": user, "peer_group": group}


class Doors:
    """Where the routes can be reached."""

    def __init__(self, app: web.Application) -> None:
        self._runner: Final = web.AppRunner(
            app, access_log=None, shutdown_timeout=CLOSING_SECONDS
        )
        self._made: tuple[Path, int] | None = None
        self._lock: int | None = None

    def claim(self, path: Path) -> None:
        """Take a place for a socket, for as long as this process lives.

        Raises:
            StoreLockedError: Another segued has it, or somebody listens there.
            ConfigError: There can be no socket there.
        """
        try:
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            beside = path.with_name(f"{path.name}.lock")
            self._lock = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreLockedError(f"{path}: another segued answers there") from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(f"{path}: no control socket there: {reason}") from error
        if _answers_at(path):
            raise StoreLockedError(f"{path}: somebody listens there already")

    async def open(self, path: Path, given: Sequence[socket.socket]) -> None:
        """Listen on sockets that were given, else on a new one at `path`.

        Raises:
            ConfigError: The socket cannot be made there.
        """
        await self._runner.setup()
        lines = list(given) or [self._socket(path)]
        for line in lines:
            line.setblocking(False)  # noqa: FBT003
            await web.SockSite(self._runner, line, backlog=BACKLOG).start()

    async def close(self) -> None:
        """Listen no more, and leave no socket behind that we made."""
        await self._runner.cleanup()
        self.leave_nothing()

    def leave_nothing(self) -> None:
        """Remove the socket that we made, if it is still that one."""
        if self._made is not None:
            path, inode = self._made
            with suppress(OSError):
                if path.lstat().st_ino == inode:
                    path.unlink()

    def _socket(self, path: Path) -> socket.socket:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with suppress(FileNotFoundError):
                if stat.S_ISSOCK(os.lstat(path).st_mode):
                    path.unlink()  # of one that was killed; nobody answers there
            before = os.umask(0o117)
            try:
                line.bind(os.fspath(path))
            finally:
                os.umask(before)
        except OSError as error:
            line.close()
            reason = error.strerror or str(error)
            raise ConfigError(f"{path}: no control socket there: {reason}") from error
        self._made = path, path.lstat().st_ino
        return line


def _answers_at(path: Path) -> bool:
    """Return whether somebody may be listening on the socket at `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(CLOSING_SECONDS)
        try:
            line.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False  # nothing, or left by one that was killed
        except OSError:
            return stat.S_ISSOCK(path.lstat().st_mode)
        return True
