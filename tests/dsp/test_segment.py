"""Division of files into passages: `segued.dsp.segment`."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.dsp.segment import (
    Hints,
    Rules,
    kept_silences,
    marks_beyond,
    may_have_several_songs,
    one_song_score,
    segment,
)
from segued.model import PassageMark, Span
from segued.units import Dbfs, Ticks, frames_to_ticks, seconds_to_ticks
from tests.dsp.drawn_curves import curve_from_drawing, ticks_at

RULES = Rules(Dbfs(-60.0), seconds_to_ticks(2.0), seconds_to_ticks(0.1))
NO_HINTS = Hints(leading_number=False, siblings=1, track=None, track_total=None)
"""A file without evidence from name, folder or tags: score 1.2 if short and whole."""

SIDE = replace(NO_HINTS, side=True)
"""The same, with a name that says "side"."""

TRACK = Hints(leading_number=True, siblings=12, track=3, track_total=12)


def draw_passages(
    drawing: str,
    hints: Hints = SIDE,
    marks: tuple[PassageMark, ...] = (),
    *,
    each_s: float = 5.0,
) -> str:
    """Draw the passages of a curve as letters; a character is five seconds."""
    curve = curve_from_drawing(drawing, each_s=each_s)
    drawn = [" "] * len(drawing)
    for name, span in zip("abcdef", segment(curve, RULES, hints, marks), strict=False):
        first, last = (at // ticks_at(each_s) for at in (span.start, span.end))
        drawn[first:last] = name * (last - first)
    return "".join(drawn).rstrip()


def make_mark(start_s: float, end_s: float | None = None) -> PassageMark:
    """Return a mark given in seconds."""
    end = None if end_s is None else seconds_to_ticks(end_s)
    return PassageMark(seconds_to_ticks(start_s), end)


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        pytest.param("#####.######", "aaaaa bbbbbb", id="an album side"),
        pytest.param(
            "..#####..######..", "  aaaaa  bbbbbb", id="and silence around it"
        ),
        pytest.param("#####", "aaaaa", id="no silence: the whole file"),
        pytest.param(
            ".#####..", "aaaaaaaa", id="silence at the ends only: the whole file"
        ),
        pytest.param("#####.##.#####", "aaaaaaaa bbbbb", id="ten seconds join"),
        pytest.param("##.##", "aaaaa", id="runs that join to one are the whole file"),
        pytest.param("......", "", id="silence"),
    ],
)
def test_silences_cut_a_file_without_single_song_evidence(
    drawing: str, expected: str
) -> None:
    """Passages are the runs between long silences, if there is more than one."""
    assert draw_passages(drawing) == expected


def test_a_track_is_one_song_whatever_its_silences() -> None:
    """A track with silences inside and at its ends is one passage: the whole file."""
    assert draw_passages("..#####....#.#####", TRACK) == "a" * 18


MINUTE = "#" * 12
SONG = MINUTE * 2


@pytest.mark.parametrize(
    ("drawing", "passages"),
    [
        pytest.param(f"{SONG}.{SONG}", 1, id="one pause"),
        pytest.param(f"{SONG}.{SONG}..{SONG}", 1, id="two pauses"),
        pytest.param(f".{SONG}...{MINUTE}.", 1, id="and silence around it"),
        pytest.param(f"#####.{SONG}", 1, id="soon after its beginning"),
        pytest.param(f"{SONG}.###.##.{SONG}", 1, id="short runs are not songs"),
        pytest.param(f"{SONG}......{SONG}", 1, id="half a minute"),
        pytest.param(f"{SONG}.......{SONG}", 2, id="a hidden track"),
        pytest.param(".".join([MINUTE] * 4), 4, id="three pauses"),
        pytest.param(f"{SONG}.{SONG * 3}", 2, id="eight minutes are more than a song"),
        pytest.param(f"{SONG}.{SONG * 2}{'#' * 22}", 1, id="a little less"),
    ],
)
def test_few_pauses_do_not_cut_a_song_length_file(drawing: str, passages: int) -> None:
    """Not even in a file without hints; but they do if its name says "side"."""
    assert len({*draw_passages(drawing, NO_HINTS)} - {" "}) == passages
    assert len({*draw_passages(drawing, SIDE)} - {" "}) > 1


@pytest.mark.parametrize(
    ("loud_hops", "expected"),
    [pytest.param(9, "", id="90 ms"), pytest.param(10, "a" * 10, id="100 ms")],
)
def test_less_than_a_tenth_of_a_second_is_no_audio(
    loud_hops: int, expected: str
) -> None:
    """The length of sound decides, with any hints."""
    drawing = " " * 400 + "#" * loud_hops + " " * 590
    for hints in (NO_HINTS, SIDE, TRACK):
        spans = segment(curve_from_drawing(drawing, each_s=0.01), RULES, hints)
        assert len(spans) == bool(expected)


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        pytest.param(
            (make_mark(0), make_mark(25)), "aaaaabbbbbbb", id="each ends at the next"
        ),
        pytest.param(
            (make_mark(0, 25), make_mark(30)), "aaaaa bbbbbb", id="or before a silence"
        ),
        pytest.param(
            (make_mark(0, 20), make_mark(30)), "aaaaaabbbbbb", id="or after applause"
        ),
        pytest.param(
            (make_mark(0, 5), make_mark(30)), "abbbbbcccccc", id="sound between them"
        ),
        pytest.param(
            (make_mark(10), make_mark(25)), "aabbbccccccc", id="sound before the first"
        ),
        pytest.param(
            (make_mark(0, 10), make_mark(10, 45)), "aabbbbbbbccc", id="after the last"
        ),
        pytest.param((make_mark(10, 60),), "aabbbbbbbbbb", id="a track and a half"),
        pytest.param(
            (make_mark(0), make_mark(25, 900)), "aaaaabbbbbbb", id="cut at the end"
        ),
        pytest.param(
            (make_mark(0), make_mark(25), make_mark(80)), "aaaaabbbbbbb", id="beyond it"
        ),
        pytest.param((make_mark(25), make_mark(0)), "aaaaabbbbbbb", id="in any order"),
        pytest.param(
            (make_mark(0, 40), make_mark(25)), "aaaaabbbbbbb", id="overlapping"
        ),
        pytest.param(
            (make_mark(0), make_mark(0), make_mark(25)), "aaaaabbbbbbb", id="twice"
        ),
        pytest.param((make_mark(0),), "aaaaaaaaaaaa", id="one track"),
    ],
)
@pytest.mark.parametrize("hints", [NO_HINTS, TRACK], ids=["no hints", "track"])
def test_marks_are_exact(
    marks: tuple[PassageMark, ...], expected: str, hints: Hints
) -> None:
    """They override silences and any evidence for one song; cut at the end."""
    assert draw_passages("#####.######", hints, marks) == expected


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        (" " * 24 + "#" * 20, " " * 24 + "a" * 10 + "b" * 10),
        ("#" * 5 + " " * 19 + "#" * 20, "a" * 34 + "b" * 10),
        ("#" * 9 + " " * 15 + "#" * 20, "a" * 24 + "b" * 10 + "c" * 10),
    ],
    ids=["silence", "a moment of sound", "a hidden track"],
)
def test_what_sounds_before_the_first_mark_is_kept(drawing: str, expected: str) -> None:
    """Nothing, or joined to the first track, or a passage of its own."""
    marks = (make_mark(12), make_mark(17))

    assert draw_passages(drawing, NO_HINTS, marks, each_s=0.5) == expected


def test_one_mark_of_many_divides_nothing() -> None:
    """The sheet is that of another file if only its first track fits."""
    marks = (make_mark(0), make_mark(70), make_mark(80))

    assert draw_passages("#####.######", TRACK, marks) == "aaaaaaaaaaaa"
    assert len(marks_beyond(marks, seconds_to_ticks(60))) == 2


def test_marks_beyond_the_end_are_ignored() -> None:
    """A CUE sheet of another file does not divide this one."""
    assert (
        draw_passages("#####.######", SIDE, (make_mark(70), make_mark(80)))
        == "aaaaa bbbbbb"
    )


def test_marks_are_exact_to_the_tick() -> None:
    """A CUE frame is 1/75 s, which is not a whole number of hops."""
    curve = curve_from_drawing("#" * 20, each_s=5.0)
    at = Ticks(28_224_000 * 1_234 // 75)

    first, second = segment(
        curve, RULES, NO_HINTS, (PassageMark(Ticks(0)), PassageMark(at))
    )

    assert (first.end, second.start) == (at, at)
    assert second.end == frames_to_ticks(curve.frames, curve.rate)


MINUTES = 60 * 28_224_000


@pytest.mark.parametrize(
    ("hints", "minutes", "silences", "score"),
    [
        pytest.param(NO_HINTS, 4, 0, 1.2, id="alone, short, whole"),
        pytest.param(NO_HINTS, 4, 3, -0.3, id="three silences"),
        pytest.param(NO_HINTS, 8, 2, 0.9, id="eight minutes"),
        pytest.param(NO_HINTS, 20, 0, 0.2, id="twenty minutes"),
        pytest.param(TRACK, 4, 0, 4.5, id="a track of an album"),
        pytest.param(Hints(True, 2, None, None), 4, 0, 3.0, id="a number in the name"),  # noqa: FBT003
        pytest.param(Hints(False, 3, None, None), 4, 0, 2.0, id="three in a folder"),  # noqa: FBT003
        pytest.param(Hints(False, 4, None, None), 4, 0, 2.5, id="four in a folder"),  # noqa: FBT003
        pytest.param(Hints(False, 1, 3, None), 4, 0, 1.6, id="a number in the tags"),  # noqa: FBT003
        pytest.param(Hints(False, 1, 1, 1), 4, 0, 1.6, id="one of one"),  # noqa: FBT003
        pytest.param(Hints(False, 1, 1, 9), 4, 0, 2.2, id="one of nine"),  # noqa: FBT003
    ],
)
def test_score(hints: Hints, minutes: int, silences: int, score: float) -> None:
    """The sum of the terms has no rounding error at the limit of 2.0."""
    assert one_song_score(hints, Ticks(minutes * MINUTES), silences) == score


hints = st.builds(
    Hints,
    leading_number=st.booleans(),
    siblings=st.integers(1, 9),
    track=st.none() | st.integers(1, 9),
    track_total=st.none() | st.integers(1, 9),
    side=st.booleans(),
)


@given(hints=hints, drawing=st.text("#+. ", max_size=40))
def test_may_have_several_songs_agrees_with_segment(hints: Hints, drawing: str) -> None:
    """A file that cannot have several songs gets one passage, if its length is right.

    Otherwise the samples for its fingerprints would be missing.
    """
    curve = curve_from_drawing(drawing, each_s=5.0)
    length = frames_to_ticks(curve.frames, curve.rate)

    spans = segment(curve, RULES, hints)

    if not may_have_several_songs(hints, (), length):
        assert spans in ((), (Span(Ticks(0), length),))
    assert may_have_several_songs(hints, (make_mark(0), make_mark(9)), length)
    assert may_have_several_songs(hints, (), None) >= may_have_several_songs(
        hints, (), length
    )


@given(hints=hints, drawing=st.text("#+. ", max_size=40))
def test_passages_are_in_order_and_apart(hints: Hints, drawing: str) -> None:
    """No passage overlaps another, is empty, or is shorter than twenty seconds."""
    curve = curve_from_drawing(drawing, each_s=5.0)

    spans = segment(curve, RULES, hints)

    edges = [edge for span in spans for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert all(span.length > 0 for span in spans)
    if len(spans) > 1:
        assert all(span.length >= seconds_to_ticks(20) for span in spans)


@pytest.mark.parametrize(
    ("drawing", "hints", "expected"),
    [
        pytest.param("#####.######", TRACK, (1, 5.0, "one-song"), id="a track"),
        pytest.param("#####..##.###", NO_HINTS, (2, 10.0, "pauses"), id="two pauses"),
        pytest.param("##.##", SIDE, (1, 5.0, "short"), id="too short for songs"),
        pytest.param("#####.######", SIDE, None, id="it is cut"),
        pytest.param("..####..", NO_HINTS, None, id="silence at its ends"),
    ],
)
def test_the_reason_why_silences_do_not_cut(
    drawing: str, hints: Hints, expected: tuple[int, float, str] | None
) -> None:
    """For exactly those files with a long silence that are one passage."""
    curve = curve_from_drawing(drawing, each_s=5.0)

    kept = kept_silences(curve, RULES, hints)

    has_silence = "." in drawing.strip(".")
    assert (kept is not None) == (has_silence and not _is_cut(drawing, hints))
    if kept is None or expected is None:
        assert (kept, expected) == (None, None)
        return
    count, longest, reason = expected
    assert (kept.count, kept.reason) == (count, reason)
    assert abs(kept.longest - seconds_to_ticks(longest)) <= seconds_to_ticks(0.1)


def _is_cut(drawing: str, hints: Hints) -> bool:
    return len(segment(curve_from_drawing(drawing, each_s=5.0), RULES, hints)) > 1
