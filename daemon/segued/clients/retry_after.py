"""Read from an answer's headers when a service accepts the next request.

Timestamps are compared with the answer's `Date` header where there is one: this
machine's clock may be wrong.
"""

import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

__all__ = ["reset_after_seconds", "retry_after_seconds"]


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait before the next request after a 429 or 503.

    None without a usable header: one that is missing, zero, a timestamp in the
    past, or not a time. There is no upper bound.
    """
    text = headers.get("Retry-After", "")
    seconds = _parse_number(text)
    if seconds is None and (moment := _parse_timestamp(text)) is not None:
        seconds = moment - _server_time(headers)
    if seconds is not None and seconds > 0:
        return seconds
    return _seconds_to_reset(headers)


def reset_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until the request quota is renewed.

    None if some of the quota is left, or without such headers.
    """
    if _parse_number(headers.get("X-RateLimit-Remaining", "")) != 0:
        return None
    return _seconds_to_reset(headers)


def _seconds_to_reset(headers: Mapping[str, str]) -> float | None:
    seconds = _parse_number(headers.get("X-RateLimit-Reset-In", ""))
    if seconds is None:
        moment = _parse_number(headers.get("X-RateLimit-Reset", ""))
        seconds = None if moment is None else moment - _server_time(headers)
    return seconds if seconds is not None and seconds > 0 else None


def _server_time(headers: Mapping[str, str]) -> float:
    timestamp = _parse_timestamp(headers.get("Date", ""))
    return time.time() if timestamp is None else timestamp


def _parse_number(text: str) -> float | None:
    text = text.strip()
    return float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else None


def _parse_timestamp(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
