"""A histogram of durations, with fixed buckets."""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final

__all__ = ["BUCKET_BOUNDS_SECONDS", "Histogram"]

BUCKET_BOUNDS_SECONDS: Final = (0.002, 0.01, 0.05, 0.2, 1.0, 5.0, 20.0, 60.0, 300.0)
"""From a `stat` of a file to Essentia's analysis of a long passage."""


@dataclass(slots=True)
class Histogram:
    """Counts durations by bucket.

    Attributes:
        counts: For each of `BUCKET_BOUNDS_SECONDS`, the durations up to it and above
            the bound before it; last, those above all bounds.
        total_seconds: The sum of all durations.
    """

    counts: list[int] = field(
        default_factory=lambda: [0] * (len(BUCKET_BOUNDS_SECONDS) + 1)
    )
    total_seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(BUCKET_BOUNDS_SECONDS, seconds)] += 1
        self.total_seconds += seconds
