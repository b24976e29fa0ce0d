"""How fast work goes on, by when its last parts ended."""

from collections import deque
from typing import Final

__all__ = ["Pace"]

PARTS: Final = 50
"""So many parts are counted: a pace of hours ago says nothing about what is left."""

PARTS_MIN: Final = 3
"""Fewer give no pace: it would be too uncertain."""

PAUSE_SECONDS: Final = 900.0
"""After a longer gap between two ends, the work had stopped; what was before does not
count."""


class Pace:
    """Counts the ends of parts of a work."""

    def __init__(self) -> None:
        self._ends: Final[deque[float]] = deque(maxlen=PARTS)

    def add(self, now: float) -> None:
        """Count a part that has ended.

        Args:
            now: The time on a monotonic clock, in seconds.
        """
        if self._ends and now - self._ends[-1] > PAUSE_SECONDS:
            self._ends.clear()
        self._ends.append(now)

    def per_second(self, now: float) -> float | None:
        """Return the number of parts that end in a second; None while unknown.

        It falls while the next part takes longer than those before.
        """
        if len(self._ends) < PARTS_MIN or now - self._ends[-1] > PAUSE_SECONDS:
            return None
        count = len(self._ends) - 1
        usual = (self._ends[-1] - self._ends[0]) / count
        late = max(0.0, now - self._ends[-1] - usual)
        seconds = self._ends[-1] - self._ends[0] + late
        return count / seconds if seconds > 0 else None
