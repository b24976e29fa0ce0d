"""Splitting level curves at silences: `segued.dsp.silence`."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.dsp.silence import (
    join_short_runs,
    runs_to_spans,
    sound_length,
    sounding_runs,
)
from segued.model import LevelCurve, Span
from segued.units import RATES_EXACT, Dbfs, Frames, Hertz, Ticks, seconds_to_ticks
from tests.dsp.drawn_curves import RATE, curve_from_drawing, ticks_at

SILENCE = Dbfs(-60.0)
TWO_SECONDS = seconds_to_ticks(2.0)


def draw_runs(drawing: str, *, each_s: float = 0.5) -> str:
    """Draw the sounding runs of a curve as letters."""
    curve = curve_from_drawing(drawing, each_s=each_s)
    runs = sounding_runs(curve, silence=SILENCE, silence_min=TWO_SECONDS)
    drawn = [" "] * len(drawing)
    hops = round(100 * each_s)
    for name, (first, last) in zip("abcdef", runs.tolist(), strict=False):
        assert first % hops == 0
        assert last % hops == 0
        drawn[first // hops : last // hops] = name * ((last - first) // hops)
    return "".join(drawn).rstrip()


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        pytest.param("........", "", id="only silence"),
        pytest.param("########", "aaaaaaaa", id="no silence"),
        pytest.param("#...#", "aaaaa", id="a second and a half does not cut"),
        pytest.param("#....#", "a    b", id="two seconds cut"),
        pytest.param("#    #", "a    b", id="so does digital silence"),
        pytest.param("#____#", "aaaaaa", id="quiet is not silent"),
        pytest.param("....##....", "    aa", id="long silence at the ends is cut off"),
        pytest.param("..##..", "aaaaaa", id="short silence at the ends is not"),
        pytest.param("##....#.....##", "aa    b     cc", id="every long silence cuts"),
        pytest.param("##..+..##", "aaaaaaaaa", id="a sound between two short silences"),
    ],
)
def test_cuts(drawing: str, expected: str) -> None:
    """Two seconds below -60 dBFS cut; a character is half a second."""
    assert draw_runs(drawing) == expected


@given(
    before=st.integers(0, 40),
    silence=st.integers(190, 230),
    after=st.integers(0, 40),
)
def test_the_edges_are_found_to_the_hop(before: int, silence: int, after: int) -> None:
    """The edges of a silence are exact to 10 ms, wherever it begins."""
    loud, quiet = LevelCurve.quantized(Dbfs(-10.0)), LevelCurve.quantized(Dbfs(-80.0))
    first = 100 + before
    parts = ((loud, first), (quiet, silence), (loud, 100 + after))
    levels = b"".join(bytes([level]) * hops for level, hops in parts)
    curve = LevelCurve(levels, Frames(441), RATE, Frames(441 * len(levels)))

    runs = sounding_runs(curve, silence=SILENCE, silence_min=TWO_SECONDS).tolist()

    if silence < 198:
        assert runs == [[0, len(levels)]]
    else:
        assert runs == [[0, first], [first + silence, len(levels)]]


def test_sound_at_the_silence_level_is_not_silent() -> None:
    """A window exactly at the silence level is not silent."""
    at_level = bytes([LevelCurve.quantized(SILENCE)]) * 500
    curve = LevelCurve(at_level, Frames(441), RATE, Frames(441 * 500))

    found = sounding_runs(curve, silence=SILENCE, silence_min=TWO_SECONDS)

    assert found.tolist() == [[0, 500]]


def test_a_click_in_a_silence_is_sound() -> None:
    """10 ms at -10 dBFS end a silence."""
    quiet = [LevelCurve.quantized(Dbfs(-80.0))] * 600
    quiet[300] = LevelCurve.quantized(Dbfs(-10.0))
    curve = LevelCurve(bytes(quiet), Frames(441), RATE, Frames(441 * 600))

    found = sounding_runs(curve, silence=SILENCE, silence_min=TWO_SECONDS)

    assert len(found) == 1
    assert found[0, 0] <= 300 < found[0, 1]
    assert found[0, 1] - found[0, 0] <= 20


@pytest.mark.parametrize("rate", RATES_EXACT)
def test_seconds_are_seconds_at_any_rate(rate: Hertz) -> None:
    """Results do not depend on the sample rate."""
    curve = curve_from_drawing("##....##...##", rate=rate)

    found = sounding_runs(curve, silence=SILENCE, silence_min=TWO_SECONDS)

    assert found.tolist() == [[0, 100], [300, 650]]


def test_refuses_a_level_with_the_wrong_sign() -> None:
    """A positive level is refused: the setting's 60 means -60 dBFS."""
    with pytest.raises(ValueError, match="at most 0"):
        sounding_runs(
            curve_from_drawing("#"), silence=Dbfs(60.0), silence_min=TWO_SECONDS
        )


