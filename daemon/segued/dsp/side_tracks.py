"""Find the tracks of an album side in one file, given their lengths.

A release lists the number of tracks and their lengths, not where they begin: rips
have noise before and after the music, silences of any length between tracks and
within them, and run a little faster or slower than the release. So each boundary
candidate has a price, which grows with the number of its rivals, and so has each
second by which a track deviates from its expected length. The boundaries of the least
total cost are chosen first, and then again near them (`boundary_refinement`), also
where there is no silence, by how much the music changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from segued.dsp.boundary_candidates import (
    BoundaryKind,
    find_boundary_candidates,
)
from segued.dsp.boundary_refinement import BoundaryPlaces, Refined, refine, speed_of
from segued.dsp.chance_fit import PricesOfBlocks, joint_chance
from segued.dsp.cheapest_path import (
    Indices,
    Lengths,
    SecondsArray,
    Stops,
    cheapest_path,
)
from segued.dsp.side_places import free_places, stop_places
from segued.dsp.side_stops import build_stops
from segued.dsp.spectrum_novelty import NoveltyCurve
from segued.model import LevelCurve, Span, SpectrumCurve
from segued.units import Ticks, frames_to_ticks, seconds_to_ticks, ticks_to_seconds

__all__ = [
    "ACCEPTED_CHANCE",
    "TOLERANCE",
    "Boundary",
    "BoundaryKind",
    "Fit",
    "SideSearch",
    "fit_tracks",
]

TOLERANCE: Final = seconds_to_ticks(10)
"""A track matches if its length differs from the expected one by no more."""

ACCEPTED_CHANCE: Final = 0.001
"""A release is accepted if the lengths of its tracks fit by chance in no more of a
thousand files: several releases are tried, and most of them are wrong."""

PROVING_TRACKS_MIN: Final = 3
"""Two tracks have one boundary: in too many files some place is near it."""

EVIDENCE_CHANCE: Final = 0.2
"""A boundary is evidence if a random position is as good in at most so many cases."""

LENGTH_S: Final = 1.0
"""Databases are no more exact; length errors up to this cost nothing at first."""

UNKNOWN_S: Final = (20.0, 1e9)
"""Shortest and longest length of a track without an expected length."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """The end of one track and the beginning of the next, and the evidence for it.

    Attributes:
        gap: From the end of one track to the beginning of the next; empty where
            they meet.
        kind: A silence, a change of the music, the quietest spot, or none of these.
        level: The threshold of a silence and the level of a spot, in dBFS; the
            change of level at a step, in dB; without any of these, the change of the
            music's spectrum, 1 being usual at a boundary, and 0 if it is unknown.
        chance: Probability that a random position is as good.
    """

    gap: Span
    kind: BoundaryKind
    level: float
    chance: float

    @property
    def reason(self) -> str:
        """The evidence for it, as text."""
        match self.kind:
            case BoundaryKind.SILENCE:
                length_s = ticks_to_seconds(self.gap.length)
                return f"silence of {length_s:.2f} s below {self.level:.0f} dBFS"
            case BoundaryKind.STEP:
                return f"no silence; the music changes, {self.level:+.1f} dB"
            case BoundaryKind.SPOT:
                return f"no silence; the quietest spot, at {self.level:.1f} dBFS"
            case _ if self.level > 0:
                return f"no silence; the notes change, {self.level:.0%} of the usual"
            case _:
                return "no silence; the expected place"


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
            boundaries that are evidence, or such a boundary and an end of the file.
        speed: Length of the rip relative to the release, 1.0 being equal.
        chance: Probability that lengths of as many tracks fit as well by chance.
    """

    spans: tuple[Span, ...]
    boundaries: tuple[Boundary, ...]
    length_errors: tuple[Ticks | None, ...]
    matched_count: int
    speed: float
    chance: float

    @property
    def is_accepted(self) -> bool:
        """Whether the lengths alone are enough to accept the release."""
        many = len(self.spans) >= PROVING_TRACKS_MIN
        return many and self.chance <= ACCEPTED_CHANCE

    @property
    def total_length_error(self) -> Ticks:
        """Sum of the absolute length errors of all tracks."""
        return Ticks(sum(abs(each) for each in self.length_errors if each is not None))


