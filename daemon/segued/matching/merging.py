"""Merging neighboring passages without a song: likely one song with a pause."""

from collections.abc import Sequence
from typing import Final

from segued.model import Span
from segued.units import TICKS_PER_SECOND, Ticks

__all__ = ["merge_unknown_ranges"]

SILENCE_MAX: Final = Ticks(30 * TICKS_PER_SECOND)
"""Passages with a longer silence between them, in ticks, are not merged."""


def merge_unknown_ranges(
    spans: Sequence[Span], unknown: Sequence[bool]
) -> list[tuple[int, int]]:
    """Return half-open index ranges; the passages of a range become one passage.

    Args:
        spans: The passages of a file, in order.
        unknown: For each, whether it has no song.

    Example:
        >>> minute = 60 * TICKS_PER_SECOND
        >>> spans = [Span(Ticks(n * minute), Ticks((n + 1) * minute)) for n in range(4)]
        >>> merge_unknown_ranges(spans, [True, True, False, True])
        [(0, 2), (2, 3), (3, 4)]
    """
    ranges: list[tuple[int, int]] = []
    for number, span in enumerate(spans):
        before = number - 1
        if (
            ranges
            and unknown[number]
            and unknown[before]
            and span.start - spans[before].end <= SILENCE_MAX
        ):
            ranges[-1] = (ranges[-1][0], number + 1)
        else:
            ranges.append((number, number + 1))
    return ranges
