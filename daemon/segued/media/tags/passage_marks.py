"""Validate lists of passage marks, and find the ends of their passages."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, starmap
from typing import Final

from segued.model import PassageMark, Tags
from segued.units import TICKS_PER_SECOND, Ticks, ticks_to_seconds

__all__ = ["doubt_about", "end_marks_at_gaps", "plausible_marks"]

MARKS_MAX: Final = 999
"""No recording has more passages than this."""


LENGTH_TOLERANCE: Final = 0.02
LENGTH_TOLERANCE_MIN: Final = Ticks(2 * TICKS_PER_SECOND)
"""A list of marks may be for a length that differs by this much."""


def doubt_about(
    marks: Sequence[PassageMark],
    tags: Tags,
    length: Ticks | None,
    declared: Ticks | None = None,
) -> str | None:
    """Return why marks are not those of a file; None if nothing says so.

    Rippers write the sheet of the whole disc into each track, and it stays in the tags
    of the tracks when an image is split. The same happens to lists of chapters.

    Args:
        marks: At least two plausible marks that do not name the file.
        tags: The file's tags.
        length: The length that the file's header declares, if known.
        declared: The length for which the marks were made, if known.
    """
    if length is not None and declared is not None:
        tolerance = max(LENGTH_TOLERANCE_MIN, round(LENGTH_TOLERANCE * declared))
        if abs(length - declared) > tolerance:
            return (
                f"not used: made for {_shown(declared)} of sound,"
                f" and the file has {_shown(length)}"
            )
    beyond = sum(length is not None and mark.start >= length for mark in marks)
    if length is not None and beyond:
        return (
            f"not used: {beyond} of {len(marks)} passages begin after the end"
            f" of the file at {_shown(length)}"
        )
    if _is_one_of(marks, tags):
        return (
            f"not used: by its tags, the file is track {tags.track} of {len(marks)},"
            " not all of them"
        )
    return None


def _is_one_of(marks: Sequence[PassageMark], tags: Tags) -> bool:
    """Return whether tags name a single one of the marked passages."""
    if tags.track is None or not 1 <= tags.track <= len(marks) or not tags.title:
        return False
    title = marks[tags.track - 1].title
    if title is None:
        return tags.track_total == len(marks)
    return title.casefold() == tags.title.casefold()


def _shown(length: Ticks) -> str:
    minutes, seconds = divmod(round(ticks_to_seconds(length)), 60)
    return f"{minutes}:{seconds:02}"


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
