"""Divide a file into passages: one song, unless there is evidence against it.

97 % of real files are one song, so a cut needs a reason: a CUE sheet or a chapter
list, or long silences in a file that nothing else marks as a single track. A few
silences in a file as long as a song are no reason: songs that pause are far more
frequent than files with two songs. In such files a cut needs a name that says
"side", or a silence that is too long for a pause.
"""

from dataclasses import dataclass
from typing import Final, Literal

from segued.dsp.silence import (
    Runs,
    join_short_runs,
    runs_to_spans,
    sound_length,
    sounding_runs,
)
from segued.model import LevelCurve, PassageMark, Span
from segued.units import TICKS_PER_SECOND, Dbfs, Ticks, frames_to_ticks

__all__ = [
    "Hints",
    "KeptSilences",
    "Rules",
    "kept_silences",
    "marks_beyond",
    "may_have_several_songs",
    "one_song_score",
    "segment",
]

ONE_SONG_FROM: Final = 2.0
"""A file with at least this score is one song, regardless of its silences."""

LONG_SILENCES_MANY: Final = 3
ALBUM_SIBLINGS_MIN: Final = 4
MINUTE: Final = 60 * TICKS_PER_SECOND
PASSAGE_MIN: Final = Ticks(20 * TICKS_PER_SECOND)

UNMARKED_MIN: Final = Ticks(4 * TICKS_PER_SECOND)
"""Sound around the marked passages that is longer than a pregap: a hidden track."""

SONG_MAX: Final = Ticks(8 * MINUTE)
"""Files shorter than this are as long as a song."""

PAUSE_MAX: Final = Ticks(30 * TICKS_PER_SECOND)
"""A song has no longer pause; a hidden track follows such a silence."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds of segmentation.

    Attributes:
        silence: RMS below which there is silence; negative.
        silence_min: Length of the shortest silence that cuts.
        min_audible: Least total sound; a file with less has no passages.
        passage_min: A run shorter than this joins a neighbor.
    """

    silence: Dbfs
    silence_min: Ticks
    min_audible: Ticks
    passage_min: Ticks = PASSAGE_MIN


