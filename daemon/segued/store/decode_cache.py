"""What decoding showed, kept by the audio's hash and never by the file."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segued.model import AudioFacts, FileWarning, Fingerprint, LevelCurve
from segued.store import codec
from segued.store.prepared import Query, prepared
from segued.store.schema.audio import DecodeCache
from segued.units import Frames, Hertz

__all__ = ["DecodeResult", "add_fingerprints", "fingerprints", "load", "save"]

COMPRESSION_LEVEL: Final = 6
"""Deflate's own default: 4 ms for a song, about half a byte for a hop."""


@dataclass(frozen=True, slots=True)
class DecodeResult:
    """What one decode of some audio showed.

    Attributes:
        fingerprints: One for every span that was ever asked for.
    """

    facts: AudioFacts
    curve: LevelCurve
    fingerprints: tuple[Fingerprint, ...]
    warnings: tuple[FileWarning, ...]


def load(audio_hash: str, version: int) -> DecodeResult | None:
    """Return what is known of some audio, if this version heard it."""
    for facts, levels, hop, rate, frames, prints_json, warnings in _load(
        audio_hash, version
    ):
        return DecodeResult(
            facts=codec.decode(facts, AudioFacts),
            curve=LevelCurve(
                zlib.decompress(levels), Frames(hop), Hertz(rate), Frames(frames)
            ),
            fingerprints=tuple(codec.decode(prints_json, list[Fingerprint])),
            warnings=tuple(codec.decode(warnings, list[FileWarning])),
        )
    return None


def save(audio_hash: str, version: int, result: DecodeResult) -> None:
    """Put on record what a decode showed, over what was there.

    Fingerprints of other spans are kept: two files with this audio may have
    been decoded at once, and been cut differently.
    """
    known = load(audio_hash, version)
    by_span = {each.span: each for each in known.fingerprints} if known else {}
    by_span |= {each.span: each for each in result.fingerprints}
    DecodeCache.insert(
        audio_hash=audio_hash,
        version=version,
        rate=result.curve.rate,
        hop_frames=result.curve.hop,
        frames=result.curve.frames,
        levels=zlib.compress(result.curve.levels, COMPRESSION_LEVEL),
        facts=codec.encode(result.facts),
        prints=codec.encode(list(by_span.values())),
        warnings=codec.encode(result.warnings),
    ).on_conflict_replace().execute()


def add_fingerprints(audio_hash: str, new: Sequence[Fingerprint]) -> None:
    """Put the fingerprints of more spans of some audio on record."""
    row = DecodeCache.get_or_none(DecodeCache.audio_hash == audio_hash)
    if row is None:
        return
    prints = {each.span: each for each in codec.decode(row.prints, list[Fingerprint])}
    prints.update({each.span: each for each in new})
    DecodeCache.update(prints=codec.encode(list(prints.values()))).where(
        DecodeCache.audio_hash == audio_hash
    ).execute()


def fingerprints(audio_hash: str) -> tuple[Fingerprint, ...]:
    """Return every fingerprint ever taken of some audio."""
    for (text,) in _fingerprints(audio_hash):
        return tuple(codec.decode(text, list[Fingerprint]))
    return ()


@prepared
def _load(audio_hash: str, version: int) -> Query:
    return DecodeCache.select(
        DecodeCache.facts,
        DecodeCache.levels,
        DecodeCache.hop_frames,
        DecodeCache.rate,
        DecodeCache.frames,
        DecodeCache.prints,
        DecodeCache.warnings,
    ).where(DecodeCache.audio_hash == audio_hash, DecodeCache.version == version)


@prepared
def _fingerprints(audio_hash: str) -> Query:
    return DecodeCache.select(DecodeCache.prints).where(
        DecodeCache.audio_hash == audio_hash
    )
