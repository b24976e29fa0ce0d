"""The line to a running daemon: HTTP over its control socket."""

import http.client
import json
import os
import socket
from pathlib import Path
from typing import Any, Final

from segued.errors import ConfigError, DaemonError

__all__ = ["Line"]

ANSWER_SECONDS: Final = 10.0


class Line:
    """Asks the daemon that listens on a socket, one question at a time."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path

    @property
    def is_up(self) -> bool:
        """Whether somebody listens there."""
        try:
            _connected(self.path).close()
        except PermissionError:
            return True  # and it is said why, when it is asked
        except OSError:
            return False
        return True

    def ask(self, method: str, route: str, body: object = None) -> dict[str, Any]:
        """Return what the daemon answers.

        Raises:
            DaemonError: Nobody is there, or may be asked, or it cannot do it.
            ConfigError: It says that the question makes no sense.
        """
        connection = _Connection(self.path)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, route, sent)
            reply = connection.getresponse()
            told = json.loads(reply.read())
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
        if reply.status == http.client.OK:
            answer: dict[str, Any] = told
            return answer
        detail = told["error"]["detail"]
        if reply.status in (http.client.BAD_REQUEST, http.client.NOT_FOUND):
            raise ConfigError(detail)
        raise DaemonError(detail)


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("segued", timeout=ANSWER_SECONDS)
        self._path: Final = path

    def connect(self) -> None:
        self.sock = _connected(self._path)


def _connected(path: Path) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(ANSWER_SECONDS)
    try:
        line.connect(os.fspath(path))
    except BaseException:
        line.close()
        raise
    return line
