"""What a service says of how often it likes to be asked.

Moments are compared with the service's own clock, where it tells the time:
this machine's may be wrong.
"""

import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

__all__ = ["pause_asked", "pause_until_reset"]


def pause_asked(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds a refusal asks to be left alone.

    None when it does not say, or nothing of use: no time at all, a moment that
    has passed, or words. There is no upper bound.
    """
    text = headers.get("Retry-After", "")
    seconds = _number(text)
    if seconds is None and (moment := _moment(text)) is not None:
        seconds = moment - _its_time(headers)
    if seconds is not None and seconds > 0:
        return seconds
    return _until_reset(headers)


def pause_until_reset(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds there are until the next request is welcome.

    None when there is something left now, or it does not say.
    """
    if _number(headers.get("X-RateLimit-Remaining", "")) != 0:
        return None
    return _until_reset(headers)


def _until_reset(headers: Mapping[str, str]) -> float | None:
    seconds = _number(headers.get("X-RateLimit-Reset-In", ""))
    if seconds is None:
        moment = _number(headers.get("X-RateLimit-Reset", ""))
        seconds = None if moment is None else moment - _its_time(headers)
    return seconds if seconds is not None and seconds > 0 else None


def _its_time(headers: Mapping[str, str]) -> float:
    told = _moment(headers.get("Date", ""))
    return time.time() if told is None else told


def _number(text: str) -> float | None:
    text = text.strip()
    return float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else None


def _moment(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
