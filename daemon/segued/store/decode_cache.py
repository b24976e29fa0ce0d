"""What decoding showed, kept by the audio's hash and never by the file."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segued.model import AudioFacts, LevelCurve, Print, Warned
from segued.store import codec
from segued.store.prepared import Query, prepared
from segued.store.schema.audio import Curve
from segued.units import Frames, Hertz

__all__ = ["Heard", "add_prints", "find", "keep", "prints"]

LEVEL: Final = 6
"""Deflate's own default: 4 ms for a song, about half a byte for a hop."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one decode of some audio showed.

    Attributes:
        prints: One for every span that was ever asked for.
    """

    facts: AudioFacts
    curve: LevelCurve
    prints: tuple[Print, ...]
    warnings: tuple[Warned, ...]


def find(audio_hash: str, version: int) -> Heard | None:
    """Return what is known of some audio, if this version heard it."""
    for facts, levels, hop, rate, frames, prints_, warnings in _heard(
        audio_hash, version
    ):
        return Heard(
            facts=codec.decode(facts, AudioFacts),
            curve=LevelCurve(
                zlib.decompress(levels), Frames(hop), Hertz(rate), Frames(frames)
            ),
            prints=tuple(codec.decode(prints_, list[Print])),
            warnings=tuple(codec.decode(warnings, list[Warned])),
        )
    return None


def keep(audio_hash: str, version: int, heard: Heard) -> None:
    """Put on record what a decode showed, over what was there.

    Fingerprints of other spans are kept: two files with this audio may have
    been decoded at once, and been cut differently.
    """
    known = find(audio_hash, version)
    taken = {each.span: each for each in known.prints} if known else {}
    taken |= {each.span: each for each in heard.prints}
    Curve.insert(
        audio_hash=audio_hash,
        version=version,
        rate=heard.curve.rate,
        hop_frames=heard.curve.hop,
        frames=heard.curve.frames,
        levels=zlib.compress(heard.curve.levels, LEVEL),
        facts=codec.encode(heard.facts),
        prints=codec.encode(list(taken.values())),
        warnings=codec.encode(heard.warnings),
    ).on_conflict_replace().execute()


def add_prints(audio_hash: str, new: Sequence[Print]) -> None:
    """Put the fingerprints of more spans of some audio on record."""
    row = Curve.get_or_none(Curve.audio_hash == audio_hash)
    if row is None:
        return
    prints = {each.span: each for each in codec.decode(row.prints, list[Print])}
    prints.update({each.span: each for each in new})
    Curve.update(prints=codec.encode(list(prints.values()))).where(
        Curve.audio_hash == audio_hash
    ).execute()


def prints(audio_hash: str) -> tuple[Print, ...]:
    """Return every fingerprint ever taken of some audio."""
    for (text,) in _prints(audio_hash):
        return tuple(codec.decode(text, list[Print]))
    return ()


@prepared
def _heard(audio_hash: str, version: int) -> Query:
    return Curve.select(
        Curve.facts,
        Curve.levels,
        Curve.hop_frames,
        Curve.rate,
        Curve.frames,
        Curve.prints,
        Curve.warnings,
    ).where(Curve.audio_hash == audio_hash, Curve.version == version)


@prepared
def _prints(audio_hash: str) -> Query:
    return Curve.select(Curve.prints).where(Curve.audio_hash == audio_hash)
