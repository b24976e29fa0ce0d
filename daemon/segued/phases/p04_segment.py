"""Phase 4, segmenting: decode the file once, and split it into passages.

One decode computes everything that needs the samples: the exact length, the level
curve, the loudness and the fingerprints. The results are stored by audio hash, so that
a file with new tags, a new name or new segmentation rules is never decoded again.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from segued.dsp.loudness import LoudnessCurve
from segued.dsp.segment import Hints, Rules, marks_beyond, segment
from segued.media import file_analysis
from segued.media.tags import filename
from segued.model import (
    AudioFacts,
    FileStatus,
    FileWarning,
    PhaseNumber,
    Signature,
    Span,
)
from segued.phases import p01_filename, p02_hash, p03_tags
from segued.phases.base import FileResults, Phase, PhaseContext, Read, Stop
from segued.store import decode_cache, files, loudness_cache
from segued.store.decode_cache import DecodeResult
from segued.units import frames_to_ticks

__all__ = ["PHASE", "Segmented"]

NAMED_MAX: Final = 20
"""So many passages that are not there are named."""


@dataclass(frozen=True, slots=True)
class Segmented:
    """The properties of a file's audio, and the spans of its passages.

    Attributes:
        spans: The passages in order; empty if the file is silent.
        fresh: The result of the decode; None if it was stored already.
        loudness: The loudness by the decode; None if it was not measured.
    """

    facts: AudioFacts
    spans: tuple[Span, ...]
    warnings: tuple[FileWarning, ...]
    fresh: DecodeResult | None = None
    loudness: LoudnessCurve | None = None


async def run(context: PhaseContext, file_results: FileResults) -> Segmented:
    """Segment the file, decoding it only if its audio was never decoded before.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileUnreadableError: It is no audio, or reading it failed.
    """
    file = file_results.file
    tags_read = file_results[p03_tags.PHASE]
    audio_hash = file_results[p02_hash.PHASE].audio
    rules = _rules(context)
    hints = Hints(
        leading_number=tags_read.leading_number is not None,
        siblings=await file_results.read(
            context.store, files.count_folder_files, file.id
        ),
        track=tags_read.tags.track,
        track_total=tags_read.tags.track_total,
        side=any(
            map(filename.is_side_title, (tags_read.tags.title, tags_read.guessed.title))
        ),
    )
    cached = await file_results.read(
        context.store, decode_cache.load, audio_hash, file_analysis.VERSION
    )
    if cached is not None:
        spans = await asyncio.to_thread(
            segment, cached.curve, rules, hints, tags_read.marks
        )
        warnings = _warnings(cached.warnings, cached.facts, tags_read, spans)
        return Segmented(cached.facts, spans, warnings)
    signature = file_results[p01_filename.PHASE].signature
    plan = file_analysis.AnalysisPlan(
        rules,
        hints,
        tags_read.marks,
        str(context.spool),
        loudness=context.config.flavoring.loudness,
    )
    analysis = await _analyze(context, file.path, signature, plan)
    fresh = DecodeResult(
        analysis.facts,
        analysis.curve,
        analysis.fingerprints,
        analysis.warnings,
        analysis.spectrum,
    )
    warnings = _warnings(analysis.warnings, analysis.facts, tags_read, analysis.spans)
    return Segmented(analysis.facts, analysis.spans, warnings, fresh, analysis.loudness)


async def _analyze(
    context: PhaseContext,
    path: bytes,
    signature: Signature,
    plan: file_analysis.AnalysisPlan,
) -> file_analysis.Analysis:
    """Decode the file, on another machine if one shall."""
    if context.remote_decoding is not None:
        found = await context.remote_decoding.analyze_file(path, signature, plan)
        if found is not None:
            return found
    return await context.compute.run_long(
        None, file_analysis.analyze_file, path, signature, plan
    )


def _warnings(
    decoding: tuple[FileWarning, ...],
    facts: AudioFacts,
    tags_read: p03_tags.TagsRead,
    spans: tuple[Span, ...],
) -> tuple[FileWarning, ...]:
    """Return the warnings of decoding, and one for marks beyond the decoded end."""
    total = frames_to_ticks(facts.frames, facts.rate)
    missing = marks_beyond(tags_read.marks, total)
    if not missing:
        return decoding
    first = len(tags_read.marks) - len(missing) + 1
    names = (
        f"{number} ({mark.title})" if mark.title else str(number)
        for number, mark in enumerate(missing[:NAMED_MAX], start=first)
    )
    more = f" and {len(missing) - NAMED_MAX} more" if len(missing) > NAMED_MAX else ""
    used = "" if len(spans) > 1 else ", so it is not divided by them"
    detail = (
        f"{len(missing)} of the {len(tags_read.marks)} passages of its CUE sheet or"
        f" chapters begin after its end{used}: {', '.join(names)}{more}"
    )
    if not decoding:
        return (FileWarning("cue", detail),)
    # Only the first warning is stored.
    joined = FileWarning(decoding[0].code, f"{decoding[0].detail}; {detail}")
    return (joined, *decoding[1:])


def _rules(context: PhaseContext) -> Rules:
    settings = context.settings
    return Rules(settings.silence_level, settings.min_silence, settings.min_audible)


def _reads(file_results: FileResults) -> tuple[Read, ...]:
    audio_hash = file_results[p02_hash.PHASE].audio
    return (
        (files.count_folder_files, (file_results.file.id,)),
        (decode_cache.load, (audio_hash, file_analysis.VERSION)),
    )


def save(file_results: FileResults, result: Segmented) -> Stop | None:
    """Store the result of the decode; a silent file needs no further phases."""
    file = file_results.file.id
    audio_hash = file_results[p02_hash.PHASE].audio
    if result.fresh is not None:
        decode_cache.save(audio_hash, file_analysis.VERSION, result.fresh)
    if result.loudness is not None:
        loudness_cache.save(audio_hash, result.loudness)
    files.set_audio_facts(file, result.facts)
    files.record_warnings(file, PhaseNumber.SEGMENT, result.warnings)
    if not result.spans:
        return Stop(FileStatus.NO_AUDIO, "nothing above the silence level")
    return None


def _settings(context: PhaseContext) -> tuple[object, ...]:
    settings = context.settings
    return (
        settings.silence_level,
        settings.min_silence,
        settings.min_audible,
        file_analysis.VERSION,
    )


PHASE: Final = Phase(
    number=PhaseNumber.SEGMENT,
    name="segment",
    title="Segmenting",
    version=2,
    result_type=Segmented,
    run=run,
    reads=_reads,
    save=save,
    checkpointed=lambda segmented: replace(segmented, fresh=None, loudness=None),
    settings=_settings,
    counts=lambda found: (
        {"passages": len(found.spans), "decoded": int(found.fresh is not None)}
        if found.spans
        else {"no audio": 1}
    ),
)
