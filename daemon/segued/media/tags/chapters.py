"""Convert chapter lists and FLAC's CUESHEET block to passage marks, unchecked.

`passage_marks.plausible_marks` checks them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from segued.media.tags.passage_marks import end_marks_at_gaps
from segued.media.tags.values import TEXT_MAX
from segued.model import PassageMark
from segued.units import TICKS_PER_SECOND, Ticks, frames_to_ticks

__all__ = ["comment_chapters", "cue_block_marks", "ms_to_ticks", "timed_chapters"]

KEY: Final = re.compile(r"chapter([0-9]{1,4})")
TIME: Final = re.compile(
    r"\s*([0-9]{1,4}):([0-5]?[0-9]):([0-5]?[0-9])(?:\.([0-9]{1,9}))?\s*"
)

CueTrack: TypeAlias = tuple[int, Sequence[tuple[int, int]], bytes]
"""First sample, (index number, sample offset) pairs and ISRC of a track."""


def ms_to_ticks(milliseconds: int) -> Ticks:
    """Convert a position in milliseconds, as in ID3, to ticks."""
    return Ticks(milliseconds * (TICKS_PER_SECOND // 1_000))


def timed_chapters(
    chapters: Iterable[tuple[Ticks, Ticks | None, str | None]],
) -> tuple[PassageMark, ...]:
    """Return marks for chapters given by start, end and title.

    They are sorted by start: ID3 does not order them.
    """
    marks = (
        PassageMark(start, end, _clean_title(title)) for start, end, title in chapters
    )
    return tuple(sorted(marks, key=lambda mark: mark.start))


def comment_chapters(comments: Mapping[str, str]) -> tuple[PassageMark, ...]:
    """Return the chapters of Vorbis comments, in the order of their numbers.

    Args:
        comments: `chapter001` to a time `00:00:00.000`, `chapter001name` to a
            title; keys in lower case. Chapters with an invalid time are skipped.
    """
    marks = []
    keys = (match for key in comments if (match := KEY.fullmatch(key)))
    for key in sorted(keys, key=lambda match: int(match[1])):
        if match := TIME.fullmatch(comments[key[0]]):
            hours, minutes, seconds = (int(match[n]) for n in (1, 2, 3))
            fraction = match[4] or "0"
            ticks = (3_600 * hours + 60 * minutes + seconds) * TICKS_PER_SECOND
            ticks += int(fraction) * TICKS_PER_SECOND // 10 ** len(fraction)
            title = _clean_title(comments.get(f"{key[0]}name"))
            marks.append(PassageMark(start=Ticks(ticks), title=title))
    return tuple(marks)


def cue_block_marks(tracks: Iterable[CueTrack], rate: int) -> tuple[PassageMark, ...]:
    """Return marks for the audio tracks of a FLAC CUESHEET block.

    Args:
        tracks: The audio tracks without the lead-out.
        rate: The file's sample rate in Hz.
    """
    marks: list[PassageMark] = []
    gaps: list[Ticks | None] = []
    for first, indexes, isrc in tracks:
        offsets = dict(indexes)
        start = first + offsets.get(1, 0)
        marks.append(
            PassageMark(
                start=frames_to_ticks(start, rate),
                isrc=isrc.decode("ascii", "replace").strip("\0 ") or None,
            )
        )
        gap = first + offsets[0] if 0 in offsets else None
        gaps.append(None if gap is None else frames_to_ticks(gap, rate))
    return tuple(end_marks_at_gaps(marks, gaps))


def _clean_title(text: str | None) -> str | None:
    valid = (text or "").replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    return valid.strip()[:TEXT_MAX] or None
