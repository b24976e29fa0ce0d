"""The hours of the day in which imported files may be analyzed."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Final

__all__ = ["ActiveHours"]


def _local_time() -> time:
    return datetime.now().astimezone().time()


class ActiveHours:
    """The active hours: a span of each day, or all of it."""

    def __init__(self, hours: str, clock: Callable[[], time] = _local_time) -> None:
        """Parse the configured hours.

        Args:
            hours: For example "22:00-06:30", the second time excluded, in local time;
                empty for always.
            clock: Returns the local time of day.
        """
        start, _, end = hours.partition("-")
        self._start: Final = time.fromisoformat(start) if start else None
        self._end: Final = time.fromisoformat(end) if end else None
        self._clock: Final = clock

    @property
    def is_open(self) -> bool:
        """Whether the current time is within the active hours.

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
        """When the active hours begin, as "22:00"; empty if they are open now."""
        if self.is_open or self._start is None:
            return ""
        return self._start.isoformat("minutes")
