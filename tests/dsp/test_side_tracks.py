"""Finding the tracks of an album side in one file: `segued.dsp.side_tracks`."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.dsp.side_tracks import (
    ACCEPTED_CHANCE,
    BoundaryKind,
    Fit,
    SideSearch,
    fit_tracks,
)
from segued.model import LevelCurve, Span, SpectrumCurve
from segued.units import Frames, Ticks, frames_to_ticks, seconds_to_ticks
from tests.dsp.drawn_curves import RATE, curve_from_drawing, ticks_at

MINUTE = "#" * 60
HOP = Frames(441)


def fit_drawing(drawing: str, *lengths_s: float | None) -> Fit:
    """Return the fit of a release to a drawing; a character is a second."""
    lengths = [None if s is None else seconds_to_ticks(s) for s in lengths_s]
    found = fit_tracks(curve_from_drawing(drawing, each_s=1.0), lengths)
    assert found is not None
    return found


def draw_tracks(drawing: str, *lengths_s: float | None) -> str:
    """Draw the tracks of a curve as letters."""
    drawn = [" "] * len(drawing)
    for name, span in zip(
        "abcdef", fit_drawing(drawing, *lengths_s).spans, strict=False
    ):
        first, last = (round(edge / ticks_at(1)) for edge in (span.start, span.end))
        drawn[first:last] = name * (last - first)
    return "".join(drawn).rstrip()


def noisy_curve(
    *parts: tuple[float, float], seed: int = 1, spread_db: float = 3.0
) -> LevelCurve:
    """Return a curve of parts (seconds, level in dBFS) with random deviations."""
    rng = np.random.default_rng(seed)
    decibels = [
        level + rng.uniform(-spread_db, spread_db, round(100 * length_s))
        for length_s, level in parts
    ]
    levels = np.rint(-2 * np.concatenate(decibels)).clip(0, 255).astype(np.uint8)
    return LevelCurve(levels.tobytes(), HOP, RATE, Frames(HOP * len(levels)))


def boundary_kinds(found: Fit) -> list[BoundaryKind]:
    """Return the kinds of the boundaries."""
    return [boundary.kind for boundary in found.boundaries]


SHORT = "#" * 9
LONG = "#" * 30


@pytest.mark.parametrize(
    ("drawing", "lengths_s", "expected"),
    [
        pytest.param(
            f"{LONG}..{MINUTE}...{LONG}",
            (30, 60, 30),
            f"{'a' * 30}  {'b' * 60}   {'c' * 30}",
            id="as many silences as boundaries",
        ),
        pytest.param(
            f"{LONG}...{LONG}..{LONG}",
            (63, 30),
            f"{'a' * 63}  {'b' * 30}",
            id="a longer silence is within a track",
        ),
        pytest.param(
            f"{LONG}.{LONG}..{SHORT}.{MINUTE}.{LONG}",
            (72, 91),
            f"{'a' * 72} {'b' * 91}",
            id="four silences, two tracks",
        ),
        pytest.param(
            f"...{LONG}..{LONG}....",
            (30, 30),
            f"   {'a' * 30}  {'b' * 30}",
            id="silence at the ends belongs to no track",
        ),
        pytest.param(f"..{MINUTE}..", (60,), f"  {'a' * 60}", id="one track"),
        pytest.param(MINUTE, (60,), "a" * 60, id="one track and no silence"),
        pytest.param(
            f"{LONG}--{MINUTE}--{LONG}",
            (30, 60, 30),
            f"{'a' * 30}  {'b' * 60}  {'c' * 30}",
            id="silences with noise at -42 dBFS",
        ),
        pytest.param(
            f"{LONG}..{MINUTE}..{LONG}",
            (32, 62, 30),
            f"{'a' * 30}  {'b' * 60}  {'c' * 30}",
            id="lengths may include the silence",
        ),
        pytest.param(
            f"{LONG}..{MINUTE}..{LONG}",
            (None, 60, None),
            f"{'a' * 30}  {'b' * 60}  {'c' * 30}",
            id="lengths may be unknown",
        ),
        pytest.param(
            f"{LONG}..{SHORT}..{LONG}",
            (None, None),
            f"{'a' * 30}  {'b' * 41}",
            id="unknown tracks last at least twenty seconds",
        ),
    ],
)
def test_tracks(
    drawing: str, lengths_s: tuple[float | None, ...], expected: str
) -> None:
    """The number and about the lengths of tracks are as expected, without silence."""
    found = draw_tracks(drawing, *lengths_s)

    assert found == expected


def test_tracks_that_meet_are_cut_where_the_music_changes() -> None:
    """Two tracks without a gap: the second is louder, and has other notes."""
    curve = noisy_curve((50, -20), (70, -14), (1, -80), (60, -20))

    found = fit_tracks(curve, [seconds_to_ticks(s) for s in (52, 68, 60)])

    assert found is not None
    assert boundary_kinds(found) == [BoundaryKind.STEP, BoundaryKind.SILENCE]
    assert found.spans[0].end == found.spans[1].start
    assert abs(found.spans[0].end - ticks_at(50)) <= ticks_at(0.5)
    assert "no silence; the music changes, +6" in found.boundaries[0].reason


def test_tracks_without_a_gap_are_cut_near_the_expected_place() -> None:
    """Without evidence the boundary is within 3 s of the expected position."""
    curve = noisy_curve((120, -20), (2, -80), (60, -20))

    found = fit_tracks(curve, [seconds_to_ticks(s) for s in (52, 68, 60)])

    assert found is not None
    assert found.boundaries[0].kind is not BoundaryKind.SILENCE
    assert abs(found.spans[0].end - ticks_at(52)) <= ticks_at(3)


def drawn_spectrum(*parts: tuple[float, int]) -> SpectrumCurve:
    """Return a spectrum curve of parts (seconds, loudest note) at even level."""
    rng = np.random.default_rng(1)
    rows = []
    for length_s, note in parts:
        levels = rng.integers(38, 42, (round(2 * length_s), SpectrumCurve.VALUES))
        levels[:, note] = 20
        rows.append(levels)
    values = np.concatenate(rows).astype(np.uint8).tobytes()
    return SpectrumCurve(values, Frames(RATE // 2))


def test_tracks_without_a_gap_are_cut_where_the_notes_change() -> None:
    """The level is the same everywhere, and the listed lengths are 4 s off."""
    curve = noisy_curve((120, -20), (2, -80), (60, -20))
    spectrum = drawn_spectrum((48, 2), (74, 7), (60, 4))

    found = fit_tracks(curve, [seconds_to_ticks(s) for s in (52, 68, 60)], spectrum)

    assert found is not None
    assert abs(found.spans[0].end - ticks_at(48)) <= ticks_at(0.6)
    assert found.spans[0].end == found.spans[1].start
    assert boundary_kinds(found) == [BoundaryKind.FREE, BoundaryKind.SILENCE]
    assert found.boundaries[0].reason.startswith("no silence; the notes change, ")


def test_of_two_silences_that_one_is_used_at_which_the_notes_change() -> None:
    """Both are equally long, and equally far from the expected place."""
    curve = noisy_curve((57, -20), (1, -80), (5, -20), (1, -80), (57, -20))
    lengths = [seconds_to_ticks(60), seconds_to_ticks(60)]

    early = fit_tracks(curve, lengths, drawn_spectrum((57.5, 2), (63.5, 7)))
    late = fit_tracks(curve, lengths, drawn_spectrum((63.5, 2), (57.5, 7)))

    assert early is not None
    assert late is not None
    assert early.spans[0].end == ticks_at(57)
    assert late.spans[0].end == ticks_at(63)


def test_one_side_is_searched_for_several_releases() -> None:
    """Each search gives the same as a search on its own."""
    curve = noisy_curve((50, -20), (1, -80), (70, -20), (1, -80), (60, -20))
    search = SideSearch(curve, None)

    for lengths_s in ((50, 70, 60), (120, 60)):
        lengths = [seconds_to_ticks(each) for each in lengths_s]
        assert search.fit(lengths) == fit_tracks(curve, lengths)


def test_the_quietest_spot_is_used_without_better_evidence() -> None:
    """A dip that is not a silence, in music that changes everywhere but there."""
    verses = [(6, -10), (6, -14)] * 4
    curve = noisy_curve(
        *verses,
        (3, -10),
        (0.5, -17),
        (3, -10),
        *verses,
        (2, -80),
        (60, -10),
        spread_db=1,
    )

    found = fit_tracks(curve, [seconds_to_ticks(s) for s in (52, 50, 60)])

    assert found is not None
    assert boundary_kinds(found) == [BoundaryKind.SPOT, BoundaryKind.SILENCE]
    assert ticks_at(51) <= found.spans[0].end <= ticks_at(51.5)
    assert found.boundaries[0].reason.startswith("no silence; the quietest spot, at -1")


def test_a_loud_noise_floor_is_silence_to_its_edges() -> None:
    """A rip with noise at -35 dBFS before, between and after the music."""
    curve = noisy_curve(
        (4, -35),
        (50, -18),
        (1.5, -35),
        (70, -20),
        (0.3, -35),
        (45, -17),
        (6, -35),
        spread_db=1,
    )

    found = fit_tracks(curve, [seconds_to_ticks(s) for s in (51, 69, 45)])

    assert found is not None
    assert found.spans == (
        Span(ticks_at(4), ticks_at(54)),
        Span(ticks_at(55.5), ticks_at(125.5)),
        Span(ticks_at(125.8), ticks_at(170.8)),
    )
    assert found.matched_count == 3
    assert found.boundaries[0].reason == "silence of 1.50 s below -32 dBFS"


def test_a_crackle_does_not_end_a_silence() -> None:
    """Two that are close to each other do not either."""
    crackle = (0.03, -20)
    curve = noisy_curve(
        (60, -15),
        (1, -70),
        crackle,
        (0.05, -70),
        crackle,
        (1, -70),
        (60, -15),
    )

    found = fit_tracks(curve, [seconds_to_ticks(60), seconds_to_ticks(60)])

    assert found is not None
    assert found.spans[0].end == ticks_at(60)
    assert found.spans[1].start == ticks_at(62.11)


def test_needle_drop_is_not_music() -> None:
    """The first track begins after a thump and the silence that follows."""
    curve = noisy_curve((0.2, -20), (5, -70), (60, -15), (2, -70), (60, -15))

    found = fit_tracks(curve, [seconds_to_ticks(65.2), seconds_to_ticks(60)])

    assert found is not None
    assert found.spans[0].start == ticks_at(5.2)


@pytest.mark.parametrize("speed", [0.99, 1.0, 1.01])
def test_a_rip_may_be_a_little_fast_or_slow(speed: float) -> None:
    """By 1 %, which changes the length of a track of twenty minutes by 12 s."""
    lengths_s = (1_200.0, 900.0, 600.0)
    parts = [part for s in lengths_s for part in ((s * speed, -20.0), (1.0, -80.0))]

    found = fit_tracks(noisy_curve(*parts), [seconds_to_ticks(s) for s in lengths_s])

    assert found is not None
    assert found.speed == pytest.approx(speed, abs=0.002)
    assert found.matched_count == 3
    assert found.total_length_error <= seconds_to_ticks(3)


SIDE = f"{LONG}..{MINUTE}..{LONG}..{MINUTE}..{LONG}{LONG}..{MINUTE}{LONG}"


def test_the_right_release_is_accepted() -> None:
    """Its tracks match, and the length errors are in ticks."""
    found = fit_drawing(SIDE, 30, 58, 30, 60, 60, 90)

    assert (found.matched_count, found.is_accepted) == (6, True)
    assert found.length_errors[1] is not None
    assert (
        ticks_at(1.5)
        < found.length_errors[1]
        <= found.total_length_error
        < ticks_at(3.5)
    )


def test_the_wrong_release_is_not_accepted() -> None:
    """The same number of tracks and total length, with other lengths of tracks."""
    found = fit_drawing(SIDE, 75, 15, 75, 15, 75, 75)

    assert not found.is_accepted


def test_two_tracks_are_never_enough() -> None:
    """They have one boundary, and some silence is near it in too many files."""
    music = "#" * 1_200
    found = fit_drawing(f"{music}...{music}", 1_200, 1_200)

    assert found.matched_count == 2
    assert found.chance <= ACCEPTED_CHANCE
    assert not found.is_accepted


def test_a_boundary_between_frequent_silences_is_no_evidence() -> None:
    """A rare silence is evidence; one of a hundred equal ones is none."""
    phrases = [(9.0, -20.0), (1.0, -80.0)] * 12
    rare = noisy_curve((119, -20), (1, -80), (119, -20), (1, -80), (119, -20))
    frequent = noisy_curve(*phrases * 3)
    lengths = [seconds_to_ticks(120)] * 3

    by_rare, by_frequent = fit_tracks(rare, lengths), fit_tracks(frequent, lengths)

    assert by_rare is not None
    assert by_frequent is not None
    assert by_rare.chance < 0.01 < by_frequent.chance
    assert by_rare.matched_count == by_frequent.matched_count == 3


def test_lengths_alone_are_no_evidence() -> None:
    """Music without silences can be cut at any position, so no track matches."""
    found = fit_drawing(MINUTE * 4, 50, 70, 60, 60)

    assert len(found.spans) == 4
    assert (found.matched_count, found.is_accepted) == (0, False)


def test_silences_that_are_everywhere_are_no_evidence() -> None:
    """Each note is followed by one, so every possible boundary is near one."""
    curve = noisy_curve(*[(1.5, -15), (0.5, -50)] * 120, spread_db=1)

    found = fit_tracks(curve, [seconds_to_ticks(s) for s in (50, 70, 60, 60)])

    assert found is not None
    assert set(boundary_kinds(found)) == {BoundaryKind.SILENCE}
    assert (found.matched_count, found.is_accepted) == (0, False)


def test_a_longer_silence_stands_out_more() -> None:
    """The longer of two silences is the boundary if all else is equal."""
    curve = noisy_curve((40, -15), (0.2, -70), (40, -15), (2, -70), (40, -15))

    found = fit_tracks(curve, [None, None])

    assert found is not None
    assert found.spans[0].end == ticks_at(80.2)


def test_tracks_of_unknown_length_never_match() -> None:
    """A boundary between two of them is expected nowhere, and is no evidence."""
    one_unknown = fit_drawing(SIDE, 30, 60, 30, None, 60, 90)
    half_unknown = fit_drawing(SIDE, 30, 60, None, None, None, 90)

    assert (one_unknown.matched_count, one_unknown.is_accepted) == (5, True)
    assert (half_unknown.matched_count, half_unknown.is_accepted) == (3, False)


@pytest.mark.parametrize(
    "drawing",
    [
        pytest.param("##", id="too short"),
        pytest.param("." * 90, id="silence"),
        pytest.param("", id="nothing at all"),
    ],
)
def test_too_short_file_has_no_fit(drawing: str) -> None:
    """There must be sound for three tracks of at least one second each."""
    curve = curve_from_drawing(drawing, each_s=1.0)

    assert fit_tracks(curve, [seconds_to_ticks(30)] * 3) is None


def test_refuses_a_release_without_tracks() -> None:
    """An empty list of lengths is an error."""
    with pytest.raises(ValueError, match="at least one track"):
        fit_tracks(curve_from_drawing(MINUTE), [])


@given(
    parts=st.lists(
        st.tuples(st.integers(1, 40), st.sampled_from([-10, -25, -40, -60, -200])),
        min_size=1,
        max_size=12,
    ),
    lengths_s=st.lists(st.none() | st.integers(1, 90), min_size=1, max_size=6),
    last_frames=st.integers(1, 441),
)
def test_spans_are_ordered_and_disjoint(
    parts: list[tuple[int, int]], lengths_s: list[int | None], last_frames: int
) -> None:
    """Spans are ordered, disjoint, inside the file, and one per track."""
    whole = noisy_curve(*parts)
    frames = Frames(whole.frames - 441 + last_frames)
    curve = LevelCurve(whole.levels, whole.hop, whole.rate, frames)
    lengths = [None if s is None else seconds_to_ticks(s) for s in lengths_s]

    found = fit_tracks(curve, lengths)

    if found is None:
        return
    edges = [edge for span in found.spans for edge in (span.start, span.end)]
    assert len(found.spans) == len(lengths) == len(found.boundaries) + 1
    assert edges == sorted(edges)
    assert all(span.length > 0 for span in found.spans)
    assert edges[0] >= 0
    assert edges[-1] <= frames_to_ticks(curve.frames, curve.rate)
    assert [each.gap for each in found.boundaries] == [
        Span(Ticks(end), Ticks(start))
        for end, start in zip(edges[1:-1:2], edges[2:-1:2], strict=True)
    ]
    assert 0 <= found.matched_count <= len(lengths)
    assert all(each.reason for each in found.boundaries)
