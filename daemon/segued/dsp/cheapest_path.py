"""Find the cheapest division of a recording into segments of about given lengths.

Dynamic programming, one segment at a time for all its possible ends at once. For
each end, the cheapest start is the minimum over three ranges of starts: those that
make the segment too long, right and too short. Only stops are tried that leave room for
the segments before and after them.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

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

ROOM_SHARE: Final = 0.95
ROOM_LESS_S: Final = 60.0
"""Segments on one side of a stop have at least this share of their shortest lengths,
less a minute: otherwise one of them is another one."""

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
    windows = _windows(stops, lengths)
    # The stops before a limit are early enough to start a segment ending there.
    limits = np.searchsorted(stops.starts, stops.latest, side="right")
    bounds = list(zip(lengths.shortest.tolist(), lengths.longest.tolist(), strict=True))
    arrival_costs = [stops.opening[windows[0]]]
    for nth, range_s in enumerate(bounds):
        before, at = windows[nth], windows[nth + 1]
        least = _arrival_costs(arrival_costs[-1], stops, limits, before, at, range_s)
        is_last = nth == len(bounds) - 1
        arrival_costs.append(least + (stops.closing if is_last else stops.prices)[at])
    total = arrival_costs.pop()
    if not np.isfinite(total).any():
        return None
    path = [windows[-1].start + int(np.argmin(total))]
    for costs, window, range_s in zip(
        arrival_costs[::-1], windows[-2::-1], bounds[::-1], strict=True
    ):
        begins = np.arange(window.start, min(window.stop, int(limits[path[-1]])))
        errors = _length_errors(stops, begins, path[-1], *range_s)
        cheapest = np.argmin(costs[: len(begins)] + np.abs(errors))
        path.append(window.start + int(cheapest))
    return np.array(path[::-1], dtype=np.int64)


def _windows(stops: Stops, lengths: Lengths) -> list[slice]:
    """Return for each place in the order of the segments the stops that leave room."""
    least = np.concatenate(([0.0], np.cumsum(ROOM_SHARE * lengths.shortest)))
    earliest = least - ROOM_LESS_S
    latest = stops.starts[-1] - (least[-1] - least) + ROOM_LESS_S
    firsts = np.searchsorted(stops.starts, earliest)
    lasts = np.searchsorted(stops.starts, latest, side="right")
    return [
        slice(first, max(first, last))
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
    ]


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


def _arrival_costs(  # noqa: PLR0913, PLR0917
    costs: SecondsArray,
    stops: Stops,
    limits: Indices,
    before: slice,
    at: slice,
    range_s: tuple[float, float],
) -> SecondsArray:
    """Return the least cost of reaching each stop of a window with one more segment.

    Args:
        costs: The least cost of each stop of the window before.
        stops: All stops.
        limits: For each, how many stops are early enough to start its segment.
        before: The window before.
        at: The window.
        range_s: The shortest and the longest length of the segment.
    """
    shortest, longest = range_s
    starts = stops.starts[before]
    limit = np.clip(limits[at] - before.start, 0, len(starts))
    earliest, latest = stops.ends[at] - longest, stops.starts[at] - shortest
    right = np.minimum(np.searchsorted(starts, earliest), limit)
    short = np.minimum(np.searchsorted(starts, latest), limit)
    least: SecondsArray = np.minimum.reduce(
        (
            _least_before(costs - starts, right) + earliest,
            _least_between(costs, right, short),
            _least_between(costs + starts, short, limit) - latest,
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
    filled = np.flatnonzero(firsts < lasts)
    found = np.full(len(firsts), np.inf)
    if not len(filled):
        return found
    # A sparse table: row n has the minimum of the 2**n values from each index on.
    # Two of those, which may overlap, cover any range.
    counts = lasts[filled] - firsts[filled]
    row_of = np.frexp(counts)[1] - 1
    rows = int(row_of.max()) + 1
    table = np.full((rows, len(values)), np.inf)
    table[0] = values
    for row in range(1, rows):
        half = 1 << (row - 1)
        near, far = table[row - 1, :-half], table[row - 1, half:]
        np.minimum(near, far, out=table[row, :-half])
    found[filled] = np.minimum(
        table[row_of, firsts[filled]], table[row_of, lasts[filled] - (1 << row_of)]
    )
    return found
