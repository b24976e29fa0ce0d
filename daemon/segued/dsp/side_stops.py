"""The stops of the search for the tracks of a side: its boundary candidates, priced."""

from typing import Final

import numpy as np

from segued.dsp.boundary_candidates import BoundaryCandidates, BoundaryKind
from segued.dsp.cheapest_path import Indices, SecondsArray, Stops
from segued.model import LevelCurve

__all__ = ["TRACK_MIN_S", "build_stops"]

TRACK_MIN_S: Final = 1.0
"""The least length of a track; it does not depend on the expected length."""

PRICE_S: Final = 4.0
PRICES_MORE_S: Final = (0.0, 8.0, 3.0, np.inf)
"""Price of a candidate in seconds of length error: a base price by its
`BoundaryKind`, plus PRICE_S times log(1 + rivals per track)."""

GAP_S: Final = 5.0
"""In a longer silence, tracks may fade out or begin softly below the noise. So any
part of it of this length may be the gap..."""

HIDDEN_STEP_S: Final = 1.0
"""...and it is tried at every second."""

THUMP_S: Final = 0.5
"""Up to this much sound at an end of the file, if silence follows, is the needle."""

LEAD_MAX_S: Final = 30.0
LEAD_PRICE: Final = 0.5
"""Up to LEAD_MAX_S of sound before the first track, and after the last, may belong
to no track, at LEAD_PRICE per second."""


def build_stops(
    curve: LevelCurve, candidates: BoundaryCandidates, rivals_per_track: SecondsArray
) -> tuple[Indices, Stops]:
    """Return the stops, and the index of the candidate that each belongs to.

    Args:
        curve: The level curve.
        candidates: Its boundary candidates.
        rivals_per_track: Number of rivals of each candidate, per track.
    """
    hop_s = curve.hop / curve.rate
    firsts = candidates.firsts.astype(np.float64) * hop_s
    lasts = candidates.lasts.astype(np.float64) * hop_s
    end_s = float(lasts[-1])
    prices = (
        PRICE_S * np.log1p(rivals_per_track) + np.array(PRICES_MORE_S)[candidates.kinds]
    )
    opening = _lead_prices(candidates, prices, firsts, lasts)
    closing = _lead_prices(candidates, prices, end_s - lasts, end_s - firsts)

    spare = np.maximum(lasts - firsts - GAP_S, 0)
    counts = 1 + np.ceil(spare / HIDDEN_STEP_S).astype(np.int64)
    candidate_of_stop = np.repeat(np.arange(len(candidates)), counts)
    nth = np.arange(len(candidate_of_stop)) - np.repeat(
        np.cumsum(counts) - counts, counts
    )
    ends = firsts[candidate_of_stop] + np.minimum(
        nth * HIDDEN_STEP_S, spare[candidate_of_stop]
    )
    starts = ends + np.minimum(lasts - firsts, GAP_S)[candidate_of_stop]
    order = np.lexsort((ends, starts))
    candidate_of_stop = candidate_of_stop[order]
    # A track cannot begin and end in the same silence.
    columns = (firsts - TRACK_MIN_S, prices, opening, closing)
    return candidate_of_stop, Stops(
        ends[order], starts[order], *(c[candidate_of_stop] for c in columns)
    )


def _lead_prices(
    candidates: BoundaryCandidates,
    prices: SecondsArray,
    outer: SecondsArray,
    inner: SecondsArray,
) -> SecondsArray:
    """Return the price of the first start (mirrored: last end) at each candidate.

    Args:
        candidates: The boundary candidates.
        prices: Price of a boundary at each.
        outer: Seconds from this end of the file to each candidate's near edge.
        inner: Seconds from this end of the file to each candidate's far edge.
    """
    silent = candidates.kinds == BoundaryKind.SILENCE
    leading = silent & (
        (outer == 0) | ((outer <= THUMP_S) & (inner - outer >= THUMP_S))
    )
    if leading.any():
        edge = int(np.argmax(np.where(leading, candidates.strengths, -np.inf)))
    else:
        edge = int(
            np.argmin(np.where(candidates.kinds == BoundaryKind.EDGE, inner, np.inf))
        )
    skipped = outer - inner[edge]
    possible = silent & (skipped > 0) & (skipped <= LEAD_MAX_S)
    costs: SecondsArray = np.where(possible, prices + LEAD_PRICE * skipped, np.inf)
    costs[edge] = 0
    return costs
