"""Where a passage may overlap with its neighbours: `segued.dsp.lead_points`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.dsp.lead_points import find_lead_points
from segued.model import Span
from segued.units import Dbfs, Ticks, frames_to_ticks
from tests.dsp.drawn_curves import curve_from_drawing, ticks_at

LEAD_IN = Dbfs(-45.0)
LEAD_OUT = Dbfs(-40.0)


def draw_lead_points(drawing: str, first: int = 0, last: int | None = None) -> str:
    """Draw the lead points of a passage between its signs: '[' and ']'.

    A sign is a second. The only place these tests call the code, but for the
    boundary cases.
    """
    curve = curve_from_drawing(drawing, each_s=1.0)
    stop = len(drawing) if last is None else last
    span = Span(ticks_at(first), ticks_at(stop))
    leads = find_lead_points(
        curve, span, lead_in_level=LEAD_IN, lead_out_level=LEAD_OUT
    )
    answer = [" "] * len(drawing)
    # A window that begins 90 ms before the sound already holds 10 ms of it.
    if leads.lead_in is not None:
        answer[-(-leads.lead_in // ticks_at(1)) if leads.lead_in else 0] = "["
    if leads.lead_out is not None:
        answer[leads.lead_out // ticks_at(1) - 1] = "]"
    return "".join(answer).rstrip()


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        pytest.param("#" * 20, "[" + " " * 18 + "]", id="loud from end to end"),
        pytest.param(
            "..__" + "#" * 12 + "__..",
            "    [" + " " * 10 + "]",
            id="quiet at both ends",
        ),
        pytest.param(
            "..__---" + "#" * 30 + "---__..",
            "    [" + " " * 31 + "]",
            id="-42 dBFS is above the one level, and below the other",
        ),
        pytest.param(
            "__" + "#" * 6 + "....#" + "#" * 6 + "__",
            "  [" + " " * 15 + "]",
            id="a silence inside is nobody's end",
        ),
        pytest.param(
            "_" * 10 + "#" * 4 + "_" * 10, "", id="too late: looked for in a quarter"
        ),
        pytest.param(
            "_" * 11 + "#" * 40 + "_" * 11, "", id="too late: looked for in ten seconds"
        ),
        pytest.param(" " * 20, "", id="digital silence"),
        pytest.param("." * 20, "[" + " " * 18 + "]", id="evenly quiet: a quick ramp"),
    ],
)
def test_leads(drawing: str, expected: str) -> None:
    """In where 100 ms first exceed -45 dBFS, out where they last exceed -40."""
    assert draw_lead_points(drawing) == expected


def test_a_quick_ramp_has_no_lead_in() -> None:
    """Near its peak within a second, a passage begins with its first frame."""
    drawing = "_" + "#" * 8
    curve = curve_from_drawing(drawing, each_s=0.5)
    span = Span(Ticks(0), ticks_at(4.5))

    leads = find_lead_points(
        curve, span, lead_in_level=LEAD_IN, lead_out_level=LEAD_OUT
    )

    assert (leads.lead_in, leads.lead_out) == (span.start, span.end)


def test_slow_ramp_has_a_lead_in() -> None:
    """A second and a half is not quick."""
    assert draw_lead_points("_" * 2 + "#" * 10)[:3] == "  ["


def test_a_quarter_of_a_short_passage() -> None:
    """Of two seconds half a second is searched, though a whole one is looked at."""
    drawing = "_" * 7 + "-" * 6 + "#" * 7
    curve = curve_from_drawing(drawing, each_s=0.1)

    leads = find_lead_points(
        curve,
        Span(Ticks(0), ticks_at(2.0)),
        lead_in_level=LEAD_IN,
        lead_out_level=LEAD_OUT,
    )

    assert leads.lead_in is None


def test_within_a_longer_file() -> None:
    """Only the passage counts, and positions are from the file's start."""
    outside, inside = "#" * 5, "__" + "#" * 10 + "__"

    assert draw_lead_points(outside + inside + outside, 5, 19).index("[") == 7
    assert draw_lead_points(outside + inside + outside, 5, 19).index("]") == 16


def test_the_peak_is_the_passage_s_own() -> None:
    """A louder neighbour in the file does not make a ramp slow."""
    drawing = "########" + "++++++++" + "########"

    assert draw_lead_points(drawing, 8, 16).index("[") == 8


@pytest.mark.parametrize("wrong", [(45.0, -40.0), (-45.0, 40.0)])
def test_refuses_levels_with_the_wrong_sign(wrong: tuple[float, float]) -> None:
    """No sample is 45 dB above full scale: the ancestor asked for that."""
    lead_in, lead_out = map(Dbfs, wrong)
    with pytest.raises(ValueError, match="at most 0"):
        find_lead_points(
            curve_from_drawing("#"),
            Span(Ticks(0), ticks_at(1)),
            lead_in_level=lead_in,
            lead_out_level=lead_out,
        )


@given(
    drawing=st.text("#+-_. ", min_size=1, max_size=60),
    each_s=st.sampled_from([0.01, 0.05, 1.0]),
    data=st.data(),
)
def test_leads_keep_their_order(
    drawing: str, each_s: float, data: st.DataObject
) -> None:
    """In any curve and any part of it: start <= in <= out <= end."""
    curve = curve_from_drawing(drawing, each_s=each_s)
    total = frames_to_ticks(curve.frames, curve.rate)
    start = data.draw(st.integers(0, total - 1))
    end = data.draw(st.integers(start + 1, total))
    span = Span(Ticks(start), Ticks(end))

    leads = find_lead_points(
        curve, span, lead_in_level=LEAD_IN, lead_out_level=LEAD_OUT
    )

    known = [at for at in (leads.lead_in, leads.lead_out) if at is not None]
    assert sorted([span.start, *known, span.end]) == [span.start, *known, span.end]
    quarter = span.length / 4 + ticks_at(0.01)
    if leads.lead_in is not None:
        assert leads.lead_in - start <= min(quarter, ticks_at(10))
    if leads.lead_out is not None:
        assert end - leads.lead_out <= min(quarter, ticks_at(10.01))


def test_a_curve_shorter_than_a_window() -> None:
    """Thirty milliseconds are all there is, and not an error."""
    span = Span(Ticks(0), ticks_at(0.03))

    leads = find_lead_points(
        curve_from_drawing("###", each_s=0.01),
        span,
        lead_in_level=LEAD_IN,
        lead_out_level=LEAD_OUT,
    )

    assert (leads.lead_in, leads.lead_out) == (span.start, span.end)
