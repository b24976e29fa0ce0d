"""An HTTP client of a daemon's page, for valid and invalid requests."""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.end_to_end.running_daemon import RunningDaemon
from tests.limits import WAIT_SECONDS

__all__ = ["Event", "Reply", "WebClient", "open_event_stream"]


@dataclass(frozen=True)
class Reply:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401
        """The body, parsed as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    id: str
    kind: str
    data: Any


@dataclass(frozen=True)
class WebClient:
    """A daemon with a page, and the address of that page."""

    daemon: RunningDaemon
    host: str
    port: int

    @classmethod
    def for_daemon(cls, daemon: RunningDaemon) -> "WebClient":
        """Return a client of a daemon's page, once it is served."""
        status = daemon.wait_for(lambda status: status["page"].startswith("http"))
        address = urlsplit(status["page"])
        assert address.hostname is not None
        assert address.port is not None
        return cls(daemon, address.hostname, address.port)

    @property
    def url(self) -> str:
        """The URL of the page, without a trailing slash."""
        return f"http://{self.host}:{self.port}"

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
    ) -> Reply:
        """Send a request with any headers, and return the response."""
        connection = http.client.HTTPConnection(
            self.host, self.port, timeout=WAIT_SECONDS
        )
        target = path + (f"?{urlencode(query)}" if query else "")
        try:
            connection.request(method, target, body, dict(headers or {}))
            reply = connection.getresponse()
            return Reply(reply.status, dict(reply.headers), reply.read())
        finally:
            connection.close()

    def get_json(self, path: str, **query: object) -> Any:  # noqa: ANN401
        """Return the JSON at a path, which must exist."""
        reply = self.request("GET", path, query=query)
        assert reply.status == 200, reply.body
        return reply.json

    def send_json(self, method: str, path: str, body: object) -> Reply:
        """Send a request with a JSON body, as the page does."""
        headers = {"Content-Type": "application/json", "Origin": self.url}
        return self.request(method, path, json.dumps(body).encode(), headers)

    def find_file(self, query: str) -> str:
        """Return the id of the one file that a search finds."""
        (entry,) = self.get_json("/api/files", query=query)["files"]
        return str(entry["file"])

    def send_raw(self, sent: bytes, *, shut: bool = False) -> bytes:
        """Send bytes, and return all bytes received until the connection is closed."""
        with self.connect() as connection:
            connection.sendall(sent)
            if shut:
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(1 << 16), b""))

    def connect(self) -> socket.socket:
        """Return a new connection to the page."""
        return socket.create_connection((self.host, self.port), WAIT_SECONDS)


@contextmanager
def open_event_stream(
    host: str,
    port: int,
    headers: Mapping[str, str] | None = None,
    path: str = "/api/events",
) -> Iterator[Iterator[Event]]:
    """Subscribe to the server-sent events."""
    connection = http.client.HTTPConnection(host, port, timeout=WAIT_SECONDS)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
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
