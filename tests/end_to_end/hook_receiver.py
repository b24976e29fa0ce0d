"""A program that takes events by HTTP, and that dies as a test wishes."""

import hashlib
import hmac
import json
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["HookReceiver", "hook_receiver"]


class HookReceiver:
    """Records what it takes.

    Attributes:
        taken: The events that it answered with 200, in order.
        refused: How many it did not take.
        moods: Chooses for each request: "take", "refuse", "hang up" or "hang".
        secret: With which requests must be signed; empty for no signature.
    """

    def __init__(self, secret: str = "") -> None:
        self.taken: list[dict[str, Any]] = []
        self.refused = 0
        self.moods: Callable[[], str] = lambda: "take"
        self.secret = secret
        self.problems: list[str] = []
        self.ending = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it listens while it is up."""
        return f"http://127.0.0.1:{self.port}/hook?key=a-secret-of-the-address"

    def start(self) -> None:
        """Listen."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.handle(self)

            def log_message(self, *_: object) -> None:
                pass

        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,)).start()

    def die(self) -> None:
        """Close the port."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = request.rfile.read(int(request.headers["Content-Length"]))
        mood = self.moods()
        if mood == "take":
            self._check(request, body)
            self.taken.append(json.loads(body))
            request.send_response(200)
            request.end_headers()
            return
        self.refused += 1
        if mood == "refuse":
            request.send_response(503)
            request.end_headers()
        elif mood == "hang":
            self.ending.wait()
        else:
            request.close_connection = True

    def paths(self, event: str) -> list[str]:
        """Return the files of the events of this name."""
        return [each["path"] for each in self.taken if each["event"] == event]

    def _check(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        event = json.loads(body)
        headers = request.headers
        if (headers["X-Segued-Event"], headers["X-Segued-Id"]) != (
            event["event"],
            event["id"],
        ):
            self.problems.append(f"headers of {event['id']}")
        signed = headers["X-Segued-Timestamp"].encode() + b"." + body
        digest = hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        expected = f"sha256={digest}" if self.secret else None
        if headers["X-Segued-Signature"] != expected:
            self.problems.append(f"signature of {event['id']}")


@contextmanager
def hook_receiver(secret: str = "") -> Iterator[HookReceiver]:
    """Run a receiver for the duration of the context."""
    receiver = HookReceiver(secret)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.ending.set()
        receiver.die()
    assert receiver.problems == []


def random_moods(rng: random.Random) -> Callable[[], str]:
    """Return moods of which each third fails."""
    return lambda: rng.choice(("take", "take", "take", "take", "refuse", "hang up"))
