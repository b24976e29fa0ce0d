"""Requests generated from the OpenAPI document and from random bytes."""

import json
import random
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import Any, Final
from urllib.parse import quote

__all__ = ["send_generated_requests"]

TIMEOUT_SECONDS: Final = 10.0
THREADS: Final = 8
READ_BYTES: Final = 1 << 16
PROBLEMS_MAX: Final = 20

TEXTS: Final = (
    "",
    "a",
    "current",
    "0",
    "-1",
    "9" * 30,
    "1e999",
    "nan",
    "true",
    "null",
    "\x00",
    "\n",
    "\ud800",
    "../../etc/passwd",
    "%",
    "' OR 1=1 --",
    "é\U0001f525\u202e",
    "x" * 3_000,
    "[" * 2_000,
)
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS", "TRACE")
FIELDS: Final = (
    "Accept",
    "Accept-Encoding",
    "Authorization",
    "Content-Encoding",
    "Content-Type",
    "Cookie",
    "Expect",
    "If-None-Match",
    "If-Range",
    "Last-Event-ID",
    "Origin",
    "Range",
    "Sec-Fetch-Site",
    "Transfer-Encoding",
    "Upgrade",
)
VALUES: Final = (
    "",
    "*/*",
    "gzip, br, zstd",
    "Bearer é",
    "application/json",
    "application/json; charset=utf-16",
    "multipart/form-data; boundary=x",
    "a=b; c",
    "100-continue",
    "bytes=0-0,5-,-3",
    "bytes=-99999999999999999999",
    "chunked",
    "websocket",
    "h2c",
    "\u0666",
)


@dataclass
class RequestGenerator:
    """Draws requests; the same seed draws the same ones."""

    described: dict[str, Any]
    files: list[str]
    rng: random.Random
    may_change: bool

    def draw(self) -> tuple[str, bytes]:
        """Return a description of a request, and its bytes."""
        rng = self.rng
        if self.may_change and rng.random() < 0.1:
            data = rng.randbytes(rng.randrange(1, 300))
            return repr(data[:40]), data + b"\r\n\r\n"
        path = rng.choice(list(self.described))
        methods = METHODS if self.may_change else SAFE_METHODS
        known = [each.upper() for each in self.described[path]]
        known = [each for each in known if each in methods]
        method = rng.choice(known if known and rng.random() < 0.8 else methods)
        operation = self.described[path].get(method.lower(), {})
        target = self._target(path, operation)
        body = self._body() if "requestBody" in operation or rng.random() < 0.1 else b""
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
        if body and rng.random() < 0.9:
            lines.append("Content-Type: application/json")
        lines += [
            f"{rng.choice(FIELDS)}: {rng.choice(VALUES)}"
            for _ in range(rng.choice((0, 0, 1, 2)))
        ]
        wrong_length = rng.random() < 0.02
        lines.append(f"Content-Length: {'-1' if wrong_length else len(body)}")
        head = "\r\n".join(lines).encode("utf-8", "surrogatepass")
        return f"{method} {target[:80]}", head + b"\r\n\r\n" + body

    def _target(self, path: str, operation: dict[str, Any]) -> str:
        for name in ("file", "session"):
            drawn = self._text(self.files if name == "file" else ["current"])
            path = path.replace(f"{{{name}}}", _quoted(drawn) or "-")
        names = [
            each["name"]
            for each in operation.get("parameters", ())
            if each["in"] == "query"
        ]
        names.append("unknown")
        pairs = [
            f"{self.rng.choice(names)}={_quoted(self._text(['a', '1', 'FAILED']))}"
            for _ in range(self.rng.choice((0, 1, 1, 3)))
        ]
        return f"{path}?{'&'.join(pairs)}" if pairs else path

    def _text(self, usual: list[str]) -> str:
        return self.rng.choice(usual if self.rng.random() < 0.6 else TEXTS)

    def _body(self) -> bytes:
        rng = self.rng
        names = ("file", "path", "code", "passage", "recording", "clear", "title", "x")
        value: Any = rng.choice((7, 1.5, None, True, [], "a", {}))
        if rng.random() < 0.7:
            value = {
                name: rng.choice((self._text(self.files), -1, None, [[]], 1e300))
                for name in rng.sample(names, rng.randrange(4))
            }
        body = json.dumps(value).encode()
        if rng.random() < 0.2:
            body = body[: rng.randrange(len(body) + 1)] + rng.randbytes(3)
        return body


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@dataclass
class RequestSender:
    """Sends drawn requests, and collects what is wrong with the responses."""

    address: tuple[str, int]
    generator: RequestGenerator
    remaining: int
    until: float
    sent: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Send requests until the number or the time is used up."""
        while time.monotonic() < self.until:
            with self._lock:
                if not self.remaining:
                    return
                self.remaining -= 1
                self.sent += 1
                what, data = self.generator.draw()
            problem = self._problem_with(what, data)
            if problem is not None:
                with self._lock:
                    self.problems[problem] += 1

    def _problem_with(self, what: str, data: bytes) -> str | None:
        """Return what is wrong with the response to a request; None if nothing is."""
        try:
            with socket.create_connection(self.address, TIMEOUT_SECONDS) as connection:
                try:
                    connection.sendall(data)
                    connection.shutdown(socket.SHUT_WR)
                except ConnectionError:
                    pass  # refused before all was sent; the response is still there
                reply = HTTPResponse(
                    connection, method=data.split(b" ", 1)[0].decode("latin-1")
                )
                reply.begin()
                is_stream = "event-stream" in reply.headers.get("Content-Type", "")
                body = b"" if is_stream else reply.read(READ_BYTES)
        except TimeoutError:
            return f"{what}: no response in {TIMEOUT_SECONDS:.0f} s"
        except (HTTPException, OSError):
            return None  # a half-closed or invalid request may just be disconnected
        return _problem_in(what, reply, body)


def _problem_in(what: str, reply: HTTPResponse, body: bytes) -> str | None:
    kind = reply.headers.get("Content-Type", "")
    is_error = reply.status >= 400
    is_login = reply.status == 401 and kind.startswith("text/html")
    if is_error and body and not is_login:
        try:
            code = json.loads(body)["error"]["code"]
        except (ValueError, KeyError, TypeError):
            return f"{what}: status {reply.status} with {kind or 'no type'}, not JSON"
        if reply.status == 503 and code == "busy":
            return None
    if reply.status >= 500:
        return f"{what}: status {reply.status}: {body[:200]!r}"
    return None


def send_generated_requests(
    address: tuple[str, int],
    count: int,
    *,
    seed: int,
    may_change: bool,
    until: float,
) -> tuple[int, list[str]]:
    """Send generated requests; return how many, and what was wrong.

    Args:
        address: The address of the page.
        count: The number of requests.
        seed: The seed of the generator.
        may_change: Whether requests may change settings and decisions.
        until: The time of the monotonic clock at which to stop.
    """
    described = _get_json(address, "/api/openapi.json")["paths"]
    listed = _get_json(address, "/api/files")["files"]
    generator = RequestGenerator(
        described,
        [each["file"] for each in listed] or ["none"],
        random.Random(seed),  # noqa: S311
        may_change,
    )
    sender = RequestSender(address, generator, count, until)
    threads = [threading.Thread(target=sender.run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [f"{text} ({number} times)" for text, number in sender.problems.items()]
    return sender.sent, found[:PROBLEMS_MAX]


def _get_json(address: tuple[str, int], path: str) -> Any:  # noqa: ANN401
    with socket.create_connection(address, TIMEOUT_SECONDS) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        reply = HTTPResponse(connection)
        reply.begin()
        return json.loads(reply.read())
