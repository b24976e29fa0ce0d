"""Whether a list of marks can be believed, and where its passages end."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, starmap
from typing import Final

from segued.model import PassageMark
from segued.units import Ticks

__all__ = ["end_marks_at_gaps", "plausible_marks"]

MARKS_MAX: Final = 999
"""More passages than this are in no recording."""


def plausible_marks(marks: Sequence[PassageMark]) -> tuple[PassageMark, ...] | None:
    """Return marks that can be cut by; None if they make no sense.

    They make sense when each begins after the one before it, and ends, where
    it says so, after it begins. One that says it ends after the next begins
    loses its end. Fewer than two divide nothing, so they are ().
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
    """Return marks that end where the gap before the next one begins.

    Args:
        marks: In the order of the sheet.
        gaps: For each mark, where the silence that leads to it begins (INDEX
            00 of a CUE sheet); None if it has none.
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
