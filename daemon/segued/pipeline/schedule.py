"""When there is time for what can wait: within the hours that are set for it."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Final

__all__ = ["Leisure"]


def _now() -> time:
    return datetime.now().astimezone().time()


class Leisure:
    """Some hours of the day, or all of them."""

    def __init__(self, hours: str, clock: Callable[[], time] = _now) -> None:
        """Prepare.

        Args:
            hours: "22:00-06:30", from the first minute up to the last one; empty
                text: always.
            clock: What time of day it is.
        """
        start, _, end = hours.partition("-")
        self._start: Final = time.fromisoformat(start) if start else None
        self._end: Final = time.fromisoformat(end) if end else None
        self._clock: Final = clock

    @property
    def is_now(self) -> bool:
        """Whether there is time.

        Example:
            >>> [Leisure("22:00-06:30", lambda: time(h)).is_now for h in (21, 23, 6, 7)]
            [False, True, True, False]
        """
        start, end, now = self._start, self._end, self._clock()
        if start is None or end is None or start == end:
            return True
        if start < end:
            return start <= now < end
        return now >= start or now < end

    @property
    def begins(self) -> str:
        """When there will be, "22:00"; empty text: now."""
        if self.is_now or self._start is None:
            return ""
        return self._start.isoformat("minutes")
