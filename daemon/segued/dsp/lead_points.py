"""Where a passage may overlap with its neighbours: the lead points.

Between a passage's start and its lead-in, and between its lead-out and its
end, it is quiet enough to be played together with another one.

Source: WKMP SPEC025; unlike its ancestor's, the threshold is a level that
samples can exceed, and a point that is not found is not made up.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from segued.dsp.level_curve import WINDOW_HOPS, Energies, energy_of, window_energies
from segued.model import LevelCurve, Span
from segued.units import Dbfs, Ticks, frames_to_ticks, ticks_to_frames

__all__ = ["Leads", "find_lead_points"]

SEARCH_HOPS_MAX: Final = 1_000
"""A lead point is looked for in ten seconds at most..."""

SEARCH_SHARE: Final = 4
"""...and in a quarter of the passage."""

RAMP_HOPS: Final = 100
"""What is near its peak within a second has no lead-in at all."""

RAMP_SHARE: Final = 0.75**2
"""Three quarters of the peak's RMS, as energy."""


@dataclass(frozen=True, slots=True)
class Leads:
    """A passage's lead points, from the file's start; None where none is."""

    lead_in: Ticks | None
    lead_out: Ticks | None


def find_lead_points(
    curve: LevelCurve, span: Span, *, lead_in_level: Dbfs, lead_out_level: Dbfs
) -> Leads:
    """Return the lead points of a passage.

    The lead-in is where the RMS of 100 ms first exceeds its level, the
    lead-out where it last does, found backward from the end. Each is looked
    for in a quarter of the passage or ten seconds, whichever is less. A
    passage that comes to three quarters of its peak RMS within its first
    second has its lead-in at its start, and likewise at its end.

    Args:
        curve: The level curve of the whole file.
        span: The passage.
        lead_in_level: Level that the lead-in exceeds, at most 0.
        lead_out_level: Level that the lead-out exceeds, at most 0.

    Returns:
        `start <= lead_in <= lead_out <= end`, as far as they are found.

    Raises:
        ValueError: A level is positive.
    """
    if lead_in_level > 0 or lead_out_level > 0:
        raise ValueError(
            f"levels are in dBFS, at most 0: {lead_in_level}, {lead_out_level}"
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
    """Return the hops that lie wholly inside the passage."""
    first = -(-ticks_to_frames(span.start, curve.rate) // curve.hop)
    end = ticks_to_frames(span.end, curve.rate)
    # One frame of grace: at odd rates a tick rounds down, and so does a frame.
    at_end = end + 1 >= curve.frames
    last = len(curve.levels) if at_end else min(end // curve.hop, len(curve.levels))
    return first, last


def _first_above(
    energies: Energies, search: int, threshold: float, peak: float
) -> int | None:
    """Return the first window above the threshold; 0 after a quick ramp."""
    ramp = energies[: RAMP_HOPS - WINDOW_HOPS + 1]
    if ramp.max(initial=0.0) >= RAMP_SHARE * peak:
        return 0
    above = np.flatnonzero(energies[:search] > threshold)
    return int(above[0]) if len(above) else None


def _clamp_to_span(
    span: Span, curve: LevelCurve, hop: int, offset: int, edge: Ticks
) -> Ticks:
    """Return a hop's position; the passage's own edge where there is no offset."""
    if offset == 0:
        return edge
    position = frames_to_ticks((hop + offset) * curve.hop, curve.rate)
    return Ticks(min(max(position, span.start), span.end))
