"""Lead points of passages: `segued.dsp.lead_points`."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.dsp.lead_points import LeadLevels, find_lead_points, long_silences
from segued.model import Span
from segued.units import Dbfs, Ticks, frames_to_ticks
from tests.dsp.drawn_curves import curve_from_drawing, ticks_at

LEVELS = LeadLevels(lead_in=Dbfs(-45.0), lead_out=Dbfs(-40.0), silence=Dbfs(-60.0))


def draw_lead_points(drawing: str, first: int = 0, last: int | None = None) -> str:
    """Draw the lead points of a passage as '[' and ']'; a character is a second."""
    curve = curve_from_drawing(drawing, each_s=1.0)
    stop = len(drawing) if last is None else last
    span = Span(ticks_at(first), ticks_at(stop))
    leads = find_lead_points(curve, span, LEVELS)
    drawn = [" "] * len(drawing)
    # A window that begins 90 ms before the sound already holds 10 ms of it.
    if leads.lead_in is not None:
        drawn[-(-leads.lead_in // ticks_at(1)) if leads.lead_in else 0] = "["
    if leads.lead_out is not None:
        drawn[leads.lead_out // ticks_at(1) - 1] = "]"
    return "".join(drawn).rstrip()


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        pytest.param("#" * 20, "[" + " " * 18 + "]", id="loud from start to end"),
        pytest.param(
            "..__" + "#" * 12 + "__..",
            "    [" + " " * 10 + "]",
            id="quiet at both ends",
        ),
        pytest.param(
            "..__---" + "#" * 30 + "---__..",
            "    [" + " " * 31 + "]",
            id="-42 dBFS is between the two levels",
        ),
        pytest.param(
            "__" + "#" * 6 + "....#" + "#" * 6 + "__",
            "  [" + " " * 15 + "]",
            id="a silence inside has no effect",
        ),
        pytest.param(
            " " * 15 + "#" * 30 + "." * 40,
            " " * 15 + "[" + " " * 28 + "]",
            id="after more than ten seconds of silence",
        ),
        pytest.param(
            "_" * 10 + "#" * 4 + "_" * 10,
            " " * 10 + "[  ]",
            id="after steady noise, more than a quarter of the passage",
        ),
        pytest.param(
            "." * 9 + "_" * 11 + "#" * 40 + "_" * 11 + " " * 20,
            " " * 20 + "[" + " " * 38 + "]",
            id="noise after a silence",
        ),
        pytest.param(
            "__.." * 8 + "#" * 90 + ".._" * 10,
            "",
            id="quiet sound that pauses is no silence",
        ),
        pytest.param(
            " " * 15 + "_." * 10 + "#" * 90,
            " " * 15 + "[" + " " * 108 + "]",
            id="it begins softly after a silence",
        ),
        pytest.param(" " * 20, "", id="digital silence"),
        pytest.param("." * 20, "[" + " " * 18 + "]", id="evenly quiet: a quick ramp"),
    ],
)
def test_leads(drawing: str, expected: str) -> None:
    """Lead-in: first 100 ms above -45 dBFS; lead-out: last 100 ms above -40 dBFS."""
    assert draw_lead_points(drawing) == expected


def test_a_quick_ramp_has_no_lead_in() -> None:
    """A passage near its peak within a second has its lead-in at its first frame."""
    drawing = "_" + "#" * 8
    curve = curve_from_drawing(drawing, each_s=0.5)
    span = Span(Ticks(0), ticks_at(4.5))

    leads = find_lead_points(curve, span, LEVELS)

    assert (leads.lead_in, leads.lead_out) == (span.start, span.end)


def test_slow_ramp_has_a_lead_in() -> None:
    """Two seconds are not quick."""
    assert draw_lead_points("_" * 2 + "#" * 10)[:3] == "  ["


def test_a_quarter_of_a_short_passage() -> None:
    """Half a second of two is searched, though the ramp is tested over one second."""
    drawing = "_-" * 5 + "#" * 10
    curve = curve_from_drawing(drawing.replace("-", "."), each_s=0.1)

    leads = find_lead_points(curve, Span(Ticks(0), ticks_at(2.0)), LEVELS)

    assert leads.lead_in is None


def test_within_a_longer_file() -> None:
    """Sound outside the passage is ignored; positions are from the file's start."""
    outside, inside = "#" * 5, "__" + "#" * 10 + "__"

    assert draw_lead_points(outside + inside + outside, 5, 19).index("[") == 7
    assert draw_lead_points(outside + inside + outside, 5, 19).index("]") == 16


def test_the_peak_is_that_of_the_passage() -> None:
    """A louder neighbor in the file does not make a ramp slow."""
    drawing = "########" + "++++++++" + "########"

    assert draw_lead_points(drawing, 8, 16).index("[") == 8


@pytest.mark.parametrize("wrong", ["lead_in", "lead_out", "silence"])
def test_refuses_levels_with_the_wrong_sign(wrong: str) -> None:
    """Positive levels, which no sample reaches, are refused."""
    levels = replace(LEVELS, **{wrong: Dbfs(45.0)})
    with pytest.raises(ValueError, match="at most 0"):
        find_lead_points(curve_from_drawing("#"), Span(Ticks(0), ticks_at(1)), levels)


@given(
    drawing=st.text("#+-_. ", min_size=1, max_size=60),
    each_s=st.sampled_from([0.01, 0.05, 1.0]),
    data=st.data(),
)
def test_leads_keep_their_order(
    drawing: str, each_s: float, data: st.DataObject
) -> None:
    """For any curve and any part of it, start <= lead-in <= lead-out <= end."""
    curve = curve_from_drawing(drawing, each_s=each_s)
    total = frames_to_ticks(curve.frames, curve.rate)
    start = data.draw(st.integers(0, total - 1))
    end = data.draw(st.integers(start + 1, total))
    span = Span(Ticks(start), Ticks(end))

    leads = find_lead_points(curve, span, LEVELS)

    known = [at for at in (leads.lead_in, leads.lead_out) if at is not None]
    assert sorted([span.start, *known, span.end]) == [span.start, *known, span.end]


def test_a_curve_shorter_than_a_window() -> None:
    """A curve of 30 ms is not an error."""
    span = Span(Ticks(0), ticks_at(0.03))

    leads = find_lead_points(curve_from_drawing("###", each_s=0.01), span, LEVELS)

    assert (leads.lead_in, leads.lead_out) == (span.start, span.end)


def test_long_silences_inside_a_passage() -> None:
    """Only those of ten seconds or more, between sounds, and inside the passage."""
    drawing = " " * 15 + "#" * 20 + " " * 9 + "#" * 20 + "." * 60 + "#" * 5 + " " * 15
    curve = curve_from_drawing(drawing, each_s=1.0)
    total = len(drawing)

    found = long_silences(curve, [Span(Ticks(0), ticks_at(total))], LEVELS.silence)

    assert found == [(Span(ticks_at(64), ticks_at(124)),)]
    assert long_silences(curve, [Span(Ticks(0), ticks_at(80))], LEVELS.silence) == [()]
