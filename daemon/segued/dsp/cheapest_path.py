"""The cheapest way through a recording in stretches of about given lengths.

Dynamic programming, a stretch at a time and all its possible ends at once:
for each, the cheapest beginning is the least of three ranges, those that make
the stretch too long, right and too short.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "Indices",
    "Lengths",
    "SecondsArray",
    "Stops",
    "cheapest_path",
    "length_errors",
]

SecondsArray: TypeAlias = npt.NDArray[np.float64]
"""Positions in a recording, lengths and prices: all are in seconds."""

Indices: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Stops:
    """Where a stretch may end and the next begin; all of shape (stops,).

    Attributes:
        ends: Where the one ends.
        starts: Where the next begins; ascending, and not before `ends`.
        latest: Up to where the one must have begun.
        prices: What it costs to stop there.
        opening: What it costs to begin there with the first.
        closing: What it costs to end there with the last.
    """

    ends: SecondsArray
    starts: SecondsArray
    latest: SecondsArray
    prices: SecondsArray
    opening: SecondsArray
    closing: SecondsArray


@dataclass(frozen=True, slots=True, eq=False)
class Lengths:
    """How long each stretch may be without being wrong; finite."""

    shortest: SecondsArray
    longest: SecondsArray


def cheapest_path(stops: Stops, lengths: Lengths) -> Indices | None:
    """Return the way that costs least, or None when there is none.

    It costs what its stops cost, and each stretch's error, whatever its sign.

    Returns:
        Where it begins, stops, and ends: one stop more than stretches.
    """
    # Those that are early enough to begin what ends at each stop come first.
    limits = np.searchsorted(stops.starts, stops.latest, side="right")
    bounds = list(zip(lengths.shortest.tolist(), lengths.longest.tolist(), strict=True))
    arrival_costs = [stops.opening]
    for shortest, longest in bounds[:-1]:
        least = _arrival_costs(arrival_costs[-1], stops, limits, shortest, longest)
        arrival_costs.append(least + stops.prices)
    total = (
        _arrival_costs(arrival_costs[-1], stops, limits, *bounds[-1]) + stops.closing
    )
    path = [int(np.argmin(total))]
    if not np.isfinite(total[path[0]]):
        return None
    for costs, (shortest, longest) in zip(
        arrival_costs[::-1], bounds[::-1], strict=True
    ):
        begins = np.arange(limits[path[-1]])
        errors = _length_errors(stops, begins, path[-1], shortest, longest)
        path.append(int(np.argmin(costs[begins] + np.abs(errors))))
    return np.array(path[::-1], dtype=np.int64)


def length_errors(stops: Stops, path: Indices, lengths: Lengths) -> SecondsArray:
    """Return how much longer each stretch of a way is than it may be.

    Negative when it is shorter, even with the gap after it.
    """
    return _length_errors(stops, path[:-1], path[1:], lengths.shortest, lengths.longest)


def _length_errors(
    stops: Stops,
    begins: Indices,
    ends: Indices | int,
    shortest: SecondsArray | float,
    longest: SecondsArray | float,
) -> SecondsArray:
    longer = stops.ends[ends] - stops.starts[begins] - longest
    shorter = stops.starts[ends] - stops.starts[begins] - shortest
    errors: SecondsArray = np.maximum(longer, 0) + np.minimum(shorter, 0)
    return errors


def _arrival_costs(
    costs: SecondsArray, stops: Stops, limits: Indices, shortest: float, longest: float
) -> SecondsArray:
    """Return the least cost of coming to each stop by one more stretch."""
    earliest, latest = stops.ends - longest, stops.starts - shortest
    right = np.minimum(np.searchsorted(stops.starts, earliest), limits)
    short = np.minimum(np.searchsorted(stops.starts, latest), limits)
    least: SecondsArray = np.minimum.reduce(
        (
            _least_before(costs - stops.starts, right) + earliest,
            _least_between(costs, right, short),
            _least_between(costs + stops.starts, short, limits) - latest,
        )
    )
    return least


def _least_before(values: SecondsArray, lasts: Indices) -> SecondsArray:
    """Return the least value before each of `lasts`; infinity if there is none."""
    least: SecondsArray = np.concatenate(([np.inf], np.minimum.accumulate(values)))[
        lasts
    ]
    return least


def _least_between(
    values: SecondsArray, firsts: Indices, lasts: Indices
) -> SecondsArray:
    """Return the least value of each range `[first, last)`; of none, infinity."""
    # Row n has the least of the 2**n values from each on: any range is two of
    # those, which may overlap.
    rows = len(values).bit_length()
    table = np.full((rows, len(values)), np.inf)
    table[0] = values
    for row in range(1, rows):
        half = 1 << (row - 1)
        near, far = table[row - 1, :-half], table[row - 1, half:]
        np.minimum(near, far, out=table[row, :-half])
    some = np.flatnonzero(firsts < lasts)
    row_of = np.frexp(lasts[some] - firsts[some])[1] - 1
    found = np.full(len(firsts), np.inf)
    found[some] = np.minimum(
        table[row_of, firsts[some]], table[row_of, lasts[some] - (1 << row_of)]
    )
    return found
