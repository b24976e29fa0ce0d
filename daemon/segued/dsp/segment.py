"""Which passages a file holds: one song, unless the evidence says otherwise.

97 % of real files are one song, so a cut needs a reason: a CUE sheet or a
chapter list, or long silences in a file that nothing else shows to be a
single track. A few silences in a file as long as a song are no reason: far
more songs stop and go on than there are files with two songs in them. There
it takes a name that says side, or a silence that is too long for a pause.
"""

from dataclasses import dataclass
from typing import Final

from segued.dsp.silence import (
    Runs,
    join_short_runs,
    runs_to_spans,
    sound_length,
    sounding_runs,
)
from segued.model import LevelCurve, PassageMark, Span
from segued.units import TICKS_PER_SECOND, Dbfs, Ticks, frames_to_ticks

__all__ = ["Hints", "Rules", "may_have_several_songs", "one_song_score", "segment"]

ONE_SONG_FROM: Final = 2.0
"""A file with this score is one song, whatever its silences."""

LONG_SILENCES_MANY: Final = 3
ALBUM_SIBLINGS_MIN: Final = 4
MINUTE: Final = 60 * TICKS_PER_SECOND
PASSAGE_MIN: Final = Ticks(20 * TICKS_PER_SECOND)

SONG_MAX: Final = Ticks(8 * MINUTE)
"""What is shorter is as long as songs are."""

PAUSE_MAX: Final = Ticks(30 * TICKS_PER_SECOND)
"""Nobody pauses longer inside a song; what follows is a hidden track."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds of segmentation.

    Attributes:
        silence: RMS below which there is silence; negative.
        silence_min: Length of the shortest silence that cuts.
        min_audible: Least sound that makes a file audio at all.
        passage_min: A piece shorter than this joins a neighbour.
    """

    silence: Dbfs
    silence_min: Ticks
    min_audible: Ticks
    passage_min: Ticks = PASSAGE_MIN


@dataclass(frozen=True, slots=True)
class Hints:
    """What speaks for a single track without listening to it.

    Attributes:
        leading_number: Whether the file's name begins with a track number.
        siblings: Audio files in its folder, itself included.
        track: Track number of its tags.
        track_total: How many tracks its tags say there are.
        side: Whether its name says that it is a side of an album.
    """

    leading_number: bool
    siblings: int
    track: int | None
    track_total: int | None
    side: bool = False


def segment(
    curve: LevelCurve, rules: Rules, hints: Hints, marks: tuple[PassageMark, ...] = ()
) -> tuple[Span, ...]:
    """Return the passages of a file, in order.

    Marks are exact, and cut at the decoded end. Without marks the file is one
    passage from its first frame to its last if its score says so, if its
    silences leave one piece, or if they may be the pauses of one song; else
    the pieces are the passages, and the silences between and around them
    belong to none.

    Returns:
        Empty when the file has less than `rules.min_audible` of sound.
    """
    total = frames_to_ticks(curve.frames, curve.rate)
    if sound_length(curve, silence=rules.silence) < rules.min_audible:
        return ()
    if marked := _spans_from_marks(marks, total):
        return marked
    runs = sounding_runs(curve, silence=rules.silence, silence_min=rules.silence_min)
    whole = (Span(Ticks(0), total),)
    if one_song_score(hints, total, max(0, len(runs) - 1)) >= ONE_SONG_FROM:
        return whole
    hop = frames_to_ticks(curve.hop, curve.rate)
    pieces = join_short_runs(runs, hops_min=-(-rules.passage_min // hop))
    if len(pieces) < 2 or _may_be_pauses(pieces, hop, hints, total):  # noqa: PLR2004
        return whole
    return runs_to_spans(curve, pieces)


def _may_be_pauses(pieces: Runs, hop: Ticks, hints: Hints, length: Ticks) -> bool:
    """Return whether the silences between pieces may be inside one song.

    Fewer than three, none longer than a pause, in a file as long as a song
    whose name does not say that it is a side. Whether the pieces could be
    songs by their length does not count: halves of most songs could.
    """
    silences = pieces[1:, 0] - pieces[:-1, 1]
    return (
        length < SONG_MAX
        and not hints.side
        and len(silences) < LONG_SILENCES_MANY
        and int(silences.max()) * hop <= PAUSE_MAX
    )


def one_song_score(hints: Hints, length: Ticks, long_silences: int) -> float:
    """Return how much speaks for a file's being one song; 2.0 settles it.

    Args:
        hints: What is known without listening.
        length: Decoded length.
        long_silences: Silences that would cut, between sound and sound.
    """
    few = long_silences < LONG_SILENCES_MANY
    return (_score_tenths(hints, length) + (10 if few else -5)) / 10


def may_have_several_songs(
    hints: Hints, marks: tuple[PassageMark, ...], length: Ticks | None
) -> bool:
    """Return whether listening could still show a file to hold several passages.

    Args:
        hints: What is known without listening.
        marks: The passages a CUE sheet or chapter list names.
        length: The length its header claims; None if it claims none.
    """
    longest = Ticks(10 * 60 * MINUTE)
    many = one_song_score(hints, longest if length is None else length, 1_000)
    return bool(marks) or many < ONE_SONG_FROM


def _score_tenths(hints: Hints, length: Ticks) -> int:
    """Return the score without its term for silences, in exact tenths."""
    tenths = 10 if hints.leading_number else 0
    if hints.siblings >= ALBUM_SIBLINGS_MIN:
        tenths += 8
    elif hints.siblings > 1:
        tenths += 3
    else:
        tenths -= 5
    if hints.track is not None:
        tenths += 10 if (hints.track_total or 0) > 1 else 4
    if length < SONG_MAX:
        tenths += 7
    elif length < 20 * MINUTE:
        tenths += 4
    else:
        tenths -= 3
    return tenths


def _spans_from_marks(marks: tuple[PassageMark, ...], total: Ticks) -> tuple[Span, ...]:
    """Return the marked passages, as far as there is sound for them."""
    ordered = sorted(marks, key=lambda mark: mark.start)
    limits = [*(mark.start for mark in ordered[1:]), total]
    spans = []
    for mark, limit in zip(ordered, limits, strict=False):
        end = min(total, limit if mark.end is None else min(mark.end, limit))
        start = max(mark.start, 0)
        if start < end:
            spans.append(Span(Ticks(start), Ticks(end)))
    return tuple(spans)
