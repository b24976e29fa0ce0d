"""Take over what another library knows about sounds.

What this library knows itself stays; of two decisions, the later one counts.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from segued.model import FileId, PhaseNumber
from segued.store import codec, decode_cache, lookups, merged_ids, overrides
from segued.store.knowledge_lines import (
    KnowledgeLine,
    KnownAnswer,
    KnownDecision,
    KnownLoudness,
    KnownMerge,
    KnownOutput,
    KnownRelease,
    KnownSetting,
    KnownSound,
    KnownSpectrum,
)
from segued.store.lookups import LookupAnswer, LookupQuestion
from segued.store.overrides import OverrideRow, PassageOverride
from segued.store.packed_levels import pack_levels, pack_loudness
from segued.store.release_choices import ReleaseChoice, choice_of, replace_choice
from segued.store.requeue import requeue_from_phase
from segued.store.schema.audio import (
    AnalyzerOutput,
    DecodeCache,
    SpectrumCache,
    StoredLoudness,
)
from segued.store.schema.files import File, Setting, iter_rows, now
from segued.store.schema.lookups import ANSWER_TABLES
from segued.units import Ticks

__all__ = ["save_lines"]


def save_lines(lines: Sequence[KnowledgeLine]) -> dict[str, int]:
    """Store lines; return how many of each kind were new to the library.

    Files about which it now knows more are requeued.
    """
    counts: dict[str, int] = {}
    for line in lines:
        save = WRITERS.get(type(line))
        if save is not None and save(line):
            kind = str(type(line).__struct_config__.tag)
            counts[kind] = counts.get(kind, 0) + 1
    return counts


def _save_decision(line: KnownDecision) -> bool:
    start = Ticks(line.start_ticks)
    known = overrides.rows_near(line.audio_hash, start)
    if any(each.at >= line.at for each in known):
        return False
    decided = PassageOverride(
        start, line.recording_mbid, line.title, line.artist, line.keeps_match
    )
    overrides.replace_near(line.audio_hash, start, (OverrideRow(decided, line.at),))
    _match_again(line.audio_hash)
    return True


def _save_release(line: KnownRelease) -> bool:
    known = choice_of(line.audio_hash)
    if known is not None and known.at >= line.at:
        return False
    replace_choice(line.audio_hash, ReleaseChoice(line.release_mbid, line.at))
    _match_again(line.audio_hash)
    return True


def _match_again(audio_hash: str) -> None:
    files = File.select(File.id).where(File.audio_hash == audio_hash)
    requeue_from_phase(
        [FileId(file) for (file,) in iter_rows(files)], PhaseNumber.MATCH
    )


def _save_sound(line: KnownSound) -> bool:
    known = DecodeCache.get_or_none(DecodeCache.audio_hash == line.audio_hash)
    if known is not None and known.version >= line.version:
        if known.version == line.version:
            decode_cache.add_fingerprints(line.audio_hash, line.prints)
        return False
    DecodeCache.insert(
        audio_hash=line.audio_hash,
        version=line.version,
        rate=line.rate,
        hop_frames=line.hop_frames,
        frames=line.frames,
        levels=pack_levels(line.levels),
        facts=codec.encode(line.facts),
        prints=codec.encode(line.prints),
        warnings=codec.encode(line.warnings),
    ).on_conflict_replace().execute()
    return True


def _save_loudness(line: KnownLoudness) -> bool:
    known = StoredLoudness.get_or_none(StoredLoudness.audio_hash == line.audio_hash)
    if known is not None and known.version >= line.version:
        return False
    StoredLoudness.insert(
        audio_hash=line.audio_hash,
        version=line.version,
        rate=line.rate,
        block_frames=line.block_frames,
        frames=line.frames,
        blocks=pack_loudness(line.blocks),
    ).on_conflict_replace().execute()
    return True


def _save_spectrum(line: KnownSpectrum) -> bool:
    known = SpectrumCache.get_or_none(SpectrumCache.audio_hash == line.audio_hash)
    if known is not None and known.version >= line.version:
        return False
    SpectrumCache.insert(
        audio_hash=line.audio_hash,
        version=line.version,
        interval_frames=line.interval_frames,
        spectra=zlib.compress(line.spectra),
    ).on_conflict_replace().execute()
    return True


def _save_output(line: KnownOutput) -> bool:
    # A full analysis is never replaced by a quick one.
    inserted = (
        AnalyzerOutput.insert(
            audio_hash=line.audio_hash,
            start_ticks=line.start_ticks,
            end_ticks=line.end_ticks,
            source=line.source,
            version=line.version,
            output=zlib.compress(line.output.encode()),
            at=line.at,
        )
        .on_conflict_ignore()
        .as_rowcount()
        .execute()
    )
    return bool(inserted)


def _save_answer(line: KnownAnswer) -> bool:
    table = ANSWER_TABLES[line.service]
    if line.expires_at is not None and line.expires_at <= now():
        return False
    known = table.get_or_none(table.key == line.key)
    if known is not None and (known.expires_at is None or line.expires_at is not None):
        return False
    raw = None if line.answer is None else line.answer.encode()
    answer = LookupAnswer(
        LookupQuestion(line.key, line.question), raw, line.expires_at is not None
    )
    lookups.save_answers(line.service, [answer])
    table.update(at=line.at, expires_at=line.expires_at).where(
        table.key == line.key
    ).execute()
    return True


def _save_merge(line: KnownMerge) -> bool:
    if merged_ids.current_ids([line.old_mbid]):
        return False
    merged_ids.record(line.old_mbid, line.new_mbid)
    return True


def _save_setting(line: KnownSetting) -> bool:
    # Another threshold would cut the files of a library in use anew.
    if File.select().exists():
        return False
    Setting.insert(
        key=line.key, value=codec.encode(line.value)
    ).on_conflict_replace().execute()
    return True


WRITERS: Final[Mapping[type, Callable[[Any], bool]]] = {
    KnownDecision: _save_decision,
    KnownRelease: _save_release,
    KnownSound: _save_sound,
    KnownLoudness: _save_loudness,
    KnownSpectrum: _save_spectrum,
    KnownOutput: _save_output,
    KnownAnswer: _save_answer,
    KnownMerge: _save_merge,
    KnownSetting: _save_setting,
}
"""What stores a line of each type, and returns whether it was new."""
