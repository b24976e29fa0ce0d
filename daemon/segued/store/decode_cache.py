"""Load and save decode results, by audio hash."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from segued.model import (
    AudioFacts,
    FileWarning,
    Fingerprint,
    LevelCurve,
    SpectrumCurve,
)
from segued.store import codec
from segued.store.packed_levels import pack_levels, unpack_levels
from segued.store.prepared import Query, prepared
from segued.store.schema.audio import DecodeCache, SpectrumCache
from segued.units import Frames, Hertz

__all__ = [
    "DecodeResult",
    "add_fingerprints",
    "fingerprints",
    "load",
    "load_spectrum",
    "save",
    "with_fingerprints",
    "without_fingerprints",
]

COMPRESSION_LEVEL: Final = 6
"""Deflate's default level, for spectra."""


LEFT_OUT: Final = '"texts":[],"reason":null'
"""What is in the result of phase 5 in place of a stored fingerprint."""


@dataclass(frozen=True, slots=True)
class DecodeResult:
    """The result of decoding some audio.

    Attributes:
        fingerprints: One for each span that was ever requested.
        spectrum: None if the audio is too short for it; stored, but not loaded with
            the others, see `load_spectrum`.
    """

    facts: AudioFacts
    curve: LevelCurve
    fingerprints: tuple[Fingerprint, ...]
    warnings: tuple[FileWarning, ...]
    spectrum: SpectrumCurve | None = None


def load(audio_hash: str, version: int) -> DecodeResult | None:
    """Return the decode result of some audio, if this version of the code made it."""
    for facts, levels, hop, rate, frames, prints_json, warnings in _load(
        audio_hash, version
    ):
        return DecodeResult(
            facts=codec.decode(facts, AudioFacts),
            curve=LevelCurve(
                unpack_levels(levels), Frames(hop), Hertz(rate), Frames(frames)
            ),
            fingerprints=tuple(codec.decode(prints_json, list[Fingerprint])),
            warnings=tuple(codec.decode(warnings, list[FileWarning])),
        )
    return None


def save(audio_hash: str, version: int, result: DecodeResult) -> None:
    """Store a decode result, replacing the stored one.

    Stored fingerprints of other spans are kept: two files with this audio may be
    decoded at the same time, with different passages.
    """
    stored = load(audio_hash, version)
    by_span = {each.span: each for each in stored.fingerprints} if stored else {}
    by_span |= {each.span: each for each in result.fingerprints}
    _insert(
        audio_hash,
        version,
        rate=result.curve.rate,
        hop_frames=result.curve.hop,
        frames=result.curve.frames,
        levels=pack_levels(result.curve.levels),
        facts=codec.encode(result.facts),
        prints=codec.encode(list(by_span.values())),
        warnings=codec.encode(result.warnings),
    )
    if result.spectrum is not None:
        spectra = zlib.compress(result.spectrum.values, COMPRESSION_LEVEL)
        _insert_spectrum(audio_hash, version, result.spectrum.interval, spectra)


def load_spectrum(audio_hash: str, version: int) -> SpectrumCurve | None:
    """Return the spectrum curve of some audio, if this version of the code made it."""
    for spectra, interval in _load_spectrum(audio_hash, version):
        return SpectrumCurve(zlib.decompress(spectra), Frames(interval))
    return None


def add_fingerprints(audio_hash: str, new: Sequence[Fingerprint]) -> None:
    """Add fingerprints of further spans to a stored decode result, if there is one."""
    row = DecodeCache.get_or_none(DecodeCache.audio_hash == audio_hash)
    if row is None:
        return
    by_span = {each.span: each for each in codec.decode(row.prints, list[Fingerprint])}
    by_span.update({each.span: each for each in new})
    DecodeCache.update(prints=codec.encode(list(by_span.values()))).where(
        DecodeCache.audio_hash == audio_hash
    ).execute()


def fingerprints(audio_hash: str) -> tuple[Fingerprint, ...]:
    """Return all stored fingerprints of some audio."""
    for (text,) in _fingerprints(audio_hash):
        return tuple(codec.decode(text, list[Fingerprint]))
    return ()


def without_fingerprints(payload: str, stored: str) -> str:
    """Return the result of phase 5 without the fingerprints that are stored.

    Args:
        payload: The result, as JSON.
        stored: The fingerprints of the file's audio, as JSON.
    """
    result = msgspec.json.decode(payload)
    by_span = _by_span(stored)
    for each in result.get("prints", ()):
        if by_span.get(_span_of(each)) == each and each["texts"]:
            each["texts"] = []
    return codec.encode(result)


def with_fingerprints(payload: str, stored: str | None) -> str | None:
    """Return the result of phase 5 with the fingerprints that it leaves out.

    Args:
        payload: The result, as JSON.
        stored: The fingerprints of the file's audio, as JSON.

    Returns:
        The result, as JSON; None if one of them is not stored any more.
    """
    if LEFT_OUT not in payload:
        return payload
    by_span = _by_span(stored or "[]")
    result = msgspec.json.decode(payload)
    for each in result["prints"]:
        if not each["texts"] and each["reason"] is None:
            found = by_span.get(_span_of(each))
            if found is None or not found["texts"]:
                return None
            each["texts"] = found["texts"]
    return codec.encode(result)


def _by_span(stored: str) -> dict[tuple[int, int], Any]:
    return {_span_of(each): each for each in msgspec.json.decode(stored)}


def _span_of(each: Any) -> tuple[int, int]:  # noqa: ANN401
    return each["span"]["start"], each["span"]["end"]


@prepared
def _insert(  # noqa: PLR0913
    audio_hash: str,
    version: int,
    *,
    rate: Hertz,
    hop_frames: Frames,
    frames: Frames,
    levels: bytes,
    facts: str,
    prints: str,
    warnings: str,
) -> Query:
    return DecodeCache.insert(
        audio_hash=audio_hash,
        version=version,
        rate=rate,
        hop_frames=hop_frames,
        frames=frames,
        levels=levels,
        facts=facts,
        prints=prints,
        warnings=warnings,
    ).on_conflict_replace()


@prepared
def _insert_spectrum(
    audio_hash: str, version: int, interval: Frames, spectra: bytes
) -> Query:
    return SpectrumCache.insert(
        audio_hash=audio_hash,
        version=version,
        interval_frames=interval,
        spectra=spectra,
    ).on_conflict_replace()


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
def _load_spectrum(audio_hash: str, version: int) -> Query:
    return SpectrumCache.select(
        SpectrumCache.spectra, SpectrumCache.interval_frames
    ).where(SpectrumCache.audio_hash == audio_hash, SpectrumCache.version == version)


@prepared
def _fingerprints(audio_hash: str) -> Query:
    return DecodeCache.select(DecodeCache.prints).where(
        DecodeCache.audio_hash == audio_hash
    )
