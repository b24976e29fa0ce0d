"""Find the lead points of a passage: where it may overlap with its neighbors.

Between its start and its lead-in, and between its lead-out and its end, a passage
is quiet enough to be played together with another one.

The rules are those of SPEC025 of wkmp, the ancestor project (10 s or a quarter of
the passage, 75 % of the peak). Unlike there, the threshold is a level that samples
can exceed, a lead point that is not found has no substitute, and a silence does not
count: however long it is, the search begins where the sound does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from segued.dsp.level_curve import (
    ROUNDING_FACTOR,
    WINDOW_HOPS,
    Energies,
    energy_of,
    window_energies,
)
from segued.dsp.noise_silence import LevelBytes, find_silences
from segued.dsp.silence import runs_to_spans, sounding_runs
from segued.model import LevelCurve, Span
from segued.units import TICKS_PER_SECOND, Dbfs, Ticks, frames_to_ticks, ticks_to_frames

__all__ = ["LeadLevels", "Leads", "find_lead_points", "long_silences"]

SEARCH_HOPS_MAX: Final = 1_000
"""A lead point is searched for within ten seconds of the edge..."""

SEARCH_SHARE: Final = 4
"""...and within a quarter of the passage."""

RAMP_HOPS: Final = 100
"""A passage that comes near its peak within one second has no lead-in."""

RAMP_SHARE: Final = 0.75**2
"""Three quarters of the peak's RMS, as energy."""

EDGE_HOPS: Final = 2
"""A silence at an edge begins at most so many hops from it."""

LONG_SILENCE: Final = Ticks(10 * TICKS_PER_SECOND)
"""A silence inside a passage that is at least so long can be skipped: songs pause for
less, and hidden tracks follow after more."""


@dataclass(frozen=True, slots=True)
class LeadLevels:
    """RMS levels, at most 0 dBFS.

    Attributes:
        lead_in: Level that the lead-in exceeds.
        lead_out: Level that the lead-out exceeds.
        silence: Level below which there is silence.
    """

    lead_in: Dbfs
    lead_out: Dbfs
    silence: Dbfs


@dataclass(frozen=True, slots=True)
class Leads:
    """A passage's lead points, in ticks from the file's start; None if not found."""

    lead_in: Ticks | None
    lead_out: Ticks | None


def find_lead_points(curve: LevelCurve, span: Span, levels: LeadLevels) -> Leads:
    """Return the lead points of a passage.

    The lead-in is the first 100 ms window whose RMS exceeds its level, the lead-out
    the last one, searched for backward from the end. Each is searched for in a
    quarter of the passage or ten seconds, whichever is less. A passage that
    reaches three quarters of its peak RMS within its first second has its lead-in
    at its start, and likewise at its end.

    If nothing is found there, and the passage begins with silence or steady noise
    below the level, the search begins after it; if nothing is found there either,
    the lead-in is where the sound begins, because silence is not to be played. The
    same holds for its end.

    Args:
        curve: The level curve of the whole file.
        span: The passage.
        levels: The levels to find.

    Returns:
        `start <= lead_in <= lead_out <= end`, for those that are found.

    Raises:
        ValueError: A level is positive.
    """
    if max(levels.lead_in, levels.lead_out, levels.silence) > 0:
        raise ValueError(f"levels must be at most 0 dBFS: {levels}")
    first, last = _hops_inside(curve, span)
    coarse = window_energies(curve, first, last)
    peak = float(coarse.max(initial=0.0))
    if peak <= 0:
        return Leads(None, None)
    search = max(1, min((last - first) // SEARCH_SHARE, SEARCH_HOPS_MAX))
    reach = max(search + WINDOW_HOPS - 1, RAMP_HOPS)

    head = window_energies(curve, first, min(last, first + reach), step=1)
    begins = _first_above(head, search, energy_of(levels.lead_in), peak)
    tail = window_energies(curve, max(first, last - reach), last, step=1)[::-1]
    ends = _first_above(tail, search, energy_of(levels.lead_out), peak)
    if begins is None or ends is None:
        inside = np.frombuffer(curve.levels, np.uint8)[first:last]
        energies = window_energies(curve, first, last, step=1)
        if begins is None:
            begins = _first_after_silence(energies, inside, levels, peak)
        if ends is None:
            ends = _first_after_silence(
                energies[::-1],
                inside[::-1].copy(),
                replace(levels, lead_in=levels.lead_out),
                peak,
            )
    if begins is not None and ends is not None and begins + ends > last - first:
        return Leads(None, None)
    return Leads(
        None
        if begins is None
        else _clamp_to_span(span, curve, first, begins, span.start),
        None if ends is None else _clamp_to_span(span, curve, last, -ends, span.end),
    )


def long_silences(
    curve: LevelCurve, spans: Sequence[Span], silence: Dbfs
) -> list[tuple[Span, ...]]:
    """Return the silences inside passages, between sounds, that are worth skipping.

    Args:
        curve: The level curve of the whole file.
        spans: The passages.
        silence: Level below which there is silence.

    Returns:
        The silences of each passage.
    """
    if max((span.length for span in spans), default=0) < LONG_SILENCE:
        return [()] * len(spans)
    runs = sounding_runs(curve, silence=silence, silence_min=LONG_SILENCE)
    sounds = runs_to_spans(curve, runs)
    return [_gaps_inside(span, sounds) for span in spans]


def _gaps_inside(span: Span, sounds: Sequence[Span]) -> tuple[Span, ...]:
    inside = [
        Span(max(sound.start, span.start), min(sound.end, span.end))
        for sound in sounds
        if sound.end > span.start and sound.start < span.end
    ]
    return tuple(Span(before.end, after.start) for before, after in pairwise(inside))


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


def _first_after_silence(
    energies: Energies, inside: LevelBytes, levels: LeadLevels, peak: float
) -> int | None:
    """Return the first window above a level after the silence at the edge.

    Args:
        energies: Windows of the whole passage, the edge first.
        inside: Its hops, the edge first.
        levels: The level to find is that of the lead-in.
        peak: Energy of the loudest window.

    Returns:
        The window where the sound begins if that level is not reached soon after;
        None if there is no silence.
    """
    sounding = np.flatnonzero(energies >= energy_of(levels.silence) * ROUNDING_FACTOR)
    if not len(sounding):
        return None
    begin = int(sounding[0])
    for _ in range(2):
        if begin:
            left = len(energies) - begin
            search = max(1, min(left // SEARCH_SHARE, SEARCH_HOPS_MAX))
            threshold = energy_of(levels.lead_in)
            found = _first_above(energies[begin:], search, threshold, peak)
            if found is not None:
                return begin + found
        noise = _noise_hops(inside[begin:], levels.lead_in)
        begin = min(begin + noise, len(energies) - 1)
    return begin or None


def _noise_hops(levels: LevelBytes, lead: Dbfs) -> int:
    """Return the length of the steady noise below a level at the edge, in hops."""
    ends = [
        int(last)
        for found in find_silences(levels)
        if found.threshold <= lead
        for first, last in zip(found.firsts, found.lasts, strict=True)
        if first <= EDGE_HOPS
    ]
    return max(ends, default=0)


def _clamp_to_span(
    span: Span, curve: LevelCurve, hop: int, offset: int, edge: Ticks
) -> Ticks:
    """Return the position of `hop + offset` inside `span`; `edge` if offset is 0."""
    if offset == 0:
        return edge
    position = frames_to_ticks((hop + offset) * curve.hop, curve.rate)
    return Ticks(min(max(position, span.start), span.end))