@dataclass(frozen=True, slots=True)
class Hints:
    """Evidence for a single track from the file's name, folder and tags.

    Attributes:
        leading_number: Whether the file's name begins with a track number.
        siblings: Number of audio files in its folder, itself included.
        track: Track number in its tags.
        track_total: Number of tracks in its tags.
        side: Whether its name is that of an album side.
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

    Marks are used exactly, up to the decoded end, if they make two passages or more.
    Sound in front of, between and after them is never lost: it is a passage of its
    own, or joins the passage beside it if it is short. Without marks the file is one
    passage from its first frame to its last if its score is high enough, if its
    silences leave one run, or if they may be the pauses of one song; else the
    runs are the passages, and the silences between and around them belong to
    none.

    Returns:
        Spans in ticks; empty when the file has less than `rules.min_audible` of
        sound.
    """
    total = frames_to_ticks(curve.frames, curve.rate)
    if sound_length(curve, silence=rules.silence) < rules.min_audible:
        return ()
    marked = _spans_from_marks(marks, total)
    if marked and len(spans := _with_unmarked(curve, rules, marked, total)) > 1:
        return spans
    runs = sounding_runs(curve, silence=rules.silence, silence_min=rules.silence_min)
    whole = (Span(Ticks(0), total),)
    if one_song_score(hints, total, max(0, len(runs) - 1)) >= ONE_SONG_FROM:
        return whole
    hop = frames_to_ticks(curve.hop, curve.rate)
    runs = join_short_runs(runs, hops_min=-(-rules.passage_min // hop))
    if len(runs) < 2 or _may_be_pauses(runs, hop, hints, total):  # noqa: PLR2004
        return whole
    return runs_to_spans(curve, runs)


@dataclass(frozen=True, slots=True)
class KeptSilences:
    """The silences that would cut a file which is kept whole, and why they do not.

    Attributes:
        count: How many there are.
        longest: The length of the longest.
        reason: "one-song" by its name, folder and tags, or "pauses" of one song, or
            "short" sound between them.
    """

    count: int
    longest: Ticks
    reason: Literal["one-song", "pauses", "short"]


def kept_silences(curve: LevelCurve, rules: Rules, hints: Hints) -> KeptSilences | None:
    """Return why the long silences of a file do not cut it; None if there are none."""
    total = frames_to_ticks(curve.frames, curve.rate)
    hop = frames_to_ticks(curve.hop, curve.rate)
    runs = sounding_runs(curve, silence=rules.silence, silence_min=rules.silence_min)
    count = len(runs) - 1
    if count < 1:
        return None
    longest = Ticks(int((runs[1:, 0] - runs[:-1, 1]).max()) * hop)
    if one_song_score(hints, total, count) >= ONE_SONG_FROM:
        return KeptSilences(count, longest, "one-song")
    joined = join_short_runs(runs, hops_min=-(-rules.passage_min // hop))
    if len(joined) < 2:  # noqa: PLR2004
        return KeptSilences(count, longest, "short")
    if _may_be_pauses(joined, hop, hints, total):
        return KeptSilences(count, longest, "pauses")
    return None


def _may_be_pauses(runs: Runs, hop: Ticks, hints: Hints, length: Ticks) -> bool:
    """Return whether the silences between runs may be pauses of one song.

    That is: fewer than three, none longer than a pause, in a file as long as a
    song whose name does not say that it is a side. Whether the runs are as long
    as songs does not count: halves of most songs are.
    """
    silences = runs[1:, 0] - runs[:-1, 1]
    return (
        length < SONG_MAX
        and not hints.side
        and len(silences) < LONG_SILENCES_MANY
        and int(silences.max()) * hop <= PAUSE_MAX
    )


def one_song_score(hints: Hints, length: Ticks, long_silences: int) -> float:
    """Return the score for a file being one song; 2.0 or more is decisive.

    Args:
        hints: Evidence that needs no decoding.
        length: Decoded length.
        long_silences: Number of silences that would cut, those at the ends of the
            file excluded.
    """
    few = long_silences < LONG_SILENCES_MANY
    return (_score_tenths(hints, length) + (10 if few else -5)) / 10


def may_have_several_songs(
    hints: Hints, marks: tuple[PassageMark, ...], length: Ticks | None
) -> bool:
    """Return whether decoding could still find several passages in a file.

    Args:
        hints: Evidence that needs no decoding.
        marks: The passages named by a CUE sheet or chapter list.
        length: The length declared by its header; None if it declares none.
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
    """Return the marked passages, limited to the decoded length."""
    ordered = sorted(marks, key=lambda mark: mark.start)
    limits = [*(mark.start for mark in ordered[1:]), total]
    spans = []
    for mark, limit in zip(ordered, limits, strict=False):
        end = min(total, limit if mark.end is None else min(mark.end, limit))
        start = max(mark.start, 0)
        if start < end:
            spans.append(Span(Ticks(start), Ticks(end)))
    return tuple(spans)


def marks_beyond(
    marks: tuple[PassageMark, ...], total: Ticks
) -> tuple[PassageMark, ...]:
    """Return the marks that begin at or after the decoded end."""
    return tuple(mark for mark in marks if mark.start >= total)


def _with_unmarked(
    curve: LevelCurve, rules: Rules, marked: tuple[Span, ...], total: Ticks
) -> tuple[Span, ...]:
    """Return marked passages, and what sounds in front of, between and after them.

    Short sound joins the passage before it, or after it at the file's beginning. Up to
    20 s between two passages are the end of the first: talk, or applause.
    """
    spans: list[Span] = []
    position = Ticks(0)
    for number, span in enumerate((*marked, Span(total, total))):
        rest = Span(position, span.start)
        sound = sound_length(curve, silence=rules.silence, within=rest)
        is_between = 0 < number < len(marked)
        own_min = rules.passage_min if is_between else UNMARKED_MIN
        start = span.start
        if sound >= max(own_min, rules.min_audible):
            spans.append(rest)
        elif sound >= rules.min_audible and spans:
            spans[-1] = Span(spans[-1].start, span.start)
        elif sound >= rules.min_audible:
            start = rest.start
        if start < span.end:
            spans.append(Span(start, span.end))
        position = span.end
    return tuple(spans)
