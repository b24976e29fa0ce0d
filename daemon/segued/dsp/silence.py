"""Split a level curve into sounding runs at its silences."""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.dsp.level_curve import (
    ROUNDING_FACTOR,
    STEP_HOPS,
    energy_of,
    loud_hops,
    window_energies,
)
from segued.model import LevelCurve, Span
from segued.units import Dbfs, Ticks, frames_to_ticks

__all__ = ["Runs", "join_short_runs", "runs_to_spans", "sound_length", "sounding_runs"]

Runs: TypeAlias = npt.NDArray[np.int64]
"""Half-open `[first, last)` hop ranges; shape (runs, 2), ascending, disjoint."""

EDGE_HOPS: Final = 2
"""A silence begins and ends inside a hop that is not silent, so it is up to this
much longer than its whole hops."""


def sounding_runs(curve: LevelCurve, *, silence: Dbfs, silence_min: Ticks) -> Runs:
    """Split a curve into sounding runs, cutting at long silences.

    A silence is a sequence of 100 ms windows, one every 50 ms, with an RMS below
    `silence`, extended by the adjacent hops below that level. It cuts only if it
    lasts `silence_min`, so a breath inside a song does not end it; a shorter one
    belongs to the run around it, also at either end.

    Args:
        curve: The level curve of a whole file.
        silence: Level below which there is silence, at most 0 dBFS.
        silence_min: Length of the shortest silence that cuts.

    Returns:
        Runs, in hops. Empty, shape (0, 2), when nothing sounds.

    Raises:
        ValueError: `silence` is positive.
    """
    if silence > 0:
        raise ValueError(f"the silence level must be at most 0 dBFS: {silence}")
    quiet = _quiet_hops(curve, silence)
    edges = np.flatnonzero(np.diff(quiet, prepend=False, append=False))
    starts, ends = edges[0::2], edges[1::2]
    hop = frames_to_ticks(curve.hop, curve.rate)
    hops_min = max(1, -(-silence_min // hop) - EDGE_HOPS)
    cuts = ends - starts >= hops_min
    starts, ends = starts[cuts], ends[cuts]
    first = np.concatenate(([0], ends))
    last = np.concatenate((starts, [len(quiet)]))
    runs = np.stack((first, last), axis=1)
    return runs[first < last]


def sound_length(
    curve: LevelCurve, *, silence: Dbfs, within: Span | None = None
) -> Ticks:
    """Return the total length of the hops that are not below `silence`.

    Args:
        curve: The level curve of a whole file.
        silence: Level below which there is silence, at most 0 dBFS.
        within: Only hops that lie in this span; None for all.
    """
    loud = loud_hops(curve, silence)
    if within is not None:
        hop = frames_to_ticks(curve.hop, curve.rate)
        loud[: -(-within.start // hop)] = False
        loud[within.end // hop :] = False
    frames = int(np.count_nonzero(loud)) * curve.hop
    if len(loud) and loud[-1]:
        frames -= len(loud) * curve.hop - curve.frames
    return frames_to_ticks(frames, curve.rate)


def join_short_runs(runs: Runs, *, hops_min: int) -> Runs:
    """Return the runs with the short ones joined to a neighbor.

    A run shorter than `hops_min` hops joins the neighbor across the shorter
    silence, which becomes part of the joined run. Every run returned is long
    enough, unless it is the only one.

    Example:
        >>> runs = np.array([[0, 50], [52, 55], [60, 99]])
        >>> join_short_runs(runs, hops_min=9).tolist()
        [[0, 55], [60, 99]]
    """
    joined_runs: list[tuple[int, int]] = []
    start: int | None = None
    for number, (first, last) in enumerate(runs.tolist()):
        start = first if start is None else start
        before = start - joined_runs[-1][1] if joined_runs else None
        after = runs[number + 1, 0] - last if number + 1 < len(runs) else None
        if last - start >= hops_min or (before is None and after is None):
            joined_runs.append((start, last))
        elif before is not None and (after is None or before <= after):
            joined_runs[-1] = (joined_runs[-1][0], last)
        else:
            # Joined to the next run: keep `start`.
            continue
        start = None
    return np.array(joined_runs, dtype=np.int64).reshape(-1, 2)


def runs_to_spans(curve: LevelCurve, runs: Runs) -> tuple[Span, ...]:
    """Convert runs of hops to ticks; the last hop ends at the file's end."""
    return tuple(
        Span(
            frames_to_ticks(first * curve.hop, curve.rate),
            frames_to_ticks(min(last * curve.hop, curve.frames), curve.rate),
        )
        for first, last in runs.tolist()
    )


def _quiet_hops(curve: LevelCurve, silence: Dbfs) -> npt.NDArray[np.bool_]:
    """Return a mask of the hops in a silent window or below the silence level."""
    quiet = ~loud_hops(curve, silence)
    hops = len(quiet)
    silent = window_energies(curve, 0, hops) < energy_of(silence) * ROUNDING_FACTOR
    # Window k covers the steps k and k + 1.
    steps = np.zeros(len(silent) + 1, dtype=np.bool_)
    steps[:-1] |= silent
    steps[1:] |= silent
    quiet |= np.repeat(steps, STEP_HOPS)[:hops]
    return quiet
