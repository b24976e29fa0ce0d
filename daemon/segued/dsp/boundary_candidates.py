"""Find every position where one track could end and the next begin.

The candidates are a recording's silences and, for tracks that meet without one,
its quietest spots and the steps at which the music changes. `side_tracks` chooses
among them; this module only ranks how far each stands out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.dsp.level_curve import WINDOW_HOPS, Energies, window_energies
from segued.dsp.noise_silence import Hops, LevelBytes, find_silences
from segued.model import LevelCurve

__all__ = ["BoundaryCandidates", "BoundaryKind", "find_boundary_candidates"]

Decibels: TypeAlias = npt.NDArray[np.float64]
"""Levels or level differences in dB; one-dimensional."""

WINDOWS_PER_SECOND: Final = 100 // WINDOW_HOPS
BLOCK_WINDOWS: Final = 2 * WINDOWS_PER_SECOND
"""The quietest spot and the greatest step of every two seconds are candidates."""

SHORTEST_HOPS: Final = 5
LONGEST_HOPS: Final = 500
"""A silence's strength grows with its length, up to five seconds."""

AROUND_WINDOWS: Final = 10 * WINDOWS_PER_SECOND
STRENGTH_MIN: Final = 10.0
SILENCES_MAX: Final = 6_000

SPOT_WINDOWS: Final = 5
SIDE_WINDOWS: Final = 2 * WINDOWS_PER_SECOND
"""A spot or a step is compared with the two seconds before and after it."""

PAUSE_HOPS: Final = 40
PAUSE_STRENGTH: Final = 80.0
"""Beside a silence longer or stronger than this, a step is not evidence: the music
always changes there."""

QUIETEST_LEVEL: Final = 124
"""Level byte of -62 dBFS; differences below it do not count as a change of music."""

VARIANCE_MIN: Final = 1.0
"""In dB²; the level of all music varies at least this much."""

RIVAL_SHARE: Final = 0.7
"""A candidate rivals another if it has at least this share of its strength."""


class BoundaryKind(IntEnum):
    """The reason why a track could end at a place; FREE is none of the candidates."""

    SILENCE = 0
    SPOT = 1
    STEP = 2
    EDGE = 3
    FREE = 4


@dataclass(frozen=True, slots=True, eq=False)
class BoundaryCandidates:
    """Candidates as parallel arrays of shape (candidates,).

    Attributes:
        firsts: Hop at which the earlier track ends.
        lasts: Hop at which the later track begins; equal to `firsts` without a gap.
        kinds: Values of `BoundaryKind`, int64.
        levels: The threshold of a silence and the level of a spot, in dBFS; the
            change of level at a step, in dB.
        strengths: How far each stands out from its surroundings; comparable only
            within a kind.
    """

    firsts: Hops
    lasts: Hops
    kinds: Hops
    levels: Decibels
    strengths: Decibels

    @classmethod
    def of_kind(
        cls,
        kind: BoundaryKind,
        firsts: Hops,
        lasts: Hops,
        levels: Decibels | float,
        strengths: Decibels,
    ) -> "BoundaryCandidates":
        """Return candidates that are all of one kind."""
        levels = np.broadcast_to(np.float64(levels), firsts.shape)
        return cls(firsts, lasts, np.full_like(firsts, kind), levels, strengths)

    def __len__(self) -> int:
        return len(self.lasts)

    def __getitem__(
        self, index: npt.NDArray[np.intp | np.bool_]
    ) -> "BoundaryCandidates":
        """Return the candidates selected by a mask, or in the order of indices."""
        return BoundaryCandidates(
            *(getattr(self, entry.name)[index] for entry in fields(self))
        )

    def ranks(self) -> Hops:
        """Return the number of rivals of each candidate within its kind, int64.

        A candidate counts itself; rivals within the same two seconds count as one.
        An end of the file has 0.
        """
        ranks = np.zeros(len(self), dtype=np.int64)
        for kind in (BoundaryKind.SILENCE, BoundaryKind.SPOT, BoundaryKind.STEP):
            of_kind = np.flatnonzero(self.kinds == kind)
            of_kind = of_kind[np.argsort(-self.strengths[of_kind], kind="stable")]
            blocks = self.lasts[of_kind] // (BLOCK_WINDOWS * WINDOW_HOPS)
            counts = np.zeros(len(of_kind) + 1, dtype=np.int64)
            counts[np.unique(blocks, return_index=True)[1] + 1] = 1
            weakness = -self.strengths[of_kind]
            rivals = np.searchsorted(weakness, RIVAL_SHARE * weakness, side="right")
            ranks[of_kind] = np.cumsum(counts)[rivals]
        return ranks


