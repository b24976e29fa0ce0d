"""The probability that lengths fit by chance: `segued.dsp.chance_fit`."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.dsp.boundary_refinement import BoundaryPlaces
from segued.dsp.chance_fit import PricesOfBlocks, joint_chance


def places_at(*seconds_and_prices: tuple[float, float]) -> BoundaryPlaces:
    """Return places at positions in seconds, with prices."""
    seconds, prices = np.array(seconds_and_prices).T
    return BoundaryPlaces(
        seconds, seconds, seconds - 1, prices, np.arange(len(seconds))
    )


def test_rivals_near_each_other_count_once() -> None:
    """BoundaryPlaces in the same two seconds are one; dearer ones do not count."""
    places = places_at((10.1, 1), (10.2, 1), (50, 1), (60, 5), (90, 0))
    blocks = PricesOfBlocks.of(100, places)

    assert blocks.rank(1) == 3
    assert blocks.rank(0) == 1
    assert blocks.rank(-1) == 1


def test_the_chance_grows_with_rivals_and_deviation() -> None:
    """In 1,000 s, a window of 2 s around each of five places is a hundredth.

    It counts one and a half times, because the place was chosen.
    """
    places = places_at(*((100.0 * nth, 1.0) for nth in range(5)))
    blocks = PricesOfBlocks.of(1_000, places)

    assert blocks.chance(1, 0.5) == pytest.approx(0.015, rel=0.01)
    assert blocks.chance(1, -4.5) == pytest.approx(0.075, rel=0.03)
    assert blocks.chance(1, math.inf) == 1


def test_the_joint_chance_of_two_is_that_of_their_product() -> None:
    """The product of two uniform values is at most p with p * (1 - log(p))."""
    product = 0.1 * 0.02

    found = joint_chance([0.1, 0.02])

    assert found == pytest.approx(product * (1 - math.log(product)))
    assert joint_chance([0.3]) == pytest.approx(0.3)
    assert joint_chance([]) == 1


@given(st.lists(st.floats(0, 1), max_size=80))
def test_a_joint_chance_is_a_probability(chances: list[float]) -> None:
    """It is also for chances of 0 and 1, and for many of them."""
    assert 0 <= joint_chance(chances) <= 1