class SideSearch:
    """Searches one file for the tracks of any number of releases."""

    def __init__(self, curve: LevelCurve, spectrum: SpectrumCurve | None) -> None:
        """Prepare the search.

        Args:
            curve: The level curve of the whole file.
            spectrum: Its spectrum curve; None if there is none.
        """
        self._curve: Final = curve
        self._candidates: Final = find_boundary_candidates(curve)
        self._ranks: Final = self._candidates.ranks()
        self._novelty: Final = (
            None if spectrum is None else NoveltyCurve.of(spectrum, curve.rate)
        )

    def fit(self, lengths: Sequence[Ticks | None]) -> Fit | None:
        """Find the tracks of a release in the file, which should hold all of them.

        Args:
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
        tracks, curve = len(lengths), self._curve
        rivals = self._ranks / tracks
        candidate_of_stop, stops = build_stops(curve, self._candidates, rivals)
        path = _first_path(stops, lengths)
        if path is None:
            return None
        kinds = self._candidates.kinds[candidate_of_stop]
        places = stop_places(
            stops,
            kinds,
            rivals[candidate_of_stop],
            self._novelty,
            tracks,
        )
        free = free_places(
            curve.frames / curve.rate, self._silences(), self._novelty, tracks
        )
        refined = refine(places, free, path, _length_bounds(lengths))
        chances = self._chances(kinds, places.joined(free), refined, lengths)
        spans, boundaries = self._cut(refined, candidate_of_stop, chances)
        errors = tuple(
            None if length is None else seconds_to_ticks(error)
            for length, error in zip(lengths, refined.errors.tolist(), strict=True)
        )
        matched = _count_matched(boundaries, errors)
        chance = joint_chance(chances)
        return Fit(spans, boundaries, errors, matched, refined.speed, chance)

    def _silences(self) -> tuple[SecondsArray, SecondsArray]:
        """Return where the silences begin and end, in seconds."""
        silent = self._candidates.kinds == BoundaryKind.SILENCE
        hop_s = self._curve.hop / self._curve.rate
        return (
            self._candidates.firsts[silent] * hop_s,
            self._candidates.lasts[silent] * hop_s,
        )

    def _chances(
        self,
        kinds: Indices,
        everywhere: BoundaryPlaces,
        refined: Refined,
        lengths: Sequence[Ticks | None],
    ) -> list[float]:
        """Return the chance of each inner boundary.

        It is expected where the tracks beside it have their lengths: the greater of
        their errors is its deviation. Beside tracks of unknown length it is expected
        nowhere. A silence is compared with silences, and any other place with those.

        Args:
            kinds: The `BoundaryKind` of each stop.
            everywhere: All places of the file.
            refined: The chosen places.
            lengths: Expected length of each track.
        """
        length_s = self._curve.frames / self._curve.rate
        silent = kinds[everywhere.stops] == BoundaryKind.SILENCE
        silent &= everywhere.stops >= 0
        blocks = [
            PricesOfBlocks.of(length_s, everywhere[np.flatnonzero(each)])
            for each in (~silent, silent)
        ]
        errors = [
            None if length is None else abs(error)
            for length, error in zip(lengths, refined.errors.tolist(), strict=True)
        ]
        found = []
        for stop, price, beside in zip(
            refined.chosen.stops[1:-1].tolist(),
            refined.chosen.prices[1:-1].tolist(),
            pairwise(errors),
            strict=True,
        ):
            known = [each for each in beside if each is not None]
            is_silent = stop >= 0 and int(kinds[stop]) == BoundaryKind.SILENCE
            found.append(blocks[is_silent].chance(price, max(known)) if known else 1.0)
        return found

    def _cut(
        self, refined: Refined, candidate_of_stop: Indices, chances: Sequence[float]
    ) -> tuple[tuple[Span, ...], tuple[Boundary, ...]]:
        """Return the tracks between the chosen places, and the inner boundaries."""
        chosen = refined.chosen
        cuts = [
            self._boundary(
                end,
                -1 if stop < 0 else int(candidate_of_stop[stop]),
                chance,
                len(chances) + 1,
            )
            for end, stop, chance in zip(
                chosen.ends.tolist(),
                chosen.stops.tolist(),
                (0.0, *chances, 0.0),
                strict=True,
            )
        ]
        spans = tuple(
            Span(before.gap.end, after.gap.start) for before, after in pairwise(cuts)
        )
        return spans, tuple(cuts[1:-1])

    def _boundary(
        self, at_s: float, candidate: int, chance: float, tracks: int
    ) -> Boundary:
        """Return the boundary at a candidate, or, if that is -1, at a position."""
        if candidate < 0:
            at = self._tick(round(at_s * self._curve.rate / self._curve.hop))
            level = 0.0
            if self._novelty is not None:
                level = float(self._novelty.at(np.array(at_s), tracks))
            return Boundary(Span(at, at), BoundaryKind.FREE, level, chance)
        found = self._candidates
        gap = Span(
            self._tick(int(found.firsts[candidate])),
            self._tick(int(found.lasts[candidate])),
        )
        kind = BoundaryKind(int(found.kinds[candidate]))
        return Boundary(gap, kind, float(found.levels[candidate]), chance)

    def _tick(self, hop: int) -> Ticks:
        curve = self._curve
        return frames_to_ticks(min(hop * curve.hop, curve.frames), curve.rate)


def fit_tracks(
    curve: LevelCurve,
    lengths: Sequence[Ticks | None],
    spectrum: SpectrumCurve | None = None,
) -> Fit | None:
    """Find the tracks of one release in a file, see `SideSearch.fit`."""
    return SideSearch(curve, spectrum).fit(lengths)


def _first_path(stops: Stops, lengths: Sequence[Ticks | None]) -> Indices | None:
    """Return the stops of least total cost, at the speed of the rip."""
    path = cheapest_path(stops, _length_bounds(lengths, LENGTH_S))
    if path is None:
        return None
    chosen = BoundaryPlaces(
        stops.ends[path],
        stops.starts[path],
        stops.latest[path],
        stops.prices[path],
        path,
    )
    speed = speed_of(chosen, _length_bounds(lengths))
    # With other lengths there may be no path: then the first one stays.
    better = cheapest_path(stops, _length_bounds(lengths, LENGTH_S, speed))
    return path if better is None else better


def _length_bounds(
    lengths: Sequence[Ticks | None], tolerance_s: float = 0.0, speed: float = 1.0
) -> Lengths:
    """Return the range of free lengths per track, with a tolerance and at a speed."""
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


def _count_matched(
    boundaries: Sequence[Boundary], errors: Sequence[Ticks | None]
) -> int:
    """Return the number of tracks that match, see `Fit.matched_count`."""
    is_evidence = [each.chance <= EVIDENCE_CHANCE for each in boundaries]
    near = [each is not None and abs(each) <= TOLERANCE for each in errors]
    return sum(
        map(all, zip(near, [True, *is_evidence], [*is_evidence, True], strict=True))
    )
