"""Notifications to systemd, its sockets and its journal. Without systemd: nothing.

The systemd library for Python is used where it is installed. The protocols are one
datagram and two environment variables, so that it is not required.
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
    from systemd.daemon import notify as libsystemd_notify
except ImportError:
    libsystemd_notify = None

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
    """Send variables to systemd, such as READY=1 or STATUS=..., in one datagram.

    A thread sends it, because a manager that does not read blocks the sender.
    The datagram is dropped if 64 others are waiting.
    """
    if "NOTIFY_SOCKET" not in os.environ:
        return
    with suppress(queue.Full):
        _MESSAGES.put_nowait("\n".join(lines))
    _start_sender()


def flush(seconds: float) -> None:
    """Wait until all notifications are sent, at most for `seconds`."""
    deadline = time.monotonic() + seconds
    while _MESSAGES.unfinished_tasks and time.monotonic() < deadline:
        time.sleep(seconds / 100)


@cache
def _start_sender() -> None:
    threading.Thread(target=_send_messages, name="sdnotify", daemon=True).start()


def _send_messages() -> None:
    while True:
        message = _MESSAGES.get()
        # The manager may be restarting.
        with suppress(OSError):
            if libsystemd_notify is not None:
                libsystemd_notify(message)
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
    """Tell systemd that the configuration is being reloaded; READY=1 ends that."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1_000}")


def watchdog_seconds() -> float | None:
    """Return the watchdog interval of this process; None if there is none."""
    interval_usec = os.environ.get("WATCHDOG_USEC", "")
    process = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not interval_usec.isdecimal() or process != str(os.getpid()):
        return None
    return int(interval_usec) / 1e6


def activation_sockets() -> list[socket.socket]:
    """Return the listening sockets that systemd passed to this process."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = os.environ.get("LISTEN_FDS", "0")
    numbers = range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + int(count or 0))
    # Child processes must not inherit these variables.
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
    """Sends entries to the journal, without waiting for one that does not read.

    The systemd library would block for as long as that takes.
    """

    def __init__(self, path: str = JOURNAL_SOCKET) -> None:
        self._path: Final = path
        self._unresponsive_until = 0.0

    def __call__(self, fields: Mapping[str, str]) -> bool:
        """Send an entry; return whether the journal accepted it."""
        entry = {"SYSLOG_IDENTIFIER": "segued", **fields}
        datagram = b"".join(_encode_field(name, value) for name, value in entry.items())
        now = time.monotonic()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                # A busy journal reads again in a moment. After one timeout, entries
                # do not wait for UNRESPONSIVE_SECONDS.
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
    """Return a field in the journal's binary form, which allows line breaks."""
    data = value.encode("utf-8", "backslashreplace")
    return name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"
