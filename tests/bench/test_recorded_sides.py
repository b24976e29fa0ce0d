"""Sides made from the track lengths of releases: `bench.recorded_sides`."""

import numpy as np
from bench.recorded_sides import NO_GAP, NOISES_DBFS, RecordedSide, draw_sides, sides_of

from segued.matching.evidence import Recording, Release, Track
from segued.model import LevelCurve
from segued.units import Seconds, ticks_to_seconds

SIDE = RecordedSide("An Album, disc 1, side 1", "group", (61.0, 75.5, 64.0, 110.0))


def release_of(*lengths_s: float | None, disc: int = 1) -> Release:
    """Return a release with tracks of these lengths."""
    tracks = tuple(
        Track(
            disc,
            nth,
            f"Song {nth}",
            Recording(f"recording {nth}", f"Song {nth}", "Artist"),
            None if each is None else Seconds(each),
        )
        for nth, each in enumerate(lengths_s, start=1)
    )
    return Release("release", "An Album", "Artist", "group", tracks=tracks)


def test_a_disc_is_divided_into_sides_of_about_equal_length() -> None:
    """Forty minutes have two sides, with all tracks in their order."""
    release = release_of(*[300.0] * 8)

    sides = sides_of([release, release])

    assert [each.lengths_s for each in sides] == [(300.0,) * 4]
    mixed = sides_of([release_of(500, 400, 300, 310, 400, 480)])
    assert [each.lengths_s for each in mixed] == [(500, 400, 300), (310, 400, 480)]


def test_short_discs_and_unknown_lengths_have_no_sides() -> None:
    """Nor have sides of a single track."""
    assert not sides_of([release_of(120, 130)])
    assert not sides_of([release_of(400, None, 400)])
    assert not sides_of([release_of(1_200, 1_200)])


def test_a_side_is_drawn_with_each_noise_dense_and_sparse() -> None:
    """The levels between the tracks are those of the noise."""
    drawn = list(draw_sides([SIDE], seed=1))

    assert [each.is_sparse for each in drawn] == [False] * 3 + [True] * 3
    for each, (low, high) in zip(drawn, NOISES_DBFS * 2, strict=True):
        assert low <= each.noise_dbfs < high
        hop_s = each.curve.hop / each.curve.rate
        levels = -LevelCurve.STEP_DB * np.frombuffer(each.curve.levels, np.uint8)
        for join, gap in each.joins:
            end, start = join.end[1], join.start[0]
            between = levels[round(end / hop_s) + 1 : round(start / hop_s) - 1]
            assert (gap == NO_GAP) == join.meets == (end == start)
            assert not len(between) or abs(np.median(between) - each.noise_dbfs) < 2


def test_drawn_sides_have_about_the_listed_lengths() -> None:
    """And both curves have the length of the file."""
    for each in draw_sides([SIDE], seed=2):
        lengths = [ticks_to_seconds(length) for length in each.lengths]
        file_s = each.curve.frames / each.curve.rate
        assert np.allclose(lengths, SIDE.lengths_s, atol=7)
        assert 0 <= file_s - sum(SIDE.lengths_s) <= 8 + 10 + 5 * 4 + 0.01 * file_s
        spectra = len(each.spectrum.values) / each.spectrum.VALUES
        assert abs(spectra / 2 - file_s) <= 1


def test_drawings_are_reproducible() -> None:
    """The same seed gives the same drawings, and a part of them is the same."""
    every = list(draw_sides([SIDE], seed=1))

    assert list(draw_sides([SIDE], seed=1, count=2)) == [every[0], every[-1]]
    assert next(draw_sides([SIDE], seed=2)) != every[0]
