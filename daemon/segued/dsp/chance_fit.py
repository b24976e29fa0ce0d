"""Compute how likely it is that track lengths fit a file by chance.

A boundary is evidence for a release if it is at a place that is rare in this file, and
near where the lengths expect it. Music with rests has such places everywhere, so the
places that are as good are counted in the file itself. Two tracks have one boundary,
which some place is always near: so few can never prove a release.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from segued.dsp.boundary_refinement import BoundaryPlaces
from segued.dsp.cheapest_path import SecondsArray

__all__ = ["PricesOfBlocks", "joint_chance"]

BLOCK_S: Final = 2.0
"""BoundaryPlaces within two seconds count as one."""

WINDOW_S: Final = 0.5
"""A boundary is never expected more exactly than this, to either side."""

SELECTION: Final = 1.5
"""The search chooses each place among several, so good ones are more frequent: wrong
releases are accepted as often as computed if each chance counts so many times."""

ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class PricesOfBlocks:
    """The least price of a boundary in each two seconds of a file, ascending."""

    prices: SecondsArray

    @classmethod
    def of(cls, length_s: float, places: BoundaryPlaces) -> "PricesOfBlocks":
        """Return those of a file of a length in seconds with these places."""
        prices = np.full(int(length_s / BLOCK_S) + 1, np.inf)
        blocks = ((places.ends + places.starts) / (2 * BLOCK_S)).astype(np.int64)
        np.minimum.at(prices, np.minimum(blocks, len(prices) - 1), places.prices)
        return cls(np.sort(prices))

    def rank(self, price: float) -> int:
        """Return the number of blocks that have a place as cheap, at least 1."""
        cheap = np.searchsorted(self.prices, price + ROUNDING, side="right")
        return max(1, int(cheap))

    def chance(self, price: float, deviation_s: float) -> float:
        """Return the probability that a random position has a place as good.

        Args:
            price: Price of the place.
            deviation_s: Its distance from where it is expected, in seconds; infinity
                if that is unknown.
        """
        window_s = 2 * (WINDOW_S + abs(deviation_s))
        length_s = BLOCK_S * len(self.prices)
        chance = -math.expm1(-self.rank(price) * window_s / length_s)
        return min(1.0, SELECTION * chance)


def joint_chance(chances: Sequence[float]) -> float:
    """Return the probability that independent chances have this product, or a less one.

    That is Fisher's method, as a sum: the product of n uniform values.

    Example:
        >>> joint_chance([0.25]), joint_chance([])
        (0.25, 1.0)
    """
    total = -sum(math.log(max(each, 1e-300)) for each in chances)
    term, found = math.exp(-total), 0.0
    for nth in range(len(chances)):
        found += term
        term *= total / (nth + 1)
    return min(1.0, found) if chances else 1.0
