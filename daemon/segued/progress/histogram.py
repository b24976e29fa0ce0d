"""How long something takes: how often how long."""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final

__all__ = ["BUCKET_BOUNDS_SECONDS", "Histogram"]

BUCKET_BOUNDS_SECONDS: Final = (0.002, 0.01, 0.05, 0.2, 1.0, 5.0, 20.0, 60.0, 300.0)
"""From a look at the disk to Essentia at work on a long passage."""


@dataclass(slots=True)
class Histogram:
    """Counts lengths of time.

    Attributes:
        counts: How many were at most as long as each of `BUCKET_BOUNDS_SECONDS` and
            longer than the one before it; the last of them, longer than all.
        total_seconds: How long all of them were together.
    """

    counts: list[int] = field(
        default_factory=lambda: [0] * (len(BUCKET_BOUNDS_SECONDS) + 1)
    )
    total_seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one more."""
        self.counts[bisect_left(BUCKET_BOUNDS_SECONDS, seconds)] += 1
        self.total_seconds += seconds
