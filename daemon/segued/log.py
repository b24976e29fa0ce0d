"""Logging, set up once: JSON lines on standard error."""

import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

__all__ = ["set_up"]

LEVELS: Final = logging.getLevelNamesMapping()


def set_up(level: str) -> None:
    """Send every event of at least `level` to standard error, a line each.

    A pipe whose reader has gone, or a full disk behind standard error, loses
    lines and never stops the work.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _printable,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level.upper()]),
        logger_factory=lambda *_: _StandardError(),
        cache_logger_on_first_use=False,
    )


class _StandardError:
    """Writes whole lines, each at once, so that a kill never halves one."""

    def msg(self, message: str) -> None:
        try:
            os.write(sys.stderr.fileno(), f"{message}\n".encode())
        except (OSError, ValueError):
            return

    debug = info = warning = error = critical = exception = msg


def _printable(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Escape what is not valid text: a surrogate from a file name, say."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = value.encode("utf-8", "backslashreplace").decode()
    return event
