"""Asking a daemon's page, politely and otherwise."""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from tests.end_to_end.running_daemon import RunningDaemon

__all__ = ["Event", "Reply", "WebClient", "open_event_stream"]

TIMEOUT_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401
        """Return the body, as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    id: str
    kind: str
    data: Any


@dataclass(frozen=True)
class WebClient:
    """A daemon with a page, and where that is."""

    daemon: RunningDaemon
    host: str
    port: int

    @classmethod
    def for_daemon(cls, daemon: RunningDaemon) -> "WebClient":
        """Return where a daemon shows its page."""
        told = daemon.wait_for(lambda told: told["page"].startswith("http"))
        place = urlsplit(told["page"])
        assert place.hostname is not None
        assert place.port is not None
        return cls(daemon, place.hostname, place.port)

    @property
    def url(self) -> str:
        """Return the page's address, without the last slash."""
        return f"http://{self.host}:{self.port}"

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
    ) -> Reply:
        """Ask as a program does."""
        connection = http.client.HTTPConnection(
            self.host, self.port, timeout=TIMEOUT_SECONDS
        )
        place = path + (f"?{urlencode(query)}" if query else "")
        try:
            connection.request(method, place, body, dict(headers or {}))
            reply = connection.getresponse()
            return Reply(reply.status, dict(reply.headers), reply.read())
        finally:
            connection.close()

    def get_json(self, path: str, **query: object) -> Any:  # noqa: ANN401
        """Return what is at a path, as JSON."""
        reply = self.request("GET", path, query=query)
        assert reply.status == 200, reply.body
        return reply.json

    def send_json(self, method: str, path: str, body: object) -> Reply:
        """Tell it to do something, as its own page does."""
        headers = {"Content-Type": "application/json", "Origin": self.url}
        return self.request(method, path, json.dumps(body).encode(), headers)

    def find_file(self, query: str) -> str:
        """Return the id of the one file that is found by some words."""
        (found,) = self.get_json("/api/files", query=query)["files"]
        return str(found["file"])

    def send_raw(self, sent: bytes, *, shut: bool = False) -> bytes:
        """Send bytes, and return all that comes until the line is closed."""
        with self.connect() as line:
            line.sendall(sent)
            if shut:
                line.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: line.recv(1 << 16), b""))

    def connect(self) -> socket.socket:
        """Return a line to it."""
        return socket.create_connection((self.host, self.port), TIMEOUT_SECONDS)


@contextmanager
def open_event_stream(
    host: str, port: int, headers: Mapping[str, str] | None = None
) -> Iterator[Iterator[Event]]:
    """Listen to what changes."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/api/events", headers=dict(headers or {}))
        reply = connection.getresponse()
        assert reply.status == 200, reply.read()
        yield _parse_events(reply)
    finally:
        connection.close()


def _parse_events(reply: http.client.HTTPResponse) -> Iterator[Event]:
    fields: dict[str, str] = {}
    for raw in iter(reply.readline, b""):
        line = raw.decode().rstrip("\n")
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield Event(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}
