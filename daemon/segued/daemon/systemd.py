"""What systemd is told, and what it hands over. Without systemd: nothing.

The library of systemd is used where it is installed; the protocols are a
datagram and two variables, so that a plain Python will do as well.
"""

import os
import queue
import socket
import struct
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Final

try:
    from systemd.daemon import notify as by_library
except ImportError:
    by_library = None

__all__ = [
    "Journal",
    "activation_sockets",
    "flush",
    "notify",
    "notify_reloading",
    "stderr_is_journal",
    "watchdog_seconds",
]

FIRST_DESCRIPTOR: Final = 3
JOURNAL_SOCKET: Final = "/run/systemd/journal/socket"
SEND_TIMEOUT_SECONDS: Final = 0.05
UNRESPONSIVE_SECONDS: Final = 5.0

_MESSAGES: Final[queue.Queue[str]] = queue.Queue(64)


def notify(*lines: str) -> None:
    """Tell systemd something: READY=1, STATUS=..., all in one datagram.

    It is told by a thread, since a manager that does not read makes one wait;
    what that thread has no room for is not told.
    """
    if "NOTIFY_SOCKET" not in os.environ:
        return
    with suppress(queue.Full):
        _MESSAGES.put_nowait("\n".join(lines))
    _start_sender()


def flush(seconds: float) -> None:
    """Wait until systemd was told all there is, but not for long."""
    deadline = time.monotonic() + seconds
    while _MESSAGES.unfinished_tasks and time.monotonic() < deadline:
        time.sleep(seconds / 100)


@cache
def _start_sender() -> None:
    threading.Thread(target=_send_messages, name="sdnotify", daemon=True).start()


def _send_messages() -> None:
    while True:
        message = _MESSAGES.get()
        # A manager that restarts is no reason to stop.
        with suppress(OSError):
            if by_library is not None:
                by_library(message)
            elif socket_name := os.environ.get("NOTIFY_SOCKET"):
                address = (
                    "\0" + socket_name[1:]
                    if socket_name.startswith("@")
                    else socket_name
                )
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                    sender.sendto(message.encode(), address)
        _MESSAGES.task_done()


def notify_reloading() -> None:
    """Tell systemd that the configuration is read anew; READY=1 ends it."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1_000}")


def watchdog_seconds() -> float | None:
    """Return within what time systemd wants to hear from us; None if it does not."""
    interval_usec = os.environ.get("WATCHDOG_USEC", "")
    process = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not interval_usec.isdecimal() or process != str(os.getpid()):
        return None
    return int(interval_usec) / 1e6


def activation_sockets() -> list[socket.socket]:
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


def stderr_is_journal() -> bool:
    """Return whether standard error goes to the journal."""
    try:
        status = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class Journal:
    """Sends entries to the journal.

    The library of systemd would wait for a journal that does not read, for as
    long as that takes.
    """

    def __init__(self, path: str = JOURNAL_SOCKET) -> None:
        self._path: Final = path
        self._unresponsive_until = 0.0

    def __call__(self, fields: Mapping[str, str]) -> bool:
        """Send an entry; return whether it was taken."""
        entry = {"SYSLOG_IDENTIFIER": "segued", **fields}
        datagram = b"".join(_encode_field(name, value) for name, value in entry.items())
        now = time.monotonic()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                # One that is busy reads on in a moment. One that is not heard
                # of for so long is not waited for at every entry.
                sender.settimeout(
                    SEND_TIMEOUT_SECONDS if now > self._unresponsive_until else 0
                )
                sender.connect(self._path)
                sender.sendall(datagram)
        except TimeoutError:
            self._unresponsive_until = now + UNRESPONSIVE_SECONDS
            return False
        except OSError:
            return False
        return True


def _encode_field(name: str, value: str) -> bytes:
    """Return a field as the journal's protocol has it, lines in it or not."""
    data = value.encode("utf-8", "backslashreplace")
    return name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"
