"""Phase 10, passages complete: find other encodings, and mark the file as complete.

A file with one song is compared with the sounds that share items of its fingerprint:
nothing is decoded, since fingerprints and level curves are stored. Its own items go
into the index at once, which is a cache: of two files in progress, one finds the other.
"""

import asyncio
import base64
from dataclasses import dataclass
from typing import Final

import numpy as np

from segued.dsp.print_items import PrintItems, decode_items, sample_items
from segued.dsp.same_sound import (
    Levels,
    Sound,
    SoundMatch,
    compare_sounds,
    resampled,
)
from segued.media import file_analysis
from segued.model import FileStatus, LevelCurve, PhaseNumber
from segued.phases import p02_hash, p05_fingerprint, p06_match
from segued.phases.base import FileResults, Phase, PhaseContext
from segued.store import (
    decode_cache,
    files,
    inherited_answers,
    passages,
    same_sounds,
)
from segued.store.decode_cache import DecodeResult
from segued.store.same_sounds import SoundPair
from segued.units import TICKS_PER_SECOND, Ticks

__all__ = ["PHASE", "Finalized"]


@dataclass(frozen=True, slots=True)
class Finalized:
    """The number of complete passages, and the other encodings of the file's sound.

    Attributes:
        compared: The sounds that it was compared with; None if it is not one song.
    """

    passages: int
    pairs: tuple[SoundPair, ...] = ()
    compared: tuple[str, ...] | None = None


async def run(context: PhaseContext, file_results: FileResults) -> Finalized:
    """Find other encodings; count the passages that `save` will mark as complete."""
    matches = file_results[p06_match.PHASE].matches
    prints = file_results[p05_fingerprint.PHASE].prints
    if len(matches) != 1 or len(prints) != 1 or len(prints[0].encoded) != 1:
        return Finalized(len(matches))
    audio_hash = file_results[p02_hash.PHASE].audio
    found = await _find_pairs(context, audio_hash, prints[0].encoded[0])
    pairs = tuple(pair for pair in found.values() if pair is not None)
    return Finalized(len(matches), pairs, tuple(found))


async def _find_pairs(
    context: PhaseContext, audio_hash: str, encoded: str
) -> dict[str, SoundPair | None]:
    """Compare a sound with similar ones; return each, and the pair if they match."""
    items = await asyncio.to_thread(_decode, encoded)
    sample = sample_items(items)
    similar = await context.store.do(same_sounds.index_sound, audio_hash, sample)
    if not similar:
        return {}
    own = await context.store.do(decode_cache.load, audio_hash, file_analysis.VERSION)
    if own is None:
        return {}
    found: dict[str, SoundPair | None] = {}
    sound = Sound(items, _levels(own.curve))
    for each in similar:
        other = await context.store.do(decode_cache.load, each, file_analysis.VERSION)
        if other is None:
            continue
        match = await asyncio.to_thread(_compare, sound, other)
        found[each] = None
        if match is not None:
            offset = Ticks(round(match.offset_seconds * TICKS_PER_SECOND))
            found[each] = SoundPair(each, offset, match.error, match.spread_db)
    return found


def _compare(sound: Sound, other: DecodeResult) -> SoundMatch | None:
    whole = [each for each in other.fingerprints if len(each.encoded) == 1]
    if not whole:
        return None
    items = _decode(max(whole, key=lambda each: each.span.length).encoded[0])
    return compare_sounds(sound, Sound(items, _levels(other.curve)))


def _decode(encoded: str) -> PrintItems:
    padding = "=" * (-len(encoded) % 4)
    return decode_items(base64.urlsafe_b64decode(encoded + padding))


def _levels(curve: LevelCurve) -> Levels:
    """Return the levels of a file every 10 ms, in dB, at most 0."""
    hops = np.frombuffer(curve.levels, np.uint8).astype(np.float32)
    return resampled(-LevelCurve.STEP_DB * hops, curve.hop / curve.rate)


def save(file_results: FileResults, result: Finalized) -> None:
    """Store other encodings, and what was decided about them; mark all as complete."""
    audio_hash = file_results[p02_hash.PHASE].audio
    file = file_results.file.id
    new_pairs = same_sounds.save_pairs(audio_hash, result.pairs, result.compared)
    if not file_results.already_imported:
        passages.mark_complete(file)
        files.mark_finished(file, FileStatus.COMPLETE)
    if new_pairs:
        inherited_answers.inherit(file, audio_hash, new_pairs)


PHASE: Final = Phase(
    number=PhaseNumber.FINALIZE,
    name="finalize",
    title="Passages complete",
    version=2,
    result_type=Finalized,
    run=run,
    save=save,
    joins_previous=True,
    # The pairs are rows, and change when other files arrive.
    checkpointed=lambda finalized: Finalized(finalized.passages),
    counts=lambda _finalized: {"completed": 1},
)
