"""The client of a running daemon: its HTTP API over the control socket."""

import grp
import http.client
import json
import os
import pwd
import socket
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from segued import __version__
from segued.config.config import Settings
from segued.config.default_paths import SYSTEM_SOCKET
from segued.errors import ConfigError, DaemonError, StoreLockedError
from segued.paths import shown
from segued.web.daemon_api import Override
from segued.web.status import Status

__all__ = ["DaemonClient", "check_socket_free", "find_daemon", "no_daemon_error"]

T = TypeVar("T")

TIMEOUT_SECONDS: Final = 10.0
PART_BYTES: Final = 1 << 16

UNIT: Final = Path("/etc/systemd/system/segued.service")
USER_UNIT: Final = Path("/etc/systemd/user/segued.service")


class DaemonClient:
    """Sends requests to the daemon that listens on a socket, one at a time.

    Every method but `is_up` raises DaemonError if no daemon is listening, if it does
    not accept this user, or if it cannot do what is requested now; and ConfigError if
    the daemon calls the request invalid.
    """

    def __init__(self, path: Path) -> None:
        self.path: Final = path

    @property
    def is_up(self) -> bool:
        """Whether a daemon is listening on the socket."""
        try:
            _connect(self.path).close()
        except PermissionError:
            return True  # `request` reports that this user has no access
        except OSError:
            return False
        return True

    def keeps_library(self, library: Path) -> bool:
        """Return whether `library` is the library of this daemon."""
        own = self.status().library
        with suppress(OSError):
            return os.path.samefile(own, library)
        # This user cannot see one of the files, or it does not exist.
        return own == shown(bytes(library.absolute()))

    def status(self) -> Status:
        """Return the status of the daemon."""
        return self._request("GET", "/api/import/session", Status)

    def scan(self, path: str | None) -> Status:
        """Request a scan of all music folders, or of one folder in them."""
        return self._request(
            "POST", "/api/import/session/start", Status, {"path": path}
        )

    def pause(self) -> Status:
        """Stop the work until `resume`, also after a restart."""
        return self._request("POST", "/api/import/pause/current", Status, {})

    def resume(self) -> Status:
        """Continue after a pause or a cancel."""
        return self._request("POST", "/api/import/resume/current", Status, {})

    def cancel(self) -> Status:
        """End the session."""
        return self._request("POST", "/api/import/cancel/current", Status, {})

    def retry(self, code: str | None, path: str | None) -> int:
        """Requeue failed files, with a code or below a path; return how many."""
        body = {"code": code, "path": path}
        return self._request("POST", "/api/retry", dict[str, int], body)["reopened"]

    def settings(self) -> Settings:
        """Return the settings in force, with secrets masked."""
        return self._request("GET", "/api/settings", Settings)

    def put_setting(self, name: str, value: object) -> None:
        """Store a setting and apply it."""
        self.request("PUT", f"/api/settings/{quote(name)}", value)

    def set_override(
        self, path: bytes, passage: int, override: Override | None
    ) -> None:
        """Store what a user decides about a passage, or delete it; requeue its file."""
        body: dict[str, object] = {"path": os.fsdecode(path), "passage": passage}
        if override is None:
            body["clear"] = True
        else:
            body["recording"] = override.recording
            body["title"] = override.title
            body["artist"] = override.artist
            body["release"] = override.release
            body["any_release"] = override.any_release
        self.request("POST", "/api/decide", body)

    def forget_tags(self, path: bytes) -> int:
        """Delete the remembered tags of a file; return how many there were."""
        body = {"path": os.fsdecode(path)}
        return self._request("POST", "/api/forget-tags", dict[str, int], body)[
            "forgotten"
        ]

    def explanation(self, path: bytes) -> dict[str, Any]:
        """Return the passages of a file with their reasons, and its remembered tags."""
        return self.request("GET", f"/api/explain?path_bytes={path.hex()}")

    def library_rows(self, table: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a table of the library, as they arrive."""
        connection = _Connection(self.path)
        try:
            connection.request("GET", f"/api/library/{table}")
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise DaemonError(json.loads(response.read())["error"]["detail"])
            for line in response:
                yield json.loads(line)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DaemonError(f"{self.path}: no valid response: {error}") from error
        finally:
            connection.close()

    def download(self, route: str, parameters: Mapping[str, str]) -> Iterator[bytes]:
        """Yield an export or a playlist, as it arrives."""
        connection = _Connection(self.path)
        try:
            connection.request("GET", f"{route}?{urlencode(parameters)}")
            response = connection.getresponse()
            if response.status != http.client.OK:
                detail = json.loads(response.read())["error"]["detail"]
                if response.status in (http.client.BAD_REQUEST, http.client.NOT_FOUND):
                    raise ConfigError(detail)
                raise DaemonError(detail)
            while part := response.read1(PART_BYTES):
                yield part
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DaemonError(f"{self.path}: no valid response: {error}") from error
        finally:
            connection.close()

    def _request(
        self, method: str, route: str, kind: type[T], body: object = None
    ) -> T:
        response = self.request(method, route, body)
        try:
            return msgspec.convert(response, kind)
        except msgspec.ValidationError as error:
            raise DaemonError(f"{self.path}: unexpected response: {error}") from error

    def request(self, method: str, route: str, body: object = None) -> dict[str, Any]:
        """Return the JSON object that the daemon responds with."""
        connection = _Connection(self.path)
        try:
            request_body = None if body is None else json.dumps(body)
            headers = {"User-Agent": f"segued/{__version__}"}
            connection.request(method, route, request_body, headers)
            response = connection.getresponse()
            decoded = json.loads(response.read())
        except PermissionError:
            raise DaemonError(f"{self.path}: {_who_may_use(self.path)}") from None
        except (FileNotFoundError, ConnectionRefusedError):
            raise no_daemon_error(self.path) from None
        except (ConnectionResetError, BrokenPipeError, TimeoutError) as error:
            raise DaemonError(
                f"{self.path}: the daemon {_ending(error)} before it answered; "
                f"{_where_it_says_why(self.path)}"
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DaemonError(f"{self.path}: no valid response: {error}") from error
        finally:
            connection.close()
        if response.status == http.client.OK:
            result: dict[str, Any] = decoded
            return result
        detail = decoded["error"]["detail"]
        if response.status in (http.client.BAD_REQUEST, http.client.NOT_FOUND):
            raise ConfigError(detail)
        raise DaemonError(detail)


def find_daemon(sockets: Iterable[Path], library: Path | None) -> DaemonClient | None:
    """Return a client of the first daemon that keeps a library; None without one.

    Args:
        sockets: The control sockets to try.
        library: The library; None accepts a daemon of any library.

    Raises:
        DaemonError: A daemon is listening, but gives no status.
    """
    for client in map(DaemonClient, sockets):
        if client.is_up and (library is None or client.keeps_library(library)):
            return client
    return None


def no_daemon_error(path: Path) -> DaemonError:
    """Return the error about a socket without a daemon, and how to start one."""
    start = "segued serve starts one"
    if path == SYSTEM_SOCKET and UNIT.exists():
        start = "sudo systemctl start segued starts the service"
    elif USER_UNIT.exists():
        start = "systemctl --user start segued, or segued serve, starts one"
    return DaemonError(f"{path}: no daemon is listening on this socket; {start}")


def _ending(error: OSError) -> str:
    is_late = isinstance(error, TimeoutError)
    return f"took more than {TIMEOUT_SECONDS:g} s" if is_late else "ended"


def _where_it_says_why(path: Path) -> str:
    if path == SYSTEM_SOCKET and UNIT.exists():
        return "why is in: systemctl status segued, and: journalctl --unit segued"
    return "why is in its log"


def check_socket_free(path: Path) -> None:
    """Check that no daemon listens on a control socket, before another one starts.

    Raises:
        StoreLockedError: One does.
    """
    client = DaemonClient(path)
    # With socket activation, systemd listens.
    if "LISTEN_FDS" in os.environ or not client.is_up:
        return
    who = "another process is listening on this socket"
    with suppress(DaemonError):
        status = client.status()
        who = (
            f"another daemon is running (process {status.process}, library"
            f" {status.library}); a second one needs a control_socket of its own"
        )
    raise StoreLockedError(f"{path}: {who}")


def _who_may_use(path: Path) -> str:
    """Return who may use a socket, and how to become one of them."""
    needed = ((path.parent, os.X_OK, stat.S_IXGRP), (path, os.W_OK, stat.S_IWGRP))
    for place, access, of_group in needed:
        if os.access(place, access):
            continue
        try:
            status = place.stat()
            group = grp.getgrgid(status.st_gid).gr_name
            owner = pwd.getpwuid(status.st_uid).pw_name
        except (OSError, KeyError):
            continue  # deeper in a closed folder, or an account without a name
        if not status.st_mode & of_group:
            return f"permission denied: it is for the account {owner} only"
        return (
            f"permission denied: it is for the group {group};"
            f" sudo usermod -aG {group} NAME lets an account in, from its next login on"
        )
    return "permission denied"


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("segued", timeout=TIMEOUT_SECONDS)
        self._path: Final = path

    def connect(self) -> None:
        self.sock = _connect(self._path)


def _connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(TIMEOUT_SECONDS)
    try:
        connection.connect(os.fspath(path))
    except BaseException:
        connection.close()
        raise
    return connection
