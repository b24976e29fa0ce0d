"""The line to a running daemon: HTTP over its control socket."""

import http.client
import json
import os
import socket
from pathlib import Path
from typing import Any, Final

from segued.errors import ConfigError, DaemonError

__all__ = ["DaemonClient"]

TIMEOUT_SECONDS: Final = 10.0


class DaemonClient:
    """Asks the daemon that listens on a socket, one question at a time."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path

    @property
    def is_up(self) -> bool:
        """Whether somebody listens there."""
        try:
            _connect(self.path).close()
        except PermissionError:
            return True  # and it is said why, when it is asked
        except OSError:
            return False
        return True

    def request(self, method: str, route: str, body: object = None) -> dict[str, Any]:
        """Return what the daemon answers.

        Raises:
            DaemonError: Nobody is there, or may be asked, or it cannot do it.
            ConfigError: It says that the question makes no sense.
        """
        connection = _Connection(self.path)
        try:
            request_body = None if body is None else json.dumps(body)
            connection.request(method, route, request_body)
            response = connection.getresponse()
            decoded = json.loads(response.read())
        except PermissionError:
            raise DaemonError(
                f"{self.path}: may not be used; is your user in the group of segued?"
            ) from None
        except (FileNotFoundError, ConnectionRefusedError):
            raise DaemonError(f"{self.path}: no segued answers there") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DaemonError(f"{self.path}: no sensible answer: {error}") from error
        finally:
            connection.close()
        if response.status == http.client.OK:
            result: dict[str, Any] = decoded
            return result
        detail = decoded["error"]["detail"]
        if response.status in (http.client.BAD_REQUEST, http.client.NOT_FOUND):
            raise ConfigError(detail)
        raise DaemonError(detail)


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
