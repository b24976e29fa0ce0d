"""The Cover Art Archive: fronts of releases, on a server in a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

__all__ = ["CoverArchiveService", "cover_archive_in_background"]

HOST: Final = "127.0.0.1"


@dataclass
class CoverArchiveService:
    """The service, and the requests that it got.

    Attributes:
        url: Its address.
        fronts: The picture of each release; another release has none.
        redirects: Addresses to which releases are redirected, by release; by default
            to the picture on the same server, as the real one does to archive.org.
        paths: The paths of all requests, in order.
        agents: The user agents of all requests.
    """

    url: str = ""
    fronts: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Return the status, the target of a redirect, and the body for a path."""
        first, release, *_ = path.strip("/").split("/")
        front = self.fronts.get(release)
        if first == "download" and front is not None:
            return 200, "", front
        if release in self.redirects:
            return 307, self.redirects[release], b""
        if front is None:
            return 404, "", b"No images found"
        return 307, f"{self.url}/download/{release}", b""


@contextmanager
def cover_archive_in_background() -> Iterator[CoverArchiveService]:
    """Run the service while the context lasts."""
    service = CoverArchiveService()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            service.paths.append(self.path)
            service.agents.add(self.headers["User-Agent"])
            status, location, body = service.answer(self.path)
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Print nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    service.url = f"http://{HOST}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, name="cover archive")
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
