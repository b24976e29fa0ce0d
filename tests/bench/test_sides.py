"""Synthetic album sides and songs: `bench.synthetic_sides`, `bench.sides`.

The results of the benchmark depend on correct labels.
"""

import dataclasses

import numpy as np
import pytest
from bench.sides import SideResults, measure_side, wrong_release
from bench.synthetic_sides import (
    MEETING_SHARE,
    TRACKS,
    SyntheticSide,
    make_sides,
    make_songs,
)

from segued.model import LevelCurve, Span
from segued.units import Ticks, seconds_to_ticks, ticks_to_seconds


@pytest.fixture(name="sample_sides", scope="module")
def _sample_sides() -> list[SyntheticSide]:
    return list(make_sides(12))


def span(start_s: float, end_s: float) -> Span:
    """Return the span between two positions in seconds."""
    return Span(seconds_to_ticks(start_s), seconds_to_ticks(end_s))


def test_sample_sides_are_reproducible(sample_sides: list[SyntheticSide]) -> None:
    """The same seed gives the same sides, another seed gives others."""
    assert list(make_sides(2)) == sample_sides[:2]
    assert next(make_sides(1, seed=2)) != sample_sides[0]


def test_expected_boundaries_match_the_audio(sample_sides: list[SyntheticSide]) -> None:
    """Between two tracks is noise, except for crackles, or no gap."""
    for side in sample_sides:
        hop_s = side.curve.hop / side.curve.rate
        levels = -LevelCurve.STEP_DB * np.frombuffer(side.curve.levels, np.uint8)
        for join in side.joins:
            end, start = join.end[1], join.start[0]
            between = levels[round(end / hop_s) + 1 : round(start / hop_s) - 1]
            assert join.meets == (end == start)
            assert join.meets or abs(np.median(between) - side.noise_dbfs) < 1.5
            inaudible = levels[round(join.end[0] / hop_s) : round(end / hop_s)]
            loudest = max(side.noise_dbfs, -60.0) + 4
            assert not len(inaudible) or np.median(inaudible) < loudest


def test_release_lengths_are_close_to_track_lengths(
    sample_sides: list[SyntheticSide],
) -> None:
    """Listed lengths differ by database errors, the speed of the rip and the gap."""
    for side in sample_sides:
        begins = [join.start[0] for join in side.joins]
        for length, begin, join in zip(
            side.lengths[1:], begins, side.joins[1:], strict=False
        ):
            played_s = join.end[1] - begin
            assert -3.3 < ticks_to_seconds(length) - played_s < 3.3 + 4.1


def test_track_and_join_counts_match(sample_sides: list[SyntheticSide]) -> None:
    """A side has 3 to 14 tracks, with a length each and a join between each two."""
    assert all(TRACKS[0] <= len(side.lengths) <= TRACKS[1] for side in sample_sides)
    assert all(len(side.joins) == len(side.lengths) - 1 for side in sample_sides)
    assert (
        0
        < np.mean([j.meets for s in sample_sides for j in s.joins])
        < 4 * MEETING_SHARE
    )


def test_a_boundary_is_right_within_a_second(sample_sides: list[SyntheticSide]) -> None:
    """Both ends of a boundary may be off by a second, and by any time within noise."""
    for join in (join for side in sample_sides for join in side.joins):
        (audible_until, over), (begins, audible_from) = join.end, join.start

        assert join.is_at(span(over, begins))
        assert join.is_at(span(audible_until - 0.9, audible_from + 0.9))
        assert not join.is_at(span(audible_until - 1.1, begins))
        assert not join.is_at(span(over, audible_from + 1.1))
        assert not join.is_at(span(over + 1.1, begins))


def test_wrong_release_has_equal_total_length(
    sample_sides: list[SyntheticSide],
) -> None:
    """A wrong release differs in the lengths of its tracks, but not in their sum."""
    wrong = wrong_release(sample_sides[0])

    assert len(wrong) == len(sample_sides[0].lengths)
    assert abs(sum(wrong) - sum(sample_sides[0].lengths)) < len(wrong)
    assert wrong != sample_sides[0].lengths


def test_side_with_invalid_lengths_is_rejected(
    sample_sides: list[SyntheticSide],
) -> None:
    """A side with invalid track lengths is neither right nor accepted."""
    found = SideResults()
    right = next(side for side in sample_sides if side.noise_dbfs < -65)
    nonsense = dataclasses.replace(right, lengths=(Ticks(1),) * len(right.lengths))

    measure_side(right, found)
    measure_side(nonsense, found)

    assert found.release_known == [True, False]
    assert found.accepted == [True, False]
    assert len(found.joins) == 2 * len(right.joins)


def test_song_hints_match_its_place() -> None:
    """The hints about a song correspond to the kind of its folder."""
    made = list(make_songs(8))

    assert all(2 * 60 <= len(song.curve.levels) / 100 <= 6 * 60 + 7 for song in made)
    for song in made:
        assert song.hints.leading_number == song.place.startswith("numbered")
        assert (song.hints.siblings == 1) <= song.place.startswith("loose")
