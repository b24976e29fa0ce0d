"""Configure logging: to the journal, or as lines of text or JSON.

Logging never blocks. A line that cannot be written at once is dropped; the number
of dropped lines is logged as `log.dropped` when there is room again.
"""

import json
import logging
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final, TypeAlias

import structlog

from segued.log_sentences import sentence

__all__ = ["JournalWriter", "LineWriter", "configure"]

EventDict: TypeAlias = MutableMapping[str, Any]

JournalWriter: TypeAlias = Callable[[Mapping[str, str]], bool]
"""Sends an entry's fields to the journal; returns whether it took them."""

LineWriter: TypeAlias = Callable[[str], None]
"""Writes a line of the log, without its end."""

LEVELS: Final = logging.getLevelNamesMapping()

PRIORITIES: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""The priorities of syslog, which the journal uses as well."""

STANDARD_ERROR: Final = 2

CHUNK_BYTES: Final = select.PIPE_BUF
"""A write of up to this size to a pipe is atomic."""

FIELD_CHARACTERS_MAX: Final = 32_000


def configure(
    level: str,
    journal: JournalWriter | None = None,
    *,
    as_json: bool = False,
    write: LineWriter | None = None,
) -> None:
    """Configure structlog to write every event of at least `level`.

    Args:
        level: debug, info, warning or error.
        journal: Sends events with their fields; given if the journal reads standard
            error. Events that it does not take go to standard error, as lines that
            start with the priority, as the journal expects it.
        as_json: Whether lines are JSON, instead of sentences.
        write: Writes lines instead of standard error; must not block.
    """
    _ensure_standard_error()
    # aiohttp would log a traceback for each malformed request; errors of our handlers
    # are logged as `page.crashed`.
    aiohttp_log = logging.getLogger("aiohttp")
    aiohttp_log.addHandler(logging.NullHandler())
    aiohttp_log.propagate = False
    _STANDARD_ERROR.as_json = as_json or journal is not None
    _STANDARD_ERROR.instead = write
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _escape_invalid_text,
            *([_journal_processor(journal)] if journal else []),
            _with_priority if journal else _renderer(as_json=as_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level.upper()]),
        logger_factory=lambda *_: _STANDARD_ERROR,
        cache_logger_on_first_use=False,
    )


def _renderer(*, as_json: bool) -> Callable[[object, str, EventDict], str | bytes]:
    """Return the renderer of lines: JSON, or sentences with the local time."""
    if as_json:
        return structlog.processors.JSONRenderer()
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    time_format = "%H:%M:%S" if is_terminal else "%Y-%m-%d %H:%M:%S"

    def render(_logger: object, _method: str, event: EventDict) -> str:
        line = f"{time.strftime(time_format)} {sentence(event)}"
        return f"{line}\n{event['exception']}" if "exception" in event else line

    return render


def _ensure_standard_error() -> None:
    """Open /dev/null as a closed standard error, so that no other file becomes it."""
    if sys.stderr is None:
        while (opened := os.open(os.devnull, os.O_RDWR)) < STANDARD_ERROR:
            pass
        if opened > STANDARD_ERROR:
            os.close(opened)
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


class _StandardError:
    """Writes lines to standard error without blocking, or drops them.

    The descriptor may be shared with other programs, so it is polled before each
    write instead of being made non-blocking.
    """

    def __init__(self) -> None:
        self.as_json = False
        self.instead: LineWriter | None = None
        self._lock: Final = threading.Lock()
        self._dropped = 0
        self._line_is_cut = False

    def msg(self, line: str) -> None:
        """Write a line, or drop it."""
        if self.instead is not None:
            self.instead(line)
            return
        with self._lock:
            try:
                if self._dropped:
                    notice = {"event": "log.dropped", "lines": self._dropped}
                    text = f"Lines that could not be written: {self._dropped}"
                    self._write(json.dumps(notice) if self.as_json else text)
                    self._dropped = 0
                self._write(line)
            except (OSError, ValueError):
                # Its reader is gone or does not read, or the disk is full.
                self._dropped += 1

    debug = info = warning = error = critical = exception = msg

    def _write(self, line: str) -> None:
        """Write a line, as far as there is room.

        Raises:
            OSError: There was too little room, or the write failed.
            ValueError: Standard error is closed.
        """
        descriptor = sys.stderr.fileno()
        data = b"\n" * self._line_is_cut + f"{line}\n".encode()
        room = select.poll()
        room.register(descriptor, select.POLLOUT)
        for start in range(0, len(data), CHUNK_BYTES):
            if not room.poll(0):
                raise BlockingIOError
            os.write(descriptor, data[start : start + CHUNK_BYTES])
            self._line_is_cut = start + CHUNK_BYTES < len(data)


_STANDARD_ERROR: Final = _StandardError()


def _escape_invalid_text(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Escape characters that UTF-8 cannot encode: surrogates from file names."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = value.encode("utf-8", "backslashreplace").decode()
    return event


def _journal_processor(
    journal: JournalWriter,
) -> Callable[[object, str, EventDict], EventDict]:
    """Return a processor that sends events to the journal.

    It passes on the events that the journal does not take.
    """

    def send(_logger: object, _method: str, event: EventDict) -> EventDict:
        if journal(_journal_entry(event)):
            raise structlog.DropEvent
        return event

    return send


def _journal_entry(event: Mapping[str, Any]) -> dict[str, str]:
    """Return an event as the fields of a journal entry."""
    fields = {
        "MESSAGE": sentence(event),
        "PRIORITY": str(_priority(event)),
    }
    for key, value in event.items():
        if key not in {"level", "timestamp"} and value is not None:
            text = value if isinstance(value, str) else json.dumps(value, default=str)
            fields[f"SEGUED_{key.upper()}"] = text[:FIELD_CHARACTERS_MAX]
    return fields


def _with_priority(_logger: object, _method: str, event: EventDict) -> str:
    """Return an event as a JSON line that starts with its priority, "<4>"."""
    return f"<{_priority(event)}>{json.dumps(event, default=repr)}"


def _priority(event: Mapping[str, Any]) -> int:
    return PRIORITIES.get(event["level"], PRIORITIES["info"])