def find_boundary_candidates(curve: LevelCurve) -> BoundaryCandidates:
    """Return the candidates of a whole file, ascending by `lasts`.

    The file's beginning comes first and its end last; silences at the ends are
    candidates as well.
    """
    levels = np.frombuffer(curve.levels, np.uint8)
    hops = len(levels)
    energies = window_energies(curve, 0, hops, step=WINDOW_HOPS)
    sums = np.concatenate(([0.0], np.cumsum(energies)))
    silences = _silence_candidates(levels, sums)
    pauses = silences.lasts - silences.firsts > PAUSE_HOPS
    pauses |= silences.strengths > PAUSE_STRENGTH
    candidates = _concatenate(
        [
            _edge_candidate(0),
            silences,
            _outside_silences(_spot_candidates(levels, sums), silences),
            _outside_silences(
                _step_candidates(levels),
                silences[pauses],
                SIDE_WINDOWS * WINDOW_HOPS,
            ),
            _edge_candidate(hops),
        ]
    )
    # Of the candidates with equal `lasts`, the end of the file sorts last.
    return candidates[np.lexsort((candidates.firsts, candidates.lasts))]


def _edge_candidate(hop: int) -> BoundaryCandidates:
    at = np.array([hop])
    return BoundaryCandidates.of_kind(BoundaryKind.EDGE, at, at, 0.0, np.zeros(1))


def _concatenate(parts: Sequence[BoundaryCandidates]) -> BoundaryCandidates:
    names = [entry.name for entry in fields(BoundaryCandidates)]
    columns = (np.concatenate([getattr(p, name) for p in parts]) for name in names)
    return BoundaryCandidates(*columns)


def _silence_candidates(levels: LevelBytes, sums: Energies) -> BoundaryCandidates:
    """Return the silences that stand out from the louder of their sides.

    The strength is the silence's depth below that side in dB, times log2 of one
    plus its length in units of 50 ms, for lengths of up to five seconds.
    """
    parts = [_edge_candidate(0)[np.zeros(1, dtype=np.bool_)]]
    for found in find_silences(levels):
        firsts, lasts = found.firsts, found.lasts
        sides = _side_levels(sums, firsts, lasts, AROUND_WINDOWS)
        depths = np.maximum(np.maximum(*sides) - found.noise, 0)
        lengths = np.minimum(lasts - firsts, LONGEST_HOPS)
        strengths = depths * np.log2(1 + lengths / SHORTEST_HOPS)
        # A silence at an end of the file need not stand out from anything.
        stands_out = (
            (strengths >= STRENGTH_MIN) | (firsts == 0) | (lasts == len(levels))
        )
        candidates = BoundaryCandidates.of_kind(
            BoundaryKind.SILENCE, firsts, lasts, found.threshold, strengths
        )
        parts.append(candidates[stands_out])
    silences = _concatenate(parts)
    return silences[np.argsort(-silences.strengths, kind="stable")[:SILENCES_MAX]]


def _spot_candidates(levels: LevelBytes, sums: Energies) -> BoundaryCandidates:
    """Return the quietest half second of every two, cut at its quietest hop.

    The strength is its depth below the quieter of its sides, in dB.
    """
    means = (sums[SPOT_WINDOWS:] - sums[:-SPOT_WINDOWS]) / SPOT_WINDOWS
    best = _best_of_blocks(-means)
    within = best[:, None] * WINDOW_HOPS + np.arange(SPOT_WINDOWS * WINDOW_HOPS)
    within = np.minimum(within, len(levels) - 1)
    hops = within[:, 0] + np.argmax(levels[within], axis=1)
    spots = _decibels(means[best])
    depths = np.minimum(*_side_levels(sums, hops, hops, SIDE_WINDOWS)) - spots
    return BoundaryCandidates.of_kind(
        BoundaryKind.SPOT, hops, hops, spots, np.maximum(depths, 0)
    )


