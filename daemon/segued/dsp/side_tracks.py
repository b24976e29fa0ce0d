"""The tracks of an album side in one file, when their lengths are known.

A release says how many tracks there are and how long each is, not where they
begin: rips have noise before the music and after it, silences of any length
between tracks and within, and turn a little faster or slower than the
release. So each place where a track could end has a price, the higher the
more places stand out as much, and so has each second by which a track is
longer or shorter than it should be. The boundaries are those that cost least
together.
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
"""A track matches if its length is that near to the expected one."""

ACCEPTED_SHARE: Final = 0.65
"""A release is accepted if this share of its tracks match."""

OUTSTANDING_RANK_MAX: Final = 4
"""A silence is evidence if, for each track, no more places than this stand out
as much. Of weaker ones there are so many that one lies wherever it is wanted."""

SPEED_ERROR_MAX: Final = 0.01
"""How far turntables and tape decks are off."""

LENGTH_S: Final = 1.0
"""Databases are no more exact; nothing is paid for an error up to this."""

TRACK_MIN_S: Final = 1.0
"""No track is shorter than this, however short it should be."""

UNKNOWN_S: Final = (20.0, 1e9)
"""What a track may last that nobody knows the length of."""

PRICE_S: Final = 4.0
PRICES_MORE_S: Final = (0.0, 8.0, 3.0, np.inf)
"""What places cost, in seconds of error: at first hand by their kind, and
PRICE_S more for each time that the number of their equals is multiplied by e."""

GAP_S: Final = 5.0
"""In a longer silence, tracks may be hidden that fade out, or begin softly,
below the noise. So any part of it that is as long as this may be the gap..."""

HIDDEN_STEP_S: Final = 1.0
"""...and it is tried at every second."""

THUMP_S: Final = 0.5
"""So much sound at an end of the file is the needle's, if silence follows."""

LEAD_MAX_S: Final = 30.0
LEAD_PRICE: Final = 0.5
"""So much sound before the first track, and after the last, may belong to
neither, and a second of it costs this."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where one track ends and the next begins, and what speaks for it.

    Attributes:
        gap: From the end of the one to the beginning of the next; empty
            where they meet.
        kind: A silence, a change of the music, or the quietest spot.
        level: The threshold of a silence and the level of a spot, in dBFS; by
            how many decibels the level changes at a step.
        rank: How many places of its kind stand out as much in this file.
    """

    gap: Span
    kind: BoundaryKind
    level: float
    rank: int

    @property
    def reason(self) -> str:
        """What speaks for it, in words."""
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
        spans: One for each track, in order. What is silent between them, and
            before the first and after the last, belongs to none.
        boundaries: One between each two tracks.
        length_errors: By how much each track is longer than it should be at this
            speed, or, negative, shorter even with the silence after it; None
            where its length is not known.
        matched_count: How many tracks match in length and lie between silences that
            are evidence, or a silence and an end of the file.
        speed: How long the rip takes, 1.0 being as long as the release.
    """

    spans: tuple[Span, ...]
    boundaries: tuple[Boundary, ...]
    length_errors: tuple[Ticks | None, ...]
    matched_count: int
    speed: float

    @property
    def is_accepted(self) -> bool:
        """Whether enough tracks match for the release to be this one."""
        return self.matched_count >= ACCEPTED_SHARE * len(self.spans)

    @property
    def total_length_error(self) -> Ticks:
        """The errors of all tracks, whatever their sign, in sum."""
        return Ticks(sum(abs(each) for each in self.length_errors if each is not None))


def fit_tracks(curve: LevelCurve, lengths: Sequence[Ticks | None]) -> Fit | None:
    """Find the tracks of a release in a file that should hold all of them.

    Args:
        curve: The level curve of the whole file.
        lengths: How long each track is said to be, in order, with or without
            the silence after it; None where nobody knows. At least one.

    Returns:
        The best there is; whether it is any good is for `Fit.is_accepted` to
        say. None when the file is too short or too silent for so many tracks.

    Raises:
        ValueError: No track is expected.
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
    # Whether there is a way does not depend on the speed.
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
    """Return the lengths that tracks may have."""
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
    """Return where tracks may end, and of which place each of that is.

    Args:
        curve: The level curve.
        candidates: The places it has.
        rivals_per_track: For each place, how many stand out as much, per track.
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
    """Return what it costs to begin at each place, or, mirrored, to end there.

    Args:
        candidates: The places.
        prices: What it costs to stop there.
        outer: From the end of the file to where each begins.
        inner: From there to where it ends.
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
    """Return how much longer the tracks are that are about as long as expected."""
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
    """Return the tracks between the chosen places, and what is between those."""

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
    """Return how many tracks match."""
    rank_max = OUTSTANDING_RANK_MAX * len(errors)
    is_evidence = [
        each.kind is BoundaryKind.SILENCE and each.rank <= rank_max
        for each in boundaries
    ]
    near = [each is not None and abs(each) <= TOLERANCE for each in errors]
    return sum(
        map(all, zip(near, [True, *is_evidence], [*is_evidence, True], strict=True))
    )
