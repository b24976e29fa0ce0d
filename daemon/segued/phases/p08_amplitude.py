"""Phase 8, amplitude: where each passage may overlap with its neighbours.

Read off the level curve that phase 4 kept; nothing is decoded. A point that
cannot be found stays unknown, and the player's own crossfade applies: a
made-up one would cut music off.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segued.config.config import Settings
from segued.dsp.lead_points import Leads, leads_of
from segued.errors import FileChangedError
from segued.media import file_analysis
from segued.model import LevelCurve, Span
from segued.phases import p02_hash, p06_match
from segued.phases.base import Dossier, Phase, Tools
from segued.store import decode_cache, passages

__all__ = ["PHASE", "Pointed"]


@dataclass(frozen=True, slots=True)
class Pointed:
    """The lead points of each passage, in order."""

    points: tuple[Leads, ...]


async def run(tools: Tools, dossier: Dossier) -> Pointed:
    """Find the lead-in and lead-out of every passage.

    Raises:
        FileChangedError: What was heard of it is on record no more.
    """
    audio_hash = dossier[p02_hash.PHASE].audio
    heard = await tools.store.do(decode_cache.find, audio_hash, file_analysis.VERSION)
    if heard is None:
        raise FileChangedError(dossier.file.path, "its level curve is gone")
    spans = [match.passage.span for match in dossier[p06_match.PHASE].matches]
    points = await asyncio.to_thread(_points, heard.curve, spans, tools.settings)
    return Pointed(points)


def _points(
    curve: LevelCurve, spans: Sequence[Span], wanted: Settings
) -> tuple[Leads, ...]:
    return tuple(
        leads_of(curve, span, lead_in=wanted.lead_in, lead_out=wanted.lead_out)
        for span in spans
    )


def save(dossier: Dossier, result: Pointed) -> None:
    """Put the points on record, passage by passage."""
    points = [(each.lead_in, each.lead_out) for each in result.points]
    passages.set_leads(dossier.file.id, points)


def _tally(found: Pointed) -> dict[str, int]:
    pairs = ((each.lead_in, each.lead_out) for each in found.points)
    known = sum(point is not None for pair in pairs for point in pair)
    return {"found": known, "none": 2 * len(found.points) - known}


PHASE: Final = Phase(
    number=8,
    name="amplitude",
    title="Amplitude",
    version=1,
    result=Pointed,
    run=run,
    save=save,
    settings=lambda tools: (tools.settings.lead_in, tools.settings.lead_out),
    tally=_tally,
)