@given(st.text("#+_. ", max_size=60), st.integers(1, 6))
def test_runs_hold_all_sound_and_no_long_silence(drawing: str, half_s: int) -> None:
    """Every sounding hop is in one run; runs are separated by long silences."""
    curve = curve_from_drawing(drawing)
    shortest = seconds_to_ticks(half_s / 2)

    runs = sounding_runs(curve, silence=SILENCE, silence_min=shortest)

    covered = np.zeros(len(curve.levels), dtype=int)
    for first, last in runs:
        covered[first:last] += 1
    sounds = np.frombuffer(curve.levels, np.uint8) <= 120
    assert covered.max(initial=0) <= 1
    assert covered[sounds].all()
    assert (runs[1:, 0] - runs[:-1, 1] >= 50 * half_s - 2).all()


@pytest.mark.parametrize(
    ("hops", "loud", "expected_ms"),
    [
        pytest.param(500, [], 0, id="none"),
        pytest.param(500, [100], 10, id="a click"),
        pytest.param(500, range(100, 109), 90, id="too short for audio"),
        pytest.param(500, range(100, 110), 100, id="long enough for audio"),
    ],
)
def test_sound_is_counted_to_the_hop(
    hops: int, loud: list[int], expected_ms: int
) -> None:
    """A file needs 100 ms of sound to have passages, so single hops count."""
    levels = [20 if hop in loud else 255 for hop in range(hops)]
    curve = LevelCurve(bytes(levels), Frames(441), RATE, Frames(441 * hops))

    assert sound_length(curve, silence=SILENCE) == ticks_at(expected_ms / 1_000)


def test_the_last_hop_counts_as_long_as_it_is() -> None:
    """The sound in a file of 45 frames is shorter than 10 ms."""
    curve = LevelCurve(b"\0", Frames(441), RATE, Frames(45))

    assert sound_length(curve, silence=SILENCE) == 45 * 640


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([(0, 5)], [(0, 5)], id="a single run may be short"),
        pytest.param([(0, 20), (23, 50)], [(0, 20), (23, 50)], id="long enough"),
        pytest.param([(0, 20), (23, 28), (30, 60)], [(0, 20), (23, 60)], id="after"),
        pytest.param([(0, 20), (22, 28), (31, 60)], [(0, 28), (31, 60)], id="before"),
        pytest.param([(0, 20), (22, 28), (30, 60)], [(0, 28), (30, 60)], id="a tie"),
        pytest.param(
            [(0, 5), (9, 12), (20, 60)], [(0, 12), (20, 60)], id="two make one"
        ),
        pytest.param([(0, 20), (40, 45)], [(0, 45)], id="the last has one neighbor"),
        pytest.param([(9, 10), (12, 13), (15, 16)], [(9, 16)], id="none is long"),
    ],
)
def test_short_runs_join(
    runs: list[tuple[int, int]], expected: list[tuple[int, int]]
) -> None:
    """A run under ten hops joins the neighbor across the shorter silence."""
    given_runs = np.array(runs, dtype=np.int64).reshape(-1, 2)

    found = join_short_runs(given_runs, hops_min=10)

    assert [tuple(run) for run in found.tolist()] == expected


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), max_size=30),
    st.integers(1, 40),
)
def test_joined_runs(lengths: list[tuple[int, int]], hops_min: int) -> None:
    """All are long enough, or there is one; every edge is one of the input's."""
    at, runs = 0, []
    for gap, length in lengths:
        runs.append((at + gap, at + gap + length))
        at += gap + length

    found = join_short_runs(
        np.array(runs, dtype=np.int64).reshape(-1, 2), hops_min=hops_min
    )

    assert len(found) == 1 or all(last - first >= hops_min for first, last in found)
    assert bool(len(found)) == bool(runs)
    assert set(found[:, 0].tolist()) <= {first for first, _ in runs}
    assert set(found[:, 1].tolist()) <= {last for _, last in runs}
    for first, last in runs:
        assert sum(a <= first and last <= b for a, b in found.tolist()) == 1


def test_spans_are_in_ticks() -> None:
    """The last span ends with the file, not with its hop."""
    curve = LevelCurve(bytes(3), Frames(441), RATE, Frames(2 * 441 + 7))

    spans = runs_to_spans(curve, np.array([[0, 1], [2, 3]]))

    assert spans == (
        Span(Ticks(0), Ticks(441 * 640)),
        Span(Ticks(882 * 640), Ticks(889 * 640)),
    )
