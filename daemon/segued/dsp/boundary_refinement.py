"""Choose the boundaries of a side again, near those of a first search.

The first search divides a whole file by the lengths of its tracks and the silences. The
second one considers all places near its boundaries, also those without a silence, and
weighs them as probabilities: how rare a place is in this file, how much the music
changes there, and how far the tracks deviate from their lengths at one speed, which is
that of the whole rip. All prices are negative logarithms of likelihoods.
"""

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Final

import numpy as np

from segued.dsp.cheapest_path import Indices, Lengths, SecondsArray

__all__ = ["FREE_STEP_S", "BoundaryPlaces", "Refined", "refine", "speed_of"]

NEAR_S: Final = 10.0
PLACES_MAX: Final = 64
"""The cheapest places within NEAR_S of a boundary are considered..."""

FREE_NEAR_S: Final = 6.0
FREE_STEP_S: Final = 0.25
"""...and places without any silence, at every quarter of a second."""

DEVIATION_S: Final = 2.0
"""Standard deviation of a track's length from that in a database."""

LINEAR_FROM: Final = 3.0
"""Beyond so many standard deviations the price grows linearly: lists have errors."""

SPEED_DEVIATION: Final = 0.006
SPEEDS: Final = 1 + np.linspace(-0.015, 0.015, 61)
"""Speeds of turntables and tape decks relative to the release."""

ROUNDS_MAX: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class BoundaryPlaces:
    """Where a boundary may be; arrays of shape (places,).

    Attributes:
        ends: Where the earlier track may end, in seconds.
        starts: Where the later track may begin, in seconds; not before `ends`.
        latest: Latest start of the earlier track, in seconds.
        prices: Price of a boundary there.
        stops: The stop of the first search; -1 for a place without one.
    """

    ends: SecondsArray
    starts: SecondsArray
    latest: SecondsArray
    prices: SecondsArray
    stops: Indices

    def __getitem__(self, index: Indices) -> "BoundaryPlaces":
        """Return the places with these indices."""
        return BoundaryPlaces(
            *(getattr(self, entry.name)[index] for entry in fields(self))
        )

    def joined(self, other: "BoundaryPlaces") -> "BoundaryPlaces":
        """Return these places and others."""
        return BoundaryPlaces(
            *(
                np.concatenate((getattr(self, entry.name), getattr(other, entry.name)))
                for entry in fields(self)
            )
        )


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """The chosen places, from the first start to the last end.

    Attributes:
        chosen: One place more than there are tracks.
        errors: By how many seconds each track is longer than at this speed, or,
            negative, shorter even with the gap after it; 0 within its range.
        speed: Length of the rip relative to the release, 1.0 being equal.
    """

    chosen: BoundaryPlaces
    errors: SecondsArray
    speed: float


def refine(
    places: BoundaryPlaces, free: BoundaryPlaces, path: Indices, lengths: Lengths
) -> Refined:
    """Choose boundaries near a path.

    Args:
        places: The stops of the first search, in their order.
        free: BoundaryPlaces without a silence, at every `FREE_STEP_S` of the file.
        path: Indices of the stops that the first search chose.
        lengths: The range of each track's length at the speed of the release.
    """
    chosen = places[path]
    speed = speed_of(chosen, lengths)
    for _ in range(ROUNDS_MAX):
        options = [
            chosen[np.array([nth])]
            if nth in {0, len(path) - 1}
            else _options(places, free, (end + start) / 2)
            for nth, (end, start) in enumerate(
                zip(chosen.ends.tolist(), chosen.starts.tolist(), strict=True)
            )
        ]
        better = _cheapest(options, lengths, speed)
        if better is None or np.array_equal(better.ends, chosen.ends):
            break
        chosen, speed = better, speed_of(better, lengths)
    return Refined(chosen, _errors(chosen, lengths, speed), speed)


def speed_of(chosen: BoundaryPlaces, lengths: Lengths) -> float:
    """Return the most likely speed, given the boundaries."""
    prices = [
        _deviation_prices(_errors(chosen, lengths, speed)).sum()
        + ((speed - 1) / SPEED_DEVIATION) ** 2 / 2
        for speed in SPEEDS.tolist()
    ]
    return float(SPEEDS[int(np.argmin(prices))])


def _options(
    places: BoundaryPlaces, free: BoundaryPlaces, middle_s: float
) -> BoundaryPlaces:
    """Return the places near a position."""
    apart = np.abs((places.ends + places.starts) / 2 - middle_s)
    near = np.flatnonzero((apart <= NEAR_S) & np.isfinite(places.prices))
    near = near[np.argsort(places.prices[near], kind="stable")[:PLACES_MAX]]
    first, last = np.searchsorted(
        free.ends, (middle_s - FREE_NEAR_S, middle_s + FREE_NEAR_S)
    ).tolist()
    return places[near].joined(free[np.arange(first, last)])


def _cheapest(
    options: list[BoundaryPlaces], lengths: Lengths, speed: float
) -> BoundaryPlaces | None:
    """Return one place of each of the options: those of the least total price.

    None if there is no order of them that leaves room for all tracks.
    """
    costs, origins = np.zeros(1), []
    for nth, (before, after) in enumerate(pairwise(options)):
        starts = before.starts[:, None]
        longer = after.ends - starts - speed * lengths.longest[nth]
        shorter = after.starts - starts - speed * lengths.shortest[nth]
        errors = np.maximum(longer, 0) + np.minimum(shorter, 0)
        totals = costs[:, None] + _deviation_prices(errors)
        totals = np.where(starts > after.latest, np.inf, totals)
        origins.append(np.argmin(totals, axis=0))
        # The ends of the side are given: their prices do not matter.
        is_last = nth == len(options) - 2
        costs = totals.min(axis=0) + (0 if is_last else after.prices)
    if not np.isfinite(costs[0]):
        return None
    indices = [0]
    for origin in reversed(origins):
        indices.append(int(origin[indices[-1]]))
    rows = [
        one[np.array([index])]
        for one, index in zip(options, reversed(indices), strict=True)
    ]
    return BoundaryPlaces(
        *(
            np.concatenate([getattr(row, entry.name) for row in rows])
            for entry in fields(BoundaryPlaces)
        )
    )


def _errors(chosen: BoundaryPlaces, lengths: Lengths, speed: float) -> SecondsArray:
    longer = chosen.ends[1:] - chosen.starts[:-1] - speed * lengths.longest
    shorter = chosen.starts[1:] - chosen.starts[:-1] - speed * lengths.shortest
    errors: SecondsArray = np.maximum(longer, 0) + np.minimum(shorter, 0)
    return errors


def _deviation_prices(errors: SecondsArray) -> SecondsArray:
    deviations = np.abs(errors) / DEVIATION_S
    prices: SecondsArray = np.where(
        deviations < LINEAR_FROM,
        deviations**2 / 2,
        LINEAR_FROM * deviations - LINEAR_FROM**2 / 2,
    )
    return prices
