"""Find the tracks of an album side in one file, given their lengths.

A release lists the number of tracks and their lengths, not where they begin: rips
have noise before and after the music, silences of any length between tracks and
within them, and run a little faster or slower than the release. So each boundary
candidate has a price, which grows with the number of its rivals, and so has each
second by which a track deviates from its expected length. The boundaries chosen
are those of the least total cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from segued.dsp.boundary_candidates import (
    BoundaryCandidates,
    BoundaryKind,
    find_boundary_candidates,
)
from segued.dsp.cheapest_path import (
    Indices,
    Lengths,
    SecondsArray,
    Stops,
    cheapest_path,
    length_errors,
)
from segued.model import LevelCurve, Span
from segued.units import Ticks, frames_to_ticks, seconds_to_ticks, ticks_to_seconds

__all__ = [
    "ACCEPTED_SHARE",
    "TOLERANCE",
    "Boundary",
    "BoundaryKind",
    "Fit",
    "fit_tracks",
]

TOLERANCE: Final = seconds_to_ticks(10)
"""A track matches if its length differs from the expected one by no more."""

ACCEPTED_SHARE: Final = 0.65
"""A release is accepted if this share of its tracks match."""

OUTSTANDING_RANK_MAX: Final = 4
"""A silence is evidence if it has at most this many rivals per track. Weaker ones
are so frequent that one is near any position."""

SPEED_ERROR_MAX: Final = 0.01
"""Largest speed error of turntables and tape decks, as a ratio."""

LENGTH_S: Final = 1.0
"""Databases are no more exact; length errors up to this cost nothing."""

TRACK_MIN_S: Final = 1.0
"""The least length of a track, whatever length is expected."""

UNKNOWN_S: Final = (20.0, 1e9)
"""Shortest and longest length of a track without an expected length."""

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


@dataclass(frozen=True, slots=True)
class Boundary:
    """The end of one track and the beginning of the next, and the evidence for it.

    Attributes:
        gap: From the end of one track to the beginning of the next; empty where
            they meet.
        kind: A silence, a change of the music, or the quietest spot.
        level: The threshold of a silence and the level of a spot, in dBFS; the
            change of level at a step, in dB.
        rank: Number of its rivals in this file, itself included.
    """

    gap: Span
    kind: BoundaryKind
    level: float
    rank: int

    @property
    def reason(self) -> str:
        """The evidence for it, as text."""
        match self.kind:
            case BoundaryKind.SILENCE:
                length_s = ticks_to_seconds(self.gap.length)
                return f"silence of {length_s:.2f} s below {self.level:.0f} dBFS"
            case BoundaryKind.STEP:
                return f"no silence; the music changes, {self.level:+.1f} dB"
            case _:
                return f"no silence; the quietest spot, at {self.level:.1f} dBFS"


@dataclass(frozen=True, slots=True)
class Fit:
    """The tracks of a release in a file, and how well they fit.

    Attributes:
        spans: One for each track, in order. Silence between them, before the first
            and after the last belongs to none.
        boundaries: One between each two tracks.
        length_errors: By how much each track is longer than expected at this
            speed, or, negative, shorter even with the silence after it; None
            where its length is unknown.
        matched_count: Number of tracks that match in length and lie between
            silences that are evidence, or such a silence and an end of the file.
        speed: Length of the rip relative to the release, 1.0 being equal.
    """

    spans: tuple[Span, ...]
    boundaries: tuple[Boundary, ...]
    length_errors: tuple[Ticks | None, ...]
    matched_count: int
    speed: float

    @property
    def is_accepted(self) -> bool:
        """Whether enough tracks match to accept the release."""
        return self.matched_count >= ACCEPTED_SHARE * len(self.spans)

    @property
    def total_length_error(self) -> Ticks:
        """Sum of the absolute length errors of all tracks."""
        return Ticks(sum(abs(each) for each in self.length_errors if each is not None))


def fit_tracks(curve: LevelCurve, lengths: Sequence[Ticks | None]) -> Fit | None:
    """Find the tracks of a release in a file that should hold all of them.

    Args:
        curve: The level curve of the whole file.
        lengths: Expected length of each track, in order, with or without the
            silence after it; None where it is unknown. At least one.

    Returns:
        The best fit, which may be bad: check `Fit.is_accepted`. None when the file
        is too short or too silent for so many tracks.

    Raises:
        ValueError: `lengths` is empty.
    """
    if not lengths:
        raise ValueError("a release has at least one track")
    candidates = find_boundary_candidates(curve)
    ranks = candidates.ranks()
    candidate_of_stop, stops = _build_stops(curve, candidates, ranks / len(lengths))
    path = cheapest_path(stops, _length_bounds(lengths, 1.0, LENGTH_S))
    if path is None:
        return None
    speed = _rip_speed(
        length_errors(stops, path, _length_bounds(lengths, 1.0)), lengths
    )
    # With other lengths there may be no path: then the first one stays.
    better_path = cheapest_path(stops, _length_bounds(lengths, speed, LENGTH_S))
    path = path if better_path is None else better_path
    errors = tuple(
        None if length is None else seconds_to_ticks(error)
        for length, error in zip(
            lengths,
            length_errors(stops, path, _length_bounds(lengths, speed)).tolist(),
            strict=True,
        )
    )
    spans, boundaries = _cut_tracks(curve, candidates, ranks, candidate_of_stop[path])
    matched = _count_matched(boundaries, errors)
    return Fit(spans, boundaries, errors, matched, speed)


def _length_bounds(
    lengths: Sequence[Ticks | None], speed: float, tolerance_s: float = 0.0
) -> Lengths:
    """Return the range of free lengths per track, at a speed and with a tolerance."""
    bounds = [
        UNKNOWN_S
        if each is None
        else (
            speed * ticks_to_seconds(each) - tolerance_s,
            speed * ticks_to_seconds(each) + tolerance_s,
        )
        for each in lengths
    ]
    shortest, longest = np.array(bounds).T
    return Lengths(shortest, longest)


def _build_stops(
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


def _rip_speed(errors: SecondsArray, lengths: Sequence[Ticks | None]) -> float:
    """Return the length ratio of rip to release, from tracks within `TOLERANCE`."""
    near = [
        (error, ticks_to_seconds(length))
        for error, length in zip(errors.tolist(), lengths, strict=True)
        if length is not None and abs(error) <= ticks_to_seconds(TOLERANCE)
    ]
    expected = sum(length for _, length in near)
    longer = sum(error for error, _ in near) / expected if expected else 0.0
    return 1.0 + min(SPEED_ERROR_MAX, max(-SPEED_ERROR_MAX, longer))


def _cut_tracks(
    curve: LevelCurve, candidates: BoundaryCandidates, ranks: Indices, chosen: Indices
) -> tuple[tuple[Span, ...], tuple[Boundary, ...]]:
    """Return the tracks between the chosen candidates, and the inner boundaries."""

    def tick(hop: int) -> Ticks:
        return frames_to_ticks(min(hop * curve.hop, curve.frames), curve.rate)

    columns = (
        candidates.firsts,
        candidates.lasts,
        candidates.kinds,
        candidates.levels,
        ranks,
    )
    rows = zip(*(each[chosen].tolist() for each in columns), strict=True)
    cuts = [
        Boundary(Span(tick(first), tick(last)), BoundaryKind(kind), level, rank)
        for first, last, kind, level, rank in rows
    ]
    spans = tuple(
        Span(before.gap.end, after.gap.start) for before, after in pairwise(cuts)
    )
    return spans, tuple(cuts[1:-1])


def _count_matched(
    boundaries: Sequence[Boundary], errors: Sequence[Ticks | None]
) -> int:
    """Return the number of tracks that match, see `Fit.matched_count`."""
    rank_max = OUTSTANDING_RANK_MAX * len(errors)
    is_evidence = [
        each.kind is BoundaryKind.SILENCE and each.rank <= rank_max
        for each in boundaries
    ]
    near = [each is not None and abs(each) <= TOLERANCE for each in errors]
    return sum(
        map(all, zip(near, [True, *is_evidence], [*is_evidence, True], strict=True))
    )
