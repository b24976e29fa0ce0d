"""Phase 4, segmenting: the one decode of the file, and its passages.

Everything that needs the sound is taken from this one reading: how long the
file really is, how loud at every moment, its fingerprints. What was heard is
kept by the audio's hash, so that a file with new tags, a new name or new
rules for cutting is never decoded again.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from segued.dsp.segment import Hints, Rules, segment
from segued.media import file_analysis
from segued.media.tags import filename
from segued.model import AudioFacts, FileStatus, Span, Warned
from segued.phases import p01_filename, p02_hash, p03_tags
from segued.phases.base import Dossier, Phase, Stop, Tools
from segued.store import decode_cache, files
from segued.store.decode_cache import Heard

__all__ = ["PHASE", "Segmented"]


@dataclass(frozen=True, slots=True)
class Segmented:
    """A file's sound, and where its passages are.

    Attributes:
        spans: The passages in order; empty when nothing sounds.
        fresh: What was heard, if it was decoded just now.
    """

    facts: AudioFacts
    spans: tuple[Span, ...]
    warnings: tuple[Warned, ...]
    fresh: Heard | None = None


async def run(tools: Tools, dossier: Dossier) -> Segmented:
    """Cut the file, decoding it only if its audio was never heard.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileUnreadableError: It is no audio, or reading it failed.
    """
    file = dossier.file
    named = dossier[p03_tags.PHASE]
    audio_hash = dossier[p02_hash.PHASE].audio
    rules = _rules(tools)
    hints = Hints(
        leading_number=named.leading_number is not None,
        siblings=await tools.store.do(files.siblings, file.id),
        track=named.tags.track,
        track_total=named.tags.track_total,
        side=any(map(filename.says_side, (named.tags.title, named.guessed.title))),
    )
    heard = await tools.store.do(decode_cache.find, audio_hash, file_analysis.VERSION)
    if heard is not None:
        spans = await asyncio.to_thread(segment, heard.curve, rules, hints, named.marks)
        return Segmented(heard.facts, spans, heard.warnings)
    signature = dossier[p01_filename.PHASE].signature
    plan = file_analysis.Plan(rules, hints, named.marks, str(tools.spool))
    found = await tools.compute.long(
        None, file_analysis.analyse, file.path, signature, plan
    )
    fresh = Heard(found.facts, found.curve, found.prints, found.warnings)
    return Segmented(found.facts, found.spans, found.warnings, fresh)


def _rules(tools: Tools) -> Rules:
    wanted = tools.settings
    return Rules(wanted.silence, wanted.silence_min, wanted.sound_min)


def save(dossier: Dossier, result: Segmented) -> Stop | None:
    """Keep what was heard; a file without sound ends here."""
    file = dossier.file.id
    if result.fresh is not None:
        decode_cache.keep(
            dossier[p02_hash.PHASE].audio, file_analysis.VERSION, result.fresh
        )
    files.keep_facts(file, result.facts)
    files.warn(file, 4, result.warnings)
    if not result.spans:
        return Stop(FileStatus.NO_AUDIO, "nothing above the silence level")
    return None


def _settings(tools: Tools) -> tuple[object, ...]:
    held = tools.settings
    return (held.silence, held.silence_min, held.sound_min, file_analysis.VERSION)


PHASE: Final = Phase(
    number=4,
    name="segment",
    title="Segmenting",
    version=2,
    result=Segmented,
    run=run,
    save=save,
    kept=lambda segmented: replace(segmented, fresh=None),
    settings=_settings,
    tally=lambda found: (
        {"passages": len(found.spans), "decoded": int(found.fresh is not None)}
        if found.spans
        else {"no audio": 1}
    ),
)
