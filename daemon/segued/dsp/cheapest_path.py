"""Find the cheapest division of a recording into segments of about given lengths.

Dynamic programming, one segment at a time for all its possible ends at once. For
each end, the cheapest start is the minimum over three ranges of starts: those that
make the segment too long, right and too short.
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
"""Positions in a recording, lengths and prices, all in seconds."""

Indices: TypeAlias = npt.NDArray[np.int64]
"""Indices of stops."""


@dataclass(frozen=True, slots=True, eq=False)
class Stops:
    """Positions where a segment may end and the next begin; arrays of shape (stops,).

    Attributes:
        ends: End of the earlier segment.
        starts: Start of the next segment; ascending, and not before `ends`.
        latest: Latest start of the earlier segment.
        prices: Price of a boundary at this stop.
        opening: Price of the first segment's start at this stop.
        closing: Price of the last segment's end at this stop.
    """

    ends: SecondsArray
    starts: SecondsArray
    latest: SecondsArray
    prices: SecondsArray
    opening: SecondsArray
    closing: SecondsArray


@dataclass(frozen=True, slots=True, eq=False)
class Lengths:
    """Range of lengths that each segment may have at no price.

    Finite, in seconds; arrays of shape (segments,).
    """

    shortest: SecondsArray
    longest: SecondsArray


def cheapest_path(stops: Stops, lengths: Lengths) -> Indices | None:
    """Return the path of least cost, or None when there is none.

    The cost is the sum of the stops' prices and the segments' absolute errors.

    Returns:
        Indices of the stops from the first start to the last end, int64, shape
        (segments + 1,).
    """
    # The stops before a limit are early enough to start a segment ending there.
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
    """Return by how many seconds each segment of a path exceeds its range.

    Negative for a segment that is too short even with the gap after it; shape
    (segments,).
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
    """Return the least cost of reaching each stop with one more segment."""
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
    """Return the least value of each range `[first, last)`; infinity if empty."""
    # A sparse table: row n has the minimum of the 2**n values from each index on.
    # Two of those, which may overlap, cover any range.
    rows = len(values).bit_length()
    table = np.full((rows, len(values)), np.inf)
    table[0] = values
    for row in range(1, rows):
        half = 1 << (row - 1)
        near, far = table[row - 1, :-half], table[row - 1, half:]
        np.minimum(near, far, out=table[row, :-half])
    filled = np.flatnonzero(firsts < lasts)
    row_of = np.frexp(lasts[filled] - firsts[filled])[1] - 1
    found = np.full(len(firsts), np.inf)
    found[filled] = np.minimum(
        table[row_of, firsts[filled]], table[row_of, lasts[filled] - (1 << row_of)]
    )
    return found
