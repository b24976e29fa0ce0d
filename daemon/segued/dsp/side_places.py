"""The places where a boundary of a side may be, with prices as likelihoods."""

from typing import Final

import numpy as np

from segued.dsp.boundary_refinement import FREE_STEP_S, BoundaryPlaces
from segued.dsp.cheapest_path import Indices, SecondsArray, Stops
from segued.dsp.side_stops import TRACK_MIN_S
from segued.dsp.spectrum_novelty import NoveltyCurve

__all__ = ["free_places", "stop_places"]

RIVALS_PRICE: Final = 2.0
KIND_PRICES: Final = (0.0, 5.0, 4.0, np.inf)
KIND_PRICES_BY_LEVEL: Final = (0.0, 3.0, 1.0, np.inf)
"""Price of a candidate by its `BoundaryKind`, in addition to RIVALS_PRICE times the
logarithm of one plus its rivals per track. A change of level says more where the
spectrum is unknown."""

FREE_PRICE: Final = 7.5
FREE_PRICE_BY_LEVEL: Final = 10.0
"""Price of a place without a silence."""

SOUND_MIN_S: Final = 0.1
"""A place without a silence is at least this long after a silence: that of the boundary
before it, of which a track has to remain."""

NOVELTY_PRICE: Final = 10.0
"""A place where the music changes as much as at the boundaries is so much cheaper than
one where it does not change."""

POSITIONS: Final = 8
"""The greatest of so many positions in a silence counts..."""

MARGIN_S: Final = 0.5
"""...from so long before it to so long after it."""


def stop_places(
    stops: Stops,
    kinds: Indices,
    rivals_per_track: SecondsArray,
    novelty: NoveltyCurve | None,
    tracks: int,
) -> BoundaryPlaces:
    """Return the stops of the first search as places.

    Args:
        stops: The stops.
        kinds: The `BoundaryKind` of each; shape (stops,).
        rivals_per_track: Number of rivals of each, per track; shape (stops,).
        novelty: How much the music changes; None if that is unknown.
        tracks: The number of tracks.
    """
    kind_prices = KIND_PRICES_BY_LEVEL if novelty is None else KIND_PRICES
    prices = RIVALS_PRICE * np.log1p(rivals_per_track) + np.array(kind_prices)[kinds]
    if novelty is not None:
        shares = np.linspace(0, 1, POSITIONS)
        within = (stops.starts - stops.ends + 2 * MARGIN_S)[:, None] * shares
        positions = stops.ends[:, None] - MARGIN_S + within
        changes = novelty.at(positions, tracks).max(axis=1)
        prices = prices + NOVELTY_PRICE * (0.5 - changes)
    indices = np.arange(len(stops.ends))
    return BoundaryPlaces(stops.ends, stops.starts, stops.latest, prices, indices)


def free_places(
    length_s: float,
    silences: tuple[SecondsArray, SecondsArray],
    novelty: NoveltyCurve | None,
    tracks: int,
) -> BoundaryPlaces:
    """Return places at every quarter of a second, except in silences.

    Args:
        length_s: Length of the file in seconds.
        silences: Where its silences begin and end, in seconds; disjoint.
        novelty: How much the music changes; None if that is unknown.
        tracks: The number of tracks.
    """
    positions = np.arange(FREE_STEP_S, length_s, FREE_STEP_S)
    firsts, lasts = (np.sort(each) for each in silences)
    begun = np.searchsorted(firsts, positions, side="right")
    ended = np.searchsorted(lasts + SOUND_MIN_S, positions, side="right")
    positions = positions[begun == ended]
    free_price = FREE_PRICE_BY_LEVEL if novelty is None else FREE_PRICE
    prices = np.full(len(positions), free_price)
    if novelty is not None:
        prices += NOVELTY_PRICE * (0.5 - novelty.at(positions, tracks))
    latest = positions - TRACK_MIN_S
    stops = np.full(len(positions), -1)
    return BoundaryPlaces(positions, positions, latest, prices, stops)
