"""The stored results of the analysis of a passage."""

import json

from segued.dsp import loudness
from segued.dsp.loudness import LoudnessCurve
from segued.model import Span
from segued.phases import p02_hash
from segued.phases.base import FileResults, PhaseContext
from segued.phases.flavor.results import LOUDNESS, AnalysisResults, accepts
from segued.store import analysis_cache, loudness_cache
from segued.store.analysis_cache import StoredOutput

__all__ = ["read_outputs", "stored_results"]


async def stored_results(
    context: PhaseContext, file_results: FileResults, span: Span
) -> AnalysisResults:
    """Return the stored output for a passage, current and outdated."""
    audio_hash = file_results[p02_hash.PHASE].audio
    found, curve = await file_results.read(
        context.store, read_outputs, audio_hash, span
    )
    if curve is not None:
        text = json.dumps(loudness.loudness_of(curve, span))
        version = str(loudness.VERSION)
        found = found | {LOUDNESS: StoredOutput(LOUDNESS, version, text.encode())}
    current: dict[str, StoredOutput] = {}
    outdated: dict[str, StoredOutput] = {}
    for analyzer, each in found.items():
        is_current = accepts(context.analyzers.get(analyzer), each.version)
        (current if is_current else outdated)[analyzer] = each
    return AnalysisResults(current, outdated)


def read_outputs(
    audio_hash: str, span: Span
) -> tuple[dict[str, StoredOutput], LoudnessCurve | None]:
    """Return the stored outputs for a passage, and the curve of its loudness.

    The curve is None if it is not stored, or not needed: the loudness is stored.
    """
    found = analysis_cache.load(audio_hash, span)
    if LOUDNESS in found and found[LOUDNESS].version == str(loudness.VERSION):
        return found, None
    return found, loudness_cache.load(audio_hash)
