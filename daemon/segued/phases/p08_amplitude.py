"""Phase 8, amplitude: the points up to which a passage may overlap with its neighbors.

They are found in the level curve that phase 4 stored; nothing is decoded. A point
that cannot be found stays unknown, and the player's own crossfade applies: an
invented one would cut off music. Long silences inside a passage, as before a hidden
track, are listed, so that a player can skip them.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segued.config.config import Settings
from segued.dsp.lead_points import (
    LeadLevels,
    Leads,
    find_lead_points,
    long_silences,
)
from segued.errors import FileChangedError
from segued.media import file_analysis
from segued.model import (
    LevelCurve,
    PhaseNumber,
    Span,
)
from segued.phases import p02_hash, p06_match
from segued.phases.base import FileResults, Phase, PhaseContext
from segued.store import decode_cache, passages

__all__ = ["PHASE", "LeadPoints"]

INLINE_LEVELS_MAX: Final = 30_000
"""Five minutes are measured on the event loop, in half a millisecond."""


@dataclass(frozen=True, slots=True)
class LeadPoints:
    """The lead points and the long silences of each passage, in order."""

    points: tuple[Leads, ...]
    silences: tuple[tuple[Span, ...], ...] = ()


async def run(context: PhaseContext, file_results: FileResults) -> LeadPoints:
    """Find lead-in, lead-out and long silences of every passage.

    Raises:
        FileChangedError: Its level curve is not in the library any more.
    """
    audio_hash = file_results[p02_hash.PHASE].audio
    cached = await file_results.read(
        context.store, decode_cache.load, audio_hash, file_analysis.VERSION
    )
    if cached is None:
        raise FileChangedError(file_results.file.path, "its level curve is gone")
    spans = [match.passage.span for match in file_results[p06_match.PHASE].matches]
    if len(cached.curve.levels) <= INLINE_LEVELS_MAX:
        return _measure(cached.curve, spans, context.settings)
    return await asyncio.to_thread(_measure, cached.curve, spans, context.settings)


def _measure(
    curve: LevelCurve, spans: Sequence[Span], settings: Settings
) -> LeadPoints:
    levels = LeadLevels(
        settings.lead_in_level, settings.lead_out_level, settings.silence_level
    )
    return LeadPoints(
        tuple(find_lead_points(curve, span, levels) for span in spans),
        tuple(long_silences(curve, spans, levels.silence)),
    )


def save(file_results: FileResults, result: LeadPoints) -> None:
    """Store the lead points and the long silences of each passage."""
    points = [(each.lead_in, each.lead_out) for each in result.points]
    passages.set_leads(file_results.file.id, points, result.silences)


def _counts(found: LeadPoints) -> dict[str, int]:
    pairs = ((each.lead_in, each.lead_out) for each in found.points)
    known = sum(point is not None for pair in pairs for point in pair)
    return {"found": known, "none": 2 * len(found.points) - known}


PHASE: Final = Phase(
    number=PhaseNumber.AMPLITUDE,
    name="amplitude",
    title="Amplitude",
    version=1,
    result_type=LeadPoints,
    run=run,
    reads=lambda results: (
        (decode_cache.load, (results[p02_hash.PHASE].audio, file_analysis.VERSION)),
    ),
    save=save,
    joins_previous=True,
    settings=lambda context: (
        context.settings.lead_in_level,
        context.settings.lead_out_level,
    ),  # the silence level is a setting of phase 4
    counts=_counts,
)
