"""When there is time for what can wait: within the hours that are set for it."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Final

__all__ = ["ActiveHours"]


def _local_time() -> time:
    return datetime.now().astimezone().time()


class ActiveHours:
    """Some hours of the day, or all of them."""

    def __init__(self, hours: str, clock: Callable[[], time] = _local_time) -> None:
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
    def is_open(self) -> bool:
        """Whether there is time.

        Example:
            >>> hours = (21, 23, 6, 7)
            >>> [ActiveHours("22:00-06:30", lambda: time(h)).is_open for h in hours]
            [False, True, True, False]
        """
        start, end, now = self._start, self._end, self._clock()
        if start is None or end is None or start == end:
            return True
        if start < end:
            return start <= now < end
        return now >= start or now < end

    @property
    def opens_at(self) -> str:
        """When there will be, "22:00"; empty text: now."""
        if self.is_open or self._start is None:
            return ""
        return self._start.isoformat("minutes")
