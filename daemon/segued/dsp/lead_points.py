"""Find the lead points of a passage: where it may overlap with its neighbors.

Between its start and its lead-in, and between its lead-out and its end, a passage
is quiet enough to be played together with another one.

The rules are those of SPEC025 of wkmp, the ancestor project (10 s or a quarter of
the passage, 75 % of the peak). Unlike there, the threshold is a level that samples
can exceed, and a lead point that is not found has no substitute.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from segued.dsp.level_curve import WINDOW_HOPS, Energies, energy_of, window_energies
from segued.model import LevelCurve, Span
from segued.units import Dbfs, Ticks, frames_to_ticks, ticks_to_frames

__all__ = ["Leads", "find_lead_points"]

SEARCH_HOPS_MAX: Final = 1_000
"""A lead point is searched for within ten seconds of the edge..."""

SEARCH_SHARE: Final = 4
"""...and within a quarter of the passage."""

RAMP_HOPS: Final = 100
"""A passage that comes near its peak within one second has no lead-in."""

RAMP_SHARE: Final = 0.75**2
"""Three quarters of the peak's RMS, as energy."""


@dataclass(frozen=True, slots=True)
class Leads:
    """A passage's lead points, in ticks from the file's start; None if not found."""

    lead_in: Ticks | None
    lead_out: Ticks | None


def find_lead_points(
    curve: LevelCurve, span: Span, *, lead_in_level: Dbfs, lead_out_level: Dbfs
) -> Leads:
    """Return the lead points of a passage.

    The lead-in is the first 100 ms window whose RMS exceeds its level, the lead-out
    the last one, searched for backward from the end. Each is searched for in a
    quarter of the passage or ten seconds, whichever is less. A passage that
    reaches three quarters of its peak RMS within its first second has its lead-in
    at its start, and likewise at its end.

    Args:
        curve: The level curve of the whole file.
        span: The passage.
        lead_in_level: Level that the lead-in exceeds, at most 0 dBFS.
        lead_out_level: Level that the lead-out exceeds, at most 0 dBFS.

    Returns:
        `start <= lead_in <= lead_out <= end`, for those that are found.

    Raises:
        ValueError: A level is positive.
    """
    if lead_in_level > 0 or lead_out_level > 0:
        raise ValueError(
            f"levels must be at most 0 dBFS: {lead_in_level}, {lead_out_level}"
        )
    first, last = _hops_inside(curve, span)
    coarse = window_energies(curve, first, last)
    peak = float(coarse.max(initial=0.0))
    if peak <= 0:
        return Leads(None, None)
    search = max(1, min((last - first) // SEARCH_SHARE, SEARCH_HOPS_MAX))
    reach = max(search + WINDOW_HOPS - 1, RAMP_HOPS)

    head = window_energies(curve, first, min(last, first + reach), step=1)
    begins = _first_above(head, search, energy_of(lead_in_level), peak)
    tail = window_energies(curve, max(first, last - reach), last, step=1)[::-1]
    ends = _first_above(tail, search, energy_of(lead_out_level), peak)
    return Leads(
        None
        if begins is None
        else _clamp_to_span(span, curve, first, begins, span.start),
        None if ends is None else _clamp_to_span(span, curve, last, -ends, span.end),
    )


def _hops_inside(curve: LevelCurve, span: Span) -> tuple[int, int]:
    """Return the range `[first, last)` of hops wholly inside the passage."""
    first = -(-ticks_to_frames(span.start, curve.rate) // curve.hop)
    end = ticks_to_frames(span.end, curve.rate)
    # One frame of tolerance: at rates that do not divide the tick rate, both
    # conversions round down.
    at_end = end + 1 >= curve.frames
    last = len(curve.levels) if at_end else min(end // curve.hop, len(curve.levels))
    return first, last


def _first_above(
    energies: Energies, search: int, threshold: float, peak: float
) -> int | None:
    """Return the first window above the threshold; 0 if the ramp is quick."""
    ramp = energies[: RAMP_HOPS - WINDOW_HOPS + 1]
    if ramp.max(initial=0.0) >= RAMP_SHARE * peak:
        return 0
    above = np.flatnonzero(energies[:search] > threshold)
    return int(above[0]) if len(above) else None


def _clamp_to_span(
    span: Span, curve: LevelCurve, hop: int, offset: int, edge: Ticks
) -> Ticks:
    """Return the position of `hop + offset` inside `span`; `edge` if offset is 0."""
    if offset == 0:
        return edge
    position = frames_to_ticks((hop + offset) * curve.hop, curve.rate)
    return Ticks(min(max(position, span.start), span.end))
