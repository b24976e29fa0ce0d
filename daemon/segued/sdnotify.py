"""What systemd is told, and what it hands over. Without systemd: nothing.

The library of systemd is used where it is installed; the protocols are a
datagram and two variables, so that a plain Python will do as well.
"""

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

try:
    from systemd import daemon, journal
except ImportError:
    daemon = journal = None

__all__ = [
    "in_journal",
    "listening",
    "notify",
    "reloading",
    "to_journal",
    "watchdog_seconds",
]

FIRST_DESCRIPTOR: Final = 3


def notify(*lines: str) -> None:
    """Tell systemd something: READY=1, STATUS=..., all in one datagram."""
    message = "\n".join(lines)
    # A manager that restarts is no reason to stop.
    with suppress(OSError):
        if daemon is not None:
            daemon.notify(message)
        elif place := os.environ.get("NOTIFY_SOCKET"):
            address = "\0" + place[1:] if place.startswith("@") else place
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto(message.encode(), address)


def reloading() -> None:
    """Tell systemd that the configuration is read anew; READY=1 ends it."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1_000}")


def watchdog_seconds() -> float | None:
    """Return within what time systemd wants to hear from us; None if it does not."""
    wanted = os.environ.get("WATCHDOG_USEC", "")
    meant = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not wanted.isdecimal() or meant != str(os.getpid()):
        return None
    return int(wanted) / 1e6


def listening() -> list[socket.socket]:
    """Return the sockets that systemd listens on for us, ready to accept."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = os.environ.get("LISTEN_FDS", "0")
    numbers = range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + int(count or 0))
    # Not for the children: their sockets are not ours.
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)
    for number in numbers:
        os.set_inheritable(number, False)  # noqa: FBT003
    return [socket.socket(fileno=number) for number in numbers]


def in_journal() -> bool:
    """Return whether standard error goes to the journal, and fields can be sent."""
    if journal is None:
        return False
    try:
        status = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def to_journal(message: str, fields: Mapping[str, Any]) -> bool:
    """Send an entry with fields to the journal; return whether it was taken."""
    try:
        journal.send(message, **fields)
    except OSError:
        return False
    return True