def _step_candidates(levels: LevelBytes) -> BoundaryCandidates:
    """Return the position where the music changes most in every two seconds.

    The strength is the log-likelihood ratio of two normal distributions of the
    levels, one before and one after the step, to a common one. Music that is
    equally loud but has other notes differs in the variance.
    """
    whole = len(levels) - len(levels) % WINDOW_HOPS
    audible = np.minimum(levels[:whole], QUIETEST_LEVEL).reshape(-1, WINDOW_HOPS)
    # Sums of the bytes and of their squares are whole numbers, exact in 32 bits.
    steps = audible.astype(np.float32)
    sums = np.cumsum(steps.sum(axis=1), dtype=np.float64)
    totals = np.cumsum(np.vecdot(steps, steps), dtype=np.float64)
    values = -LevelCurve.STEP_DB * np.concatenate(([0.0], sums))
    squares = LevelCurve.STEP_DB**2 * np.concatenate(([0.0], totals))

    sides = []
    count = max(0, len(values) - 2 * SIDE_WINDOWS)
    for first, last in ((0, 1), (1, 2), (0, 2)):
        begin, end = (
            slice(nth * SIDE_WINDOWS, nth * SIDE_WINDOWS + count)
            for nth in (first, last)
        )
        hops = (last - first) * SIDE_WINDOWS * WINDOW_HOPS
        mean = (values[end] - values[begin]) / hops
        variance = (squares[end] - squares[begin]) / hops - mean**2
        sides.append((mean, np.log(np.maximum(variance, 0) + VARIANCE_MIN)))
    (mean_before, one), (mean_after, other), (_, both) = sides
    changes = both / 2 - (one + other) / 4

    best = _best_of_blocks(changes)
    at = (SIDE_WINDOWS + best) * WINDOW_HOPS
    by = (mean_after - mean_before)[best]
    return BoundaryCandidates.of_kind(BoundaryKind.STEP, at, at, by, changes[best])


def _best_of_blocks(values: Energies) -> Hops:
    """Return the index of the greatest value in every two seconds of windows."""
    blocks = -(-len(values) // BLOCK_WINDOWS)
    padded = np.full(blocks * BLOCK_WINDOWS, -np.inf)
    padded[: len(values)] = values
    best = np.argmax(padded.reshape(blocks, BLOCK_WINDOWS), axis=1)
    found: Hops = np.arange(blocks) * BLOCK_WINDOWS + best
    return found


def _side_levels(
    sums: Energies, firsts: Hops, lasts: Hops, reach: int
) -> tuple[Decibels, Decibels]:
    """Return the levels of `reach` windows before and after the hop ranges."""
    ends = firsts // WINDOW_HOPS
    starts = np.minimum(-(-lasts // WINDOW_HOPS), len(sums) - 1)
    return (
        _level(sums, np.maximum(ends - reach, 0), ends),
        _level(sums, starts, np.minimum(starts + reach, len(sums) - 1)),
    )


def _level(sums: Energies, firsts: Hops, lasts: Hops) -> Decibels:
    return _decibels((sums[lasts] - sums[firsts]) / np.maximum(lasts - firsts, 1))


def _decibels(energies: Energies) -> Decibels:
    decibels: Decibels = 10 * np.log10(np.maximum(energies, 1e-13))
    return decibels


def _outside_silences(
    candidates: BoundaryCandidates,
    silences: BoundaryCandidates,
    margin: int = 0,
) -> BoundaryCandidates:
    """Return the candidates that are not within `margin` hops of a silence."""
    begins = np.sort(silences.firsts - margin)
    ends = np.sort(silences.lasts + margin)
    begun = np.searchsorted(begins, candidates.firsts, side="right")
    ended = np.searchsorted(ends, candidates.firsts, side="right")
    return candidates[begun == ended]
