"""Validate lists of passage marks, and find the ends of their passages."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, starmap
from typing import Final

from segued.model import PassageMark
from segued.units import Ticks

__all__ = ["end_marks_at_gaps", "plausible_marks"]

MARKS_MAX: Final = 999
"""No recording has more passages than this."""


def plausible_marks(marks: Sequence[PassageMark]) -> tuple[PassageMark, ...] | None:
    """Return marks that a file can be cut at; None if they are implausible.

    They are plausible if each begins after the one before it, and ends, where it has
    an end, after its own beginning. An end after the beginning of the next mark is
    dropped. Fewer than two marks divide nothing, so the result is ().
    """
    if len(marks) > MARKS_MAX or any(mark.start < 0 for mark in marks):
        return None
    if any(mark.end is not None and mark.end <= mark.start for mark in marks):
        return None
    if any(following.start <= mark.start for mark, following in pairwise(marks)):
        return None
    if len(marks) < 2:  # noqa: PLR2004
        return ()
    return (*starmap(_trim_overlap, pairwise(marks)), marks[-1])


def end_marks_at_gaps(
    marks: Sequence[PassageMark], gaps: Sequence[Ticks | None]
) -> list[PassageMark]:
    """Return the marks with their ends set to the start of the gap after them.

    Args:
        marks: The marks, in the order of the sheet.
        gaps: Start of the gap before each mark (INDEX 00 of a CUE sheet), or None.
    """
    ended = list(marks)
    for at, (mark, gap) in enumerate(zip(marks, gaps[1:], strict=False)):
        if gap is not None and mark.start < gap < marks[at + 1].start:
            ended[at] = replace(mark, end=gap)
    return ended


def _trim_overlap(mark: PassageMark, following: PassageMark) -> PassageMark:
    if mark.end is not None and mark.end > following.start:
        return replace(mark, end=None)
    return mark
